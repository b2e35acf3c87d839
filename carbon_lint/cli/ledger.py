"""Keep every run's record in one place, and hold the month's sum against the team's budget.

  carbon-lint ledger add r.json --ledger s3://team/ledger
  carbon-lint ledger sum --month 2026-11 --max-emissions 10kg --ledger s3://team/ledger
  carbon-lint ledger list --month 2026-11

The ledger is a folder, or any URL that fsspec reaches: one file a record, in month folders. The same record added
twice counts once; a new attempt, another step, another node count again. Exit status of `sum`: 0 within the budget, 1
over it, 125 where it is within only as far as was measured.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from carbon_lint.cli.baseline import LEDGER_FOLDER, LEDGER_VARIABLE, ledger_url
from carbon_lint.errors import InputError, MeasurementError
from carbon_lint.text import terminal
from carbon_lint.units import format_emissions, format_energy, parse_emissions_g, parse_energy_kwh

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from carbon_lint.gate.verdict import Budget, LimitResult
    from carbon_lint.records.ledger import Entry, Total


def add_arguments(parser: ArgumentParser) -> None:
    """The actions of `carbon-lint ledger` and their flags."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="put records into the ledger", allow_abbrev=False)
    add.add_argument("records", nargs="+", metavar="RECORD", help="what `carbon-lint run --record` wrote")
    total = actions.add_parser("sum", help="sum up the runs, of one month say", allow_abbrev=False)
    total.add_argument("--max-emissions", metavar="QUANTITY", help="budget of the sum, e.g. '10 kg'")
    total.add_argument("--max-energy", metavar="QUANTITY", help="budget of the sum, e.g. '200 kWh'")
    total.add_argument(
        "--allow-unmeasured",
        action="store_true",
        help="judge by what was measured, although runs without a figure are among them",
    )
    total.add_argument("--format", choices=("text", "json"), default="text", help="of what is printed (default text)")
    entries = actions.add_parser("list", help="list the runs", allow_abbrev=False)
    for action in (total, entries):
        action.add_argument("--month", metavar="YYYY-MM", help="runs that ended in this month, UTC (default: all)")
        action.add_argument("--repository", metavar="OWNER/NAME", help="runs of this repository")
    for action in (add, total, entries):
        action.add_argument(
            "--ledger", metavar="URL", help=f"folder or URL (default ${LEDGER_VARIABLE}, else {LEDGER_FOLDER})"
        )


def run(arguments: Namespace) -> int:
    """Do the action; return the exit status."""
    return {"add": _add, "sum": _sum, "list": _list}[arguments.action](arguments)


def _add(arguments: Namespace) -> int:
    from carbon_lint.records.ledger import add
    from carbon_lint.records.store import load_record

    records = [load_record(path) for path in arguments.records]
    for path, record in zip(arguments.records, records, strict=True):
        added = add(record, ledger_url(arguments))
        words = {"added": "added as", "known": "is there already as", "replaced": "replaces an earlier one in"}
        sys.stdout.write(f"{terminal(path)}: {words[added.status]} {terminal(added.path)}\n")
    return 0


def _sum(arguments: Namespace) -> int:
    from carbon_lint.gate.verdict import Budget
    from carbon_lint.records.ledger import total

    budget = Budget(
        max_emissions_g=None if arguments.max_emissions is None else parse_emissions_g(arguments.max_emissions),
        max_energy_kwh=None if arguments.max_energy is None else parse_energy_kwh(arguments.max_energy),
    )
    summed = total(_entries(arguments))
    limits = _limits(summed, budget)
    render = _sum_json if arguments.format == "json" else _sum_text
    sys.stdout.write(render(summed, limits, arguments))
    if any(limit.is_over for limit in limits):
        return 1
    if not arguments.allow_unmeasured:
        _check_complete(summed, budget)
    return 0


def _list(arguments: Namespace) -> int:
    for entry in _entries(arguments):
        record = entry.record
        figures = (_emissions(record.emissions_g), _energy(record.energy_kwh.total))
        where = record.provenance.repository or "-"
        words = (record.ended_at, f"{figures[0]:>12}", f"{figures[1]:>12}", f"{record.outcome:<11}", where, entry.path)
        sys.stdout.write(terminal("  ".join(words)) + "\n")
    return 0


def _entries(arguments: Namespace) -> list[Entry]:
    """The entries asked for. Raises InputError for a ledger without any record: most likely it is a wrong path."""
    from carbon_lint.records.ledger import entries, parse_month

    month = None if arguments.month is None else parse_month(arguments.month)
    url = ledger_url(arguments)
    found = list(entries(url, month))
    if not found and not any(True for _ in entries(url)):
        raise InputError(f"there is no ledger at {url}", hint="`carbon-lint ledger add r.json --ledger URL` begins one")
    return [entry for entry in found if arguments.repository in {None, entry.record.provenance.repository}]


def _limits(summed: Total, budget: Budget) -> tuple[LimitResult, ...]:
    """Sums against limits. A sum of no run at all is 0; a sum of runs without any figure was not measured."""
    from carbon_lint.gate.budget import limit_results

    nothing = 0.0 if summed.runs == 0 else None
    emissions_g = nothing if summed.emissions_g is None else summed.emissions_g
    energy_kwh = nothing if summed.energy_kwh is None else summed.energy_kwh
    return limit_results(budget, emissions_g, energy_kwh)


def _check_complete(summed: Total, budget: Budget) -> None:
    for limit, missing in (
        (budget.max_emissions_g, summed.without_emissions),
        (budget.max_energy_kwh, summed.without_energy),
    ):
        if limit is not None and missing:
            raise MeasurementError(
                f"{len(missing)} of {summed.runs} runs have no figure; the others are within the budget",
                hint=f"`carbon-lint ledger list` shows them ({', '.join(missing[:3])}); --allow-unmeasured passes",
            )


def _sum_text(summed: Total, limits: tuple[LimitResult, ...], arguments: Namespace) -> str:
    from carbon_lint.gate.budget import format_limit, used_share
    from carbon_lint.report.phrases import percent

    when = arguments.month or "all months"
    at_least = "at least " if summed.without_emissions or summed.without_energy else ""
    figures = f"{_emissions(summed.emissions_g)}, {_energy(summed.energy_kwh)}" if summed.runs else "nothing"
    lines = [f"{when}: {at_least}{figures} in {summed.runs} run{'' if summed.runs == 1 else 's'}"]
    if summed.merged:
        lines.append(f"  {summed.merged} more are counted within the merged record of their group")
    if summed.without_emissions:
        lines.append(
            f"  {len(summed.without_emissions)} without emissions, {len(summed.without_energy)} without energy"
        )
    for limit in limits:
        share = used_share((limit,))
        used = f" ({percent(share)})" if share is not None and share != float("inf") else ""
        lines.append(f"  {format_limit(limit)}{used}")
    return "\n".join(lines) + "\n"


def _sum_json(summed: Total, limits: tuple[LimitResult, ...], arguments: Namespace) -> str:
    import json

    document = {
        "format": 1,
        "month": arguments.month,
        "repository": arguments.repository,
        "runs": summed.runs,
        "emissions_g": summed.emissions_g,
        "energy_kwh": summed.energy_kwh,
        "without_emissions": list(summed.without_emissions),
        "without_energy": list(summed.without_energy),
        "over_budget": any(limit.is_over for limit in limits),
    }
    return json.dumps(document, indent=2) + "\n"


def _emissions(value_g: float | None) -> str:
    return "not measured" if value_g is None else format_emissions(value_g)


def _energy(value_kwh: float | None) -> str:
    return "not measured" if value_kwh is None else format_energy(value_kwh)
