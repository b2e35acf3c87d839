"""CL107: `co2_eq_emissions` is nested in another key."""

from collections.abc import Iterator

from carbon_lint.card.document import BLOCK_KEY, Node
from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.text import visible


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports `co2_eq_emissions` below another key of the front matter, such as in `model-index`.

    ## Why is this bad?
    The Hub reads it at the top level only.

    ## Example
    ```yaml
    model-index:
      - name: a-model
        results: []
        co2_eq_emissions:
          emissions: 12.5
    ```

    ## Use instead
    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      ...
    model-index:
      - name: a-model
        results: []
    ```
    """
    root = context.card.root
    if root is None:
        return
    for path, key in _nested(root, ()):
        yield Hit(f"co2_eq_emissions is nested in {'.'.join(path)}, expected at the top level", *key.span)


def _nested(node: Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Yield the block's key anywhere below the top level, with the keys above it. Aliases are not entered."""
    if node.is_alias:
        return
    for item in node.items_list():
        yield from _nested(item, path)
    for key, value in node.own_items():
        if path and key.kind == "scalar" and key.text == BLOCK_KEY:
            yield path, key
        else:
            yield from _nested(value, (*path, visible(key.text) or "?"))
