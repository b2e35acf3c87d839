"""Render what `check` found: `REPORTERS[name](report, options) -> str`, pure functions from values to text.

Nothing here looks at a clock, a terminal or the environment. Each format lives in a module of its own that is imported
when it is first called, so that a check pays only for the format it prints.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from carbon_lint.lint.diagnostic import LintReport
from carbon_lint.text import terminal
from carbon_lint.value import Value

DEFAULT_WIDTH = 100


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
