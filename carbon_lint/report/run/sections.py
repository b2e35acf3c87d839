"""Parts that the summary of a step and the comment on a pull request have in common, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from carbon_lint.config import KeyChange
from carbon_lint.gate.baseline import Comparison
from carbon_lint.gate.budget import figure
from carbon_lint.gate.exceptions import Excused
from carbon_lint.gate.verdict import LimitResult, Verdict
from carbon_lint.limits import BudgetException
from carbon_lint.records.ranges import measured_share
from carbon_lint.records.record import PhaseKind, Record, UsedException
from carbon_lint.report.layout import markdown_table
from carbon_lint.report.run import phrases
from carbon_lint.text import markdown_code, markdown_message, markdown_text
from carbon_lint.units import format_duration, significant

_MOST_PHASES = 20  # of each kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What became of the card on the Hub: its address there, or why it was not published."""

    url: str | None = None
    is_changed: bool = True
    why_not: str | None = None


def failures(messages: Iterable[str], *, is_first_given: bool) -> str:
    """Return what failed and what to do, below the headline; the first is left out if the headline gives all of it."""
    lines = ""
    for number, failure in enumerate(messages):
        first, *more = failure.split("\n")
        if more or number or not is_first_given:
            advice = "".join(f"  \n  {markdown_message(line.strip())}" for line in more)
            lines += f"- {markdown_message(first)}{advice}\n"
    return f"**What failed**\n\n{lines}" if lines else ""


def publication(done: Publication | None) -> str:
    """Return whether the card is on the Hub, with the link, or why it is not. Empty if it was not asked for."""
    if done is None:
        return ""
    if done.url is None:
        return f"**Not published:** {markdown_message(done.why_not or 'the step ended before that')}.\n"
    address = quote(done.url, safe=":/?&=%#")
    words = "**Published:**" if done.is_changed else "**Published already**, nothing was to be changed:"
    return f"{words} [{markdown_text(done.url)}]({address})\n"


def limits(verdict: Verdict | None, record: Record) -> str:
    """Return each limit: measured, allowed, margin, and how the measured figure was found. Empty without one."""
    if verdict is None or not verdict.limits:
        return ""
    rows = [_limit(limit, record) for limit in verdict.limits]
    return markdown_table(("Limit", "This run", "Allowed", "Margin", "Measured"), rows)


def _limit(limit: LimitResult, record: Record) -> tuple[str, ...]:
    margin, share = phrases.margin(limit), limit.measured_share
    source = f" ({markdown_text(limit.source)})" if limit.source else ""
    allowed = f"{phrases.amount(limit.unit, limit.allowed)}{source}"
    measured = phrases.measured(record)
    if limit.is_of_window:
        measured = None if share is None else f"{phrases.percent(share)} of the energy, by sensors"
    margin = f"**{margin}**" if limit.is_over else margin
    return markdown_text(limit.name), figure(limit), allowed, margin, measured or "not stated"


def energy(record: Record) -> str:
    """Return energy by component with the method of each, and the resulting emissions."""
    rows = [
        (name, phrases.energy(energy_kwh), phrases.METHOD_WORDS[method] if method else "not stated")
        for name, energy_kwh, method in phrases.components(record)
    ]
    total = (f"**total**, PUE {significant(record.pue)}", f"**{phrases.energy_with_range(record)}**", "")
    grams = ("**emissions**", f"**{phrases.emissions_with_range(record)}**", markdown_text(phrases.intensity(record)))
    lines = markdown_table(("Part", "Energy", "Found by"), [*rows, total, grams])
    scope = phrases.scope(record)
    of = f"; {markdown_text(scope)}" if scope else ""
    return f"{lines}\nDuration {format_duration(record.duration_s)}{of}.\n"


def comparison(compared: Comparison | None) -> str:
    """Return this run beside its baseline, energy and grid apart, or why the difference says nothing."""
    if compared is None:
        return ""
    notes = "".join(f"\n{markdown_text(note)}\n" for note in phrases.comparison_notes(compared))
    return markdown_table(phrases.COMPARISON_HEADS, phrases.comparison_rows(compared)) + notes


def changes(proposed: Iterable[KeyChange]) -> str:
    """Return what the pull request changes in the configuration, which does not hold yet. Empty without a change."""
    rows = [tuple(markdown_code(text, in_table=True) for text in (one.name, one.before, one.after)) for one in proposed]
    if not rows:
        return ""
    note = "\nThis pull request changes its own configuration. That of the merge base was used here.\n"
    return markdown_table(("Configuration", "Merge base", "Pull request"), rows) + note


def exceptions(used: Iterable[UsedException], excused: Excused | None) -> str:
    """Return the exceptions that let the run through, and those that have expired, with who is answerable for each."""
    every: list[tuple[UsedException | BudgetException, str]] = [(one, "let the run through") for one in used]
    every += [(one, "**expired**") for one in (() if excused is None else excused.expired)]
    rows = [
        (one.limit, markdown_text(one.owner), str(one.until), state, markdown_text(one.reason)) for one, state in every
    ]
    return markdown_table(("Exception to", "By", "Until", "State", "Reason"), rows)


def notes(verdict: Verdict | None, excused: Excused | None = None) -> str:
    """Return the verdict's reasons that the table of exceptions does not give already."""
    if verdict is None:
        return ""
    shown = {str(one) for one in excused.used} if excused else set()
    return "".join(f"- {markdown_text(reason)}\n" for reason in verdict.reasons if reason not in shown)


def phases(record: Record) -> str:
    """Return the energy of each epoch and phase, folded; empty if the job named none."""
    heads = ("Epoch or phase", "Time", "Energy", "Emissions", "Share", "Split by time")
    rows = [row for kind in PhaseKind for row in phrases.phase_rows(record, kind, _MOST_PHASES)]
    if not rows:
        return ""
    cells = [tuple(markdown_text(cell) for cell in row) for row in rows]
    lines = f"{markdown_table(heads, cells)}\n{phrases.PHASES_NOTE}\n\n</details>\n"
    return f"<details><summary>Energy by epoch and phase</summary>\n\n{lines}"


def modelled(record: Record) -> str:
    """Say which part of the energy no sensor read, and what is not counted at all."""
    share = measured_share(record)
    if record.energy_kwh.total is None:
        return ""
    left_out = f"**Left out:** {phrases.left_out(record)}.\n"
    if share is None or share == 1:
        return left_out
    parts = ", ".join(
        f"{name} ({phrases.METHOD_WORDS[method]})"
        for name, _, method in phrases.components(record)
        if method in phrases.MODELLED
    )
    return f"**Modelled, not measured:** {phrases.percent(1 - share)} of the energy: {parts}.\n\n{left_out}"


def warnings(record: Record) -> str:
    """Return the run's warnings as a list."""
    if not record.warnings:
        return ""
    return "**Warnings**\n\n" + "".join(f"- {markdown_message(warning)}\n" for warning in record.warnings)
