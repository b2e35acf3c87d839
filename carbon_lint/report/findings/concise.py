"""One line a finding: `path:line:col: severity CODE message [name]`. For editors, grep and goldens."""

from __future__ import annotations

from carbon_lint.lint.diagnostic import Diagnostic, LintReport
from carbon_lint.report.findings.reporters import RenderOptions
from carbon_lint.text import terminal


def line_of(found: Diagnostic) -> str:
    """Return one finding on one line, harmless to a terminal and a CI log."""
    # Escaped as a whole: a path may end, or a message begin, with half of a `::`.
    return terminal(
        f"{found.path}:{found.line}:{found.column}: {found.severity} {found.code} {found.message} [{found.name}]"
    )


def render(report: LintReport, options: RenderOptions) -> str:
    """Return every finding, one line each; empty if there is none."""
    del options
    return "".join(f"{line_of(found)}\n" for found in report.diagnostics)
