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
    """One run.

    Attributes:
        environ: the environment that the job's is made from (see `environment.job_environ`).
        own_prefix: our own venv, if it is private and must leave the job's PATH.
        pass_env: names passed to the job although they are withheld by default.
        pass_fds: descriptors that the job inherits beside its stdio (`job.inherited_descriptors`).
        budget_folder: where the nodes of a job share their figures, if the limits are those of the whole job.
        stop_when: which end of the range stops a job that is over a limit; the verdict is the same.
        grace_s: from SIGTERM to SIGKILL when a limit is exceeded; a cancelled job gets 6 s at most.
        cancel_grace_s: what a cancelled job gets at most, if that is less than 6 s.
        secrets: texts that no record may hold, beside the values of variables that are named like a secret.
        record_path: where the record goes; `None` writes neither record nor journal.
        remote_ok: measure a command although its work runs elsewhere and can neither be counted nor stopped.
        leave_containers: neither label nor stop the containers that the job's scripts start.
        forecast: warn when the job is heading over a limit, by its progress file or `expected_duration_s`.
    """

    command: tuple[str, ...]
    environ: Mapping[str, str]
    own_prefix: str | None = None
    pass_env: tuple[str, ...] = ()
    pass_fds: tuple[int, ...] = ()
    budget: Budget = field(default_factory=Budget)
    budget_folder: str | None = None
    on_exceed: OnLoss = OnLoss.STOP
    on_unmeasured: OnLoss = OnLoss.STOP
    stop_when: StopWhen = StopWhen.LIKELY
    grace_s: float = 30.0
    cancel_grace_s: float | None = None
    tick_s: float = 1.0
    secrets: tuple[str, ...] = field(default=(), repr=False)
    record_path: str | None = None
    run_group: str | None = None
    remote_ok: bool = False
    leave_containers: bool = False
    forecast: bool = False
    expected_duration_s: float | None = None
    provenance: Provenance = field(default_factory=Provenance)
    warnings: tuple[str, ...] = ()
