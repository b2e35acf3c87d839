"""Render one run as a page that stands alone: no script, no request, for light, dark, paper and narrow screens."""

from __future__ import annotations

from carbon_lint.gate.budget import figure
from carbon_lint.gate.verdict import LimitResult
from carbon_lint.measurement.course import Course
from carbon_lint.records.ranges import emissions_range, energy_range, measured_share
from carbon_lint.records.record import PhaseKind, Record
from carbon_lint.records.uncertainty import Range
from carbon_lint.report import pages
from carbon_lint.report.plot import Bars
from carbon_lint.report.run import charts, phrases
from carbon_lint.report.run.headline import headline
from carbon_lint.report.run.phase_rows import NOTE, PhaseRow, rows
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.report.run.summary import reproduce
from carbon_lint.units import format_duration, significant

_TONES = {"✅": "good", "❌": "error", "⚠️": "warn"}
_MOST_ROWS = 20  # of epochs or phases


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
        limits=[_limit(limit) for limit in verdict.limits] if verdict is not None else [],
        reasons=verdict.reasons if verdict is not None else phrases.exceptions(record),
        charts=charts.over_time(ending, course or Course()),
        energy=_energy(record),
        left_out=phrases.left_out(record),
        grid=phrases.intensity(record),
        everyday=phrases.equivalents(record),
        phases=_phases(record),
        phases_note=NOTE,
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


def _limit(limit: LimitResult) -> tuple[str, str, str, str]:
    return limit.name, figure(limit), phrases.amount(limit.unit, limit.allowed), phrases.margin(limit)


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


def _phases(record: Record) -> list[tuple[str, Bars | None, list[PhaseRow]]]:
    """Return the title, the chart and the rows of the epochs and of the phases that are listed."""
    listed = [
        (f"By {kind}", charts.by_phase(record, kind), rows(record, kind, _MOST_ROWS))
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
