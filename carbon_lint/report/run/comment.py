"""The body of the one comment on a pull request: what changed, against which limit, and the rest folded away."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from carbon_lint.report import RenderOptions
from carbon_lint.report.findings import markdown
from carbon_lint.report.run import sections
from carbon_lint.report.run.headline import Ending, headline
from carbon_lint.text import markdown_message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbon_lint.config import Change
    from carbon_lint.gate.baseline import Comparison
    from carbon_lint.gate.exceptions import Excused
    from carbon_lint.gate.verdict import Verdict
    from carbon_lint.lint.diagnostic import LintReport
    from carbon_lint.records.record import Record
    from carbon_lint.report.run.headline import Headline

MAX_BYTES = 60_000
"""GitHub takes 65,536 characters."""


def marker(key: str) -> str:
    """The hidden first line by which the comment of this key is found again. No key can close the HTML comment."""
    return f"<!-- carbon-lint {quote(key, safe='').replace('-', '%2D')} -->"


def is_comment(body: str, key: str) -> bool:
    """Whether `body` is the comment of `key`. What stands further down in a body is somebody's text."""
    return body.split("\n", 1)[0].strip() == marker(key)


def render(
    record: Record | None,
    verdict: Verdict | None = None,
    *,
    key: str,
    comparison: Comparison | None = None,
    excused: Excused | None = None,
    report: LintReport | None = None,
    limit_changes: tuple[Change, ...] = (),
    head: Headline | None = None,
    failures: Sequence[str] = (),
    publication: sections.Publication | None = None,
    run_url: str | None = None,
    max_bytes: int = MAX_BYTES,
) -> str:
    """The body, under `max_bytes`. The same values give the same text, so that an unchanged comment can be left alone.

    Args:
        record: the run's evidence; `None` where nothing was measured.
        verdict: what the gate said; `None` without a budget.
        key: tells the comments of several steps of one pull request apart.
        comparison: the run beside its baseline.
        excused: the exceptions that bear on the verdict; `verdict` is the one after them.
        report: what the linter found in the card.
        limit_changes: what the pull request changes in the configuration; its merge base's was used.
        head: how the step ended; without it, how the record alone says that the run did.
        failures: what failed, in words.
        publication: what became of the card on the Hub, where that was asked for.
        run_url: where the whole report is; by default where the record says.
        max_bytes: upper bound of the UTF-8 text.
    """
    head = head or headline(Ending(record=record, verdict=verdict, excused=excused, comparison=comparison, lint=report))
    parts = [
        f"{marker(key)}\n### {head.mark} carbon-lint: {markdown_message(head.text)}\n",
        sections.failures(failures, head.text),
        sections.publication(publication),
        sections.comparison(comparison),
        "" if record is None else sections.limits(verdict, record),
        sections.changes(limit_changes),
        sections.exceptions(excused),
        sections.notes(verdict, excused),
        "" if record is None else sections.warnings(record),
        "" if record is None else _folded(record),
        _link(run_url or (record.provenance.run_url if record is not None else None)),
    ]
    text = markdown.cut("\n".join(part for part in parts if part), max_bytes)
    if report is not None and report.diagnostics:
        opening, tail = "\n<details open><summary>Findings</summary>\n\n", "\n</details>\n"
        room = max_bytes - len(f"{text}{opening}{tail}".encode())
        text += opening + markdown.findings(report, RenderOptions(), max_bytes=room) + tail
    return text


def _folded(record: Record) -> str:
    details = "\n".join(part for part in (sections.energy(record), sections.modelled(record)) if part)
    return f"<details><summary>Energy by component</summary>\n\n{details}\n</details>\n"


def _link(stated: str | None) -> str:
    """To the run. A record may come from anywhere: nothing but an address, which cannot end the link it stands in."""
    if stated is None or not stated.startswith(("https://", "http://")):
        return ""
    return f"[The run]({quote(stated, safe=':/?&=%')}) has the whole report.\n"
