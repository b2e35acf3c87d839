"""Hold a record against a budget.

  carbon-lint gate r.json --max-emissions 1kg
  carbon-lint gate r.json --baseline ledger:main --max-increase '10% and 5 g'

Exit status 0 within the budget, 1 over it, 125 where the record holds no figure to judge. Where a limit lies within the
uncertainty of what was modelled, the verdict is inconclusive, and --on-modelled says what that does.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from carbon_lint.errors import UsageError
from carbon_lint.text import quoted, terminal
from carbon_lint.units import parse_emissions_g, parse_energy_kwh

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from carbon_lint.gate.baseline import Comparison
    from carbon_lint.gate.budget import OnModelled
    from carbon_lint.gate.verdict import LimitResult, Verdict


def add_arguments(parser: ArgumentParser) -> None:
    """The flags of `carbon-lint gate`."""
    from carbon_lint.cli import baseline

    parser.add_argument("record", metavar="RECORD", help="what `carbon-lint run --record` wrote")
    parser.add_argument("--max-emissions", metavar="QUANTITY", help="e.g. '1 kg', '500 g'")
    parser.add_argument("--max-energy", metavar="QUANTITY", help="e.g. '2 kWh', '250 Wh'")
    parser.add_argument(
        "--on-modelled",
        choices=("warn", "fail", "pass"),
        default="warn",
        help="an inconclusive verdict: warn = the figure decides (default), fail, or pass",
    )
    parser.add_argument(
        "--uncertainty",
        metavar="PERCENT",
        help="of the modelled part, e.g. 20%% (default: by method, 40%% for a load model, 50%% for a constant)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="of what is printed (default text)")
    baseline.add_arguments(parser)


def run(arguments: Namespace) -> int:
    """Judge the record, print the verdict, return 0 or 1."""
    from carbon_lint.cli.baseline import compared, max_increase
    from carbon_lint.gate.baseline import with_increase
    from carbon_lint.gate.budget import OnModelled, is_failing, judge
    from carbon_lint.gate.verdict import Budget
    from carbon_lint.records.store import load_record

    budget = Budget(
        max_emissions_g=None if arguments.max_emissions is None else parse_emissions_g(arguments.max_emissions),
        max_energy_kwh=None if arguments.max_energy is None else parse_energy_kwh(arguments.max_energy),
    )
    increase = max_increase(arguments)
    if not budget and increase is None:
        raise UsageError(
            "no limit to gate by",
            hint="give --max-emissions '1 kg' or --max-energy '2 kWh', or --baseline with --max-increase",
        )
    uncertainty = None if arguments.uncertainty is None else parse_fraction(arguments.uncertainty)
    record = load_record(arguments.record)
    comparison = compared(arguments, record)
    verdict = with_increase(judge(record, budget, uncertainty=uncertainty), comparison, increase)
    on_modelled = OnModelled(arguments.on_modelled)
    is_failed = is_failing(verdict, on_modelled)
    render = _render_json if arguments.format == "json" else _render_text
    sys.stdout.write(render(verdict, on_modelled, comparison, is_failed=is_failed))
    return 1 if is_failed else 0


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
