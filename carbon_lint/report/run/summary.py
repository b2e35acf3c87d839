"""The Markdown summary of a CI step: the verdict, each limit, where the energy went, and how sure the figures are."""

from __future__ import annotations

import shlex

from carbon_lint.records.record import Record
from carbon_lint.report.findings import markdown
from carbon_lint.report.findings.reporters import RenderOptions
from carbon_lint.report.run import phrases, sections
from carbon_lint.report.run.curve import mermaid
from carbon_lint.report.run.headline import gives_failure, headline
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.text import markdown_code, markdown_message, markdown_text, terminal
from carbon_lint.units import significant

_MAX_COMMAND_CHARACTERS = 4000


def render(report: RunReport) -> str:
    """Return the summary, under 1 MiB: if it would be longer, the findings are cut and the cut is stated."""
    record, verdict, excused = report.record, report.verdict, report.excused
    head = headline(report)
    parts = [
        f"## {head.mark} {markdown_message(head.text)}\n",
        sections.failures(report.failures, is_first_given=gives_failure(report)),
        sections.publication(report.publication),
    ]
    if record is not None:
        parts += [
            sections.limits(verdict, record),
            sections.exceptions(report.let_through, excused),
            sections.notes(verdict, excused),
            sections.comparison(report.comparison),
            sections.energy(record),
            f"As much as {markdown_text(everyday)}.\n" if (everyday := phrases.equivalents(record)) else "",
            mermaid(report.readings),
            sections.phases(record),
            sections.modelled(record),
            sections.warnings(record),
            _reproduce(record),
        ]
    text = markdown.cut("\n".join(part for part in parts if part), markdown.MAX_BYTES)
    if report.lint is not None:
        room = markdown.MAX_BYTES - len(text.encode()) - 1
        text += "\n" + markdown.findings(report.lint, RenderOptions(), max_bytes=room)
    return text


def reproduce(record: Record) -> str:
    """Return the command line that measures the same job again, cut at 4,000 characters."""
    words = ["carbon-lint", "run"]
    known = record.intensity
    if known is not None and known.location:
        words += ["--location", known.location]
    elif known is not None:
        words += ["--carbon-intensity", significant(known.g_per_kwh, 6)]
    else:
        words.append("--energy-only")
    return terminal(shlex.join([*words, "--", *record.command]))[:_MAX_COMMAND_CHARACTERS]


def _reproduce(record: Record) -> str:
    rows = [f"{markdown_code(name)} {markdown_code(version)}" for name, version in sorted(record.software.items())]
    commit = f"at commit {markdown_code(record.provenance.commit)} " if record.provenance.commit else ""
    return (
        "<details><summary>How to reproduce</summary>\n\n"
        f"{commit}with {', '.join(rows) or 'software not stated'}:\n\n"
        f"{markdown.fenced(reproduce(record))}\n</details>\n"
    )
