"""State every parameter of CodeCarbon's tracker, receive its figures and its log, and check the figures.

A parameter that is left out may come from a file in the repository. CodeCarbon swallows its own failures.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from typing import Any

from carbon_lint.measurement.host.counting import mean_load
from carbon_lint.units import JOULES_PER_KWH, grams_from_kilograms

_UNUSED = (  # noqa: SIM905  names read best without quotes
    "country_iso_code region cloud_provider cloud_region country_2letter_iso_code electricitymaps_api_token "
    "emissions_endpoint api_endpoint api_key logging_logger prometheus_url gpu_ids force_ram_power metadata"
).split()
_NEVER_S = 1e6  # its scheduler does not run
_RELATIVE_TOLERANCE = 1e-6
# CodeCarbon's readings of the counters and ours are some milliseconds apart, at up to some hundred watts.
_APART_SHARE = 0.03
_APART_KWH = 20 / JOULES_PER_KWH


def tracker_arguments(tap: Tap, g_per_kwh: float, max_power_w: float | None, pue: float) -> dict[str, Any]:
    """Return the arguments of `OfflineEmissionsTracker`: it gives its figures to `tap` only."""
    return {
        **dict.fromkeys(_UNUSED),
        **dict.fromkeys(("project_name", "experiment_name", "experiment_id"), "carbon-lint"),
        **dict.fromkeys(("force_mode_cpu_load", "rapl_include_dram", "rapl_prefer_psys"), False),
        "force_carbon_intensity_g_co2e_kwh": g_per_kwh,
        "api_call_interval": -1,
        "output_methods": [],
        "output_handlers": [tap],
        "output_dir": ".",
        "output_file": "emissions.csv",
        "on_csv_write": "append",
        "measure_power_secs": _NEVER_S,
        "tracking_mode": "machine",
        "allow_multiple_runs": True,
        "force_cpu_power": max_power_w,
        "pue": pue,
        "wue": 0.0,
        "log_level": "warning",
        "logger_preamble": "",
    }


class Tap:
    """An output handler of CodeCarbon. `last` is its EmissionsData."""

    def __init__(self) -> None:
        self.last: Any = None

    def out(self, total: Any, delta: Any) -> None:
        """Take what `flush()` and `stop()` give."""
        del delta
        self.last = total

    def live_out(self, total: Any, delta: Any) -> None:
        """Do nothing: it is never called, as no scheduler runs."""

    def task_out(self, data: Any, experiment_name: str) -> None:
        """Do nothing: tasks are not used."""

    def exit(self) -> None:
        """Do nothing: nothing is open."""


class QuietLog(logging.Filter):
    """Keeps CodeCarbon's last warnings for our own messages, and lets none through to stderr."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=16)

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep it, and let nothing pass."""
        if record.levelno >= logging.WARNING:
            cause = record.exc_info[1] if record.exc_info else None
            # An exception that CodeCarbon swallowed says more than the lines it logs around it.
            if cause is not None:
                self.lines.appendleft(f"{type(cause).__name__}: {cause}")
            else:
                self.lines.append(record.getMessage())
        return False

    def cause(self) -> str:
        """Return the best of what was kept."""
        return next((line for line in self.lines if line), "it gives no reason")


def differing_counters(codecarbon_kwh: float | None, ours_kwh: float | None) -> tuple[str, ...]:
    """Return a warning if CodeCarbon read the CPU's counters and came to another figure than carbon-lint."""
    if codecarbon_kwh is None or ours_kwh is None:
        return ()
    if abs(codecarbon_kwh - ours_kwh) <= _APART_SHARE * ours_kwh + _APART_KWH:
        return ()
    theirs_j, ours_j = codecarbon_kwh * JOULES_PER_KWH, ours_kwh * JOULES_PER_KWH
    return (f"CodeCarbon counts {theirs_j:.0f} J for the CPU; its counters moved by {ours_j:.0f} J, which is counted",)


class LoadMeter:
    """The load between two questions, 0 to 100, by CodeCarbon's two calls: it replaces CodeCarbon's own.

    It reads nothing itself: `take` gives it what the host's energy is computed from.
    """

    def __init__(self, threads: float) -> None:
        self._threads = threads
        self._elapsed_s = self._busy_s = self._asked_s = self._asked_busy_s = self._percent = 0.0

    def take(self, busy_s: float, elapsed_s: float) -> None:
        """Take the busy CPU seconds and the seconds since the start."""
        self._busy_s, self._elapsed_s = busy_s, elapsed_s

    def reset(self) -> None:
        """Begin a new interval."""
        self._asked_s, self._asked_busy_s = self._elapsed_s, self._busy_s

    def percent(self) -> float:
        """Return the load since the last call or `reset`; the last one if nothing was taken since then."""
        if self._elapsed_s > self._asked_s:
            load = mean_load(self._busy_s - self._asked_busy_s, self._elapsed_s - self._asked_s, self._threads)
            self._percent = 100 * load
        self.reset()
        return self._percent


def find_flaw(figures: Any, *, g_per_kwh: float, pue: float) -> str | None:
    """Return why figures of CodeCarbon's (cumulative, kWh and kg) cannot be believed; `None` if they can.

    `g_per_kwh` is the intensity that grams over energy must come out at, `pue` that given to CodeCarbon.
    """
    parts = {"cpu": figures.cpu_energy, "gpu": figures.gpu_energy, "ram": figures.ram_energy}
    total_kwh, kg = figures.energy_consumed, figures.emissions
    if not all(math.isfinite(value) for value in (*parts.values(), total_kwh, kg)):
        return f"CodeCarbon's figures are not finite: {parts}, {total_kwh} kWh, {kg} kg"
    if not (total_kwh > 0 and kg > 0 and parts["ram"] > 0 and parts["cpu"] >= 0):
        return f"CodeCarbon counts no energy: {parts}, {total_kwh} kWh, {kg} kg"
    if parts["gpu"]:
        return f"CodeCarbon counts a GPU, {parts['gpu']} kWh, which is counted here already"
    if not math.isclose(sum(parts.values()), total_kwh, rel_tol=_RELATIVE_TOLERANCE):
        return f"CodeCarbon's parts {parts} do not add up to its {total_kwh} kWh"
    implied = grams_from_kilograms(kg) / total_kwh
    if not math.isclose(implied, g_per_kwh, rel_tol=_RELATIVE_TOLERANCE):
        return f"CodeCarbon's grams imply {implied:g} g/kWh, and {g_per_kwh:g} was given"
    return None if figures.pue == pue else f"CodeCarbon took a PUE of {figures.pue}, and {pue} was given"
