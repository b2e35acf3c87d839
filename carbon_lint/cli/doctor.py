"""Say what would be measured on this machine and how, before any energy is spent.

  carbon-lint doctor --location FRA

Exit status and last line are those of `carbon-lint run` with the same flags and configuration: 0 if the run would be
measured, 125 if it would not.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import textwrap
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from carbon_lint.cli.flags import add_unusual_argument
from carbon_lint.cli.options import options_from
from carbon_lint.errors import ExitCode
from carbon_lint.text import terminal

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from carbon_lint.measure.doctor import Diagnosis, Finding

FORMAT = "carbon-lint/doctor@1"
_NAMES = {"gpu": "GPU", "cpu": "CPU", "ram": "memory", "location": "location", "codecarbon": "CodeCarbon"}
_WIDTH = 100


def add_arguments(parser: ArgumentParser) -> None:
    """The flags of `carbon-lint doctor`."""
    parser.add_argument("--location", metavar="PLACE", help="FRA, USA/virginia, gcp/us-central1, ..., auto")
    parser.add_argument("--carbon-intensity", metavar="G_PER_KWH", help="carbon intensity in g/kWh, e.g. 56.04")
    parser.add_argument("--electricity-maps", metavar="ZONE", help="FR, US-CAL-CISO, ...; asks Electricity Maps")
    parser.add_argument("--cpu-power", metavar="QUANTITY", help="power of the CPU at full load, e.g. '15 W'")
    add_unusual_argument(parser)
    parser.add_argument("--json", action="store_true", help="the diagnosis as JSON")


def run(arguments: Namespace) -> int:
    """Diagnose, print, and say by the exit status whether a run would be measured."""
    from carbon_lint.config import load
    from carbon_lint.measure.doctor import diagnose
    from carbon_lint.pipeline.limits import budget_of
    from carbon_lint.pipeline.place import choose, needs_place, open_grid

    settings, options = load(os.getcwd()), options_from(arguments)
    chosen = choose(options, settings)
    zone = chosen.text if chosen.key == "electricity-maps" else None
    machine = settings.on_machine(platform.node())
    diagnosis = diagnose(
        os.environ,
        node=platform.node(),
        location=chosen.text if chosen.key == "location" else None,
        g_per_kwh=chosen.g_per_kwh,
        grid=None if zone is None else partial(open_grid, chosen, options),
        allow_unusual=chosen.allow_unusual,
        cpu_power_w=machine.cpu_power_w if options.cpu_power_w is None else options.cpu_power_w,
        machines=settings.machine,
        require=settings.require,
        pue=settings.pue,
        needs_grams=needs_place(options, budget_of(options, settings)),
    )
    if chosen.is_configured:
        diagnosis = _saying_where(diagnosis, chosen.where or "")
    place = _place_flag(diagnosis.location, zone, chosen.g_per_kwh)
    sys.stdout.write(_as_json(diagnosis) if arguments.json else _as_text(diagnosis, place, arguments.cpu_power))
    return ExitCode.CLEAN if diagnosis.is_sound else ExitCode.NOT_MEASURED


def _saying_where(diagnosis: Diagnosis, where: str) -> Diagnosis:
    """With the file and key that hold the location before what is wrong with it."""
    findings = [
        replace(finding, missing=f"{where}: {finding.missing}")
        if finding.component == "location" and finding.missing is not None
        else finding
        for finding in diagnosis.findings
    ]
    return replace(diagnosis, findings=tuple(findings))


def _place_flag(location: str | None, zone: str | None, g_per_kwh: float | None) -> str | None:
    """The flag for the workflow's line; `None` where no place was given."""
    if zone is not None:
        return f"--electricity-maps {zone}"
    if location is not None:
        return f"--location {location}"
    return None if g_per_kwh is None else f"--carbon-intensity {g_per_kwh:g}"


def _as_json(diagnosis: Diagnosis) -> str:
    findings = [
        {
            "component": finding.component,
            "state": finding.state.value,
            "what": finding.what,
            "method": None if finding.method is None else finding.method.value,
            "error": finding.error,
            "missing": finding.missing,
            "repair": finding.repair,
        }
        for finding in diagnosis.findings
    ]
    whole = {
        "format": FORMAT,
        "is_sound": diagnosis.is_sound,
        "location": diagnosis.location,
        "in_container": diagnosis.container,
        "findings": findings,
        "notes": list(diagnosis.notes),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _as_text(diagnosis: Diagnosis, place: str | None, cpu_power: str | None) -> str:
    lines = [line for finding in diagnosis.findings for line in _details(finding)]
    lines += [f"note: {terminal(note)}" for note in diagnosis.notes]
    lines += ["", *_table(diagnosis), "", *_next(diagnosis, place, cpu_power)]
    return "\n".join(lines) + "\n"


def _details(finding: Finding) -> list[str]:
    """`CPU  AMD EPYC ...` with what is missing and the repair below it."""
    lines = _wrapped(_NAMES[finding.component], finding.what)
    for label, text in (("missing:", finding.missing), ("repair:", finding.repair)):
        if text:
            lines += _wrapped(f"  {label}", text)
    return lines


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
    """Component | state | method | error, one line each."""
    rows = [("component", "state", "method", "error")]
    rows += [
        (
            _NAMES[finding.component],
            finding.state.value,
            finding.method.value if finding.method else "-",
            finding.error or "-",
        )
        for finding in diagnosis.findings
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:<{widths[2]}}  {d}" for a, b, c, d in rows]


def _next(diagnosis: Diagnosis, place: str | None, cpu_power: str | None) -> list[str]:
    """The line for the workflow, or what stands in its way."""
    if not diagnosis.is_sound:
        failing = ", ".join(f"{_NAMES[found.component]} {_reason(found)}" for found in diagnosis.obstacles)
        return [f"A run here would fail: {failing} (see `repair` above)."]
    flags = [place or "--energy-only"]
    if diagnosis.has_gpu:
        flags.append("--require gpu")
    if cpu_power:
        flags.append(f"--cpu-power '{cpu_power}'")
    limit = "--max-emissions '1 kg'" if place else "--max-energy '2 kWh'"
    line = f"      - run: carbon-lint run {' '.join(flags)} {limit} --record record.json -- python train.py"
    return ["The line for the workflow:", "", line]


def _reason(obstacle: Finding) -> str:
    """`not given`, or what was found and does not do."""
    return "is not given" if obstacle.state == "not given" else f"({obstacle.what}) cannot be used"
