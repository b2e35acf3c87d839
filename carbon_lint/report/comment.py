"""The body of the one comment on a pull request: what changed, against which limit, and the rest folded away."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from carbon_lint.report import RenderOptions, markdown, phrases, sections
from carbon_lint.text import markdown_text

if TYPE_CHECKING:
    from carbon_lint.config import Change
    from carbon_lint.gate.baseline import Comparison
    from carbon_lint.gate.exceptions import Excused
    from carbon_lint.gate.verdict import Verdict
    from carbon_lint.lint.diagnostic import LintReport
    from carbon_lint.records.record import Record

MAX_BYTES = 60_000
"""GitHub takes 65,536 characters."""


def marker(key: str) -> str:
    """The hidden first line by which the comment of this key is found again. No key can close the HTML comment."""
    return f"<!-- carbon-lint {quote(key, safe='').replace('-', '%2D')} -->"


def is_comment(body: str, key: str) -> bool:
    """Whether `body` is the comment of `key`. What stands further down in a body is somebody's text."""
    return body.split("\n", 1)[0].strip() == marker(key)


def render(
    record: Record,
    verdict: Verdict | None = None,
    *,
    key: str,
    comparison: Comparison | None = None,
    excused: Excused | None = None,
    report: LintReport | None = None,
    limit_changes: tuple[Change, ...] = (),
    max_bytes: int = MAX_BYTES,
) -> str:
    """The body, under `max_bytes`. The same values give the same text, so that an unchanged comment can be left alone.

    Args:
        record: the run's evidence.
        verdict: what the gate said; `None` without a budget.
        key: tells the comments of several steps of one pull request apart.
        comparison: the run beside its baseline.
        excused: the exceptions that bear on the verdict; `verdict` is the one after them.
        report: what the linter found in the card.
        limit_changes: what the pull request changes in the configuration; its merge base's was used.
        max_bytes: upper bound of the UTF-8 text.
    """
    parts = [
        f"{marker(key)}\n### {sections.mark(record, verdict)} carbon-lint: {_title(record, verdict)}\n",
        sections.comparison(comparison),
        sections.limits(verdict, record),
        sections.changes(limit_changes),
        sections.exceptions(excused),
        sections.notes(verdict, excused),
        sections.warnings(record),
        _folded(record),
    ]
    text = markdown.cut("\n".join(part for part in parts if part), max_bytes)
    if report is not None and report.diagnostics:
        head, tail = "\n<details open><summary>Findings</summary>\n\n", "\n</details>\n"
        room = max_bytes - len(f"{text}{head}{tail}".encode())
        text += head + markdown.findings(report, RenderOptions(), max_bytes=room) + tail
    return text


def _title(record: Record, verdict: Verdict | None) -> str:
    return markdown_text(phrases.headline(record, verdict))


def _folded(record: Record) -> str:
    details = "\n".join(part for part in (sections.energy(record), sections.modelled(record)) if part)
    stated = record.provenance.run_url or ""
    # A URL that cannot end the link it stands in.
    url = quote(stated, safe=":/?&=%") if stated.startswith(("https://", "http://")) else ""
    link = f"\n[The run]({url}) has the whole report.\n" if url else ""
    return f"<details><summary>Energy by component</summary>\n\n{details}\n</details>\n{link}"
