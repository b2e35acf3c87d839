"""Write a record as the energy part of the EU AI Act's Annex XI, section 1, point 2 (d) and (e), in Markdown.

Regulation (EU) 2024/1689 asks for the computational resources used for training (as floating-point operations), the
training time, and the known or estimated energy consumption. The documentation form of the Code of Practice asks for
the energy in MWh with at least two significant figures, and for days by the clock and by hardware.
"""

from __future__ import annotations

from carbon_lint.card.from_record import hardware_used
from carbon_lint.records.ranges import energy_range
from carbon_lint.records.record import Record
from carbon_lint.report.run import phrases
from carbon_lint.report.run.forms import evidence
from carbon_lint.report.run.forms.table import Subject
from carbon_lint.text import markdown_text, plural
from carbon_lint.units import days_from_seconds, format_duration, mwh_from_kwh, rounded, significant

_INTRODUCTION = "Regulation (EU) 2024/1689, Annex XI, section 1, point 2 (d) and (e). Filled in: what the record shows."
_UNKNOWN = "not known"
_DIGITS = 3
_NOT_RECORDED = "no record holds it: count it from the model and its data, and give it with --term compute=1.2e21"


def render(record: Record, subject: Subject) -> str:
    """Return the document. Raises MissingFigureError without energy, UsageError for a compute that is not a number."""
    compute = subject.terms["compute"] if subject.number("compute", example="1.2e21") else ""
    hardware, days = hardware_used(record.hardware), rounded(days_from_seconds(record.duration_s), _DIGITS)
    lines = [
        "<!-- carbon-lint annex-xi -->",
        f"# Energy and training time of {markdown_text(subject.model or '', is_start=False)}",
        "",
        _INTRODUCTION,
        "",
        "| Item | Value | How it is known |",
        "|---|---|---|",
        _row("Training compute (FLOP)", compute, "stated by the provider" if compute else f"empty: {_NOT_RECORDED}"),
        _row("Training time, by the clock (days)", days, format_duration(record.duration_s)),
        _row("Training time, by hardware (device days)", *_device_days(record)),
        _row("Hardware", hardware or "", "read from the machine" if hardware else "empty: the record names none"),
        _row("Energy consumption (MWh)", *_energy(record)),
        _row("Energy consumption, lowest to highest (MWh)", *_range(record)),
        _row("Scope", evidence.scope(record), "other runs of the same model are not in these figures"),
        _row("Not counted", "", f"empty: not measured; {phrases.left_out(record)}"),
        _row("Begin and end (UTC)", f"{record.started_at} to {record.ended_at}", "the machine's clock"),
        _row("Run", record.run_id, _origin(record)),
    ]
    if record.warnings:
        lines += ["", "## Warnings of the measurement", ""]
        lines += [f"* {markdown_text(warning)}" for warning in record.warnings]
    return "\n".join(lines) + "\n"


def _row(item: str, value: str, how: str) -> str:
    return f"| {item} | {markdown_text(value)} | {markdown_text(how)} |"


def _device_days(record: Record) -> tuple[str, str]:
    count = len(record.hardware.gpus)
    if record.merged_from:
        return "", "empty: the record is a sum, which does not say how long each device ran"
    if not count:
        return "", "empty: no GPU was counted"
    days = rounded(days_from_seconds(record.duration_s * count), _DIGITS)
    return days, f"{plural(count, 'GPU')} for the whole time"


def _energy(record: Record) -> tuple[str, str]:
    value = rounded(mwh_from_kwh(evidence.energy_kwh(record)), _DIGITS)
    measured = phrases.measured(record) or _UNKNOWN
    return value, f"measured: {measured}; PUE {significant(record.pue)} included"


def _range(record: Record) -> tuple[str, str]:
    known = energy_range(record)
    if known is None:
        return "", "empty: no range is known"
    ends = (rounded(mwh_from_kwh(end), _DIGITS) for end in (known.low, known.high))
    return " to ".join(ends), f"by component: {evidence.methods(record) or _UNKNOWN}"


def _origin(record: Record) -> str:
    where = record.provenance
    parts = [f"{name} {value}" for name, value in (("repository", where.repository), ("commit", where.commit)) if value]
    return ", ".join([*parts, *([where.run_url] if where.run_url else [])]) or "the record names no repository"
