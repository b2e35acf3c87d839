"""Write a record as a BoAmps report (Boavizta, model version 0.1): kilowatt-hours, grams per kWh, seconds, GiB.

Terms that the record does not know are left out, and `taskDescription`, the format's free text, says which and why; it
holds the scope, the range and the methods, too.
"""

from __future__ import annotations

from typing import Any

from carbon_lint import __version__
from carbon_lint.errors import UsageError
from carbon_lint.records.ranges import energy_range
from carbon_lint.records.record import Method, Record
from carbon_lint.report.layout import json_text
from carbon_lint.report.run import phrases
from carbon_lint.report.run.forms import evidence
from carbon_lint.report.run.forms.table import Subject
from carbon_lint.text import quoted

_STAGES = {"fine-tuning": "finetuning"}
_WORDS = {
    "data-type": ("tabular", "audio", "boolean", "image", "video", "object", "text", "token", "word", "other"),
    "infra-type": ("publicCloud", "privateCloud", "onPremise", "other"),
}
"""Words of dataset_schema.json and report_schema.json."""
_QUALITIES = (("high", 0.10), ("medium", 0.25), ("low", 0.50))
"""Largest error of each grade, as a share of the figure (report_schema.json, `quality`)."""


def render(record: Record, subject: Subject) -> str:
    """Return the report. Raises MissingFigureError without energy, UsageError for a word that BoAmps does not have."""
    for term, words in _WORDS.items():
        if subject.terms[term] not in words:
            raise UsageError(f"{term} {quoted(subject.terms[term])} is not one of BoAmps'", hint=", ".join(words))
    quality = _quality(record)
    document = {
        "header": {
            "formatVersion": "0.1",
            "formatVersionSpecificationUri": "https://github.com/Boavizta/BoAmps/tree/main/model",
            "reportId": str(evidence.identity(record, subject)),
            "reportDatetime": _moment(record.ended_at),
        },
        "task": {
            "taskStage": _STAGES.get(subject.activity or "", subject.activity),
            "taskFamily": subject.terms["task-family"],
            "algorithms": [_known(algorithmName=subject.terms.get("algorithm"))],
            "dataset": [{"dataUsage": "input", "dataType": subject.terms["data-type"]}],
            "taskDescription": _description(record, subject, quality),
        },
        "measures": [_measure(record)],
        **_known(system=_known(os=record.software.get("os")) or None),
        "infrastructure": {"infraType": subject.terms["infra-type"], "components": _components(record)},
        **_known(environment=_environment(record), quality=quality),
    }
    return json_text(document)


def _known(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _measure(record: Record) -> dict[str, Any]:
    is_ours = "carbon-lint" in record.software
    cpu = record.methods.cpu
    load = record.assumptions.cpu_mean_load if record.assumptions else None
    return _known(
        measurementMethod="carbon-lint" if is_ours else "codecarbon",
        version=record.software.get("carbon-lint" if is_ours else "codecarbon"),
        cpuTrackingMode="rapl" if cpu is Method.COUNTER else cpu and str(cpu),
        gpuTrackingMode=record.methods.gpu and str(record.methods.gpu),
        averageUtilizationCpu=load,
        powerConsumption=evidence.energy_kwh(record),
        measurementDuration=record.duration_s,
        measurementDateTime=_moment(record.started_at),
    )


def _components(record: Record) -> list[dict[str, Any]]:
    """Return what was counted; a CPU without a known name is a component too."""
    known = record.hardware
    names = dict.fromkeys(gpu.name for gpu in known.gpus)
    gpus = [
        {"componentName": name, "componentType": "gpu", "nbComponent": sum(gpu.name == name for gpu in known.gpus)}
        for name in names
    ]
    cpu = _known(componentName=known.cpu_model, componentType="cpu", nbComponent=1)
    ram = [] if known.ram_gb is None else [{"componentType": "ram", "nbComponent": 1, "memorySize": known.ram_gb}]
    return [cpu, *gpus, *ram]


def _environment(record: Record) -> dict[str, Any] | None:
    known = record.intensity
    country = known and (known.location_name or known.location)
    if known is None or country is None:
        return None
    return {"country": country, "powerSourceCarbonIntensity": known.g_per_kwh}


def _quality(record: Record) -> str | None:
    """Return BoAmps' grade for the error of the energy; `None` if it is larger than any grade allows."""
    known = energy_range(record)
    if known is None or not known.likely:
        return None
    error = max(known.high - known.likely, known.likely - known.low) / known.likely
    return next((grade for grade, largest in _QUALITIES if error <= largest), None)


def _description(record: Record, subject: Subject, quality: str | None) -> str:
    empty = ["dataset size, parameters and software are not in the record, nor how many CPUs there are (1 is written)"]
    if "algorithm" not in subject.terms:
        empty.append("the algorithm was not stated")
    if record.intensity is None or not (record.intensity.location_name or record.intensity.location):
        empty.append("the country is not known")
    if quality is None:
        empty.append("no quality, since the range is wider than the 50 % of `low`")
    parts = [
        f"model: {subject.model}",
        f"scope: {evidence.scope(record)}",
        evidence.range_in_words(record),
        f"methods: {evidence.methods(record)}",
        f"not counted: {phrases.left_out(record)}",
        f"left empty: {', '.join(empty)}",
        f"written by carbon-lint {__version__} from run {record.run_id}",
    ]
    return "; ".join(parts)


def _moment(stamp: str) -> str:
    """Return `2026-11-24T10:00:00.123Z` as BoAmps writes it: `2026-11-24 10:00:00`."""
    return stamp.partition(".")[0].rstrip("Z").replace("T", " ")
