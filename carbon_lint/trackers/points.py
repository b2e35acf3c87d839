"""Turn a run into what experiment trackers hold: figures with the time at which they held. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from carbon_lint.measurement.meter import Reading, power_between_w
from carbon_lint.records.ranges import emissions_range, energy_range, measured_share
from carbon_lint.records.record import COMPONENTS, Record

PREFIX = "carbon/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Figures by name, and the time in ISO 8601, UTC. What was not measured has no name."""

    at: str
    figures: dict[str, float | str]


def curve(record: Record, readings: Sequence[Reading]) -> list[Point]:
    """Return a point for each tick: grams and kWh so far, and watts by component since the tick before."""
    began = datetime.fromisoformat(record.started_at)
    before = [None, *readings[:-1]] if readings else []
    return [
        Point(at=(began + timedelta(seconds=now.elapsed_s)).isoformat(), figures=_figures(early, now))
        for early, now in zip(before, readings, strict=True)
    ]


def _figures(before: Reading | None, now: Reading) -> dict[str, float | str]:
    found: dict[str, float | None] = {"emissions_g": now.emissions_g, "energy_kwh": now.energy_kwh.total}
    found["power_w"] = power_between_w(before, now)
    found |= {f"{name}_power_w": power_between_w(before, now, name) for name in COMPONENTS}
    return {f"{PREFIX}{name}": value for name, value in found.items() if value is not None}


def final(record: Record) -> Point:
    """Return the figures of the whole run, with their ranges and the share that was measured."""
    found: dict[str, float | str | None] = {"outcome": str(record.outcome), "run_id": record.run_id}
    found |= {"total_duration_s": record.duration_s, "measured_share": measured_share(record)}
    found["intensity_g_per_kwh"] = None if record.intensity is None else record.intensity.g_per_kwh
    for name, known in (("emissions_g", emissions_range(record)), ("energy_kwh", energy_range(record))):
        if known is not None:
            found |= {
                f"total_{name}": known.likely,
                f"total_{name}_low": known.low,
                f"total_{name}_high": known.high,
            }
    return Point(
        at=record.ended_at, figures={f"{PREFIX}{name}": value for name, value in found.items() if value is not None}
    )
