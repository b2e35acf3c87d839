"""Recorded power over time: read from a file, integrated exactly.

Between two samples power is taken as a straight line; before the first and after the last there is none.
"""

from __future__ import annotations

import csv
import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from carbon_lint.errors import InputError

COMPONENTS = ("cpu", "gpu", "ram")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_FORMS = (
    "a CSV of nvidia-smi (timestamp, power.draw), a CSV with `seconds,gpu_w`, or JSON {seconds: [...], gpu_w: [...]}"
)


@dataclass(frozen=True, slots=True)
class Series:
    """Power of one component: `times_s` ascending from 0, `watts` at each of them."""

    times_s: tuple[float, ...]
    watts: tuple[float, ...]
    _sums_j: tuple[float, ...] = field(init=False, repr=False, default=())

    def __post_init__(self) -> None:
        steps = zip(pairwise(self.times_s), pairwise(self.watts), strict=True)
        areas = ((later - earlier) * (first + second) / 2 for (earlier, later), (first, second) in steps)
        object.__setattr__(self, "_sums_j", tuple(accumulate(areas, initial=0.0)))

    @property
    def duration_s(self) -> float:
        """Seconds from the first to the last sample."""
        return self.times_s[-1]

    def power_w(self, at_s: float) -> float:
        """On the straight line between two samples; 0 outside."""
        if not 0 <= at_s <= self.duration_s:
            return 0.0
        right = min(bisect_right(self.times_s, at_s), len(self.times_s) - 1)
        left = right - 1
        share = (at_s - self.times_s[left]) / (self.times_s[right] - self.times_s[left])
        return self.watts[left] + share * (self.watts[right] - self.watts[left])

    def energy_j(self, until_s: float) -> float:
        """The exact integral from 0."""
        until_s = min(max(until_s, 0.0), self.duration_s)
        left = bisect_right(self.times_s, until_s) - 1
        rest_s = until_s - self.times_s[left]
        return self._sums_j[left] + rest_s * (self.watts[left] + self.power_w(until_s)) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One recording: a series for each component that was recorded."""

    series: dict[str, Series]
    name: str | None = None

    @property
    def duration_s(self) -> float:
        """Of the longest series."""
        return max(series.duration_s for series in self.series.values())

    def energy_j(self, until_s: float | None = None) -> float:
        """All components."""
        end_s = self.duration_s if until_s is None else until_s
        return sum(series.energy_j(end_s) for series in self.series.values())


def load_trace(path: str | Path) -> Trace:
    """Read a recording. Raises InputError where it is none; a last line that was cut off is left out."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the trace {path}: {error}", hint=f"it is {_FORMS}") from error
    return parse_trace(text, str(path))


def parse_trace(text: str, path: str) -> Trace:
    """The recording in `text`. Raises InputError."""
    columns = _from_json(text, path) if text.lstrip().startswith("{") else _from_csv(text, path)
    name = columns.pop("name", None)
    times_s = columns.pop("seconds", [])
    series = {
        component: _series(times_s, columns[f"{component}_w"], path)
        for component in COMPONENTS
        if columns.get(f"{component}_w")
    }
    if not series:
        raise InputError(f"{path} holds no power", hint=f"it is {_FORMS}")
    return Trace(series=series, name=name)


def _series(times_s: list[float], watts: list[float], path: str) -> Series:
    if len(times_s) != len(watts) or len(times_s) < 2:
        raise InputError(f"{path} has {len(times_s)} times and {len(watts)} powers, expected two or more of both")
    if any(later <= earlier for earlier, later in pairwise(times_s)):
        raise InputError(f"{path}: its times do not ascend")
    if not all(0 <= power < float("inf") for power in watts):
        raise InputError(f"{path}: a power is negative or not finite")
    return Series(tuple(time_s - times_s[0] for time_s in times_s), tuple(watts))


def _from_json(text: str, path: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
        return {key: [float(value) for value in data[key]] for key in data if key != "name"} | {
            "name": data.get("name")
        }
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} is not a trace: {error}", hint=f"it is {_FORMS}") from error


def _from_csv(text: str, path: str) -> dict[str, Any]:
    rows = list(csv.reader(text.splitlines(), skipinitialspace=True))
    header = [_column(name) for name in rows[0]] if rows else []
    if "seconds" not in header and "timestamp" not in header:
        raise InputError(f"{path} has no column of times", hint=f"it is {_FORMS}")
    columns: dict[str, Any] = {name: [] for name in header if name}
    for number, row in enumerate(rows[1:], 2):
        try:
            values = [_value(name, row[place]) for place, name in enumerate(header) if name]
        except (IndexError, ValueError) as error:
            if number == len(rows):  # the recorder was killed in the middle of a line
                break
            raise InputError(f"{path}, line {number}: {error}") from error
        for name, value in zip((name for name in header if name), values, strict=True):
            columns[name].append(value)
    if "timestamp" in columns:
        columns["seconds"] = columns.pop("timestamp")
    names = columns.pop("name", [])
    return columns | {"name": names[0] if names else None}


def _column(name: str) -> str:
    """Our name of a column of nvidia-smi or of our own form; empty for the others."""
    name = name.strip().lower().removesuffix(" [w]")
    known = {"gpu_power_draw": "gpu_w", "power.draw": "gpu_w", "gpu_name": "name"}
    own = {"timestamp", "seconds", "name", *(f"{component}_w" for component in COMPONENTS)}
    return known.get(name, name if name in own else "")


def _value(name: str, text: str) -> Any:
    if name == "name":
        return text
    if name == "timestamp":
        return datetime.fromisoformat(text.replace("/", "-")).timestamp()
    number = text.removesuffix("W").strip()
    if _NUMBER.fullmatch(number) is None:
        raise ValueError(f"{text!r} is no number")
    return float(number)
