"""Be the front end of a Python program: the arguments of `measure` become a plan, and what happens is logged."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import replace
from typing import Any

from carbon_lint.config import load
from carbon_lint.errors import UsageError
from carbon_lint.measurement.forecast.printed_progress import PrintedProgress
from carbon_lint.measurement.job.body import Body
from carbon_lint.measurement.job.environment import GRID_TOKEN_VARIABLE
from carbon_lint.measurement.job.ranks import stray_rank, whole_node
from carbon_lint.measurement.loop import WARN_AT_SHARE
from carbon_lint.measurement.meter import Meter
from carbon_lint.measurement.progress import RunProgress
from carbon_lint.measurement.request import RunRequest
from carbon_lint.measurement.run import measure
from carbon_lint.pipeline import plan as plans
from carbon_lint.pipeline.front_end import FrontEnd
from carbon_lint.pipeline.limits import budget_of, check_together
from carbon_lint.pipeline.options import ARGUMENT, Options, Surroundings, read_options, record_path_of
from carbon_lint.pipeline.plan import RunPlan
from carbon_lint.records.comparable import identity_before
from carbon_lint.records.ledger_url import LEDGER_FOLDER
from carbon_lint.records.provenance import name_of_card, provenance_of
from carbon_lint.records.record import Record
from carbon_lint.records.schedulers import group_of_job
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.text import terminal

_LOG = logging.getLogger("carbon_lint")
_NUMBERS = ("carbon_intensity", "pue")


def ask(given: dict[str, Any]) -> tuple[RunPlan, RunRequest, Meter]:
    """Return what the arguments and the configuration ask for.

    Paths are made absolute, since the body may change the folder. Raises UsageError, ConfigError, OutputError;
    MeasurementError if nothing can be measured here.
    """
    options, settings = _options(given), load()
    where = replace(
        provenance_of(os.environ, os.getcwd()), model=None if options.card is None else name_of_card(options.card)
    )
    record_path = record_path_of(options.record, "record")
    check_together(options, budget_of(options, settings))
    plan = plans.plan_run(
        options,
        settings,
        Surroundings(
            run=identity_before(where, options.run_group or settings.run_group),
            environ=os.environ,
            ledger_folder=os.path.abspath(LEDGER_FOLDER),
            record_path=record_path and os.path.abspath(record_path),
            card=options.card and os.path.abspath(options.card),
            default_group=group_of_job(where, os.environ, record=record_path, card=options.card),
        ),
    )
    for line in filter(None, (plans.group_note(plan), *plans.recover_attempts(plan, where))):
        _LOG.info(terminal(line))
    plans.check_outputs(plan)
    node_environ, warnings = whole_node(os.environ)
    request = plans.request_of(
        plan,
        command=_command(),
        environ=dict(os.environ),
        forecast=options.forecast,
        provenance=where,
        warnings=(*warnings, *filter(None, [stray_rank(os.environ)])),
    )
    return plan, request, plans.meter_of(plan, node_environ, is_shared=True)


def _options(given: dict[str, Any]) -> Options:
    """Return the options. Raises UsageError if a quantity cannot be read."""
    for name in _NUMBERS:
        if not isinstance(given.get(name), int | float | None):
            raise UsageError(f"{name}={given[name]!r} is not a number", hint=f"write it as {name}=1.5, without quotes")
    values = {name: _as_text(value) for name, value in given.items()}
    if isinstance(values["require"], str):
        values["require"] = (values["require"],)
    token, advice = os.environ.get(GRID_TOKEN_VARIABLE), f"set {GRID_TOKEN_VARIABLE}, or name the place"
    return read_options(values, spelling=ARGUMENT, grid_token=token, grid_token_hint=advice)


def _as_text(value: Any) -> Any:
    """Return a path or a number as text; anything else as it is."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return str(value) if type(value) in {int, float} else value


def _command() -> tuple[str, ...]:
    """Return how this program was started, as far as Python knows: `python train.py`."""
    program, *rest = sys.argv or [""]
    if os.path.basename(program) == "ipykernel_launcher.py":
        return ("notebook",)
    return ("python", program, *rest) if program else ("python",)


class BlockFront(FrontEnd):
    """See FrontEnd. `progress` is that of the last reading, `report` what is known of the run."""

    def __init__(self, request: RunRequest, meter: Meter, body: Body) -> None:
        super().__init__(lambda text: _LOG.info(terminal(text)), lambda text: _LOG.warning(terminal(text)))
        self.progress: RunProgress | None = None
        self.report: RunReport | None = None
        self._request = request
        self._meter = meter
        self._body = body

    def measure(self) -> Record:
        """Measure the body."""
        return measure(self._request, self._meter, self._note, PrintedProgress(), self._body)

    def _note(self, progress: RunProgress) -> None:
        self.progress = progress
        is_near = (progress.used_share or 0.0) >= WARN_AT_SHARE
        for notice in progress.notices:
            _LOG.log(logging.WARNING if is_near else logging.INFO, terminal(notice))
        if progress.forecast_warning is not None:
            _LOG.warning(terminal(progress.forecast_warning))

    def show(self, report: RunReport) -> None:
        """Keep the report: the program shows it if it wants to."""
        self.report = report
