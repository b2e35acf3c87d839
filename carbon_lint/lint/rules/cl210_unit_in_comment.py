"""CL210: a comment that says the figure is in another unit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from carbon_lint.card.quantity import unit_at
from carbon_lint.lint.context import Context, number
from carbon_lint.lint.diagnostic import Edit, Fix, Hit
from carbon_lint.lint.figure import plain
from carbon_lint.lint.rule import Rule
from carbon_lint.units import NUMBER, readings_of

# The unit comes first, with or without the figure itself before it: `# kg CO2`, `# in kilograms`, `# 0.42 kg`.
_COMMENT = rf"\#[ \t]*(?:in[ \t]+)?(?P<number>{NUMBER})?"
# `# KG embeddings` and `# T4` are no units: without a number nothing but CO2 may follow.
_NOTHING_ELSE = r"[ \t]*(?:\Z|[.,;:()\r\n-])"
_TOLERANCE = 0.01


def check(context: Context) -> Iterator[Hit]:
    """
    ## What it does
    Reports a number whose comment, on the same line, says that it is in kilograms, tonnes or milligrams.

    ## Why is this bad?
    The Hub reads the number as grams, and no reader reads a comment.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: 0.42 # kg CO2
      source: codecarbon
      training_type: fine-tuning
      geographical_location: Paris, France
      hardware_used: 1 x NVIDIA H100
    ```

    ## Use instead
    ```yaml
    co2_eq_emissions:
      emissions: 420 # 0.42 kg CO2
      source: codecarbon
      training_type: fine-tuning
      geographical_location: Paris, France
      hardware_used: 1 x NVIDIA H100
    ```

    ## Fix safety
    Unsafe: the comment may be what is wrong. The number is converted and the comment's unit made `g`. None for `tons`,
    which are three units.
    """
    node, value = context.emissions, number(context.emissions)
    if node is None or not value or abs(value) == float("inf"):
        return
    start, end = comment_after(context.text, node.end)
    comment = context.text[start:end]
    match = re.match(_COMMENT, comment)
    unit = unit_at(comment, match.end()) if match else None
    if match is None or unit is None or unit.is_rate:
        return
    if not match["number"] and not unit.names_gas and not re.match(_NOTHING_ELSE, comment[unit.end :]):
        return
    readings = readings_of(match["number"]) if match["number"] else (Decimal(repr(value)),)
    factor = unit.unit.grams[0]
    if not any(_is_near(float(stated), value) and not _is_near(float(stated * factor), value) for stated in readings):
        return
    grams = plain(Decimal(repr(value)) * factor)
    edits = [Edit(node.start, node.end, grams), Edit(start + unit.start, start + unit.end, "g")]
    if match["number"]:
        edits.append(Edit(start + match.start("number"), start + match.end("number"), grams))
    fix = Fix(f"write {grams}: {node.text} {unit.unit_text} in grams", tuple(edits), is_safe=False)
    yield Hit(
        f"emissions is {node.text}, which the Hub reads as grams, and its comment says {unit.unit_text}",
        node.start,
        node.end,
        fix if len(unit.unit.grams) == 1 else None,
        related=(("the comment is here", start, start + unit.end),),
    )


def _is_near(stated: float, value: float) -> bool:
    return abs(stated - value) <= _TOLERANCE * value


def comment_after(text: str, offset: int) -> tuple[int, int]:
    """Return the start and end of the comment that follows on the line, or an empty span."""
    line_end = min(at for at in (text.find("\n", offset), text.find("\r", offset), len(text)) if at >= 0)
    start = text.find(" #", offset, line_end)
    return (start + 1, line_end) if start >= 0 and not text[offset:start].strip() else (line_end, line_end)


RULE = Rule(summary="The comment of `emissions` names another unit", since="0.1.0", check=check, fix="unsafe")
