"""Hold a record against a budget.

  carbon-lint gate r.json --max-emissions 1kg

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

    from carbon_lint.gate.budget import OnModelled
    from carbon_lint.gate.verdict import LimitResult, Verdict


def add_arguments(parser: ArgumentParser) -> None:
    """The flags of `carbon-lint gate`."""
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


def run(arguments: Namespace) -> int:
    """Judge the record, print the verdict, return 0 or 1."""
    from carbon_lint.gate.budget import OnModelled, is_failing, judge
    from carbon_lint.gate.verdict import Budget
    from carbon_lint.records.store import load_record

    budget = Budget(
        max_emissions_g=None if arguments.max_emissions is None else parse_emissions_g(arguments.max_emissions),
        max_energy_kwh=None if arguments.max_energy is None else parse_energy_kwh(arguments.max_energy),
    )
    if not budget:
        raise UsageError("no limit to gate by", hint="give --max-emissions '1 kg' or --max-energy '2 kWh'")
    uncertainty = None if arguments.uncertainty is None else parse_fraction(arguments.uncertainty)
    verdict = judge(load_record(arguments.record), budget, uncertainty=uncertainty)
    on_modelled = OnModelled(arguments.on_modelled)
    is_failed = is_failing(verdict, on_modelled)
    render = _render_json if arguments.format == "json" else _render_text
    sys.stdout.write(render(verdict, on_modelled, is_failed=is_failed))
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


def _render_text(verdict: Verdict, on_modelled: OnModelled, *, is_failed: bool) -> str:
    from carbon_lint.gate.budget import format_limit

    lines = [f"{verdict.status}: {format_limit(limit)}" for limit in verdict.limits]
    lines += [f"  {terminal(reason)}" for reason in verdict.reasons]
    if verdict.reasons:
        outcome = "fails" if is_failed else "passes"
        lines.append(f"  --on-modelled {on_modelled}: the build {outcome}")
    return "\n".join(lines) + "\n"


def _render_json(verdict: Verdict, on_modelled: OnModelled, *, is_failed: bool) -> str:
    import json

    document = {
        "format": 1,
        "status": str(verdict.status),
        "failed": is_failed,
        "on_modelled": str(on_modelled),
        "limits": [_limit_json(limit) for limit in verdict.limits],
        "reasons": list(verdict.reasons),
    }
    return json.dumps(document, indent=2) + "\n"


def _limit_json(limit: LimitResult) -> dict[str, object]:
    return {
        "name": limit.name,
        "unit": limit.unit,
        "measured": limit.measured,
        "allowed": limit.allowed,
        "margin": limit.margin,
        "over": limit.is_over,
    }
