"""Hold one run's evidence. `schemas/record.schema.json` describes its JSON; `records.store` reads and writes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from carbon_lint.records.fields import (
    Amount,
    Count,
    Day,
    ExitStatus,
    Factor,
    Index,
    LimitName,
    LimitUnit,
    Number,
    Sha256,
    Share,
    Text,
    UtcTime,
)
from carbon_lint.records.uncertainty import Assumptions, Range, Uncertainty

FORMAT = "carbon-lint/record@2"


class Outcome(StrEnum):
    """What became of the run. Normative; exit codes are a convenience."""

    COMPLETED = "completed"
    OVER_BUDGET = "over-budget"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    UNMEASURED = "unmeasured"


class StoppedBy(StrEnum):
    """Why carbon-lint ended the job: a limit was exceeded, the meter failed, or somebody cancelled the run."""

    BUDGET = "budget"
    UNMEASURED = "unmeasured"
    CANCEL = "cancel"


class UnmeasuredCode(StrEnum):
    """Why a run has no figures: its readings failed, the last one did, or it cannot be true."""

    READINGS_FAILED = "readings-failed"
    LAST_READING_FAILED = "last-reading-failed"
    IMPLAUSIBLE = "implausible"


class Basis(StrEnum):
    """What a carbon intensity counts: the power plants' whole life, or what they burn alone."""

    LIFE_CYCLE = "life-cycle"
    COMBUSTION = "combustion"


class Method(StrEnum):
    """How a component's energy was found. A counter and a model must never look alike."""

    COUNTER = "counter"
    SAMPLED_POWER = "sampled-power"
    LOAD_MODEL = "load-model"
    CONSTANT = "constant"
    USER = "user"


COMPONENTS = ("cpu", "gpu", "ram")


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """Energy in kWh by component, PUE included. `None` is not measured or not there; it is never 0."""

    total: Amount | None
    cpu: Amount | None = None
    gpu: Amount | None = None
    ram: Amount | None = None

    @property
    def parts(self) -> dict[str, float]:
        """Return the components that have a figure, by name."""
        return {name: value for name in COMPONENTS if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeCarbonEnergy:
    """What CodeCarbon's own models give for the CPU and the memory, in kWh, PUE included. No part of the figures."""

    cpu_kwh: Amount | None = None
    ram_kwh: Amount | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmeasuredReason:
    """Why a run has no figures: `code` for programs, `message` in one sentence for people."""

    code: UnmeasuredCode
    message: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """Method by component. `None` if there is no such component."""

    cpu: Method | None = None
    gpu: Method | None = None
    ram: Method | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyIntensity:
    """Carbon intensity in g/kWh of one hour, and the energy in kWh that it priced.

    `is_estimated`: its source had modelled it when it was asked, and not measured it.
    """

    hour: Text  # as its source states it: ISO 8601
    g_per_kwh: Amount
    energy_kwh: Amount
    is_estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Intensity:
    """Carbon intensity in g/kWh, and whose figure it is. With `hours` it is their mean by energy.

    Attributes:
        source: whose figure it is, without its hours: `records.intensity.source_in_words` adds them.
        year: the year that it is of; `None` if that is not known, or the hours are of several.
        basis: what is counted; `None` if that is not known, or several are mixed.
        location: as `places` accepts it: FRA, USA/virginia, gcp/us-central1; `None` if g/kWh was given.
        location_name: in words, as the card says it.
        is_unusual: outside every grid's range, and accepted by the user anyway.
        hours: what it is the mean of; empty for one figure of a whole year.
    """

    g_per_kwh: Amount
    source: Text
    year: int | None
    basis: Basis | None = None
    location: str | None
    location_name: str | None = None
    is_unusual: bool = False
    hours: tuple[HourlyIntensity, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU that was counted, whole.

    `energy_kwh` includes the PUE; `None` if it is known for all GPUs together only. `is_shared`: processes other
    than the job's were seen on it.
    """

    index: Index
    name: str
    uuid: str | None = None
    energy_kwh: Amount | None = None
    is_shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """What the energy was spent on.

    `boot` is a digest of the number that the kernel draws at each start. GitHub's hosted runners all have the host name
    of their image, so `node` alone does not tell two machines that run at the same time apart.
    """

    cpu_model: str | None = None
    cpu_count: Count | None = None
    ram_gb: Amount | None = None
    node: str | None = None
    boot: str | None = None
    gpus: tuple[Gpu, ...] = ()

    @property
    def machine(self) -> tuple[str, str | None] | None:
        """What two runs at the same time on one machine have in common; `None` if the machine has no name."""
        return None if self.node is None else (self.node, self.boot)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where the run took place: as the CI states it, else as the git checkout does.

    `model` is the one that the run was for, `OWNER/MODEL` or the path of its card. `dirty`: the checkout had changes
    that no commit holds. `scheduler`: slurm, pbs, lsf, sge, hf-jobs or jenkins; then `run_id` is its job unless a CI
    states a run, `scheduler_job` is its job in any case, `account` who pays, `partition` the partition, queue or
    flavor, and `user` who submitted the job. `pod`: the Kubernetes pod, `namespace/name`.
    """

    repository: str | None = None
    commit: str | None = None
    ref: str | None = None
    run_url: str | None = None
    run_id: str | None = None
    run_attempt: Count | None = None
    job: str | None = None
    job_index: Index | None = None
    model: str | None = None
    dirty: bool | None = None
    scheduler: str | None = None
    account: str | None = None
    partition: str | None = None
    user: str | None = None
    scheduler_job: str | None = None
    pod: str | None = None

    @property
    def model_name(self) -> str | None:
        """The model, or the path of its card, like `README.md`, behind its repository: alone it names none."""
        is_card = self.model is not None and self.model.endswith(".md")
        return f"{self.repository}: {self.model}" if is_card and self.repository else self.model

    @property
    def model_names(self) -> tuple[str, ...]:
        """What a budget may call the model; a card goes by its path, too, as in a repository of many cards."""
        return tuple(dict.fromkeys(name for name in (self.model, self.model_name) if name is not None))


class PhaseKind(StrEnum):
    """What a part of a run is: an epoch that its output numbers, or a phase that the job names itself."""

    EPOCH = "epoch"
    PHASE = "phase"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A part of a run. Epochs and phases are listed side by side: the energy of a phase may be in an epoch, too.

    Attributes:
        name: its number, or what the job called it.
        times: how often it began; of several times the figures are the sum.
        began_s: when it first began, in seconds since the start of the run.
        ended_s: when it last ended.
        duration_s: how long it took, without what lay between.
        energy_kwh: by component, PUE included.
        emissions_g: at the run's mean carbon intensity; `None` if the run has none.
        split_share: the part of the energy, 0 to 1, that was read over a boundary and split by time.
    """

    kind: PhaseKind
    name: Text
    times: Count
    began_s: Amount
    ended_s: Amount
    duration_s: Amount
    energy_kwh: Energy
    emissions_g: Amount | None
    split_share: Share | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedException:
    """An exception that let the run through although it went over a limit.

    Attributes:
        limit: max-emissions, max-energy or max-increase.
        owner: who is answerable for it.
        until: the last day on which it held, ISO 8601.
        unit: of the two figures, `g` or `kWh`.
        measured: what the limit was compared with.
    """

    limit: LimitName
    owner: Text
    reason: Text
    until: Day
    unit: LimitUnit
    measured: Number
    allowed: Number

    @property
    def over(self) -> float:
        """Return by how much the run went over the limit, in `unit`."""
        return self.measured - self.allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One run: what it took, how that was found out, and what became of it. The fields are in the order of its JSON.

    Attributes:
        stopped_by: why carbon-lint ended the job; `None` if the job ended by itself.
        unmeasured_because: why there are no figures; `None` if there are, or if the job never started.
        uncertainty: `None` in a record of format 1 and in one that CodeCarbon wrote: `records.ranges.uncertainty_of`
            derives it then.
        left_out: what board, fans, disks, network and power supply draw, which is not counted, as shares of the counted
            energy; `None` as above: `records.ranges.left_out_of`.
        job_cpu_s: CPU seconds of the job's own processes.
        machine_cpu_s: busy CPU seconds of the threads that the energy was counted for, meanwhile.
        phases: epochs and phases by the time of their beginning; empty if the job named none.
        exceptions: those that let the run through; empty if it went over no limit, or none lifted it.
        merged_from: run_ids that this record is the sum of; empty if it was measured.
        parts_sha256: hashes of the records that this record is the sum of (`records.hashes.record_sha256`).
        journal_sha256: hash of the journal (`records.hashes.journal_sha256`); `None` if no journal was kept whole.
    """

    run_id: Text
    run_group: str | None = None
    outcome: Outcome
    exit_status: ExitStatus | None
    over_budget: bool
    emissions_g: Amount | None
    energy_kwh: Energy
    methods: Methods
    intensity: Intensity | None
    pue: Factor
    duration_s: Amount
    started_at: UtcTime  # UTC, ISO 8601 with Z
    ended_at: UtcTime
    hardware: Hardware
    software: dict[str, str]  # name -> version: carbon-lint, codecarbon, python, os
    command: tuple[str, ...]
    provenance: Provenance = field(default_factory=Provenance)
    warnings: tuple[str, ...] = ()
    stopped_by: StoppedBy | None = None
    unmeasured_because: UnmeasuredReason | None = None
    uncertainty: Uncertainty | None = None
    assumptions: Assumptions | None = None
    left_out: Range | None = None
    codecarbon: CodeCarbonEnergy | None = None
    job_cpu_s: Amount | None = None
    machine_cpu_s: Amount | None = None
    phases: tuple[Phase, ...] = ()
    exceptions: tuple[UsedException, ...] = ()
    merged_from: tuple[Text, ...] = ()
    parts_sha256: tuple[Sha256, ...] = ()
    journal_sha256: Sha256 | None = None


def exit_code(record: Record) -> int:
    """Return what `carbon-lint run` exits with. The child's own failure wins over all but a stop by us."""
    status = record.exit_status
    if record.outcome is Outcome.OVER_BUDGET:
        return 1
    if record.outcome is Outcome.UNMEASURED:
        return 125
    if record.outcome is Outcome.INTERRUPTED:
        return status or 130  # a cancelled job that saved its checkpoint and exited 0 still counts as cancelled
    return 0 if status is None else status


def was_stopped(record: Record) -> bool:
    """Return whether we ended the job, over its budget or because it could not be measured; it may have exited 0."""
    return record.stopped_by in {StoppedBy.BUDGET, StoppedBy.UNMEASURED}
