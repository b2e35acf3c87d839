"""Show what can be measured on this machine, and how, before any energy is spent.

  carbon-lint doctor --location FRA

It ends as `carbon-lint run` with the same flags would begin.

Exit status: 0 if a run here would be measured, 125 if it would not.
"""

from __future__ import annotations

import os
import platform
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from carbon_lint.cli.flags import add_unusual_argument, options_from
from carbon_lint.config import load
from carbon_lint.errors import ExitCode
from carbon_lint.measurement.system import need_linux
from carbon_lint.pipeline.limits import budget_of
from carbon_lint.pipeline.place import choose, needs_place, open_grid
from carbon_lint.pipeline.plan import powers_w
from carbon_lint.report.doctor import as_json, as_text

if TYPE_CHECKING:
    from carbon_lint.measurement.doctor import Diagnosis


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `carbon-lint doctor`."""
    parser.add_argument("--location", metavar="PLACE", help="FRA, USA/virginia, gcp/us-central1, ..., auto")
    parser.add_argument("--carbon-intensity", metavar="G_PER_KWH", help="carbon intensity in g/kWh, e.g. 56.04")
    parser.add_argument("--electricity-maps", metavar="ZONE", help="a zone of Electricity Maps: FR, US-CAL-CISO, ...")
    parser.add_argument("--cpu-power", metavar="QUANTITY", help="power of the CPU at full load, e.g. '15 W'")
    parser.add_argument("--ram-power", metavar="QUANTITY", help="power of the memory, e.g. '6 W'")
    add_unusual_argument(parser)
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="format of the output (default text)"
    )


def run(arguments: Namespace) -> int:
    """Diagnose, print, and say by the exit status whether a run would be measured."""
    need_linux()
    from carbon_lint.measurement.doctor import diagnose

    settings, options = load(os.getcwd()), options_from(arguments)
    chosen = choose(options, settings)
    zone = chosen.text if chosen.key == "electricity-maps" else None
    cpu_power_w, ram_power_w = powers_w(options, settings)
    diagnosis = diagnose(
        os.environ,
        node=platform.node(),
        location=chosen.text if chosen.key == "location" else None,
        g_per_kwh=chosen.g_per_kwh,
        grid=None if zone is None else partial(open_grid, chosen, options),
        allow_unusual=chosen.allow_unusual,
        cpu_power_w=cpu_power_w,
        ram_power_w=ram_power_w,
        machines=settings.machine,
        require=settings.require,
        pue=settings.pue,
        needs_grams=needs_place(options, budget_of(options, settings)),
    )
    if chosen.is_configured and zone is None:
        diagnosis = _saying_where(diagnosis, chosen.where or "")
    place = _place_flag(diagnosis.location, zone, chosen.g_per_kwh)
    flags = _power_flags(arguments)
    sys.stdout.write(as_json(diagnosis) if arguments.format == "json" else as_text(diagnosis, place, flags))
    return ExitCode.CLEAN if diagnosis.is_sound else ExitCode.NOT_MEASURED


def _saying_where(diagnosis: Diagnosis, where: str) -> Diagnosis:
    """Return it with the file and key that hold the location before what is wrong with it."""
    findings = [
        replace(finding, missing=f"{where}: {finding.missing}")
        if finding.component == "location" and finding.missing is not None
        else finding
        for finding in diagnosis.findings
    ]
    return replace(diagnosis, findings=tuple(findings))


def _place_flag(location: str | None, zone: str | None, g_per_kwh: float | None) -> str | None:
    """Return the flag for the workflow's line; `None` if no place was given."""
    if zone is not None:
        return f"--electricity-maps {zone}"
    if location is not None:
        return f"--location {location}"
    return None if g_per_kwh is None else f"--carbon-intensity {g_per_kwh:g}"


def _power_flags(arguments: Namespace) -> list[str]:
    given = {"--cpu-power": arguments.cpu_power, "--ram-power": arguments.ram_power}
    return [f"{flag} '{text}'" for flag, text in given.items() if text]
