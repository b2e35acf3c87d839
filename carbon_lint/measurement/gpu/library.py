"""Define what `counting` uses of each vendor's library: its calls, and the GPUs that it lists."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

from carbon_lint.errors import MeasurementError
from carbon_lint.records.record import Gpu

PLAUSIBLE_W = 5000.0
"""No GPU draws more."""


class NotStatedError(RuntimeError):
    """The GPU states no such figure."""


class GpuLibrary(Protocol):
    """A vendor's library, initialised."""

    label: str  # what its GPUs are called in messages, like `GPU` in `GPU 0`
    hidden_by: str  # the variable that takes a GPU away from the job

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """For an `except` clause."""

    def energy_mj(self, handle: Any) -> float:
        """Return the GPU's energy counter in mJ, since some moment of its own."""

    def power_w(self, handle: Any) -> float:
        """Return the GPU's power in W, now."""

    def process_ids(self, handle: Any) -> Collection[int]:
        """Return the ids of the processes that use the GPU, as the driver numbers them; empty if unknown. No error."""

    def driver(self) -> tuple[str, str] | None:
        """Return name and version of the driver, as a record states them; `None` if it states none."""

    def close(self) -> None:
        """Give the library back. No error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedGpu:
    """One GPU of this machine, as its library lists it."""

    index: int  # as its library lists it; NVML does so by PCI bus
    name: str
    uuid: str | None  # `None` if it is not known, or not this GPU's alone
    handle: Any = None  # for the library's calls
    dies: tuple[Any, ...] = ()  # handles of other parts of it that processes may be on
    has_sound_counter: bool = True  # False if an energy counter that the GPU states is known to be wrong

    @property
    def gpu(self) -> Gpu:
        """Return the GPU as a record has it."""
        return Gpu(index=self.index, name=self.name, uuid=self.uuid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What one vendor's library has for the job: the GPUs that it can see, and warnings about them.

    `is_present`: this machine has a GPU of the vendor's, seen by the job or not.
    """

    library: GpuLibrary | None = None
    gpus: tuple[ListedGpu, ...] = ()
    warnings: tuple[str, ...] = ()
    is_present: bool = False


def unread(problem: MeasurementError, error: Exception | None, *, optional: bool) -> Opened:
    """Return that GPUs are here and not counted. Raises the problem unless `optional`."""
    if not optional:
        raise problem from error
    return Opened(warnings=(f"not counted: {problem.message}",), is_present=True)
