"""Reporters: pure functions from values to text. Nothing here looks at a clock, a terminal or the environment.

`REPORTERS[name](report, options) -> str` renders what `check` found. Each lives in a module of its own that is imported
when it is first called, so that a check pays only for the format it prints. What a run found is rendered by
`run_text.render` (terminal), `summary.render` (a CI step's summary) and `comment.render` (a pull request's comment).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbon_lint.lint.diagnostic import LintReport

DEFAULT_WIDTH = 100


class RenderOptions:
    """How to render: what a reporter would otherwise have to ask the terminal or the file system for.

    Attributes:
        colour: whether the text may hold colour codes.
        width: columns of the terminal; source lines are cut there.
        base: absolute path of the repository's root. Formats read by a forge give paths relative to it.
        folder: absolute path of the folder that the report's relative paths start from. Both empty: paths as they are.
    """

    __slots__ = ("base", "colour", "folder", "width")

    def __init__(self, *, colour: bool = False, width: int = DEFAULT_WIDTH, base: str = "", folder: str = "") -> None:
        self.colour = colour
        self.width = width
        self.base = base
        self.folder = folder


class Reporter:
    """One format, imported when it is first used."""

    __slots__ = ("module",)

    def __init__(self, module: str) -> None:
        self.module = module

    def __call__(self, report: LintReport, options: RenderOptions) -> str:
        """The whole report as text that ends with a line feed (or is empty)."""
        from importlib import import_module  # noqa: PLC0415

        rendered: str = import_module(f"carbon_lint.report.findings.{self.module}").render(report, options)
        return rendered


REPORTERS: dict[str, Reporter] = {
    "text": Reporter("text"),
    "concise": Reporter("concise"),
    "json": Reporter("json_v1"),
    "github": Reporter("github"),
    "gitlab": Reporter("gitlab"),
    "sarif": Reporter("sarif"),
    "markdown": Reporter("markdown"),
    "html": Reporter("html"),
}


def parse_outputs(values: Iterable[str]) -> list[tuple[str, str]]:
    """`['sarif=lint.sarif']` -> `[('sarif', 'lint.sarif')]`. Raises UsageError. See `report.outputs`."""
    from carbon_lint.report.findings.outputs import parse_outputs as parse  # noqa: PLC0415

    return parse(values)


def write_outputs(report: LintReport, outputs: Iterable[tuple[str, str]], options: RenderOptions) -> None:
    """Write the report in each format to its path. Raises OutputError. See `report.outputs`."""
    from carbon_lint.report.findings.outputs import write_outputs as write  # noqa: PLC0415

    write(report, outputs, options)
