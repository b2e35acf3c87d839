"""Write a diagnosis, as text and as JSON: what `carbon-lint doctor` prints."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING

from carbon_lint.report.layout import columns, json_text
from carbon_lint.text import terminal

if TYPE_CHECKING:  # it needs Linux, and this file must load on other systems
    from carbon_lint.measurement.doctor import Diagnosis, Finding

FORMAT = "carbon-lint/doctor@1"
_NAMES = {"gpu": "GPU", "cpu": "CPU", "ram": "memory", "location": "location", "codecarbon": "CodeCarbon"}
_WIDTH = 100


def as_json(diagnosis: Diagnosis) -> str:
    """Return the diagnosis as JSON."""
    whole = {
        "format": FORMAT,
        "is_sound": diagnosis.is_sound,
        "location": diagnosis.location,
        "in_container": diagnosis.container,
        "findings": [asdict(finding) for finding in diagnosis.findings],
        "notes": list(diagnosis.notes),
    }
    return json_text(whole)


def as_text(diagnosis: Diagnosis, place: str | None, power_flags: list[str]) -> str:
    """Return the diagnosis for a terminal; `place` and `power_flags` are flags for the workflow's line."""
    lines = [line for finding in diagnosis.findings for line in _details(finding)]
    lines += [f"note: {terminal(note)}" for note in diagnosis.notes]
    lines += ["", *_table(diagnosis), "", *_next(diagnosis, place, power_flags)]
    return "\n".join(lines) + "\n"


def _details(finding: Finding) -> list[str]:
    """Return `CPU  AMD EPYC ...` with what is missing and the repair below it."""
    parts = ((_NAMES[finding.component], finding.what), ("  missing:", finding.missing), ("  repair:", finding.repair))
    return [line for label, text in parts if text for line in _wrapped(label, text)]


def _wrapped(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        terminal(text),
        _WIDTH,
        initial_indent=f"{label:<12}",
        subsequent_indent=" " * 12,
        break_long_words=False,  # a path is copied whole
        break_on_hyphens=False,
    )


def _table(diagnosis: Diagnosis) -> list[str]:
    """Return component | state | method | error, one line each."""
    rows = [
        (_NAMES[finding.component], finding.state, finding.method or "-", finding.error or "-")
        for finding in diagnosis.findings
    ]
    return columns(("component", "state", "method", "error"), rows)


def _next(diagnosis: Diagnosis, place: str | None, power_flags: list[str]) -> list[str]:
    """Return the line for the workflow, or what prevents it."""
    if not diagnosis.is_sound:
        failing = ", ".join(f"{_NAMES[found.component]} {_reason(found)}" for found in diagnosis.obstacles)
        return [f"A run here would fail: {failing} (see `repair` above)."]
    flags = [place or "--energy-only"]
    if diagnosis.has_gpu:
        flags.append("--require gpu")
    flags += power_flags
    limit = "--max-emissions '1 kg'" if place else "--max-energy '2 kWh'"
    line = f"      - run: carbon-lint run {' '.join(flags)} {limit} --record record.json -- python train.py"
    return ["The line for the workflow:", "", line]


def _reason(obstacle: Finding) -> str:
    """Return `not given`, or what was found and does not do."""
    return "is not given" if obstacle.state == "not given" else f"({obstacle.what}) cannot be used"
