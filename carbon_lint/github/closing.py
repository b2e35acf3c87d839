"""The end of the step, on every path: outputs, summary, comment, ownership of what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint.github import ownership
from carbon_lint.github.commands import append_entries, append_summary, file_command
from carbon_lint.github.results import outputs
from carbon_lint.report import RenderOptions, markdown, sections, summary
from carbon_lint.report import comment as comments
from carbon_lint.text import markdown_text

if TYPE_CHECKING:
    from carbon_lint.github.context import Context
    from carbon_lint.github.results import Result, Step

MAX_FINDINGS_BYTES = 500_000
OWNERSHIP_S = 20.0
OWNERSHIP_CANCELLED_S = 0.5  # of the seven seconds that the runner leaves


def write_outputs(context: Context, result: Result) -> None:
    """Every output, in one write. Raises OutputError; does nothing where the runner gave no file."""
    if context.output_file is not None:
        append_entries(
            context.output_file, "".join(file_command(name, value) for name, value in outputs(result).items())
        )


def close(step: Step) -> None:
    """Summary, comment and ownership. Raises OutputError where the summary cannot be written."""
    if step.inputs.summary and step.context.summary_file is not None:
        append_summary(step.context.summary_file, render_summary(step.result))
    within_s = OWNERSHIP_CANCELLED_S if step.result.is_cancelled else OWNERSHIP_S
    if not ownership.hand_over(step.result.written, step.context.workspace, within_s=within_s):
        step.console.notice(f"after {within_s:.0f} s some files of the job still belong to root")


def comment(step: Step) -> None:
    """The one comment on the pull request, where it is asked for and there is something new to say. Never fails."""
    record, number = step.result.record, step.context.pull_request
    if not step.inputs.pr_comment or record is None:
        return
    if number is None:
        step.console.notice("`pr-comment`: this run belongs to no pull request, so nothing was commented")
        return
    from carbon_lint.github import api  # noqa: PLC0415  PyGithub takes 0.2 s

    key = comment_key(step)
    body = comments.render(
        record,
        step.result.verdict,
        key=key,
        comparison=step.result.comparison,
        excused=step.result.excused,
        report=step.result.lint,
        limit_changes=step.result.limit_changes,
    )
    try:
        url = api.upsert_comment(
            step, number, body, lambda text: comments.is_comment(text, key), may_create=_is_news(step)
        )
    except api.ApiError as error:
        step.console.notice(f"`pr-comment`: nothing was commented: {error}")
        return
    step.console.line(f"comment: {url or 'unchanged'}")


def comment_key(step: Step) -> str:
    """Tells the comments of several jobs, and of the jobs of one matrix, apart."""
    index = step.inputs.job_index
    parts = (step.context.workflow, step.context.job, None if index is None else str(index))
    return "/".join(part for part in parts if part)


def _is_news(step: Step) -> bool:
    """Whether a comment is made where there is none; one that is there is always kept true."""
    result = step.result
    wanted = step.inputs.comment_on
    if wanted == "always" or result.exit_status:
        return True
    if wanted == "failure":
        return False
    has_change = result.comparison is not None and result.comparison.emissions_change != 0
    return result.verdict is not None or has_change or bool(result.limit_changes)


def render_summary(result: Result) -> str:
    """The step in Markdown: the run where there is a record, else the findings, and what failed."""
    if result.record is not None:
        text = summary.render(
            result.record,
            result.verdict,
            comparison=result.comparison,
            excused=result.excused,
            report=result.lint,
            readings=result.readings,
        )
    elif result.lint is not None:
        text = "## carbon-lint\n\n" + markdown.findings(result.lint, RenderOptions(), max_bytes=MAX_FINDINGS_BYTES)
    else:
        text = "## carbon-lint\n"
    changes = sections.changes(result.limit_changes)
    text += f"\n{changes}" if changes else ""
    failures = "".join(f"- {markdown_text(failure)}\n" for failure in result.failures)
    return f"{text}\n### What failed\n\n{failures}" if failures else text
