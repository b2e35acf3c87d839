"""CL210: a comment that says the figure is in another unit."""

from __future__ import annotations

import re
from decimal import Decimal

from carbon_lint.lint.context import number
from carbon_lint.lint.diagnostic import Edit, Fix, Hit
from carbon_lint.lint.figure import plain
from carbon_lint.lint.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbon_lint.lint.context import Context


# The unit comes first, with or without the figure itself before it: `# kg CO2`, `# in kilograms`, `# 0.42 kg`.
_UNIT = r"(?P<{}>kgs?|kilograms?|kilogrammes?|mg|milligrams?|t|tons?|tonnes?)"
# `# KG embeddings` and `# T4` are no units: without a number nothing but CO2 may follow.
_COMMENT = re.compile(
    r"#[ \t]*(?:in[ \t]+)?(?:(?P<number>\d+(?:\.\d+)?)[ \t]*"
    + _UNIT.format("after")
    + r"(?=\Z|[^a-z0-9]|co)|"
    + _UNIT.format("alone")
    + r"(?=[ \t]*(?:\Z|[.,;:()\r\n-]|eq|(?:of[ \t]+)?(?:co|carbon))))",
    re.IGNORECASE,
)
_GRAMS_PER = {"k": Decimal(1000), "m": Decimal("0.001"), "t": Decimal(1_000_000)}
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
    Unsafe: the comment may be what is wrong. The number is converted and the comment's unit made `g`.
    """
    node, value = context.emissions, number(context.emissions)
    match = _COMMENT.match(context.text, *comment_after(context.text, node.end)) if node is not None else None
    if node is None or match is None or not value or abs(value) == float("inf"):
        return
    unit = "after" if match["after"] else "alone"
    factor = _GRAMS_PER[match[unit][0].lower()]
    stated = float(match["number"]) if match["number"] else value
    if abs(stated * float(factor) - value) <= _TOLERANCE * value or abs(stated - value) > _TOLERANCE * value:
        return
    grams = plain(Decimal(repr(value)) * factor)
    edits = [Edit(node.start, node.end, grams), Edit(*match.span(unit), "g")]
    if match["number"]:
        edits.append(Edit(*match.span("number"), grams))
    yield Hit(
        f"emissions is {node.text}, which the Hub reads as grams, and its comment says {match[unit]}",
        node.start,
        node.end,
        Fix(f"write {grams}: {node.text} {match[unit]} in grams", tuple(edits), is_safe=False),
        related=(("the comment is here", match.start(), match.end()),),
    )


def comment_after(text: str, offset: int) -> tuple[int, int]:
    """Start and end of the comment that follows on the line; an empty span where none does."""
    line_end = min(at for at in (text.find("\n", offset), text.find("\r", offset), len(text)) if at >= 0)
    start = text.find(" #", offset, line_end)
    return (start + 1, line_end) if start >= 0 and not text[offset:start].strip() else (line_end, line_end)


RULE = Rule(summary="The comment of `emissions` names another unit", since="0.1.0", check=check, fix="unsafe")
