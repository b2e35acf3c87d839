r"""Show a record: at the terminal, as a page, a comment, a badge or a form.

  carbon-lint report r.json
  carbon-lint report r.json --format html --max-emissions '1 kg' \
    --output run.html
  carbon-lint report r.json --format markdown --baseline ledger:main \
    --output summary.md
  carbon-lint report r.json --format comment --key train \
    --max-emissions '1 kg' --baseline hub:me/model
  carbon-lint report r.json --format badge --max-emissions '1 kg' \
    --output carbon.svg
  carbon-lint report r.json --tracker trackio --tracker-project mnist \
    --tracker-run night
  carbon-lint report r.json --format cyclonedx --model me/model \
    --activity fine-tuning --output bom.json
  carbon-lint report r.json --format annex-xi --model me/model \
    --term compute=1.2e21 --output annex-xi.md

It judges nothing: the exit status is 0 also over a limit. `carbon-lint gate`
judges.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import replace

from carbon_lint.cli.flags import add_baseline_arguments, add_keys, add_output_arguments, check_output, put, say
from carbon_lint.cli.gate import read
from carbon_lint.errors import InputError, MeasurementError
from carbon_lint.lint.batch import lint_paths
from carbon_lint.lint.engine import LintRequest
from carbon_lint.measurement.course import course_of
from carbon_lint.pipeline.gate import judge_run
from carbon_lint.pipeline.limits import Limits
from carbon_lint.records.document import record_to_json
from carbon_lint.records.record import Record
from carbon_lint.records.store import load_record
from carbon_lint.report.badge import render_shields, render_svg
from carbon_lint.report.layout import json_text
from carbon_lint.report.run import comment, page, summary
from carbon_lint.report.run import text as run_text
from carbon_lint.report.run.badge import of_run
from carbon_lint.report.run.curve import sparkline
from carbon_lint.report.run.forms.table import ACTIVITIES, FORMS, Subject, render, terms_of
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.trackers import trackio

_FORMATS = ("text", "json", "markdown", "comment", "html", "badge", "badge-json")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `carbon-lint report`."""
    parser.add_argument("record", metavar="RECORD", help="what `carbon-lint run --record` wrote")
    parser.add_argument(
        "--format",
        choices=(*_FORMATS, *FORMS),
        default="text",
        metavar="FORMAT",
        help=f"format of the output: {', '.join(_FORMATS)}, or one of the forms below (default text)",
    )
    add_output_arguments(parser)
    shown = "; it is shown beside the figure"
    add_keys(parser, "max-emissions", "max-energy", max_emissions_g=shown, max_energy_kwh=shown)
    parser.add_argument("--card", metavar="FILE", action="append", default=[], help="also lint this card; repeatable")
    parser.add_argument(
        "--journal", metavar="FILE", help="the journal for the chart (default: the one beside the record)"
    )
    parser.add_argument("--key", default="default", help="a name, if one pull request has several such comments")
    tracker = parser.add_argument_group("for an experiment tracker")
    tracker.add_argument("--tracker", choices=("trackio",), help="write the curve and the figures into its local store")
    tracker.add_argument("--tracker-project", metavar="NAME", help="the project (default: the model's or repository's)")
    tracker.add_argument("--tracker-run", metavar="NAME", help="an existing run or a new one (default: a new one)")
    form = parser.add_argument_group(f"for a form ({', '.join(FORMS)})")
    form.add_argument("--model", metavar="NAME", help="the model that was trained")
    form.add_argument("--activity", choices=ACTIVITIES, help="what the energy was spent on")
    form.add_argument(
        "--term",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a field of the form that no record has, such as compute=1.2e21; repeatable",
    )
    add_baseline_arguments(parser)


def run(arguments: Namespace) -> int:
    """Render and write; return 0."""
    if arguments.tracker is not None:
        return _track(arguments, load_record(arguments.record))
    is_record = arguments.format == "json"
    check_output(arguments, "record" if is_record else arguments.format)
    report = None if is_record or arguments.format in FORMS else _judged(arguments)
    record = load_record(arguments.record) if report is None or report.record is None else report.record
    if arguments.journal is not None:
        # A journal of another run is an error in formats without a chart, too.
        course_of(record, arguments.record, arguments.journal)
    if is_record:
        text = json_text(record_to_json(record))
    elif report is None:
        subject = Subject(model=arguments.model, activity=arguments.activity, terms=terms_of(arguments.term))
        text = render(arguments.format, record, subject)
    else:
        text = _render(arguments, report)
    put(text, arguments.output)
    return 0


def _judged(arguments: Namespace) -> RunReport:
    """Return the record with what the gate says of it, by the limits of flags and configuration, if it can judge."""
    record, plan = read(arguments, without=("card",))
    try:
        try:
            return judge_run(record, plan)
        except InputError as error:  # of a ledger: the limits of this run alone still hold
            say(f"the budgets of a window are not judged: {error.message}")
            return judge_run(record, replace(plan, limits=replace(plan.limits, windows=())))
    except MeasurementError as error:
        say(f"not judged: {error.message}")
        unlimited = Limits(max_age_s=plan.limits.max_age_s, today=plan.limits.today)
        return replace(judge_run(record, replace(plan, limits=unlimited)), is_limited=True)


def _render(arguments: Namespace, report: RunReport) -> str:
    if arguments.format == "text":
        is_terminal = arguments.output is None and sys.stdout.isatty()
        power = _sparkline(arguments, report) if is_terminal else None
        return run_text.render(report, colour=is_terminal and "NO_COLOR" not in os.environ, power=power)
    if arguments.format in {"badge", "badge-json"}:
        return (render_svg if arguments.format == "badge" else render_shields)(of_run(report))
    if arguments.card:
        report = replace(report, lint=lint_paths(LintRequest(tuple(arguments.card)))[0])
    if arguments.format == "comment":
        return comment.render(report, key=arguments.key)
    course = None if report.record is None else course_of(report.record, arguments.record, arguments.journal)
    if arguments.format == "html":
        return page.render(report, course)
    return summary.render(replace(report, readings=() if course is None else course.readings))


def _track(arguments: Namespace, record: Record) -> int:
    """Write the run into a tracker; return 0."""
    where = record.provenance
    named = where.model if where.model is not None and not where.model.endswith(".md") else where.repository
    project = arguments.tracker_project or (named or "carbon-lint").rpartition("/")[2]
    course = course_of(record, arguments.record, arguments.journal)
    done = trackio.write(record, course.readings, project=project, run=arguments.tracker_run)
    place = f"{'new ' if done.is_new_run else ''}run {done.run!r} of project {done.project!r}"
    known = f"; {done.known} were there already" if done.known else ""
    say(f"trackio: {done.rows} rows written into {place}{known}")
    if not course.readings:
        say("the figures alone, without a curve: no journal of this run lies beside it")
    return 0


def _sparkline(arguments: Namespace, report: RunReport) -> str | None:
    """Return the power over time, if the terminal can show its characters."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    if encoding != "utf8" or os.environ.get("TERM") == "dumb" or report.record is None:
        return None
    return sparkline(course_of(report.record, arguments.record, arguments.journal).readings)
