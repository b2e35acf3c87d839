"""One line a finding: `path:line:col: severity CODE message [name]`. For editors, grep and goldens."""

from __future__ import annotations

from carbon_lint.lint.diagnostic import LintReport
from carbon_lint.report.findings.reporters import RenderOptions
from carbon_lint.text import terminal


def render(report: LintReport, options: RenderOptions) -> str:
    """Return every finding, one line each; empty if there is none."""
    del options
    # Escaped as a whole: a path may end, or a message begin, with half of a `::`.
    return "".join(f"{terminal(str(found))}\n" for found in report.diagnostics)
