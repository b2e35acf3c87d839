"""A second reading of the CPU's energy counters, held against CodeCarbon's.

CodeCarbon skips an interval whose counter it could not read, and takes a second package for a mirror of the first when
both stand within a joule. Either way energy is missing, and it says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_UJ_PER_KWH = 3.6e12
# The two readings are some milliseconds apart, at up to some hundred watts.
_RELATIVE_TOLERANCE = 0.03
_TOLERANCE_KWH = 20 / 3.6e6


class RaplWatch:
    """Sums the package counters since `start`. `files`: their `energy_uj`."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = tuple(files)
        self._last_uj: dict[Path, int] = {}
        self._sum_uj = 0

    def start(self) -> None:
        """Begin to count. Raises OSError where a counter cannot be read."""
        self._last_uj = {path: _number(path) for path in self._files}

    def problem(self, cpu_kwh: float) -> str | None:
        """Why CodeCarbon's `cpu_kwh` (without PUE) cannot be right, or `None`."""
        try:
            for path, last_uj in self._last_uj.items():
                now_uj = _number(path)
                wrapped_uj = _number(path.parent / "max_energy_range_uj") if now_uj < last_uj else 0
                self._sum_uj += now_uj - last_uj + wrapped_uj
                self._last_uj[path] = now_uj
        except (OSError, ValueError) as error:
            return f"the CPU's energy counter cannot be read: {error}"
        ours_kwh = self._sum_uj / _UJ_PER_KWH
        if abs(cpu_kwh - ours_kwh) <= _RELATIVE_TOLERANCE * ours_kwh + _TOLERANCE_KWH:
            return None
        theirs_j, ours_j = cpu_kwh * 3.6e6, ours_kwh * 3.6e6
        return f"CodeCarbon counts {theirs_j:.0f} J for the CPU where its counters moved by {ours_j:.0f} J"


def _number(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))
