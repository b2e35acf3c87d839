"""One run's evidence. `schemas/record.schema.json` describes its JSON; `records.store` reads and writes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

FORMAT = "carbon-lint/record@1"


class Outcome(StrEnum):
    """What became of the run. Normative; exit codes are a convenience."""

    COMPLETED = "completed"
    OVER_BUDGET = "over-budget"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    UNMEASURED = "unmeasured"


class Method(StrEnum):
    """How a component's energy was found. A counter and a model must never look alike."""

    COUNTER = "counter"
    SAMPLED_POWER = "sampled-power"
    LOAD_MODEL = "load-model"
    CONSTANT = "constant"
    USER = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """Energy in kWh by component. `None` is not measured or not there; it is never 0.

    `cpu_linear` is no part of the total: what `cpu` would be if the power of a modelled CPU grew in a straight line
    with its load, where CodeCarbon's model takes the cube.
    """

    total: float | None
    cpu: float | None = None
    gpu: float | None = None
    ram: float | None = None
    cpu_linear: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """Method by component. `None` where there is no such component."""

    cpu: Method | None = None
    gpu: Method | None = None
    ram: Method | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyIntensity:
    """Carbon intensity in g/kWh of one hour, and the energy in kWh that it priced.

    `is_estimated`: its source had modelled it when it was asked, and not measured it.
    """

    hour: str  # as its source states it, ISO 8601
    g_per_kwh: float
    energy_kwh: float
    is_estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Intensity:
    """Carbon intensity in g/kWh, and whose figure it is. With `hours` it is their mean by energy."""

    g_per_kwh: float
    source: str
    year: int | None
    location: str | None  # as `places` accepts it: FRA, USA/virginia, gcp/us-central1; None where g/kWh was given
    location_name: str | None = None  # in words, as the card says it
    is_unusual: bool = False  # outside every grid's range, and accepted by the user all the same
    hours: tuple[HourlyIntensity, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU that was counted, whole.

    `energy_kwh` has the PUE in it; `None` where it is known for all GPUs together only. `is_shared`: processes other
    than the job's were seen on it.
    """

    index: int
    name: str
    uuid: str | None = None
    energy_kwh: float | None = None
    is_shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """What the energy was spent on."""

    cpu_model: str | None = None
    cpu_count: int | None = None
    ram_gb: float | None = None
    gpus: tuple[Gpu, ...] = ()
    node: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where the run took place: as the CI states it, else as the git checkout does.

    `model` is the one that the run was for, `OWNER/MODEL` or the path of its card. `dirty`: the checkout had changes
    that no commit holds.
    """

    repository: str | None = None
    commit: str | None = None
    ref: str | None = None
    run_url: str | None = None
    run_id: str | None = None
    run_attempt: int | None = None
    job: str | None = None
    job_index: int | None = None
    model: str | None = None
    dirty: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One run: what it took, how that was found out, and what became of it."""

    run_id: str
    outcome: Outcome
    exit_status: int | None
    over_budget: bool
    emissions_g: float | None
    energy_kwh: Energy
    methods: Methods
    intensity: Intensity | None
    pue: float
    duration_s: float
    started_at: str  # UTC, ISO 8601 with Z
    ended_at: str
    hardware: Hardware
    software: dict[str, str]  # name -> version: carbon-lint, codecarbon, python, os
    command: tuple[str, ...]
    provenance: Provenance = field(default_factory=Provenance)
    warnings: tuple[str, ...] = ()
    run_group: str | None = None
    merged_from: tuple[str, ...] = ()  # run_ids that this record is the sum of; empty where it was measured
