"""The Markdown summary of a CI step: the verdict, each limit, where the energy went, and how sure the figures are."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from carbon_lint.gate.verdict import Status
from carbon_lint.records.record import Outcome
from carbon_lint.report import RenderOptions, chart, markdown, phrases
from carbon_lint.text import markdown_code, markdown_text, terminal
from carbon_lint.units import format_duration, format_emissions, format_energy, significant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from carbon_lint.gate.verdict import LimitResult, Verdict
    from carbon_lint.lint.diagnostic import LintReport
    from carbon_lint.records.record import Record

MAX_BYTES = 1_000_000
"""GitHub drops a summary of more than 1 MiB, and other tools may write to the same file."""

_MARKS = {Status.PASS: "✅", Status.FAIL: "❌", Status.INCONCLUSIVE: "⚠️"}


def render(
    record: Record,
    verdict: Verdict | None = None,
    *,
    report: LintReport | None = None,
    readings: Sequence[chart.Sample] = (),
    max_bytes: int = MAX_BYTES,
) -> str:
    """The summary, under `max_bytes`: where it would be longer, the findings are cut and the cut is said.

    Args:
        record: the run's evidence.
        verdict: what the gate said; `None` without a budget.
        report: what the linter found in the card.
        readings: the run over time, oldest first, for the chart.
        max_bytes: upper bound of the UTF-8 text.
    """
    sections = [
        f"## {mark(record, verdict)} {markdown_text(phrases.headline(record, verdict))}\n",
        limits_table(verdict),
        energy_table(record),
        _everyday(record),
        chart.render(readings),
        _modelled(record),
        _warnings(record.warnings),
        _reproduce(record),
    ]
    text = "\n".join(section for section in sections if section)
    if report is not None:
        room = max_bytes - len(text.encode()) - 1
        text += "\n" + markdown.findings(report, RenderOptions(), max_bytes=room)
    return text


def mark(record: Record, verdict: Verdict | None) -> str:
    """One character for the eye; the words beside it say the same."""
    if record.outcome is Outcome.UNMEASURED:
        return "❌"
    if verdict is not None:
        return _MARKS[verdict.status]
    return "📏" if record.outcome is Outcome.COMPLETED else "⚠️"


def limits_table(verdict: Verdict | None) -> str:
    """Each limit: measured, allowed, margin. Empty without one."""
    if verdict is None or not verdict.limits:
        return ""
    rows = [(limit.name, *_limit_cells(limit)) for limit in verdict.limits]
    return table(("Limit", "Measured", "Allowed", "Margin"), rows)


def _limit_cells(limit: LimitResult) -> tuple[str, str, str]:
    show = format_emissions if limit.unit == "g" else format_energy
    margin = f"**over by {show(-limit.margin)}**" if limit.is_over else f"{show(limit.margin)} left"
    return show(limit.measured), show(limit.allowed), margin


def energy_table(record: Record) -> str:
    """Energy by component with the method of each, and what emissions came of it."""
    rows = [
        (name, phrases.energy(energy_kwh), phrases.METHOD_WORDS[method] if method else "not stated")
        for name, energy_kwh, method in phrases.components(record)
    ]
    total = (f"**total**, PUE {significant(record.pue)}", f"**{phrases.energy(record.energy_kwh.total)}**", "")
    grams = ("**emissions**", f"**{phrases.emissions(record.emissions_g)}**", markdown_text(phrases.intensity(record)))
    lines = table(("Energy", "", "Found by"), [*rows, total, grams])
    return f"{lines}\nDuration {format_duration(record.duration_s)}.\n"


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table. Cells are Markdown already."""
    lines = [" | ".join(heads), " | ".join("---" for _ in heads), *(" | ".join(row) for row in rows)]
    return "".join(f"| {line} |\n" for line in lines)


def _everyday(record: Record) -> str:
    said = phrases.equivalents(record)
    return f"As much as {markdown_text(said)}.\n" if said else ""


def _modelled(record: Record) -> str:
    share = phrases.modelled_share(record)
    if not share:
        return ""
    parts = ", ".join(
        f"{name} ({phrases.METHOD_WORDS[method]})"
        for name, _, method in phrases.components(record)
        if method in phrases.MODELLED
    )
    return f"**Modelled, not measured:** {phrases.percent(share)} of the energy: {parts}.\n"


def _warnings(warnings: tuple[str, ...]) -> str:
    if not warnings:
        return ""
    return "**Warnings**\n\n" + "".join(f"- {markdown_text(warning)}\n" for warning in warnings)


def _reproduce(record: Record) -> str:
    words = ["carbon-lint", "run"]
    known = record.intensity
    if known is not None and known.location:
        words += ["--location", known.location]
    elif known is not None:
        words += ["--carbon-intensity", significant(known.g_per_kwh, 6)]
    else:
        words.append("--energy-only")
    command = terminal(shlex.join([*words, "--", *record.command]))
    rows = [f"`{name}` {markdown_code(version)}" for name, version in sorted(record.software.items())]
    commit = f"at commit {markdown_code(record.provenance.commit)} " if record.provenance.commit else ""
    return (
        "<details><summary>How to reproduce</summary>\n\n"
        f"{commit}with {', '.join(rows) or 'software not stated'}:\n\n"
        f"{markdown.fenced(command)}\n</details>\n"
    )
