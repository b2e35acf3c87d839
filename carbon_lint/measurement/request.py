"""Hold what a run is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from carbon_lint.gate.verdict import Budget
from carbon_lint.records.record import Provenance


class OnLoss(StrEnum):
    """What happens to the job when it goes over a hard limit, or can no longer be measured."""

    STOP = "stop"
    FINISH = "finish"


class StopWhen(StrEnum):
    """When a job is over a hard limit: its likely figure is, or it is for certain, by the lower end of its range."""

    LIKELY = "likely"
    CERTAIN = "certain"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One run. A cancelled job gets 6 s of grace at most, and less if `cancel_grace_s` says so."""

    command: tuple[str, ...]
    environ: Mapping[str, str]  # what the job's is made from (see `environment.job_environ`)
    own_prefix: str | None = None  # our own venv, if it is private and must leave the job's PATH
    pass_env: tuple[str, ...] = ()  # names passed to the job although they are withheld by default
    pass_fds: tuple[int, ...] = ()  # what the job inherits beside its stdio (`job.inherited_descriptors`)
    budget: Budget = field(default_factory=Budget)
    budget_folder: str | None = None  # where nodes share their figures, if the limits are those of the whole job
    on_exceed: OnLoss = OnLoss.STOP
    on_unmeasured: OnLoss = OnLoss.STOP
    stop_when: StopWhen = StopWhen.LIKELY  # the verdict is the same
    grace_s: float = 30.0  # from SIGTERM to SIGKILL when a limit is exceeded
    cancel_grace_s: float | None = None
    tick_s: float = 1.0
    secrets: tuple[str, ...] = field(default=(), repr=False)  # no record may hold them, nor what secret variables hold
    record_path: str | None = None  # `None` writes neither record nor journal
    run_group: str | None = None
    remote_ok: bool = False  # measure a command whose work runs elsewhere and can neither be counted nor stopped
    leave_containers: bool = False  # neither label nor stop the containers that the job's scripts start
    forecast: bool = False  # warn when the job is heading over a limit
    expected_duration_s: float | None = None
    provenance: Provenance = field(default_factory=Provenance)
    warnings: tuple[str, ...] = ()
