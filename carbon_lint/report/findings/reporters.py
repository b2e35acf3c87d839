"""Render what `check` found: `REPORTERS[name](report, options) -> str`, pure functions from values to text.

Nothing here looks at a clock, a terminal or the environment. Each format lives in a module of its own that is imported
when it is first called, so that a check pays only for the format it prints. All state every count, also those of
findings that are not shown.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from carbon_lint.lint.diagnostic import SEVERITIES, LintReport
from carbon_lint.text import plural, terminal
from carbon_lint.value import Value

DEFAULT_WIDTH = 100


def counted(numbers: dict[str, int]) -> str:
    """Return `1 error, 2 warnings` for `{'error': 1, 'warning': 2}`; what is 0 is left out."""
    return ", ".join(plural(count, noun) for noun, count in numbers.items() if count)


def by_severity(report: LintReport) -> dict[str, int]:
    """Return severity -> number of findings, worst first."""
    return {severity: report.count(severity) for severity in SEVERITIES}


def sentence(report: LintReport) -> str:
    """Return the whole report in one line, without the final period."""
    parts = [f"{plural(report.files_checked, 'file')} checked: {counted(by_severity(report)) or 'no findings'}"]
    if report.files_unread:
        parts.append(f"{plural(report.files_unread, 'file')} not read")
    if report.files_skipped:
        parts.append(f"{plural(report.files_skipped, 'file')} skipped (not a model card)")
    if report.suppressed:
        parts.append(f"{report.suppressed:,} suppressed")
    if report.fixed:
        parts.append(f"{plural(len(report.fixed), 'file')} fixed")
    fixes = [found.fix for found in report.diagnostics if found.fix]
    safe = sum(fix.is_safe for fix in fixes)
    fixable = [f"{safe:,} fixable with --fix"] if safe else []
    if safe < len(fixes):
        fixable.append(f"{len(fixes) - safe:,} {'more ' if safe else 'fixable '}with --fix --unsafe-fixes")
    return "; ".join([*parts, ", ".join(fixable)] if fixable else parts)


class RenderOptions(Value, kw_only=True):
    """How to render: what a reporter would otherwise have to ask the terminal or the file system for.

    Attributes:
        colour: whether the text may hold colour codes.
        width: columns of the terminal; source lines are cut there.
        base: absolute path of the repository's root. Formats read by a forge give paths relative to it.
        folder: absolute path of the folder that the report's relative paths start from. Both empty: paths as they are.
    """

    colour: bool = False
    width: int = DEFAULT_WIDTH
    base: str = ""
    folder: str = ""


def _render(module: str, report: LintReport, options: RenderOptions) -> str:
    """Return the whole report as text that ends with a line feed (or is empty)."""
    from importlib import import_module  # noqa: PLC0415

    rendered: str = import_module(f"carbon_lint.report.findings.{module}").render(report, options)
    return rendered


def _concise(report: LintReport, _options: RenderOptions) -> str:
    """Return `path:line:col: severity CODE message [name]` of each finding: for editors, grep and goldens."""
    # Escaped as a whole: a path may end, or a message begin, with half of a `::`.
    return "".join(f"{terminal(str(found))}\n" for found in report.diagnostics)


REPORTERS: dict[str, Callable[[LintReport, RenderOptions], str]] = {
    name: _concise if name == "concise" else partial(_render, "json_v1" if name == "json" else name)
    for name in ("text", "concise", "json", "github", "gitlab", "sarif", "markdown", "html")
}
