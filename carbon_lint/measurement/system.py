"""Find out whether a job can be measured on this system. Light: `run` and `doctor` ask it before anything else."""

from __future__ import annotations

import os
import platform

from carbon_lint.errors import MeasurementError


def need_linux() -> None:
    """Raise MeasurementError unless a job's processes, power and output can be followed here."""
    if platform.system() != "Linux" or not hasattr(os, "eventfd"):
        raise MeasurementError(
            f"a job can be measured on Linux only, by a Python that has os.eventfd; this is {platform.system()}, "
            f"Python {platform.python_version()}",
            hint="run it in a Linux container; the commands that only read, such as check and card, work here",
        )
