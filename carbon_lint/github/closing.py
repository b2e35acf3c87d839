"""The end of the step, on every path: annotation, outputs, summary, comment, ownership of what was written."""

from __future__ import annotations

from dataclasses import replace

from carbon_lint.gate.budget import format_limit
from carbon_lint.github import api, ownership
from carbon_lint.github.commands import append_entries, file_command, write_summary
from carbon_lint.github.publishing import publish_mode
from carbon_lint.github.record import provenance_of
from carbon_lint.github.results import Step, outputs
from carbon_lint.report.run import comment as comments
from carbon_lint.report.run import sections, summary
from carbon_lint.report.run.headline import gives_failure, headline
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.report.run.sections import Publication

OWNERSHIP_S = 20.0
OWNERSHIP_CANCELLED_S = 0.5  # of the seven seconds that the runner leaves


def write_outputs(step: Step) -> None:
    """Write every output, in one write. Raises OutputError; does nothing if the runner gave no file."""
    if step.context.output_file is not None:
        entries = (file_command(name, value) for name, value in outputs(step).items())
        append_entries(step.context.output_file, "".join(entries))


def announce(step: Step) -> None:
    """State how the step ended in its first annotation: an error if it failed, a warning if it passed with doubts.

    The linter's findings come after it: the runner shows ten a step, and why the step failed must be among them.
    """
    report = step.result.report
    head = headline(report)
    lines = report.failure_lines
    # The headline has no room for who set a limit.
    limits = report.verdict.limits if report.verdict is not None and report.is_over_budget else ()
    over = [format_limit(limit) for limit in limits if limit.is_over]
    parts = [head.text, *over, *(lines[1:] if gives_failure(report) else lines)]
    if report.exit_status:
        step.console.error("\n".join(parts), where=step.result.failed_at)
    elif head.mark == "⚠️" and report.record is not None:
        step.console.warning("\n".join(parts))
    step.console.annotations(step.result.annotations)


def close(step: Step) -> None:
    """Write the summary and hand files over. Raises OutputError if the summary cannot be written."""
    if step.context.summary_file is not None:
        ours = ""
        if step.inputs.summary:
            ours = summary.render(report_of(step))
            if changes := sections.changes(step.result.report.limit_changes):
                ours += f"\n{changes}"
        write_summary(step.context.summary_file, ours, step.result.job_summary)
    within_s = OWNERSHIP_CANCELLED_S if step.result.report.is_cancelled else OWNERSHIP_S
    if not ownership.hand_over(step.result.written, step.context.workspace, within_s=within_s):
        step.console.notice(f"after {within_s:.0f} s some files of the job still belong to root")


def comment(step: Step) -> None:
    """Write the one comment on the pull request, or keep it true, at every end of the step. Never fails."""
    number = step.context.pull_request
    if not step.inputs.pr_comment:
        return
    if number is None:
        step.console.notice("`pr-comment`: this run belongs to no pull request, so nothing was commented")
        return
    index, context = step.inputs.job_index, step.context
    # One comment for each job, and for each job of a matrix.
    key = "/".join(filter(None, (context.workflow, context.job, None if index is None else str(index))))
    body = render_comment(step, key)
    try:
        url = api.upsert_comment(
            step, number, body, lambda text: comments.is_comment(text, key), may_create=_is_news(step)
        )
    except api.ApiError as error:
        step.console.notice(f"`pr-comment`: nothing was commented: {error}")
        return
    step.console.line(f"comment: {url or 'unchanged'}")


def _is_news(step: Step) -> bool:
    """Return whether to make a comment if there is none. An existing one is always updated."""
    report = step.result.report
    wanted = step.inputs.comment_on
    if report.is_cancelled:
        return False
    if wanted == "always" or report.exit_status:
        return True
    if wanted == "failure":
        return False
    has_change = report.comparison is not None and report.comparison.emissions_change != 0
    has_findings = report.record is None and report.lint is not None and bool(report.lint.diagnostics)
    return report.verdict is not None or has_change or bool(report.limit_changes) or has_findings


def render_comment(step: Step, key: str) -> str:
    """Return the comment of this step, whatever became of it."""
    return comments.render(report_of(step), key=key, run_url=provenance_of(step).run_url)


def report_of(step: Step) -> RunReport:
    """Return the step's report, with the record's warnings in the words of a workflow."""
    report = step.result.report
    record, publication = report.record, report.publication
    if record is not None:
        record = replace(record, warnings=tuple(map(step.console.said, record.warnings)))
    if publication is None and publish_mode(step) is not None:
        publication = Publication()
    return replace(report, record=record, publication=publication)
