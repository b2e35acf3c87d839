"""Hold the limits of a job on many nodes against the sum of all its nodes, through a folder that all of them see.

Every node writes what it has used so far, and reads what the others wrote. The first node does so once a tick and the
others more rarely if there are many, so that the limit holds if the first node dies. The node that finds the sum over a
limit leaves a file by which the others stop, too.

No two clocks are compared: a node is silent if its figures stand still while the clock of the reader goes on.
All reading and writing is on a thread, as a file system that hangs must not keep the loop from its own node.
"""

from __future__ import annotations

import json
import math
import os
import platform
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from carbon_lint.errors import OutputError, UsageError
from carbon_lint.measurement.meter import Reading
from carbon_lint.records.record import Energy
from carbon_lint.records.schedulers import node_count, scheduled_job
from carbon_lint.records.uncertainty import Bounds, Uncertainty
from carbon_lint.text import quoted
from carbon_lint.units import format_emissions, format_energy

SILENT_S = 60.0
"""After so long without a new figure a node is named: an NFS client may show a file as it was for so long."""
_MANY = 16  # nodes; of more, all but the first read every tenth tick
_RARELY = 10
_CLOSE_S = 5.0
_SUFFIX = ".node.json"
_STOP = "stop.json"
_RANKS = (
    "SLURM_NODEID",
    "GROUP_RANK",
    "OMPI_COMM_WORLD_RANK",
    "PMI_RANK",
    "MV2_COMM_WORLD_RANK",
    "PALS_RANKID",
    "RANK",
)
_LAUNCH = "PMIX_NAMESPACE"  # of Open MPI: its launcher's host and process, the same for all ranks and no other job
_NEW = "name a new folder for each job, such as one with the job's number"


class JobNode(NamedTuple):
    """What one node has used so far; `has_ended` is not set on one that is killed. `is_lost`: no longer measured."""

    name: str
    energy_kwh: float
    low_kwh: float
    high_kwh: float
    emissions_g: float | None
    has_ended: bool
    is_lost: bool = False


@dataclass(slots=True)
class _Seen:
    node: JobNode
    changed_s: float


class WholeJob:
    """This node's part in a job's budget. The loop calls all but `_work`, which runs on a thread of its own.

    `stopped_by` is the node that found the job over its limits; `None` so far.

    Raises OutputError if the folder cannot be written to; UsageError if it holds the figures of an earlier job.
    """

    def __init__(self, folder: str, environ: Mapping[str, str], tick_s: float) -> None:
        rank = next((environ[name] for name in _RANKS if environ.get(name, "").isdecimal()), None)
        self.name = f"{platform.node() or 'node'}{'' if rank is None else f'#{rank}'}"
        self._rank = rank
        self._is_first = rank is None or int(rank) == 0
        self._expected = node_count(environ)
        self._folder, is_own = _folder_of_job(folder, environ)
        self._file = f"{_safe(self.name)}-{os.getpid()}{_SUFFIX}"
        self._tick_s = tick_s
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._is_closing = False
        self._thread: threading.Thread | None = None
        self._own: JobNode | None = None
        self._others: dict[str, _Seen] = {}
        self.stopped_by: str | None = None
        self._wants_stop = False
        self._problem: str | None = None
        self._shared_s = self._started_s = time.monotonic()
        self._warned: set[str] = set()
        self._prepare(folder, is_new=not is_own)

    def take(self, reading: Reading, known: Uncertainty) -> None:
        """Take this node's newest reading, and its range."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="whole-job", daemon=True)
            self._thread.start()
        with self._lock:
            self._own = JobNode(
                name=self.name,
                energy_kwh=reading.energy_kwh.total or 0.0,
                low_kwh=known.energy_kwh.low,
                high_kwh=known.energy_kwh.high,
                emissions_g=reading.emissions_g,
                has_ended=False,
            )
        self._wake.set()

    def sum(self, reading: Reading) -> Reading:
        """Return this node's reading with the other nodes' figures added, and the bounds of the sum."""
        energy_kwh, emissions_g = reading.energy_kwh.total or 0.0, reading.emissions_g
        own = self._own
        low, high = (energy_kwh, energy_kwh) if own is None else (own.low_kwh, own.high_kwh)
        g_per_kwh = emissions_g / energy_kwh if emissions_g is not None and energy_kwh else 0.0
        for node in (one.node for one in self._seen()):
            energy_kwh, low, high = energy_kwh + node.energy_kwh, low + node.low_kwh, high + node.high_kwh
            if emissions_g is not None:
                emissions_g += node.energy_kwh * g_per_kwh if node.emissions_g is None else node.emissions_g
        return Reading(
            elapsed_s=reading.elapsed_s,
            energy_kwh=Energy(total=energy_kwh),
            emissions_g=emissions_g,
            uncertainty=Uncertainty(energy_kwh=Bounds(low=low, high=high)),
        )

    def stop_others(self) -> None:
        """Leave the file by which the other nodes stop."""
        self._wants_stop = True
        self._wake.set()

    def warnings(self) -> list[str]:
        """Return what has become known since the last call and makes the sum too small."""
        now = time.monotonic()
        found = [self._problem] if self._problem is not None else []
        if now - self._shared_s > SILENT_S:
            found.append(
                f"the folder of the job's budget has not answered for {SILENT_S:g} s: the limits are held late"
            )
        for one in self._seen():
            if one.node.is_lost:
                found.append(f"node {one.node.name} can no longer be measured: the sum lacks what it uses since then")
            elif not one.node.has_ended and now - one.changed_s > SILENT_S:
                found.append(
                    f"node {one.node.name} has written nothing for {SILENT_S:g} s: the sum may lack what it uses"
                )
        missing = self._missing()
        if missing is not None and now - self._started_s > SILENT_S:
            found.append(f"{missing}: the limits are checked without them; do all nodes share the folder?")
        new = [text for text in found if text not in self._warned]
        self._warned.update(new)
        return new

    def close(self, reading: Reading | None, *, is_lost: bool) -> str | None:
        """Write this node's last figure, and return a sentence on the whole job; `None` if nothing was read."""
        with self._lock:
            if self._own is not None:
                last_kwh = reading.energy_kwh.total if reading is not None else None
                self._own = self._own._replace(
                    energy_kwh=self._own.energy_kwh if last_kwh is None else last_kwh,
                    emissions_g=self._own.emissions_g if reading is None else reading.emissions_g,
                    has_ended=True,
                    is_lost=is_lost,
                )
        self._is_closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_S)
        if reading is None:
            return None
        total = self.sum(reading)
        grams = "" if total.emissions_g is None else f" and {format_emissions(total.emissions_g)}"
        of = "" if self._expected is None else f" of {self._expected}"
        nodes = "node" if (self._expected or self._count()) == 1 else "nodes"
        return (
            f"the limits were those of the whole job: {format_energy(total.energy_kwh.total or 0.0)}{grams} "
            f"when this node ended, by the figures of {self._count()}{of} {nodes}"
        )

    def _seen(self) -> list[_Seen]:
        with self._lock:
            return list(self._others.values())

    def _count(self) -> int:
        return len({one.node.name for one in self._seen()} | {self.name})

    def _missing(self) -> str | None:
        count = self._count()
        if self._expected is None:
            return None if count > 1 else "no other node has written its figures"
        return None if count >= self._expected else f"{count} of {self._expected} nodes have written their figures"

    def _prepare(self, given: str, *, is_new: bool) -> None:
        try:
            os.makedirs(self._folder, exist_ok=True)
            left_over = is_new and any(self._is_left_over(name) for name in os.listdir(self._folder))
            self._write(f".{self._file}", b"{}")  # not empty: a full disk takes an empty file
            os.unlink(os.path.join(self._folder, f".{self._file}"))
        except OSError as error:
            raise OutputError(
                f"cannot write to the budget's folder {quoted(given)}: {error.strerror}",
                hint="name a folder that every node can write to",
            ) from error
        if left_over:
            raise UsageError(f"the budget's folder {quoted(given)} holds the figures of an earlier job", hint=_NEW)

    def _is_left_over(self, name: str) -> bool:
        """Return whether a file is of an earlier job. Of another rank it is not: that may have been a quick one."""
        if name == _STOP:
            return True
        node = self._read(name) if name.endswith(_SUFFIX) else None
        if node is None:
            return False
        return node.has_ended if self._rank is None else node.name.endswith(f"#{self._rank}")

    def _work(self) -> None:
        ticks = 0
        while True:
            self._wake.wait(self._tick_s)
            self._wake.clear()
            is_last = self._is_closing
            is_due = self._is_first or len(self._others) < _MANY or ticks % _RARELY == 0 or is_last
            try:
                self._share(is_due=is_due)
                self._shared_s = time.monotonic()
            except OSError as error:
                self._problem = (
                    f"the folder of the job's budget cannot be used: {error.strerror}; other nodes lack this one"
                )
            ticks += 1
            if is_last:
                return

    def _share(self, *, is_due: bool) -> None:
        with self._lock:
            own = self._own
        if own is not None:
            self._write(self._file, json.dumps(own._asdict()).encode())
        if self._wants_stop:
            self._write(_STOP, json.dumps({"node": self.name}).encode())
            self._wants_stop = False
        names = os.listdir(self._folder) if is_due else [_STOP]
        stop = _json_at(os.path.join(self._folder, _STOP)) if self.stopped_by is None and _STOP in names else None
        if stop is not None:
            self.stopped_by = str(stop.get("node"))
        for name in names:
            if name.endswith(_SUFFIX) and name != self._file and (node := self._read(name)) is not None:
                with self._lock:
                    before = self._others.get(name)
                    if before is None or before.node != node:
                        self._others[name] = _Seen(node, time.monotonic())

    def _read(self, name: str) -> JobNode | None:
        """Return a node's figures; `None` for a file that has gone or holds none that can be added."""
        found = _json_at(os.path.join(self._folder, name))
        try:
            node = None if found is None else JobNode(**found | {"name": str(found["name"])})
            figures = () if node is None else (node.energy_kwh, node.low_kwh, node.high_kwh, node.emissions_g or 0.0)
            return node if all(0 <= figure < math.inf for figure in figures) else None
        except (KeyError, TypeError):
            return None

    def _write(self, name: str, data: bytes) -> None:
        """Replace a file in one step: the others read the old figures or the new ones."""
        temporary = os.path.join(self._folder, f".{name}.{os.getpid()}")
        with open(temporary, "wb") as stream:
            stream.write(data)
        os.replace(temporary, os.path.join(self._folder, name))


def _json_at(path: str) -> dict[str, Any] | None:
    try:
        with open(path, "rb") as stream:
            found = json.load(stream)
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _folder_of_job(folder: str, environ: Mapping[str, str]) -> tuple[str, bool]:
    """Return the folder of this job and attempt, and whether it can only be theirs: else no launcher names the job."""
    job = scheduled_job(environ)
    if job is None or job.scheduler_job is None:
        launch = environ.get(_LAUNCH)
        return (folder, False) if not launch else (os.path.join(folder, _safe(launch)), True)
    project = job.job if job.scheduler == "jenkins" else None  # each numbers its builds from 1
    task = job.job_index  # LSF and SGE give all tasks of an array one number
    parts = (job.scheduler, project, job.scheduler_job, task, job.run_attempt or 1)
    return os.path.join(folder, _safe("-".join(str(part) for part in parts if part is not None))), True


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.#-]+", "-", name)[:100]
