"""State every parameter of CodeCarbon's tracker: one that is left out may come from a file in the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from carbon_lint.measurement.codecarbon.tap import Tap

_NEVER_S = 1e6  # its scheduler does not run


def tracker_arguments(tap: Tap, g_per_kwh: float, max_power_w: float | None, pue: float) -> dict[str, Any]:
    """Return the arguments of `OfflineEmissionsTracker`: it gives its figures to `tap` only."""
    return {
        "country_iso_code": None,
        "region": None,
        "cloud_provider": None,
        "cloud_region": None,
        "country_2letter_iso_code": None,
        "force_carbon_intensity_g_co2e_kwh": g_per_kwh,
        "electricitymaps_api_token": None,
        "emissions_endpoint": None,
        "api_call_interval": -1,
        "api_endpoint": None,
        "api_key": None,
        "output_methods": [],
        "output_handlers": [tap],
        "output_dir": ".",
        "output_file": "emissions.csv",
        "on_csv_write": "append",
        "logging_logger": None,
        "prometheus_url": None,
        "measure_power_secs": _NEVER_S,
        "tracking_mode": "machine",
        "allow_multiple_runs": True,
        "gpu_ids": None,
        "force_cpu_power": max_power_w,
        "force_ram_power": None,
        "force_mode_cpu_load": False,
        "rapl_include_dram": False,
        "rapl_prefer_psys": False,
        "pue": pue,
        "wue": 0.0,
        "project_name": "carbon-lint",
        "experiment_name": "carbon-lint",
        "experiment_id": "carbon-lint",
        "metadata": None,
        "log_level": "warning",
        "logger_preamble": "",
    }
