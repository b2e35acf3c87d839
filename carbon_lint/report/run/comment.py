"""The body of the one comment on a pull request: what changed, against which limit, and the rest folded away."""

from __future__ import annotations

from urllib.parse import quote

from carbon_lint.records.record import Record
from carbon_lint.report.findings import markdown
from carbon_lint.report.findings.reporters import RenderOptions
from carbon_lint.report.run import sections
from carbon_lint.report.run.headline import gives_failure, headline
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.text import markdown_message

MAX_BYTES = 60_000
"""GitHub takes 65,536 characters."""


def marker(key: str) -> str:
    """Return the hidden first line by which a key's comment is found again. No key can end the HTML comment."""
    return f"<!-- carbon-lint {quote(key, safe='').replace('-', '%2D')} -->"


def is_comment(body: str, key: str) -> bool:
    """Return whether `body` is the comment of `key`. What stands further down in a body is somebody's text."""
    return body.split("\n", 1)[0].strip() == marker(key)


def render(report: RunReport, *, key: str, run_url: str | None = None) -> str:
    """Return the body, under `MAX_BYTES`. The same report gives the same text: an unchanged comment can be left alone.

    `key` distinguishes the comments of several steps of one pull request. `run_url` is where the whole report is; by
    default where the record says.
    """
    record, verdict, excused = report.record, report.verdict, report.excused
    head = headline(report)
    parts = [
        f"{marker(key)}\n### {head.mark} carbon-lint: {markdown_message(head.text)}\n",
        sections.failures(report.failures, is_first_given=gives_failure(report)),
        sections.publication(report.publication),
        sections.comparison(report.comparison),
        "" if record is None else sections.limits(verdict, record),
        sections.changes(report.limit_changes),
        sections.exceptions(report.let_through, excused),
        sections.notes(verdict, excused),
        "" if record is None else sections.warnings(record),
        "" if record is None else _folded(record),
        _link(run_url or (record.provenance.run_url if record is not None else None)),
    ]
    text = markdown.cut("\n".join(part for part in parts if part), MAX_BYTES)
    if report.lint is not None and report.lint.diagnostics:
        opening, tail = "\n<details open><summary>Findings</summary>\n\n", "\n</details>\n"
        room = MAX_BYTES - len(f"{text}{opening}{tail}".encode())
        text += opening + markdown.findings(report.lint, RenderOptions(), max_bytes=room) + tail
    return text


def _folded(record: Record) -> str:
    details = "\n".join(part for part in (sections.energy(record), sections.modelled(record)) if part)
    return f"<details><summary>Energy by component</summary>\n\n{details}\n</details>\n"


def _link(stated: str | None) -> str:
    """Return a link to the run. A record may come from anywhere: only an address that cannot end the link passes."""
    if stated is None or not stated.startswith(("https://", "http://")):
        return ""
    return f"[The run]({quote(stated, safe=':/?&=%')}) has the whole report.\n"
