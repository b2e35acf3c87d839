"""A page that stands alone: no script, nothing from the network, every word of a card escaped by the template."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from carbon_lint.lint.diagnostic import Diagnostic, LintReport
from carbon_lint.report import pages
from carbon_lint.report.findings.forge import relative_path, rule_url
from carbon_lint.report.findings.reporters import RenderOptions, by_severity, sentence
from carbon_lint.text import shortened

_CONTEXT_CHARACTERS = 200


def render(report: LintReport, options: RenderOptions) -> str:
    """Return the report by file. Raises UsageError if Jinja2 is not installed."""
    files = [
        (relative_path(path, options), [(it, rule_url(it.code), _source(it, report.sources)) for it in group])
        for path, group in groupby(report.diagnostics, key=lambda found: found.path)
    ]
    return pages.render(
        "carbon_lint.report.findings",
        "report.html.j2",
        sentence=sentence(report),
        counts=by_severity(report),
        files=files,
    )


def _source(found: Diagnostic, sources: Mapping[str, str]) -> tuple[str, str, str]:
    """Return the first line of the span: what stands before it, what was found, what stands after; each cut short."""
    text = sources.get(found.path) or ""
    start = found.start - (found.column - 1)
    line = text[start:].split("\n", 1)[0].split("\r", 1)[0]
    before, rest = line[: found.column - 1], line[found.column - 1 :]
    marked, after = rest[: found.end - found.start], rest[found.end - found.start :]
    before = before if len(before) <= _CONTEXT_CHARACTERS else "…" + before[-_CONTEXT_CHARACTERS:]
    return before, shortened(marked, _CONTEXT_CHARACTERS), shortened(after, _CONTEXT_CHARACTERS)
