"""Render one run as a page that stands alone: no script, no request, for light, dark, paper and narrow screens."""

from __future__ import annotations

from bisect import bisect_right
from functools import partial

from carbon_lint.gate.budget import figure
from carbon_lint.measurement.course import Course
from carbon_lint.records.ranges import emissions_range, energy_range, measured_share
from carbon_lint.records.record import PhaseKind, Record
from carbon_lint.records.uncertainty import Range
from carbon_lint.report import pages
from carbon_lint.report.pages import Bars, Plot
from carbon_lint.report.run import phrases
from carbon_lint.report.run.curve import Curve, curve_of
from carbon_lint.report.run.headline import headline
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.report.run.summary import reproduce
from carbon_lint.units import format_duration, format_energy, format_power, mean_power_w, significant

_TONES = {"✅": "good", "❌": "error", "⚠️": "warn"}
_MOST_ROWS = 20  # of epochs or phases, and bars of them
_NAMES = {"gpu": "GPU", "cpu": "CPU", "ram": "memory"}
_LIMITS = {"g": "max_emissions_g", "kWh": "max_energy_kwh"}
_MOST_TIMES = 5.0  # a limit that is higher by more would flatten the curve: it is stated in words instead


def render(ending: RunReport, course: Course | None = None) -> str:
    """Return the page of a run that has a record. Raises UsageError if Jinja2 or pygal is not installed."""
    record = ending.record
    assert record is not None  # noqa: S101  the callers have read one
    verdict, head, baseline = ending.verdict, headline(ending), ending.comparison
    return pages.render(
        "carbon_lint.report.run",
        "run.html.j2",
        head=head,
        tone=_TONES.get(head.mark, "one"),
        subject=_subject(record),
        facts=_facts(record),
        limits=[
            (limit.name, figure(limit), phrases.amount(limit.unit, limit.allowed), phrases.margin(limit))
            for limit in (() if verdict is None else verdict.limits)
        ],
        reasons=verdict.reasons if verdict is not None else phrases.exceptions(record),
        charts=over_time(ending, course or Course()),
        energy=_energy(record),
        left_out=phrases.left_out(record),
        grid=phrases.intensity(record),
        everyday=phrases.equivalents(record),
        phases=_phases(record),
        phases_note=phrases.PHASES_NOTE,
        comparison_heads=phrases.COMPARISON_HEADS,
        comparison=[] if baseline is None else phrases.comparison_rows(baseline),
        comparison_notes=[] if baseline is None else phrases.comparison_notes(baseline),
        warnings=record.warnings,
        checked=ending.lint is not None,
        findings=ending.lint.diagnostics if ending.lint is not None else (),
        provenance=_provenance(record),
        command=reproduce(record),
    )


def _subject(record: Record) -> str:
    """Say what ran, when and on what, in one line."""
    model, gpus = record.provenance.model, len(record.hardware.gpus)
    hardware = f"{gpus} x {record.hardware.gpus[0].name}" if gpus else record.hardware.cpu_model
    parts = (model, f"{record.started_at[:16].replace('T', ' ')} UTC", hardware, phrases.scope(record))
    return ", ".join(part for part in parts if part)


def _facts(record: Record) -> list[tuple[str, str, str]]:
    """Return a name, its figure and a remark on it."""
    emissions, energy = emissions_range(record), energy_range(record)
    share = measured_share(record)
    return [
        ("Emissions (CO2eq)", *_with_range("g", emissions)),
        ("Energy", *_with_range("kWh", energy)),
        ("Duration", format_duration(record.duration_s), ""),
        ("Measured by sensors", *(("not stated", "") if share is None else (phrases.percent(share), "of the energy"))),
    ]


def _with_range(unit: str, known: Range | None) -> tuple[str, str]:
    if known is None:
        return phrases.NOT_MEASURED, ""
    low, likely, high = (phrases.amount(unit, value) for value in (known.low, known.likely, known.high))
    return likely, f"between {low} and {high}"


def _energy(record: Record) -> list[tuple[str, str, str, str]]:
    total_kwh = record.energy_kwh.total
    rows = [
        (
            name,
            phrases.energy(energy_kwh),
            phrases.percent(energy_kwh / total_kwh) if energy_kwh is not None and total_kwh else "",
            phrases.METHOD_SENTENCES[method] if method else "not stated",
        )
        for name, energy_kwh, method in phrases.components(record)
    ]
    pue = "" if record.pue == 1 else f"with the building's own: PUE {significant(record.pue)}"
    return [*rows, ("total", phrases.energy(total_kwh), "", pue)]


def _phases(record: Record) -> list[tuple[str, Bars | None, list[phrases.PhaseRow]]]:
    """Return the title, the chart and the rows of the epochs and of the phases that are listed."""
    listed = [
        (f"By {kind}", _by_phase(record, kind), phrases.phase_rows(record, kind, _MOST_ROWS))
        for kind in (PhaseKind.PHASE, PhaseKind.EPOCH)
    ]
    return [each for each in listed if each[2]]


def _provenance(record: Record) -> list[tuple[str, str]]:
    where = record.provenance
    rows = [
        ("run", record.run_id),
        ("group", record.run_group),
        ("started", record.started_at),
        ("repository", where.repository),
        ("commit", where.commit),
        ("CI run", where.run_url),
        ("machine", record.hardware.node),
        ("CPU", record.hardware.cpu_model),
        ("GPU", ", ".join(gpu.name for gpu in record.hardware.gpus)),
        *sorted(record.software.items()),
    ]
    return [(name, value) for name, value in rows if value]


def over_time(ending: RunReport, course: Course) -> list[tuple[Plot, list[str]]]:
    """Return the charts along time, each with notes; none without enough readings."""
    curve = curve_of(course.readings)
    if curve is None:
        return []
    limits = _limits(ending, course)
    plots = [_power(ending, curve, limits)] if curve.power_w else []
    if curve.emissions_g:
        plots.append(_sum(curve, curve.emissions_g, "g", limits, course))
    if not curve.emissions_g or "kWh" in limits:
        plots.append(_sum(curve, curve.energy_kwh, "kWh", limits, course))
    return plots


def _limits(ending: RunReport, course: Course) -> dict[str, float]:
    """Return the limit by unit: those of the verdict, else those under which the run was measured."""
    known = {unit: course.limits.get(key) for unit, key in _LIMITS.items()}
    known |= {limit.unit: limit.allowed for limit in ending.verdict.limits} if ending.verdict is not None else {}
    return {unit: limit for unit, limit in known.items() if limit is not None}


def _power(ending: RunReport, curve: Curve, limits: dict[str, float]) -> tuple[Plot, list[str]]:
    """Return the power by component, with the mean power that would use the budget up in the time of the run."""
    watts = {_NAMES[name]: values for name, values in curve.power_w.items()}
    top = max(sum(values) for values in zip(*watts.values(), strict=True))
    allowed_w = _budget_w(ending, limits)
    is_drawn = allowed_w is not None and allowed_w <= _MOST_TIMES * top
    plot = Plot(
        title="Power",
        show=format_power,
        labels=tuple(map(format_duration, curve.ends_s)),
        series=watts,
        limit=allowed_w if is_drawn else None,
        limit_name="budget",
        is_stacked=True,
    )
    if allowed_w is None:
        return plot, []
    higher = "" if is_drawn else ", which is too far above the curve to be drawn"
    return plot, [f"The budget is used up by a mean of {format_power(allowed_w)} over the time of this run{higher}."]


def _budget_w(ending: RunReport, limits: dict[str, float]) -> float | None:
    record = ending.record
    if record is None or not record.duration_s:
        return None
    grams, kwh = record.emissions_g, record.energy_kwh.total
    allowed_kwh = [limits["kWh"]] if "kWh" in limits else []
    if "g" in limits and grams and kwh:
        allowed_kwh.append(limits["g"] * kwh / grams)
    return mean_power_w(min(allowed_kwh, default=None), record.duration_s)


def _sum(
    curve: Curve, values: tuple[float, ...], unit: str, limits: dict[str, float], course: Course
) -> tuple[Plot, list[str]]:
    show = partial(phrases.amount, unit)
    limit, notes = limits.get(unit), []
    expected = _forecast(curve, unit, course)
    top = max(*values, *(value for value in expected if value is not None), values[-1])
    is_drawn = limit is not None and limit <= _MOST_TIMES * top
    if limit is not None and not is_drawn:
        notes.append(f"The limit is {show(limit)}, which is too far above the curve to be drawn.")
    plot = Plot(
        title="Emissions so far" if unit == "g" else "Energy so far",
        show=show,
        labels=tuple(map(format_duration, curve.ends_s)),
        series={"this run": values},
        expected={"forecast": expected} if expected else {},
        limit=limit if is_drawn else None,
    )
    return plot, notes


def _forecast(curve: Curve, unit: str, course: Course) -> tuple[float | None, ...]:
    """Return at each slice what the forecast of that moment gave for the end; empty without one for this unit."""
    last = course.readings[-1]
    allowed = {name: limit for name, key in _LIMITS.items() if (limit := course.limits.get(key))}
    so_far = {"g": last.emissions_g, "kWh": last.energy_kwh.total}
    used = {name: value / allowed[name] for name, value in so_far.items() if name in allowed and value is not None}
    if not course.forecasts or not used or max(used, key=used.__getitem__) != unit:
        return ()  # a forecast is of the limit that is used most
    times = [at_s for at_s, _ in course.forecasts]
    at = [bisect_right(times, end_s) - 1 for end_s in curve.ends_s]
    return tuple(None if index < 0 else course.forecasts[index][1] * allowed[unit] for index in at)


def _by_phase(record: Record, kind: PhaseKind) -> Bars | None:
    """Return the energy of each epoch or phase by component; `None` with fewer than two, or too many to draw."""
    listed = [phase for phase in record.phases if phase.kind is kind]
    if not 1 < len(listed) <= _MOST_ROWS:
        return None
    energies = [phase.energy_kwh for phase in listed]
    parts = {_NAMES[name]: tuple(getattr(energy, name) for energy in energies) for name in _NAMES}
    known = {name: values for name, values in parts.items() if any(value is not None for value in values)}
    return Bars(
        title=f"By {kind}",
        show=format_energy,
        labels=tuple(phase.name for phase in listed),
        series=known or {"energy": tuple(energy.total for energy in energies)},
        of=str(kind),
    )
