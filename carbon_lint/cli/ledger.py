"""Keep every run's record in one place, and check the month against a budget.

  carbon-lint ledger add r.json --ledger s3://team/ledger
  carbon-lint ledger add records/
  carbon-lint ledger sum --month 2026-11 --max-emissions 10kg
  carbon-lint ledger sum --window 30d
  carbon-lint ledger report --month 2026-11 --format html -o month.html
  carbon-lint ledger report --by account --by user
  carbon-lint ledger list --month 2026-11
  carbon-lint ledger list --format parquet -o runs.parquet

The ledger is a folder, or a URL that fsspec can reach, with one file for
each record. A record that is added twice counts once. A new attempt, another
step or another node counts again. Time that runs share on one machine counts
once. If a run is there already with other figures, it is not added.

Exit status of `add`: 2 if a record could not be added.
Exit status of `sum`: 0 within the budget, 1 over it, 2 if a record cannot be
read, 3 if there are no runs, 125 if some runs have no figure.
`report` judges nothing: its exit status is 0.
"""

from __future__ import annotations

import gc
import os
import sys
from argparse import SUPPRESS
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.cli.flags import add_format_argument, add_output_arguments, check_blank, options_from, read_flag, say
from carbon_lint.cli.ledger_report import add_report_arguments, report
from carbon_lint.cli.parser import VERBOSE
from carbon_lint.errors import InputError, MeasurementError, NothingFoundError, UsageError
from carbon_lint.files import write_atomically
from carbon_lint.limits import parse_window_s
from carbon_lint.records.ledger import check_whole
from carbon_lint.records.ledger_url import LEDGER_FOLDER, LEDGER_VARIABLE, ledger_url
from carbon_lint.text import terminal

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from carbon_lint.gate.verdict import Budget, LimitResult
    from carbon_lint.records.ledger import Contents, Entry
    from carbon_lint.records.ledger_sum import Total
    from carbon_lint.records.merge.merge import NamedRecord

_SHOWN_NAMES = 12
_ADDED = {
    "added": "added as",
    "known": "is there already as",
    "replaced": "replaces an earlier state in",
    "conflict": "NOT added: the same run has other figures in",
    "unreadable": "NOT added: what the ledger holds in its place cannot be read:",
}

_ACTIONS = {
    "add": "put records into the ledger",
    "sum": "add up the runs, for example of one month",
    "list": "list the runs in order of time",
    "report": "show what a month used, and which runs used it",
}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the actions of `carbon-lint ledger` and their flags."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add, total, listing, reporting = (
        actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False)
        for name, text in _ACTIONS.items()
    )
    add.add_argument(
        "records", nargs="+", metavar="RECORD", help="what `carbon-lint run --record` wrote, or a folder of records"
    )
    total.add_argument("--max-emissions", metavar="QUANTITY", help="budget of the sum, such as '10 kg'")
    total.add_argument("--max-energy", metavar="QUANTITY", help="budget of the sum, such as '200 kWh'")
    total.add_argument(
        "--allow-unmeasured", action="store_true", help="judge the total even if some runs have no figure"
    )
    add_format_argument(total)
    listing.add_argument(
        "--format",
        choices=("text", "csv", "json", "parquet"),
        default="text",
        help="format of the list (default text); csv, json and parquet have one row for each run",
    )
    add_output_arguments(listing)
    add_report_arguments(reporting)
    for action in (total, listing, reporting):
        when = action.add_mutually_exclusive_group()
        default = "this one" if action is reporting else "all"
        when.add_argument("--month", metavar="YYYY-MM", help=f"runs that ended in this month, UTC (default: {default})")
        when.add_argument("--window", metavar="AGE", help="runs that ended in the time up to now, such as 30d")
        action.add_argument("--repository", metavar="OWNER/NAME", help="runs of this repository")
    for action in (add, total, listing, reporting):
        # Without a default: `carbon-lint ledger --verbose sum` has set it already.
        action.add_argument("--verbose", action="store_true", default=SUPPRESS, help=VERBOSE)
        action.add_argument(
            "--ledger", metavar="URL", help=f"folder or URL (default ${LEDGER_VARIABLE}, else {LEDGER_FOLDER})"
        )


def run(arguments: Namespace) -> int:
    """Do the action; return the exit status.

    The collector of cycles pauses meanwhile: a ledger is many values without any cycle, and to look through them again
    and again takes a third of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return {"add": _add, "sum": _sum, "list": _list, "report": report}[arguments.action](arguments)
    finally:
        if was_enabled:
            gc.enable()


def _add(arguments: Namespace) -> int:
    from carbon_lint.records.ledger import add_all
    from carbon_lint.records.storage import is_url

    named = _named(arguments.records)
    url = ledger_url(arguments.ledger)
    is_new = not is_url(url) and not os.path.isdir(url)
    refused = 0
    for item, added in zip(named, add_all((item.record for item in named), url), strict=True):
        sys.stdout.write(f"{terminal(item.name)}: {_ADDED[added.status]} {terminal(added.path)}\n")
        if added.conflict is not None:
            refused += 1
            sys.stdout.write(f"  {terminal(added.conflict)}\n")
    if is_new:
        say(f"a new ledger was made at {url}")
    if refused:
        raise InputError(
            f"{refused} of {len(named)} records {'was' if refused == 1 else 'were'} not added: the ledger holds "
            "something else under the same key",
            hint="find out which is right; if it is the record given, take the other out of the ledger first",
        )
    return 0


def _named(names: list[str]) -> list[NamedRecord]:
    """Return the records of the files and folders. Raise NothingFoundError for a folder without any."""
    from carbon_lint.records.folder import records_in
    from carbon_lint.records.journal import recover_command, unfinished_in
    from carbon_lint.records.merge.merge import NamedRecord, run_ids_of
    from carbon_lint.records.store import load_record

    found: list[NamedRecord] = []
    for name in names:
        if not os.path.isdir(name):
            found.append(NamedRecord(name=name, record=load_record(name)))
            continue
        records = records_in(name)
        if not records:
            raise NothingFoundError(f"{name} holds no record", hint="name the folder that `run --record` wrote to")
        found += records
        for journal in unfinished_in(Path(name), run_ids_of(records)):
            if journal.has_figures:
                how = recover_command(journal.path)
                say(f"{journal.path} holds a run without a record, so it was not added; when the run has ended: {how}")
    return found


def _sum(arguments: Namespace) -> int:
    from carbon_lint.gate.verdict import Budget
    from carbon_lint.records.ledger_sum import count, total_of
    from carbon_lint.report.ledger.sum import sum_json, sum_text

    options = options_from(arguments)
    budget = Budget(max_emissions_g=options.max_emissions_g, max_energy_kwh=options.max_energy_kwh)
    found = _contents(arguments)
    check_whole(found)
    summed = total_of(count(_of_repository(found, arguments)))
    limits = _limits(summed, budget)
    if arguments.format == "json":
        asked = {name: getattr(arguments, name) for name in ("month", "window", "repository")}
        sys.stdout.write(sum_json(summed, limits, asked))
    else:
        sys.stdout.write(sum_text(summed, limits, _period(arguments) or "all months"))
    if any(limit.is_over for limit in limits):
        return 1
    if not arguments.allow_unmeasured:
        _check_complete(summed, budget)
    return 0


def _list(arguments: Namespace) -> int:
    from carbon_lint.records.ledger_sum import count
    from carbon_lint.report.ledger.runs import FORMATS, line

    if arguments.format == "parquet" and arguments.output is None:
        raise UsageError("Parquet is not text", hint="name a file: -o runs.parquet")
    found = _contents(arguments)
    counted = count(_of_repository(found, arguments))
    if arguments.format == "text":
        lines = [(each.entry.record.ended_at[:7], line(each)) for each in counted]
        lines += [(broken.month, f"{broken.month}: cannot be read  {broken.path}") for broken in found.broken]
        lines.sort(key=lambda each: each[0])  # stable: a month's broken ones come last
        _write("".join(f"{terminal(text)}\n" for _, text in lines).encode(), arguments)
        check_whole(found)
    else:
        check_whole(found)
        _write(FORMATS[arguments.format](counted), arguments)
    return 0


def _write(data: bytes, arguments: Namespace) -> None:
    """Print the list, or write it to the file that was named. Raise OutputError."""
    if arguments.output is None:
        sys.stdout.write(data.decode())
        return
    if not arguments.force:
        check_blank(arguments.output)
    write_atomically(arguments.output, data)


def _period(arguments: Namespace) -> str | None:
    """Return the time that is asked for, in words; `None` for all of it."""
    return arguments.month or (f"the last {arguments.window}" if arguments.window else None)


def _contents(arguments: Namespace) -> Contents:
    """Return what is asked for. Raise InputError if there is no ledger, NothingFoundError if it has no such run."""
    from carbon_lint.records.ledger import contents, contents_between, parse_month

    url = ledger_url(arguments.ledger)
    window_s, month = read_flag(arguments, "window", parse_window_s), read_flag(arguments, "month", parse_month)
    if window_s is not None:
        found = contents_between(url, datetime.now(UTC) - timedelta(seconds=window_s))
    else:
        found = contents(url, None if month is None else [month])
    if not found.months:
        raise InputError(f"there is no ledger at {url}", hint="`carbon-lint ledger add r.json --ledger URL` begins one")
    if not found.entries and not found.broken:
        when = f" that ended in {_period(arguments)}" if _period(arguments) else ""
        raise NothingFoundError(f"the ledger at {url} holds no run{when}", hint=f"it has {_some(found.months[::-1])}")
    return found


def _of_repository(found: Contents, arguments: Namespace) -> list[Entry]:
    """Return the entries of the repository that is asked for. Raise NothingFoundError if there is none."""
    wanted = arguments.repository
    entries = [entry for entry in found.entries if wanted in {None, entry.record.provenance.repository}]
    if not entries and not found.broken:
        names = sorted({entry.record.provenance.repository or "" for entry in found.entries} - {""})
        when = f" in {_period(arguments)}" if _period(arguments) else ""
        raise NothingFoundError(
            f"no run of repository {wanted!r} is in the ledger at {ledger_url(arguments.ledger)}{when}",
            hint=f"it has {_some(names)}" if names else "its runs name no repository; leave --repository out",
        )
    return entries


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN_NAMES]) + (f" and {len(names) - _SHOWN_NAMES} more" * (len(names) > _SHOWN_NAMES))


def _limits(summed: Total, budget: Budget) -> tuple[LimitResult, ...]:
    """Return the sums against the limits. Raise MeasurementError if no run has the figure that a limit is for."""
    from carbon_lint.gate.budget import limit_results

    for limit, missing in _missing(summed, budget):
        if limit is not None and len(missing) == summed.runs:
            runs = "the only run has" if summed.runs == 1 else f"all {summed.runs} runs have"
            raise MeasurementError(
                f"{runs} no figure for the limit: there is nothing to judge",
                hint=f"`carbon-lint ledger list` shows them ({', '.join(missing[:3])})",
            )
    sums = (summed.emissions_g, summed.energy_kwh)
    return limit_results(budget, *(None if known is None else known.likely for known in sums))


def _check_complete(summed: Total, budget: Budget) -> None:
    """Raise MeasurementError if a run without a figure could be what goes over the budget."""
    for limit, missing in _missing(summed, budget):
        if limit is not None and missing:
            raise MeasurementError(
                f"{len(missing)} of {summed.runs} runs have no figure; the others are within the budget",
                hint=f"`carbon-lint ledger list` shows them ({', '.join(missing[:3])}); --allow-unmeasured passes",
            )


def _missing(summed: Total, budget: Budget) -> tuple[tuple[float | None, tuple[str, ...]], ...]:
    return ((budget.max_emissions_g, summed.without_emissions), (budget.max_energy_kwh, summed.without_energy))
