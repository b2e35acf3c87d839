"""Check a record against a budget.

  carbon-lint gate r.json --max-emissions 1kg
  carbon-lint gate r.json --baseline ledger:main --max-increase '10% and 5 g'

Limits, baseline and exceptions of carbon-lint.toml hold too; of two limits of one kind the tighter one does. Exit
status 0 within the budget, 1 over it, 125 if the record holds no figure to judge. If a limit lies within the
uncertainty of what was modelled, the verdict is inconclusive, and --on-modelled says what that does.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from carbon_lint.errors import UsageError
from carbon_lint.text import quoted, terminal

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from carbon_lint.config import Settings
    from carbon_lint.gate.baseline import Comparison
    from carbon_lint.gate.budget import OnModelled
    from carbon_lint.gate.exceptions import Excused
    from carbon_lint.gate.verdict import Budget, LimitResult
    from carbon_lint.limits import BudgetException, MaxIncrease
    from carbon_lint.records.record import Record

_DECIDED = {"figure": "the figure decides", "fail": "undecided fails", "pass": "undecided passes"}


def add_arguments(parser: ArgumentParser) -> None:
    """The flags of `carbon-lint gate`."""
    from carbon_lint.cli import baseline
    from carbon_lint.cli.place import add_unusual_argument
    from carbon_lint.config_file import ON_MODELLED

    parser.add_argument("record", metavar="RECORD", help="what `carbon-lint run --record` wrote")
    parser.add_argument("--max-emissions", metavar="QUANTITY", help="e.g. '1 kg', '500 g'")
    parser.add_argument("--max-energy", metavar="QUANTITY", help="e.g. '2 kWh', '250 Wh'")
    parser.add_argument(
        "--on-modelled",
        choices=ON_MODELLED,
        help="what an inconclusive verdict does: figure = the figure decides (default), fail, or pass",
    )
    parser.add_argument(
        "--uncertainty",
        metavar="PERCENT",
        help="of the modelled part, e.g. 20%% (default: by method, 40%% for a load model, upwards more at part load, "
        "50%% for a constant)",
    )
    add_unusual_argument(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="of what is printed (default text)")
    baseline.add_arguments(parser)


def run(arguments: Namespace) -> int:
    """Judge the record, print the verdict, return 0 or 1."""
    from carbon_lint.config import load
    from carbon_lint.gate.budget import OnModelled, is_failing
    from carbon_lint.records.store import load_record

    settings = load()
    limits = limits_from(arguments, settings)
    if not limits.budget and not limits.increases:
        raise UsageError(
            "no limit to gate by",
            hint="give --max-emissions '1 kg' or --max-energy '2 kWh', or --baseline with --max-increase",
        )
    uncertainty = None if arguments.uncertainty is None else parse_fraction(arguments.uncertainty)
    on_modelled = OnModelled(arguments.on_modelled or settings.on_modelled)
    is_allowed = arguments.allow_unusual_intensity or settings.allow_unusual_intensity
    record = load_record(arguments.record, allow_unusual=is_allowed)
    excused, comparison = judge_by(limits, arguments, record, settings, uncertainty=uncertainty)
    is_failed = is_failing(excused.verdict, on_modelled)
    render = _render_json if arguments.format == "json" else _render_text
    sys.stdout.write(render(excused, comparison, on_modelled, is_failed=is_failed))
    return 1 if is_failed else 0


class Limits(NamedTuple):
    """What a record is held to: flags and configuration together."""

    budget: Budget
    increases: tuple[MaxIncrease, ...]
    exceptions: tuple[BudgetException, ...]


def limits_from(arguments: Namespace, settings: Settings) -> Limits:
    """Read the limits, each of which names its source. Raises UsageError, ConfigError."""
    from carbon_lint.cli import baseline
    from carbon_lint.cli.run_options import budget_from

    return Limits(
        budget=budget_from(arguments, settings),
        increases=baseline.increases(arguments, settings),
        exceptions=settings.exception,
    )


def judge_by(
    limits: Limits, arguments: Namespace, record: Record, settings: Settings, *, uncertainty: float | None = None
) -> tuple[Excused, Comparison | None]:
    """Judge the record and compare it with its baseline. An exception that has expired is named and lifts nothing.

    Raises MeasurementError, InputError.
    """
    from datetime import UTC, datetime

    from carbon_lint.cli import baseline
    from carbon_lint.gate.baseline import with_increase
    from carbon_lint.gate.budget import judge
    from carbon_lint.gate.exceptions import excuse

    comparison, missing = baseline.compared(arguments, record, settings)
    if comparison is None and arguments.baseline is not None and not limits.increases:
        sys.stderr.write(f"carbon-lint: nothing to compare with: {terminal(missing)}\n")
    verdict = judge(record, limits.budget, uncertainty=uncertainty)
    for increase in limits.increases:
        verdict = with_increase(verdict, comparison, increase, missing)
    excused = excuse(verdict, limits.exceptions, datetime.now(UTC).date())
    for exception in excused.expired:
        sys.stderr.write(f"carbon-lint: an exception has expired: {terminal(str(exception))}\n")
    return excused, comparison


def parse_fraction(text: str) -> float:
    """`'20%'` -> 0.2. Raises UsageError where it is no percentage of zero or more."""
    try:
        percent = float(text.removesuffix("%")) if text.endswith("%") else -1.0
    except ValueError:
        percent = -1.0
    if not 0 <= percent < float("inf"):
        raise UsageError(f"--uncertainty {quoted(text)} is not a percentage", hint="write it like --uncertainty 20%")
    return percent / 100


def _render_text(excused: Excused, comparison: Comparison | None, on_modelled: OnModelled, *, is_failed: bool) -> str:
    from carbon_lint.gate.baseline import changes
    from carbon_lint.gate.budget import format_limit
    from carbon_lint.gate.verdict import Status

    verdict = excused.verdict
    reasons = list(verdict.reasons)
    lines = [f"{_word(excused, limit)}: {format_limit(limit)}" for limit in verdict.limits]
    if not lines:
        lines = [f"{verdict.status}: {reasons.pop(0) if reasons else 'no limit'}"]
    if comparison is not None:
        lines.append(f"  baseline: {changes(comparison)}, against {comparison.baseline.origin}")
    lines += [f"  {reason}" for reason in reasons]
    if verdict.status is Status.INCONCLUSIVE:
        outcome = "over budget" if is_failed else "passes"
        lines.append(f"  {_DECIDED[on_modelled]} (--on-modelled {on_modelled}): {outcome}")
    return "\n".join(terminal(line) for line in lines) + "\n"


def _word(excused: Excused, limit: LimitResult) -> str:
    """The word before a limit: its own status, for one limit may pass where another fails.

    A limit that an exception lifts is over, and is not said to pass.
    """
    lifts = next((one for one in excused.used if one.limit == limit.name), None)
    if limit.is_over and lifts is not None:
        return f"allowed until {lifts.until.isoformat()} ({lifts.owner})"
    return str(limit.status)


def _render_json(excused: Excused, comparison: Comparison | None, on_modelled: OnModelled, *, is_failed: bool) -> str:
    import json

    verdict = excused.verdict
    document = {
        "format": 1,
        "status": str(verdict.status),
        "failed": is_failed,
        "on_modelled": str(on_modelled),
        "limits": [_limit_json(limit) for limit in verdict.limits],
        "reasons": list(verdict.reasons),
        "exceptions": [str(exception) for exception in excused.used],
        "baseline": None if comparison is None else _comparison_json(comparison),
    }
    return json.dumps(document, indent=2) + "\n"


def _comparison_json(comparison: Comparison) -> dict[str, object]:
    """Changes are shares: 0.02 is +2 %; null is not known."""
    return {
        "origin": comparison.baseline.origin,
        "energy_change": comparison.energy_change,
        "grid_change": comparison.grid_change,
        "emissions_change": comparison.emissions_change,
        "obstacles": list(comparison.obstacles),
        "stale": comparison.is_stale,
    }


def _limit_json(limit: LimitResult) -> dict[str, object]:
    return {
        "name": limit.name,
        "unit": limit.unit,
        "measured": limit.measured,
        "allowed": limit.allowed,
        "margin": limit.margin,
        "over": limit.is_over,
        "source": limit.source,
    }
