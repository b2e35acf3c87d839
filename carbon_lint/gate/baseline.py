"""Compare a run with an earlier one: energy and grid apart, and only if the two can be compared. Pure.

Grams move when the code moves, and also when the job moves to another grid or a new intensity table comes out. So the
baseline's energy is re-priced at this run's carbon intensity, and only what is left of the difference is an increase.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from carbon_lint.gate.verdict import INCREASE, LimitResult, Status, Verdict, worst
from carbon_lint.limits import MaxIncrease
from carbon_lint.records.comparable import named_group
from carbon_lint.records.ranges import uncertainty_of
from carbon_lint.records.record import COMPONENTS, Basis, Outcome, Record
from carbon_lint.records.uncertainty import Bounds
from carbon_lint.units import format_duration, significant

_DAY_S = 86400
_SAME_INTENSITY = 0.005  # relative: cards and records round intensities to three digits


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """One side of a comparison. `None` is not known, and two unknown things are never taken as equal.

    Attributes:
        origin: in words, for the report.
        name: the origin in a word or two, for a headline: `main`, `the card`; `None` if there is none shorter.
        emissions_g: of the whole run.
        energy_kwh: of the whole run, PUE included.
        energy_bounds: the least and the most that it may be, in kWh.
        basis: what that counts; `None` if it is not known.
        location: in words, as a card says it.
        hardware: what it ran on, as far as two runs must agree in it.
        methods: (component, method) of each component counted.
        run_group: name of the group that the figures are the sum of; `None` for one run.
        at: UTC, ISO 8601.
        is_whole: False if the run did not complete.
        card: the card that states them, to find out whether it states this very run; `None` for a record.
    """

    origin: str
    emissions_g: float | None = None
    energy_kwh: float | None = None
    intensity_g_per_kwh: float | None = None
    basis: Basis | None = None
    location: str | None = None
    hardware: str | None = None
    methods: tuple[tuple[str, str], ...] | None = None
    pue: float | None = None
    run_group: str | None = None
    at: str | None = None
    is_whole: bool = True
    card: bytes | None = field(default=None, repr=False, compare=False)
    name: str | None = None
    energy_bounds: Bounds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A run beside its baseline. Changes are shares: 0.02 is +2 %; `None` is not known.

    Attributes:
        current: this run's.
        obstacles: why the two cannot be compared; empty if they can.
        energy_change: of the energy, so of the code and its hardware.
        grid_change: of the carbon intensity.
        emissions_change: of the grams, both together.
        age: time between the two, if both say when.
        max_age_s: the user's limit of age.
        is_stale: older than that: shown, and not judged.
    """

    baseline: RunFigures
    current: RunFigures
    obstacles: tuple[str, ...] = ()
    energy_change: float | None = None
    grid_change: float | None = None
    emissions_change: float | None = None
    age: timedelta | None = None
    max_age_s: float | None = None
    is_stale: bool = False

    @property
    def can_be_judged(self) -> bool:
        """Return whether an increase may fail a build."""
        return not self.obstacles and not self.is_stale


def figures_of_record(record: Record, origin: str) -> RunFigures:
    """Return a record as one side of a comparison."""
    known, known_range = record.intensity, uncertainty_of(record)
    gpus = [gpu.name for gpu in record.hardware.gpus]
    # The CPU's name counts only if the CPU is what was measured: beside a GPU it differs from day to day.
    parts = sorted(f"{gpus.count(name)} x {name}" for name in set(gpus)) or [record.hardware.cpu_model or ""]
    methods = [(name, getattr(record.methods, name)) for name in COMPONENTS]
    return RunFigures(
        origin=origin,
        emissions_g=record.emissions_g,
        energy_kwh=record.energy_kwh.total,
        intensity_g_per_kwh=known.g_per_kwh if known else None,
        basis=known.basis if known else None,
        location=known.location_name if known else None,
        hardware=", ".join(parts) or None,
        methods=tuple((name, str(method)) for name, method in methods if method is not None),
        pue=record.pue,
        run_group=named_group(record.provenance, record.run_group),
        at=record.ended_at,
        is_whole=record.outcome is Outcome.COMPLETED,
        energy_bounds=None if known_range is None else known_range.energy_kwh,
    )


def compare(current: RunFigures, baseline: RunFigures, *, max_age_s: float | None = None) -> Comparison:
    """Return the two side by side, with every reason not to judge the difference.

    A model's error is not an obstacle: two runs on the same hardware by the same methods err in the same way.
    """
    age = _age(current.at, baseline.at)
    current_price, baseline_price = _intensity(current), _intensity(baseline)
    return Comparison(
        baseline=baseline,
        current=current,
        obstacles=tuple(_obstacles(current, baseline)),
        energy_change=_change(current.energy_kwh, baseline.energy_kwh),
        grid_change=_change(current_price, baseline_price),
        emissions_change=_change(current.emissions_g, baseline.emissions_g),
        age=age,
        max_age_s=max_age_s,
        is_stale=max_age_s is not None and age is not None and age.total_seconds() > max_age_s,
    )


def increase(comparison: Comparison, allowed: MaxIncrease) -> LimitResult | None:
    """Return the increase at one carbon intensity as a limit; `None` if it cannot be judged.

    With two parts both must be passed, so what is allowed is the larger of the two.
    """
    if not comparison.can_be_judged:
        return None
    unit = _unit(comparison, allowed)
    base, now = (_at_one_price(comparison) if unit == "g" else _energies(comparison)) or (None, None)
    if base is None or now is None:
        return None
    amount = allowed.emissions_g if unit == "g" else allowed.energy_kwh
    parts = [part for part in (amount, None if allowed.share is None else allowed.share * base) if part is not None]
    most = max(parts, default=0.0)
    return LimitResult(
        name=INCREASE,
        unit=unit,
        measured=now - base,
        allowed=most,
        source=allowed.source,
        # Both runs err by the same factor, which cancels out of a share.
        bounds=_spread(comparison.current.energy_kwh, comparison.current.energy_bounds, now - base)
        if most == amount
        else None,
    )


def _spread(energy_kwh: float | None, known: Bounds | None, difference: float) -> Bounds | None:
    """Return the bounds of a difference between two runs whose models err by the same factor."""
    if known is None or not energy_kwh:
        return None
    ends = sorted(difference * end / energy_kwh for end in (known.low, known.high))
    return Bounds(low=ends[0], high=ends[1])


def with_increase(
    verdict: Verdict, comparison: Comparison | None, allowed: MaxIncrease, missing: str = "there is no baseline"
) -> Verdict:
    """Return the verdict with the comparison in it. Without a comparable baseline (`missing` says why) it passes."""
    if comparison is None:
        return _with_reason(verdict, f"nothing to compare with: {missing}")
    limit = increase(comparison, allowed)
    if limit is None:
        return _with_reason(verdict, f"max-increase was not judged: {why_not(comparison)}")
    reasons = verdict.reasons
    if limit.status is Status.INCONCLUSIVE:
        reasons = (*reasons, f"{INCREASE}: within the range of the estimate, too close to call")
    return Verdict(status=worst(limit.status, verdict.status), limits=(*verdict.limits, limit), reasons=reasons)


def why_not(comparison: Comparison) -> str:
    """Return why an increase could not be judged, in words."""
    if comparison.obstacles:
        return "; ".join(comparison.obstacles)
    if comparison.is_stale and comparison.age is not None:
        age, most = _in_words(comparison.age.total_seconds()), _in_words(comparison.max_age_s or 0.0)
        return f"the baseline ({comparison.baseline.origin}) is {age} old, over the limit of {most}"
    return "the baseline and the limit have no figure in common"


def changes(comparison: Comparison) -> str:
    """Return `energy +2 %, grid -34 %`, with what is not known, and with the bases if they differ."""
    parts = [f"energy {format_change(comparison.energy_change)}", f"grid {format_change(comparison.grid_change)}"]
    if (note := other_basis(comparison)) is not None:
        parts[-1] += f" ({note})"
    return ", ".join(parts)


def other_basis(comparison: Comparison) -> str | None:
    """Say that the two intensities count different things, so that their change is partly one of counting."""
    now, then = comparison.current.basis, comparison.baseline.basis
    if now is None or then is None or now is then:
        return None
    return f"another basis: {now} here, {then} in the baseline"


def format_change(change: float | None) -> str:
    """Return a share as a reader takes it: `0.02` -> `+2 %`."""
    if change is None:
        return "not known"
    shown = significant(change * 100, 2)
    return f"{'+' if change > 0 else ''}{shown} %"


def _in_words(duration_s: float) -> str:
    return (
        f"{duration_s / _DAY_S:.0f} days"
        if duration_s >= 2 * _DAY_S
        else format_duration(duration_s).removesuffix(" 00 min")
    )


def _with_reason(verdict: Verdict, reason: str) -> Verdict:
    return verdict if reason in verdict.reasons else replace(verdict, reasons=(*verdict.reasons, reason))


def _obstacles(current: RunFigures, baseline: RunFigures) -> list[str]:
    found = []
    if not baseline.is_whole:
        found.append(f"the baseline ({baseline.origin}) did not complete")
    if not current.is_whole:
        found.append("this run did not complete")
    for what, now, then in (
        ("hardware", current.hardware, baseline.hardware),
        ("PUE", current.pue, baseline.pue),
        ("run group", current.run_group or "one run", baseline.run_group or "one run"),
    ):
        if now is not None and then is not None and now != then:
            found.append(f"another {what}: {now} here, {then} in the baseline")
    found += _method_obstacles(current.methods, baseline.methods)
    if current.energy_kwh is None or baseline.energy_kwh is None:
        found += _grid_obstacle(current, baseline)
    return found


def _method_obstacles(
    current: tuple[tuple[str, str], ...] | None, baseline: tuple[tuple[str, str], ...] | None
) -> list[str]:
    if current is None or baseline is None:
        return []
    now, then = dict(current), dict(baseline)
    return [
        f"{name.upper()} by {now.get(name, 'nothing')} here, by {then.get(name, 'nothing')} in the baseline"
        for name in COMPONENTS
        if now.get(name) != then.get(name)
    ]


def _grid_obstacle(current: RunFigures, baseline: RunFigures) -> list[str]:
    """Return why grams cannot be compared without energy; on surely the same grid they can."""
    now, then = _intensity(current), _intensity(baseline)
    if now is not None and then is not None and abs(now / then - 1) <= _SAME_INTENSITY:
        return []
    has_one_basis = None in {current.basis, baseline.basis} or current.basis is baseline.basis
    if current.location is not None and current.location == baseline.location and has_one_basis:
        return []
    return ["the baseline states no energy, so a change of grid cannot be distinguished from a change of the code"]


def _intensity(figures: RunFigures) -> float | None:
    """Return it as stated, else grams over energy."""
    if figures.intensity_g_per_kwh:
        return figures.intensity_g_per_kwh
    if figures.emissions_g and figures.energy_kwh:
        return figures.emissions_g / figures.energy_kwh
    return None


def _unit(comparison: Comparison, allowed: MaxIncrease) -> str:
    if allowed.energy_kwh is not None:
        return "kWh"
    if allowed.emissions_g is not None:
        return "g"
    return "kWh" if _energies(comparison) else "g"


def _energies(comparison: Comparison) -> tuple[float, float] | None:
    """Return (baseline, current) in kWh; `None` unless both are known."""
    then, now = comparison.baseline.energy_kwh, comparison.current.energy_kwh
    return None if then is None or now is None else (then, now)


def _at_one_price(comparison: Comparison) -> tuple[float, float] | None:
    """Return (baseline, current) in grams, at this run's carbon intensity if both energies are known."""
    energies, price = _energies(comparison), _intensity(comparison.current)
    if energies and price:
        return energies[0] * price, energies[1] * price
    then, now = comparison.baseline.emissions_g, comparison.current.emissions_g
    return None if then is None or now is None else (then, now)


def _change(now: float | None, then: float | None) -> float | None:
    return None if now is None or not then else now / then - 1


def _age(now: str | None, then: str | None) -> timedelta | None:
    if now is None or then is None:
        return None
    try:
        return datetime.fromisoformat(now) - datetime.fromisoformat(then)
    except (ValueError, TypeError):
        return None
