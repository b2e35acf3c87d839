"""Check a record against a budget.

  carbon-lint gate r.json --max-emissions 1kg
  carbon-lint gate r.json --baseline ledger:main --max-increase '10% and 5 g'
  carbon-lint gate r.json --window --ledger s3://team/ledger

The limits, the baseline and the exceptions of carbon-lint.toml count too, and
its [[budget]] tables if there is a ledger. Of two limits of one kind the
tighter one counts. If a limit lies within the range of the figure, the verdict
is inconclusive, and --on-modelled decides. A run that went over a limit that it
was measured under fails under every other limit, too.

Exit status: 0 within the budget, 1 over it, 125 if the record has no figure.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace

from carbon_lint.cli.flags import add_baseline_arguments, add_format_argument, add_keys, options_from, say
from carbon_lint.config import load
from carbon_lint.errors import UsageError
from carbon_lint.pipeline.gate import judge_run
from carbon_lint.pipeline.options import Surroundings
from carbon_lint.pipeline.plan import RunPlan, plan_run
from carbon_lint.records.comparable import identity_of
from carbon_lint.records.record import Record
from carbon_lint.records.store import load_record
from carbon_lint.report.run.verdict import render_json, render_text


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `carbon-lint gate`."""
    parser.add_argument("record", metavar="RECORD", help="what `carbon-lint run --record` wrote")
    add_keys(parser, "max-emissions", "max-energy", "on-modelled")
    parser.add_argument(
        "--uncertainty",
        metavar="PERCENT",
        help="error of the energy that no sensor read, such as 20%% (default: the record's range)",
    )
    parser.add_argument(
        "--window",
        action="store_true",
        help="fail if there are no [[budget]] tables, or no ledger, to judge the run with its window by",
    )
    add_format_argument(parser)
    add_baseline_arguments(parser)


def run(arguments: Namespace) -> int:
    """Judge the record, print the verdict, return 0 or 1."""
    record, plan = read(arguments)
    if not plan.limits.asks and not record.over_budget:
        raise UsageError(
            "no limit to gate by",
            hint="give --max-emissions '1 kg' or --max-energy '2 kWh', or --baseline with --max-increase, or --window",
        )
    judged = judge_run(record, plan)
    for exception in () if judged.excused is None else judged.excused.expired:
        say(f"an exception has expired: {exception}")
    render = render_json if arguments.format == "json" else render_text
    sys.stdout.write(render(judged, plan.limits.on_modelled))
    return 1 if judged.is_over_budget else 0


def read(arguments: Namespace, *, without: tuple[str, ...] = ()) -> tuple[Record, RunPlan]:
    """Return the record that a verb names, and the plan by which it is judged. Raises CarbonLintError."""
    options, settings = options_from(arguments, without=without), load()
    record = load_record(arguments.record)
    needs_windows = getattr(arguments, "window", False)
    if needs_windows and not settings.budget:
        raise UsageError(
            f"--window needs budgets: {settings.path or 'carbon-lint.toml'} has no [[budget]]",
            hint='add a table [[budget]] with name = "team", window = "month", max-emissions = "10 kg"',
        )
    around = Surroundings(
        run=identity_of(record),
        environ=os.environ,
        is_measuring=False,
        needs_windows=needs_windows,
        record_path=arguments.record,
    )
    plan = plan_run(options, settings, around)
    if isinstance(plan.baseline, str) and not plan.limits.increases:
        say(f"nothing to compare with: {plan.baseline}")
    return record, plan
