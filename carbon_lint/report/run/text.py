"""What a person reads at the end of `carbon-lint run` and `gate`: the verdict, the figures, and how each was found."""

from __future__ import annotations

from carbon_lint.gate.baseline import changes
from carbon_lint.gate.budget import format_limit
from carbon_lint.records.record import PhaseKind, Record
from carbon_lint.report.run import phrases
from carbon_lint.report.run.headline import headline
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.text import shortened, terminal
from carbon_lint.units import format_duration, significant

_MOST_ROWS = 8  # of epochs or phases
_MOST_CHARACTERS = 30
_COLOURS = {"✅": "1;32", "❌": "1;31", "⚠️": "1;33"}


def render(report: RunReport, *, colour: bool = False, power: str | None = None) -> str:
    """Return the run in a dozen lines, each safe for a terminal and a CI log. Raises ValueError without a record.

    `power` is what `curve.sparkline` draws, if the terminal can show it.
    """
    record, verdict, comparison = report.record, report.verdict, report.comparison
    if record is None:
        raise ValueError("there is no record to show")
    head = headline(report)
    first = terminal(head.text)
    if colour and head.mark in _COLOURS:
        first = f"\x1b[{_COLOURS[head.mark]}m{first}\x1b[0m"
    rows = [
        ("emissions", phrases.emissions_with_range(record)),
        ("energy", phrases.energy_with_range(record)),
        *(
            (f"  {name}", f"{phrases.energy(kwh)} ({phrases.METHOD_WORDS[method] if method else 'method not stated'})")
            for name, kwh, method in phrases.components(record)
        ),
        ("intensity", phrases.intensity(record)),
        ("PUE", significant(record.pue)),
        ("duration", format_duration(record.duration_s)),
    ]
    by_gpu = phrases.by_gpu(record)
    if by_gpu:
        rows.insert([name for name, _ in rows].index("  GPU") + 1, ("", by_gpu))
    last = [
        ("measured", phrases.measured(record)),
        ("power", power),
        *((str(kind), line) for kind in PhaseKind for line in _phases(record, kind)),
        ("left out", None if record.energy_kwh.total is None else phrases.left_out(record)),
        ("scope", phrases.scope(record)),
        ("baseline", None if comparison is None else f"{changes(comparison)}, against {comparison.baseline.origin}"),
    ]
    rows += [(name, value) for name, value in last if value is not None]
    # The headline has no room for who set a limit. Without a verdict the exceptions say what lifted one.
    if verdict is None:
        rows += [("exception", line) for line in phrases.exceptions(record)]
    else:
        rows += [("limit", format_limit(limit)) for limit in verdict.limits]
    lines = [f"carbon-lint: {first}", *(f"  {name:<10} {terminal(value)}" for name, value in rows)]
    lines += [f"  note: {terminal(reason)}" for reason in (verdict.reasons if verdict is not None else ())]
    lines += [f"  warning: {terminal(warning)}" for warning in record.warnings]
    return "\n".join(lines) + "\n"


def _phases(record: Record, kind: PhaseKind) -> list[str]:
    lines = []
    for row in phrases.phase_rows(record, kind, _MOST_ROWS):
        name = shortened(row.name.removeprefix(f"{kind} "), _MOST_CHARACTERS)
        took = f" in {row.duration}" if row.duration else ""
        lines.append(f"{name}: {', '.join(part for part in (row.energy, row.emissions, row.share) if part)}{took}")
    return lines
