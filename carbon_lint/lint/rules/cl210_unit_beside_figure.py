"""CL210: A comment or a field names another unit for `emissions`."""

import re
from collections.abc import Iterator
from decimal import Decimal

from carbon_lint.card.document import UNIT_FIELDS, Node
from carbon_lint.card.quantity import numbers, unit_at
from carbon_lint.lint.context import Context, number
from carbon_lint.lint.diagnostic import Edit, Fix, Hit, Hits
from carbon_lint.units import NUMBER, plain, readings_of

# The unit comes first, with or without the figure itself before it: `# kg CO2`, `# in kilograms`, `# 0.42 kg`.
_STATED = (
    r"\#?[ \t]*(?:(?:CO2(?:[ _-]?eq)?[ _])?(?:emissions?|units?|values?|figures?)"
    r"[ \t]*[:=]?[ \t]*(?:(?:is|are)[ \t])?)?"
    rf"(?:in[ \t]+)?(?P<number>{NUMBER})?"
)
# `# KG embeddings` and `# T4` are not units: without a number only CO2 may follow.
_NOTHING_ELSE = r"[ \t]*(?:\Z|[.,;:()\r\n-])"
_TOLERANCE = 0.01


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports a number that a comment (on its line, on the line above, or behind `co2_eq_emissions:`) or a field `unit`
    says to be in kilograms, tonnes or milligrams.

    ## Why is this bad?
    The Hub reads the number as grams, and no reader reads a comment or a field `unit`.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: 0.42 # kg CO2
      ...
    ```

    ## Use instead
    ```yaml
    co2_eq_emissions:
      emissions: 420 # 0.42 kg CO2
      ...
    ```

    ## Fix safety
    Unsafe: the comment may be what is wrong. The number is converted and the unit beside it made `g`. None for `tons`,
    which are three units.
    """
    node, value = context.emissions, number(context.emissions)
    if node is None or not value or abs(value) == float("inf"):
        return
    for what, start, end in _beside(context, node):
        hit = _contradiction(node, value, what, context.text[start:end], start)
        if hit is not None:
            yield hit
            return


def _contradiction(node: Node, value: float, what: str, words: str, start: int) -> Hit | None:
    match = re.match(_STATED, words, re.IGNORECASE)
    unit = unit_at(words, match.end()) if match else None
    if match is None or unit is None or unit.is_rate:
        return None
    if not match["number"] and not unit.names_gas and not re.match(_NOTHING_ELSE, words[unit.end :]):
        return None
    factor = unit.mass.grams[0]
    others = [reading for span in numbers(words) for reading in readings_of(words[slice(*span)])]
    if any(_is_near(float(stated * factor), value) for stated in others):
        return None  # `420 # in kg: 0.42`
    readings = readings_of(match["number"]) if match["number"] else (Decimal(repr(value)),)
    stated = next((stated for stated in readings if _is_near(float(stated), value)), None)
    if stated is None or factor == 1:
        return None
    grams = plain(Decimal(repr(value)) * factor)
    edits = [Edit(*node.span, grams), Edit(start + unit.start, start + unit.end, "g")]
    if match["number"]:
        edits.append(Edit(start + match.start("number"), start + match.end("number"), grams))
    fix = Fix(f"write {grams}: {node.text} {unit.text} in grams", tuple(edits), is_safe=False)
    return Hit(
        f"emissions is {node.text}, which the Hub reads as grams, and {what} says {unit.text}",
        *node.span,
        fix if len(unit.mass.grams) == 1 else None,
        related=((f"{what} is here", start, start + unit.end),),
    )


def _is_near(stated: float, value: float) -> bool:
    return abs(stated - value) <= _TOLERANCE * abs(value)


def _beside(context: Context, node: Node) -> Iterator[tuple[str, int, int]]:
    """Yield what may name the figure's unit, and its place: comments, without their line break, and fields."""
    text, block_key = context.text, context.block_key
    yield ("its comment", *_comment_after(text, node.end))
    if block_key is not None:
        key = context.fields["emissions"][0] if "emissions" in context.fields else block_key
        yield ("the comment above", *_comment_above(text, key.start))
        colon = text.find(":", block_key.end, block_key.end + 3)
        if key is not block_key and colon >= 0:
            yield ("its comment", *_comment_after(text, colon + 1))
    for name in UNIT_FIELDS:
        field = context.field(name)
        if field is not None and field.kind == "scalar":
            quotes = 1 if text[field.start : field.start + 1] in {"'", '"'} else 0
            yield f"the field {name}", field.start + quotes, field.end - quotes


def _comment_after(text: str, offset: int) -> tuple[int, int]:
    """Return the start and end of the comment that follows on the line, or an empty span."""
    line_end = min(at for at in (text.find("\n", offset), text.find("\r", offset), len(text)) if at >= 0)
    start = text.find(" #", offset, line_end)
    return (start + 1, line_end) if start >= 0 and not text[offset:start].strip() else (line_end, line_end)


def _comment_above(text: str, offset: int) -> tuple[int, int]:
    """Return the start and end of the comment that fills the line above, or an empty span."""
    end = text.rfind("\n", 0, offset)
    start = text.rfind("\n", 0, max(0, end)) + 1
    line = text[start : max(start, end)]
    start += len(line) - len(line.lstrip())
    return (start, start + len(line.strip())) if line.strip().startswith("#") else (start, start)
