"""`carbon-lint ledger report`: a team's month, for people and for programs."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from datetime import UTC, datetime

from carbon_lint.cli.flags import add_format_argument, add_output_arguments, check_output, options_from, put, read_flag
from carbon_lint.config import load
from carbon_lint.errors import InputError, UsageError
from carbon_lint.files import read_named, write_atomically
from carbon_lint.limits import WindowBudget, parse_window_s
from carbon_lint.pipeline.windows import read_month
from carbon_lint.records.ledger import parse_month
from carbon_lint.records.ledger_url import ledger_url
from carbon_lint.records.periods import Period, days_before, month_around, month_period
from carbon_lint.report.badge import render_shields, render_svg
from carbon_lint.report.earlier import check_replaceable
from carbon_lint.report.ledger import month_data, month_page, month_text
from carbon_lint.report.ledger.month import KEYS, USUAL_KEYS, Month
from carbon_lint.report.ledger.month_badge import of_month
from carbon_lint.report.ledger.month_issue import issue, notice, told_in

FORMS: dict[str, Callable[[Month], str]] = {
    "text": month_text.text,
    "markdown": month_text.markdown,
    "html": month_page.render,
    "csv": month_data.as_csv,
    "json": month_data.as_json,
    "issue": issue,
    "badge": lambda month: render_svg(of_month(month)),
    "badge-json": lambda month: render_shields(of_month(month)),
}


def add_report_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `ledger report` but those that the other actions have too."""
    add_format_argument(parser, *FORMS)
    add_output_arguments(parser)
    parser.add_argument(
        "--by",
        choices=tuple(KEYS),
        action="append",
        metavar="KEY",
        help=f"group the runs by this; repeatable: {', '.join(KEYS)}",
    )
    parser.add_argument(
        "--max-emissions", metavar="QUANTITY", help="a budget of all runs, in addition to the [[budget]] tables"
    )
    parser.add_argument(
        "--max-energy", metavar="QUANTITY", help="a budget of all runs, in addition to the [[budget]] tables"
    )
    of_issue = parser.add_argument_group("for --format issue")
    of_issue.add_argument(
        "--earlier",
        metavar="FILE",
        help="the present text of the issue, empty for a new one, to see what owners have read already",
    )
    of_issue.add_argument(
        "--notice", metavar="FILE", help="write what is new for the owners to FILE; it is empty if nothing is new"
    )


def report(arguments: Namespace) -> int:
    """Render and write; return 0, whatever the budgets say."""
    if (arguments.earlier or arguments.notice) and arguments.format != "issue":
        raise UsageError("--earlier and --notice are for --format issue", suggest=(("format", "issue"),))
    check_output(arguments, f"month-{arguments.format}")
    if arguments.notice is not None and not arguments.force:
        check_replaceable(arguments.notice, "month-notice")
    url, now = ledger_url(arguments.ledger), datetime.now(UTC)
    month, found = read_month(
        url,
        _period(arguments, now),
        now,
        load(),
        budgets=_given(arguments),
        repository=arguments.repository,
        keys=tuple(arguments.by or USUAL_KEYS),
    )
    if not found.months:
        raise InputError(f"there is no ledger at {url}", hint="`carbon-lint ledger add r.json --ledger URL` begins one")
    _write_notice(month, arguments)
    put(FORMS[arguments.format](month), arguments.output)
    return 0


def _period(arguments: Namespace, now: datetime) -> Period:
    """Return the time that is asked for, by default this month. Raises UsageError."""
    window_s, month = read_flag(arguments, "window", parse_window_s), read_flag(arguments, "month", parse_month)
    if window_s is not None:
        return days_before(now, window_s)
    return month_around(now) if month is None else month_period(month)


def _given(arguments: Namespace) -> tuple[WindowBudget, ...]:
    """Return the budget of the flags, for the window that is reported on."""
    options = options_from(arguments)
    if options.max_emissions_g is None and options.max_energy_kwh is None:
        return ()
    return (
        WindowBudget(
            name="all runs",
            window_s=read_flag(arguments, "window", parse_window_s),
            max_emissions_g=options.max_emissions_g,
            max_energy_kwh=options.max_energy_kwh,
        ),
    )


def _write_notice(month: Month, arguments: Namespace) -> None:
    """Write what is new since the issue's earlier text, if it is asked for. Raises InputError, OutputError."""
    earlier = b"" if arguments.earlier is None else read_named(arguments.earlier, "earlier issue")
    if arguments.notice is not None:
        told = told_in(earlier.decode("utf-8", "replace"))
        write_atomically(arguments.notice, notice(month, told).encode("utf-8", "backslashreplace"))
