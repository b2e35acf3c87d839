"""What a person sees while the job runs: a live line at the foot of a terminal, one line a minute in a log."""

from __future__ import annotations

import math
import os
from collections.abc import Callable

from carbon_lint.measurement.progress import Occasion, RunProgress
from carbon_lint.text import terminal
from carbon_lint.units import format_duration, format_emissions, format_energy, format_power

LOG_EVERY_S = 60.0
_LEAST_ROWS = 6  # below that a terminal has no row to spare
_BLOCKS = 10


def render_line(progress: RunProgress, width: int) -> str:
    """Return the figures in at most `width` columns; the least important go first if they do not fit."""
    figure = "measuring"
    if progress.emissions_g is not None:
        figure = format_emissions(progress.emissions_g)
    elif progress.energy_kwh is not None:
        figure = format_energy(progress.energy_kwh)
    parts = []  # by importance
    if progress.used_share is not None:
        parts.append(_share_text(progress.used_share) + " of budget")
    parts.append(format_duration(progress.elapsed_s))
    if progress.power_w is not None:
        parts.append(format_power(progress.power_w))
    if progress.used_share is not None:
        parts.append(_bar(progress.used_share))
    if progress.forecast_share is not None:
        by = f" ({progress.forecast_by})" if progress.forecast_by else ""
        parts.append(f"heading for {_share_text(progress.forecast_share)}{terminal(by)}")
    line = f"carbon-lint  {figure}"
    if len(line) > width:
        return figure[:width]
    for part in parts:
        if len(line) + 2 + len(part) > width:
            break
        line += f"  {part}"
    return line


def notices(progress: RunProgress) -> tuple[str, ...]:
    """Return all lines that are due now."""
    return (*progress.notices, progress.forecast_warning) if progress.forecast_warning else progress.notices


class LogLines:
    """One line a minute, and every notice at once."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._next_s = LOG_EVERY_S

    def __call__(self, progress: RunProgress) -> None:
        """Show one tick."""
        lines = [f"carbon-lint: {terminal(notice)}\n" for notice in notices(progress)]
        if progress.occasion is Occasion.RUNNING and progress.elapsed_s >= self._next_s:
            self._next_s = progress.elapsed_s + LOG_EVERY_S
            lines.append(render_line(progress, 200).replace("carbon-lint  ", "carbon-lint: ", 1) + "\n")
        start = "\n" if progress.is_line_open else ""
        for line in lines:
            self._write(start + line)
            start = ""


class LiveLine:
    """The terminal's last row is ours while the job runs; its output scrolls in the rows above.

    A plain carriage return would mix our line with whatever the job prints. The scrolling region of every terminal
    since the VT100 keeps the two apart; `apt` shows its progress the same way.
    """

    def __init__(
        self, write: Callable[[str], None], size: Callable[[], os.terminal_size], *, is_dim: bool = True
    ) -> None:
        self._write = write
        self._size = size
        self._start, self._end = ("\x1b[2m", "\x1b[0m") if is_dim else ("", "")
        self._shown: tuple[int, int] | None = None  # (columns, rows) that the region was set up for

    def __call__(self, progress: RunProgress) -> None:
        """Show one tick."""
        out = ""
        if shown := notices(progress):
            out += self._clear() + ("\r\n" if progress.is_line_open else "")
            out += "".join(f"carbon-lint: {terminal(notice)}\r\n" for notice in shown)
        if progress.occasion is Occasion.RUNNING:
            out += self._draw(progress)
        elif progress.occasion in {Occasion.SUSPENDED, Occasion.ENDED}:
            out += self._clear()
        if out:
            self._write(out)  # in one piece, so that the job cannot write into the middle of a sequence

    def _draw(self, progress: RunProgress) -> str:
        columns, rows = self._size()
        if rows < _LEAST_ROWS or columns < 1:
            return self._clear()
        out = ""
        if self._shown != (columns, rows):
            out += self._clear()
            # Make room for the row, keep the cursor, scroll only above it. An index (ESC D) and no newline, which a
            # terminal turns into a carriage return too: the job may have just asked something on this row.
            out += f"\x1bD\x1b[1A\x1b7\x1b[1;{rows - 1}r\x1b8"
            self._shown = (columns, rows)
        line = render_line(progress, columns - 1)
        return f"{out}\x1b7\x1b[{rows};1H{self._start}{line}{self._end}\x1b[K\x1b8"

    def _clear(self) -> str:
        if self._shown is None:
            return ""
        _, rows = self._shown
        self._shown = None
        return f"\x1b7\x1b[r\x1b[{rows};1H\x1b[2K\x1b8"


def _share_text(share: float) -> str:
    if 0 < share < 0.01:  # noqa: PLR2004  one per cent
        return "< 1 %"
    return "over 999 %" if math.isinf(share) or share > 9.99 else f"{share * 100:.0f} %"  # noqa: PLR2004  beside it


def _bar(share: float) -> str:
    filled = min(_BLOCKS, int(share * _BLOCKS))
    return "[" + "#" * filled + "." * (_BLOCKS - filled) + "]"
