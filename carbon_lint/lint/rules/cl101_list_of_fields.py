"""CL101: `co2_eq_emissions` is a list."""

from carbon_lint.card.document import Node
from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Edit, Fix, Hit, Hits


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports a block whose fields are the items of a list.

    ## Why is this bad?
    The Hub takes a number or a map. The documentation itself showed a list for a week in December 2021; cards
    copied it.

    ## Example
    ```yaml
    co2_eq_emissions:
      - emissions: 12.5
      - source: codecarbon
      - training_type: fine-tuning
      - geographical_location: Paris, France
      - hardware_used: 1 x NVIDIA H100
    ```

    ## Fix safety
    Safe: the dashes become blanks, and every field keeps its value. Offered if each item is one `key: value` of
    a block list and no key comes twice.
    """
    block = context.block
    if block is None or block.kind != "list":
        return
    start, end = context.place()
    message = "co2_eq_emissions is a list, expected a map with the key emissions, or a number of grams"
    yield Hit(message, start, end, _fix(context.text, block))


def _fix(text: str, block: Node) -> Fix | None:
    """Replace each dash by a blank, so that nothing else moves."""
    edits = []
    names = set()
    for item in block.items_list():
        pairs = list(item.items()) if item.kind == "map" and not item.is_flow else []
        dash = _dash(text, block, item)
        if len(pairs) != 1 or dash is None or pairs[0][0].text in names:
            return None
        names.add(pairs[0][0].text)
        edits.append(Edit(dash, dash + 1, " "))
    return Fix("make the list a map", tuple(edits), is_safe=True) if edits else None


def _dash(text: str, block: Node, item: Node) -> int | None:
    """Return the offset of the dash before an item on its line."""
    at = text.rfind("-", block.start, item.start)
    return at if at >= 0 and not text[at + 1 : item.start].strip(" ") else None
