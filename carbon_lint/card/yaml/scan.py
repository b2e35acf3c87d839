"""Find libyaml's first fault, and the entry from which it can go on once that fault is repaired.

A list of 10,000 entries with a TAB each needs 10,000 repairs. Scanning from the top after each would take time with the
square of the length, so the scan goes on at the last entry of a block collection before the fault. Lines such as `k:`
and `-` in the same columns stand for the collections around that entry.
"""

from __future__ import annotations

import yaml

from carbon_lint.card.yaml.parser import MAX_DEPTH, events
from carbon_lint.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_PIECE = 512
"""Characters that libyaml is given at a time, at the least: what it has in hand when it stops was decoded in vain."""
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
_NODES = (yaml.ScalarEvent, yaml.AliasEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent)


class Start(Value):
    """An entry's line and column, and the text that stands for the collections around it."""

    line: int
    column: int
    opening: str


class Fault:
    """What libyaml stumbled over: its words, the place in the lines, and the place of what it was reading then.

    `start` is where to go on; None if that is the top.
    """

    __slots__ = ("context", "context_place", "place", "problem", "start")

    def __init__(self, error: yaml.MarkedYAMLError, first_line: int, start: Start | None) -> None:
        self.problem = error.problem or ""
        self.context = error.context or ""
        self.place = _place(error.problem_mark, first_line)
        self.context_place = _place(error.context_mark, first_line)
        self.start = start


def _place(mark: yaml.Mark | None, first_line: int) -> tuple[int, int] | None:
    return None if mark is None else (mark.line + first_line, mark.column)


def first_fault(lines: list[str], start: Start | None) -> tuple[Fault | None, int]:
    """Let libyaml read the lines from `start`, or from the top: the fault, if any, and how many characters were read.

    The last piece is not counted: whatever the length of a text, it costs the same after each repair.
    """
    source = _Source(lines, start)
    walk = _Walk(lines, start)
    try:
        for event in events(source):
            walk.take(event)
    except yaml.MarkedYAMLError as error:
        return Fault(error, walk.first_line, walk.start), source.scanned
    except yaml.YAMLError:  # the reader's: no repair helps
        return None, source.scanned
    return None, source.scanned


class _Source:
    """The lines from a start on, as a stream."""

    def __init__(self, lines: list[str], start: Start | None) -> None:
        self.scanned = 0
        self._last = 0
        self._pieces = _pieces(lines, start)

    def read(self, _size: int) -> str:
        """Return the next piece, empty at the end."""
        piece = next(self._pieces, "")
        self.scanned += self._last
        self._last = len(piece)
        return piece


def _pieces(lines: list[str], start: Start | None) -> Iterator[str]:
    held, line = "", 0
    if start is not None:
        held, line = start.opening + lines[start.line][start.column :], start.line + 1
    for index in range(line, len(lines)):
        held += lines[index]
        if len(held) >= _PIECE:
            yield held
            held = ""
    yield held


class _Frame:
    """A collection that is being read. It is steady if a few lines can stand for it and for all around it."""

    __slots__ = ("column", "is_at_key", "is_map", "is_steady")

    def __init__(self, event: Any, parent: _Frame | None, depth: int) -> None:
        self.is_map: bool = type(event) is yaml.MappingStartEvent
        self.column: int | None = None if self.is_map else event.start_mark.column
        self.is_at_key: bool = False
        is_block = not event.flow_style and (self.is_map or (event.anchor is None and event.tag is None))
        is_in_steady = parent is None or (parent.is_steady and not parent.is_at_key)
        self.is_steady: bool = is_block and is_in_steady and depth < MAX_DEPTH


class _Walk:
    """Follows libyaml's events, and keeps the last entry that can be gone on from."""

    def __init__(self, lines: list[str], start: Start | None) -> None:
        self._lines = lines
        self._stack: list[_Frame] = []
        self._top = start.opening.count("\n") if start is not None else 0
        self.first_line = start.line - self._top if start is not None else 0
        self.start = start

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind in _ENDS:
            self._stack.pop()
        elif kind in _NODES:
            parent = self._stack[-1] if self._stack else None
            if parent is not None:
                self._enter(event, parent)
            if kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._stack.append(_Frame(event, parent, len(self._stack)))

    def _enter(self, event: Any, parent: _Frame) -> None:
        mark = event.start_mark
        if parent.is_map:
            parent.is_at_key = not parent.is_at_key
            if parent.column is None:
                parent.column = mark.column
        if not parent.is_steady or mark.line < self._top or mark.index == event.end_mark.index:
            return
        line = mark.line + self.first_line
        if parent.is_map and not (parent.is_at_key and type(event) is yaml.ScalarEvent):
            return
        if self._lines[line][: mark.column].rstrip(" \t").endswith("?"):
            return
        self.start = Start(line, mark.column, self._opening(mark.column))

    def _opening(self, column: int) -> str:
        *around, last = self._stack
        lines = [" " * (frame.column or 0) + ("k:\n" if frame.is_map else "-\n") for frame in around]
        if not last.is_map:
            lines.append(" " * (last.column or 0) + "-\n")
        return "".join(lines) + " " * column
