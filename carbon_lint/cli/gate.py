"""Hold a record against a budget.

  carbon-lint gate r.json --max-emissions 1kg
  carbon-lint gate r.json --baseline ledger:main --max-increase '10% and 5 g'

Limits, baseline and exceptions of carbon-lint.toml hold too; of two limits of one kind the tighter one does. Exit
status 0 within the budget, 1 over it, 125 where the record holds no figure to judge. Where a limit lies within the
uncertainty of what was modelled, the verdict is inconclusive, and --on-modelled says what that does.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from carbon_lint.errors import ConfigError, UsageError
from carbon_lint.text import quoted, terminal

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from carbon_lint.config import Settings
    from carbon_lint.gate.baseline import Comparison
    from carbon_lint.gate.budget import OnModelled
    from carbon_lint.gate.exceptions import BudgetException
    from carbon_lint.gate.verdict import LimitResult, Verdict

ON_MODELLED = ("warn", "fail", "pass")


def add_arguments(parser: ArgumentParser) -> None:
    """The flags of `carbon-lint gate`."""
    from carbon_lint.cli import baseline

    parser.add_argument("record", metavar="RECORD", help="what `carbon-lint run --record` wrote")
    parser.add_argument("--max-emissions", metavar="QUANTITY", help="e.g. '1 kg', '500 g'")
    parser.add_argument("--max-energy", metavar="QUANTITY", help="e.g. '2 kWh', '250 Wh'")
    parser.add_argument(
        "--on-modelled",
        choices=ON_MODELLED,
        help="an inconclusive verdict: warn = the figure decides (default), fail, or pass",
    )
    parser.add_argument(
        "--uncertainty",
        metavar="PERCENT",
        help="of the modelled part, e.g. 20%% (default: by method, 40%% for a load model, upwards more at part load, "
        "50%% for a constant)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="of what is printed (default text)")
    baseline.add_arguments(parser)


def run(arguments: Namespace) -> int:
    """Judge the record, print the verdict, return 0 or 1."""
    from carbon_lint.cli import baseline
    from carbon_lint.cli.run_options import budget_from
    from carbon_lint.config import load
    from carbon_lint.gate.baseline import with_increase
    from carbon_lint.gate.budget import OnModelled, is_failing, judge
    from carbon_lint.gate.exceptions import parse_exceptions
    from carbon_lint.records.store import load_record

    settings = load()
    exceptions = parse_exceptions(settings.tables("exception"), settings.path or "configuration")
    budget = budget_from(arguments, settings)
    increases = baseline.increases(arguments, settings)
    if not budget and not increases:
        raise UsageError(
            "no limit to gate by",
            hint="give --max-emissions '1 kg' or --max-energy '2 kWh', or --baseline with --max-increase",
        )
    uncertainty = None if arguments.uncertainty is None else parse_fraction(arguments.uncertainty)
    record = load_record(arguments.record)
    comparison = baseline.compared(arguments, record) if increases else None
    verdict = judge(record, budget, uncertainty=uncertainty)
    for increase in increases:
        verdict = with_increase(verdict, comparison, increase)
    verdict = _excused(verdict, exceptions)
    on_modelled = OnModelled(arguments.on_modelled or _configured(settings) or OnModelled.WARN)
    is_failed = is_failing(verdict, on_modelled)
    render = _render_json if arguments.format == "json" else _render_text
    sys.stdout.write(render(verdict, on_modelled, comparison, is_failed=is_failed))
    return 1 if is_failed else 0


def _excused(verdict: Verdict, exceptions: tuple[BudgetException, ...]) -> Verdict:
    """The verdict after the exceptions of today; one that has expired is said and lifts nothing."""
    from datetime import UTC, datetime

    from carbon_lint.gate.exceptions import excuse

    excused = excuse(verdict, exceptions, datetime.now(UTC).date())
    for exception in excused.expired:
        sys.stderr.write(f"carbon-lint: an exception has expired: {terminal(str(exception))}\n")
    return excused.verdict


def _configured(settings: Settings) -> str | None:
    value = settings.text("on-modelled")
    if value is not None and value not in ON_MODELLED:
        raise ConfigError(f"{settings.path}: on-modelled must be one of {', '.join(ON_MODELLED)}, found {value!r}")
    return value


def parse_fraction(text: str) -> float:
    """`'20%'` -> 0.2. Raises UsageError where it is no percentage of zero or more."""
    try:
        percent = float(text.removesuffix("%")) if text.endswith("%") else -1.0
    except ValueError:
        percent = -1.0
    if not 0 <= percent < float("inf"):
        raise UsageError(f"--uncertainty {quoted(text)} is not a percentage", hint="write it like --uncertainty 20%")
    return percent / 100


def _render_text(verdict: Verdict, on_modelled: OnModelled, comparison: Comparison | None, *, is_failed: bool) -> str:
    from carbon_lint.gate.baseline import changes
    from carbon_lint.gate.budget import format_limit
    from carbon_lint.gate.verdict import Status

    lines = [f"{verdict.status}: {format_limit(limit)}" for limit in verdict.limits] or [f"{verdict.status}: no limit"]
    if comparison is not None:
        lines.append(f"  baseline: {changes(comparison)}, against {terminal(comparison.baseline.origin)}")
    lines += [f"  {terminal(reason)}" for reason in verdict.reasons]
    if verdict.status is Status.INCONCLUSIVE:
        outcome = "fails" if is_failed else "passes"
        lines.append(f"  --on-modelled {on_modelled}: the build {outcome}")
    return "\n".join(lines) + "\n"


def _render_json(verdict: Verdict, on_modelled: OnModelled, comparison: Comparison | None, *, is_failed: bool) -> str:
    import json

    document = {
        "format": 1,
        "status": str(verdict.status),
        "failed": is_failed,
        "on_modelled": str(on_modelled),
        "limits": [_limit_json(limit) for limit in verdict.limits],
        "reasons": list(verdict.reasons),
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
    }
