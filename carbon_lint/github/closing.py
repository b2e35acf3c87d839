"""The end of the step, on every path: outputs, summary, comment, ownership of what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint.github import ownership
from carbon_lint.github.commands import append, append_summary, file_command
from carbon_lint.github.results import outputs
from carbon_lint.report import RenderOptions, markdown, summary
from carbon_lint.text import markdown_text

if TYPE_CHECKING:
    from carbon_lint.github.context import Context
    from carbon_lint.github.results import Result, Step

MAX_FINDINGS_BYTES = 500_000


def write_outputs(context: Context, result: Result) -> None:
    """Every output, in one write. Raises OutputError; does nothing where the runner gave no file."""
    if context.output_file is not None:
        append(context.output_file, "".join(file_command(name, value) for name, value in outputs(result).items()))


def close(step: Step) -> None:
    """Summary, comment and ownership. Raises OutputError where the summary cannot be written."""
    ownership.hand_over(step.result.written, step.context.workspace)
    if step.inputs.summary and step.context.summary_file is not None:
        append_summary(step.context.summary_file, render_summary(step.result))


def render_summary(result: Result) -> str:
    """The step in Markdown: the run where there is a record, else the findings, and what failed."""
    if result.record is not None:
        text = summary.render(result.record, result.verdict, report=result.lint, readings=result.readings)
    elif result.lint is not None:
        text = "## carbon-lint\n\n" + markdown.findings(result.lint, RenderOptions(), max_bytes=MAX_FINDINGS_BYTES)
    else:
        text = "## carbon-lint\n"
    failures = "".join(f"- {markdown_text(failure)}\n" for failure in result.failures)
    return f"{text}\n### What failed\n\n{failures}" if failures else text
