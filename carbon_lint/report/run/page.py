"""Render one run as a page that stands alone: no script, no request, for light, dark, paper and narrow screens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint import __version__
from carbon_lint.gate.baseline import format_change
from carbon_lint.gate.budget import figure
from carbon_lint.report.pages import environment
from carbon_lint.report.plot import Plot
from carbon_lint.report.run import phrases
from carbon_lint.report.run.curve import curve_of
from carbon_lint.report.run.headline import headline
from carbon_lint.report.run.summary import reproduce
from carbon_lint.units import format_duration, format_emissions, format_energy, format_power

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carbon_lint.gate.verdict import LimitResult
    from carbon_lint.measurement.meter import Reading
    from carbon_lint.records.record import Record
    from carbon_lint.report.run.curve import Curve
    from carbon_lint.report.run.run_report import RunReport

_NAMES = {"gpu": "GPU", "cpu": "CPU", "ram": "memory"}


def render(ending: RunReport, readings: Sequence[Reading] = ()) -> str:
    """Return the page of a run that has a record. Raises UsageError if Jinja2 or pygal is not installed."""
    record = ending.record
    assert record is not None  # noqa: S101  the callers have read one
    verdict = ending.verdict
    return (
        environment("carbon_lint.report.run")
        .get_template("run.html.j2")
        .render(
            version=__version__,
            head=headline(ending),
            facts=_facts(record),
            limits=[_limit(limit) for limit in verdict.limits] if verdict is not None else [],
            reasons=verdict.reasons if verdict is not None else (),
            charts=_charts(ending, curve_of(readings)),
            energy=_energy(record),
            left_out=phrases.left_out(record),
            grid=phrases.intensity(record),
            comparison=_comparison(ending),
            warnings=record.warnings,
            findings=ending.lint.diagnostics if ending.lint is not None else (),
            provenance=_provenance(record),
            command=reproduce(record),
        )
    )


def _facts(record: Record) -> list[tuple[str, str]]:
    return [
        ("Emissions", phrases.emissions_with_range(record)),
        ("Energy", phrases.energy_with_range(record)),
        ("Duration", format_duration(record.duration_s)),
        ("Measured", phrases.measured(record) or "not stated"),
    ]


def _limit(limit: LimitResult) -> tuple[str, str, str, str]:
    show = _show(limit.unit)
    margin = f"over by {show(-limit.margin)}" if limit.is_over else f"{show(limit.margin)} left"
    return limit.name, figure(limit), show(limit.allowed), margin


def _show(unit: str) -> Callable[[float], str]:
    return format_emissions if unit == "g" else format_energy


def _energy(record: Record) -> list[tuple[str, str, str]]:
    rows = [
        (name, phrases.energy(energy_kwh), phrases.METHOD_WORDS[method] if method else "not stated")
        for name, energy_kwh, method in phrases.components(record)
    ]
    return [*rows, ("total", phrases.energy(record.energy_kwh.total), "")]


def _comparison(ending: RunReport) -> list[tuple[str, str, str, str]]:
    compared = ending.comparison
    if compared is None:
        return []
    now, then = compared.current, compared.baseline

    def grid(value: float | None) -> str:
        return "not stated" if value is None else f"{value:.4g} g/kWh"

    rows = (
        ("emissions", phrases.emissions, then.emissions_g, now.emissions_g, compared.emissions_change),
        ("energy", phrases.energy, then.energy_kwh, now.energy_kwh, compared.energy_change),
        ("grid", grid, then.intensity_g_per_kwh, now.intensity_g_per_kwh, compared.grid_change),
    )
    return [(name, show(before), show(after), format_change(change)) for name, show, before, after, change in rows]


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


def _charts(ending: RunReport, curve: Curve | None) -> list[Plot]:
    if curve is None:
        return []
    plots = []
    if curve.power_w:
        watts = {_NAMES[name]: values for name, values in curve.power_w.items()}
        plots.append(Plot(title="Power", show=format_power, labels=_times(curve), series=watts, is_stacked=True))
    of_run = [] if ending.verdict is None else [one for one in ending.verdict.limits if not one.is_of_window]
    limits = {limit.unit: limit.allowed for limit in of_run}
    if curve.emissions_g:
        plots.append(_sum("Emissions", curve, curve.emissions_g, "g", limits.get("g")))
    if not curve.emissions_g or "kWh" in limits:
        plots.append(_sum("Energy", curve, curve.energy_kwh, "kWh", limits.get("kWh")))
    return plots


def _sum(title: str, curve: Curve, values: tuple[float, ...], unit: str, limit: float | None) -> Plot:
    return Plot(title=title, show=_show(unit), labels=_times(curve), series={"so far": values}, limit=limit)


def _times(curve: Curve) -> tuple[str, ...]:
    return tuple(format_duration(end_s) for end_s in curve.ends_s)
