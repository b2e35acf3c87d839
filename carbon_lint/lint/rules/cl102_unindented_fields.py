"""CL102: Fields of `co2_eq_emissions` stand at the top level."""

from carbon_lint.card.document import Node
from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Edit, Fix, Hit, Hits

_FIELDS = frozenset(
    (
        *("emissions", "training_type", "training type", "geographical_location", "geographical location"),
        *("hardware_used", "hardware used"),
    )
)
_MAYBE = frozenset(("source",))


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports fields of the block at the top level of the front matter, beside a `co2_eq_emissions` that is empty or
    no map.

    ## Why is this bad?
    To YAML the block has no value, and `emissions` is an unrelated key: the Hub reads no figure.

    ## Example
    ```yaml
    co2_eq_emissions:
    emissions: 12.5
    source: codecarbon
    training_type: fine-tuning
    geographical_location: Paris, France
    hardware_used: 1 x NVIDIA H100
    ```

    ## Fix safety
    Unsafe: what is moved into the block is decided by the names of the keys that follow it.
    """
    root, block, key = context.card.root, context.block, context.block_key
    if root is None or block is None or key is None or block.type not in {"null", "list"}:
        return
    stray = [name for name, _ in root.own_items() if name.kind == "scalar" and name.text in _FIELDS]
    if not stray:
        return
    names = ", ".join(name.text for name in stray)
    yield Hit(
        f"{names}: not indented, so not part of co2_eq_emissions",
        stray[0].start,
        stray[0].end,
        _fix(root, key, stray) if block.type == "null" else None,
        related=(("co2_eq_emissions is here", *key.span),),
    )


def _fix(root: Node, key: Node, stray: list[Node]) -> Fix | None:
    """Indent the run of fields that follows the empty block."""
    edits = []
    run: list[str] = []
    for name, value in root.own_items():
        if name.start <= key.start:
            continue
        if name.text not in _FIELDS | _MAYBE or value.kind != "scalar" or "\n" in value.raw:
            break
        edits.append(Edit(name.start, name.start, "  "))
        run.append(name.text)
    is_whole = all(name.text in run for name in stray)
    return Fix("indent the fields", tuple(edits), is_safe=False) if is_whole else None
