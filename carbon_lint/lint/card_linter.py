"""Run the rules over one card: from hits to diagnostics, less what a comment in the card silences."""

from __future__ import annotations

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Diagnostic, Lines, Related
from carbon_lint.lint.rules import name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbon_lint.card.document import Card
    from carbon_lint.lint.diagnostic import Hit
    from carbon_lint.lint.evidence import Evidence
    from carbon_lint.lint.policy import Policy

# What reads the comments' use must run after all rules that a comment can silence.
_LAST = ("CL901", "CL902")


def examine(
    card: Card, policy: Policy, evidence: Evidence | None = None, *, unreadable: str | None = None
) -> tuple[list[Diagnostic], int]:
    """Return the diagnostics of one card in order, and how many more a comment silenced."""
    context, active = Context(card, policy.settings, evidence, unreadable), policy.active_for(card.path)
    traits = context.traits()
    if not traits:
        return [], 0
    from carbon_lint.lint.rule import load

    found: list[Diagnostic] = []
    lines: Lines | None = None
    suppressed = 0
    context.active = active.codes
    for needs, module, code, severity in active.rules:
        if needs not in traits:
            continue
        for hit in load(module).check(context):
            context.codes.add(code)
            if "suppression" in traits and code not in _LAST and context.suppressions.silence(code, hit.start):
                suppressed += 1
                continue
            lines = lines or Lines(context.text)
            found.append(_diagnostic(hit, (module, code, severity), context.card, lines))
    found.sort()
    return found, suppressed


def _diagnostic(hit: Hit, rule: tuple[str, str, str], card: Card, lines: Lines) -> Diagnostic:
    module, code, severity = rule
    # A card that cannot be parsed is never touched, except fences that hide its front matter.
    is_fixable = all(problem.kind == "laxer-reader" for problem in card.problems)
    line, column, end_line, end_column = lines.span(hit.start, hit.end)
    return Diagnostic(
        code=code,
        name=name_of(module),
        severity=severity,
        message=hit.message,
        path=card.path,
        start=hit.start,
        end=hit.end,
        line=line,
        column=column,
        end_line=end_line,
        end_column=end_column,
        fix=hit.fix if is_fixable else None,
        related=tuple(Related(message, start, end, *lines.span(start, end)) for message, start, end in hit.related),
    )
