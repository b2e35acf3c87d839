"""Tell how far the job is by what it prints on its stdout and stderr.

The bytes are only kept when they come, 64 KiB a stream at most; once a tick the loop looks at what has come since the
last look. So a job that floods its output is not slowed down, and how its output was cut into pieces changes nothing.

A forecast from the wrong counter is worse than none. Of several counters the job is the one that was there first and is
not done: what is nested in it came later. One that has started again is one round of the job and not the job; it counts
within an epoch that is numbered (`Epoch 3/10`), and nowhere else.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from carbon_lint.measurement.forecast.epoch_marks import EpochMarks
from carbon_lint.measurement.forecast.printed_lines import MAX_LINE_BYTES, Counter, EpochLine, Role, read_line
from carbon_lint.units import format_duration

KEPT_BYTES = 1 << 16
MAX_LINES_A_LOOK = 1000  # the last ones; a training prints a handful
MAX_COUNTERS = 64
_FIRST_FEW = 4
_ABANDONED_S = 60.0  # see `_is_abandoned`
_ABANDONED_LIVES = 3
_STARTS_AGAIN = 3.0  # times the least time that was left


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """`fraction` is of the whole job, 0 to 1. `by` says how it is known, and `source` what must not be mixed.

    `known_for_s`: since when it has been known.
    """

    fraction: float
    by: str
    source: str
    known_for_s: float = math.inf


class Stream:
    """One stream of the job's output. `feed` may be called from another thread than the rest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept = bytearray()
        self._is_lossy = False
        self._rest = b""  # an unfinished line
        self._is_overlong = False
        self.is_line_open = False  # as it was when something came last

    def feed(self, data: bytes) -> None:
        """Keep the end of what has come, and look at no byte of it."""
        self.is_line_open = not data.endswith((b"\n", b"\r"))
        with self._lock:
            self._is_lossy |= len(self._kept) + len(data) > KEPT_BYTES
            if len(data) >= KEPT_BYTES:
                self._kept.clear()
            self._kept += data
            del self._kept[:-KEPT_BYTES]  # from the front, which moves no byte

    def take(self) -> tuple[list[bytes], bytes]:
        """Return the lines that have ended since the last call, and the one that has not."""
        with self._lock:
            data, is_lossy = bytes(self._kept), self._is_lossy
            self._kept.clear()
            self._is_lossy = False
        if not data:
            return [], self._rest
        if is_lossy:
            self._rest, self._is_overlong = b"", True  # what was lost may end in the middle of a number
        lines = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        if self._is_overlong and len(lines) > 1:
            del lines[0]
            self._is_overlong = False
        self._rest = lines.pop()
        if self._is_overlong or len(self._rest) > MAX_LINE_BYTES:
            self._rest, self._is_overlong = b"", True
        return lines[-MAX_LINES_A_LOOK:], self._rest


@dataclass(slots=True, kw_only=True)
class _Seen:
    """A counter over time. `round_of` is the change of epochs with which it last began."""

    counter: Counter
    order: int
    first_s: float
    drawn_s: float
    has_moved: bool = False
    rounds: int = 0
    round_of: int | None = None
    at_epoch: float | None = None  # what was done when an epoch changed with this one under way

    @property
    def fraction(self) -> float:
        return self.counter.done / self.counter.total

    @property
    def is_whole(self) -> bool:
        return self.counter.role is Role.WHOLE and not self.rounds


@dataclass(slots=True, kw_only=True)
class _Epochs:
    """The epochs that the job numbers. `done` of them are over; `inner` is what the epoch's own line says of it.

    `fold` of `folds` is the round of all of them that is under way.
    """

    total: int = 0
    fold: int = 1
    folds: int = 1
    first: int = 1  # 0 if an epoch 0 was seen
    number: int = -1
    done: int = 0
    changes: int = 0
    changed_s: float | None = None
    inner: float = 0.0
    is_trusted: bool = True
    result_s: dict[int, float] = field(default_factory=dict)  # when the last epoch's first result was printed
    repeats_results: bool = False
    has_last: bool = False

    @property
    def planned(self) -> int:
        """How many there will be. Of `0/10` it is ten, so that none too many is forecast, unless a tenth is seen."""
        return self.total + (1 if not self.first and (self.has_last or self.number == self.total) else 0)

    @property
    def are_known(self) -> bool:
        return self.number >= 0


@dataclass(slots=True, kw_only=True)
class _TimeLeft:
    """The time that the job says is left. What starts again is an epoch's and not the job's."""

    first_s: float
    at_s: float
    left_s: float
    least_s: float
    is_of_a_part: bool = False

    def take(self, left_s: float, now_s: float) -> None:
        self.is_of_a_part |= left_s > _STARTS_AGAIN * max(self.least_s, 1.0) and self.least_s < self.at_s - self.first_s
        self.at_s, self.left_s, self.least_s = now_s, left_s, min(self.least_s, left_s)

    def reached(self, now_s: float) -> Reached | None:
        """Return how far the job is: the time that it has run for, as a part of that and the time left."""
        if self.is_of_a_part or not self.at_s:
            return None
        by = f"the {format_duration(self.left_s)} that it says are left"
        fraction = self.at_s / (self.at_s + self.left_s)
        return Reached(fraction=fraction, by=by, source="time left", known_for_s=now_s - self.first_s)


class PrintedProgress:
    """Reads stdout and stderr; `look` says how far the job is. `look` and the rest belong to one thread."""

    def __init__(self, streams: Sequence[Stream] | None = None) -> None:
        """Take the streams; if none are given one of its own, which `feed` feeds."""
        self._streams = (Stream(),) if streams is None else tuple(streams)
        self._seen: dict[tuple[str, str, float], _Seen] = {}
        self._epochs = _Epochs()
        self.epoch_marks = EpochMarks()
        self._announced: dict[str, int] = {}  # how many epochs and steps there will be; 0 if two numbers were printed
        self._time_left: _TimeLeft | None = None
        self._order = 0

    def feed(self, data: bytes) -> None:
        """Take in output in which stdout and stderr come as one."""
        self._streams[0].feed(data)

    def look(self, now_s: float) -> Reached | None:
        """Take in what has been printed until `now_s`, seconds of a clock that never goes back."""
        for stream in self._streams:
            ended, open_line = stream.take()
            for line in ended:
                self._take_line(line, now_s)
            self._take_line(open_line, now_s, is_ended=False)
        return self._reached(now_s)

    @property
    def is_recognised(self) -> bool:
        """Whether something was printed that a forecast can go by, at once or once it has moved."""
        counts = any(seen.is_whole for seen in self._seen.values())
        return counts or self._epochs.are_known or self._time_left is not None

    def _take_line(self, raw: bytes, now_s: float, *, is_ended: bool = True) -> None:
        line = read_line(raw, is_ended=is_ended)
        if line is None:
            return
        if line.announced is not None:
            word, total = line.announced
            self._announced[word] = total if self._announced.get(word, total) == total else 0
        if line.left_s is not None:
            if self._time_left is None:
                self._time_left = _TimeLeft(first_s=now_s, at_s=now_s, left_s=line.left_s, least_s=line.left_s)
            self._time_left.take(line.left_s, now_s)
        if line.fold is not None:
            self._take_fold(*line.fold)
        if line.epoch is not None:
            self.epoch_marks.take_line(line.epoch, has_bar=line.counter is not None)
        elif line.counter is not None:
            self.epoch_marks.take_bar(line.counter)
        epoch, counter = self._with_total(line.epoch), line.counter or self._counter_of(line.step)
        if epoch is not None:
            self._take_epoch(epoch, counter if line.counter is not None else None, now_s)
        elif counter is not None:
            self._take_counter(counter, now_s)

    def _with_total(self, epoch: EpochLine | None) -> EpochLine | None:
        """Return an epoch that is known by its number alone as one of as many as were announced."""
        if epoch is None or epoch.total is not None:
            return epoch
        announced = self._announced.get("epoch", 0)
        first = self._epochs.first if self._epochs.are_known else min(epoch.number, 1)
        last = announced - 1 + first  # who counts from 0 ends one earlier
        return replace(epoch, total=last, has_last=True) if announced and epoch.number <= last else None

    def _counter_of(self, step: int | None) -> Counter | None:
        total = self._announced.get("step", 0)
        if step is None or step > total or "epoch" in self._announced:  # whichever comes first ends the job
            return None
        return Counter(
            name="announced", kind="the steps it prints", done=float(step), total=float(total), shown=f"{step}/{total}"
        )

    def _take_fold(self, number: int, total: int) -> None:
        """Begin the epochs again for another fold, after those of the folds before."""
        if (number, total) != (self._epochs.fold, self._epochs.folds) and number >= self._epochs.fold:
            self._epochs = _Epochs(fold=number, folds=total)
            self.epoch_marks.begin_fold(number, total)

    def _take_counter(self, counter: Counter, now_s: float) -> None:
        key = (counter.kind, counter.name, counter.total)
        seen = self._seen.get(key) or self._renamed(key, counter)
        if seen is None:
            self._order += 1
            if len(self._seen) >= MAX_COUNTERS:
                del self._seen[
                    min(self._seen, key=lambda each: (not self._seen[each].rounds, self._seen[each].drawn_s))
                ]
            self._seen[key] = _Seen(
                counter=counter, order=self._order, first_s=now_s, drawn_s=now_s,
                round_of=self._epoch_begun_with(counter, now_s),
            )  # fmt: skip
            return
        seen.drawn_s = now_s
        if counter.done > seen.counter.done:
            seen.has_moved = True
            seen.counter = counter
        # Less is another round if this one is under way: two processes may draw one bar, one a little behind the other.
        elif counter.done < seen.counter.done / 2 and seen.counter.done >= min(_FIRST_FEW, seen.counter.total):
            seen.rounds += 1
            seen.round_of, seen.at_epoch = self._epoch_begun_with(counter, now_s), None
            seen.counter = counter

    def _renamed(self, key: tuple[str, str, float], counter: Counter) -> _Seen | None:
        """Return the bar whose name has changed (`loss 0.53`, `Best trial: 3`): it is drawn in one row and goes on."""
        for old_key, seen in self._seen.items():
            old = seen.counter
            is_same_row = old.is_at_once and counter.is_at_once and not old.is_below and not counter.is_below
            is_alike = (old.kind, old.total, old.role) == (counter.kind, counter.total, counter.role)
            if is_same_row and is_alike and old.done <= counter.done and old.done < old.total:
                self._seen[key] = self._seen.pop(old_key)
                return seen
        return None

    def _epoch_begun_with(self, counter: Counter, now_s: float) -> int | None:
        """Return which change of epochs a round belongs to. `Epoch 3/10` may wait in a buffer; bars do not."""
        is_together = now_s == self._epochs.changed_s or not counter.is_at_once
        return self._epochs.changes if is_together else None

    def _take_epoch(self, line: EpochLine, counter: Counter | None, now_s: float) -> None:
        epochs = self._epochs
        if not epochs.are_known:
            epochs.total = line.total or 0
        if line.total is None or line.total != epochs.total or line.number < epochs.number:
            epochs.is_trusted = False  # trained twice: a fold, a second stage
            return
        if line.number == 0:
            epochs.first = 0
        epochs.has_last = line.has_last
        over = line.number - epochs.first
        if line.is_result and counter is None and not self._repeats(line.number, now_s):
            over += 1
        is_another = over > epochs.done or not epochs.are_known
        epochs.number = line.number
        if is_another:
            epochs.done = over
            epochs.changes += 1
            epochs.changed_s = now_s
            epochs.inner = 0.0
            for seen in self._seen.values():
                if seen.at_epoch is None and 0 < seen.counter.done < seen.counter.total:
                    seen.at_epoch = seen.counter.done
        if counter is not None and over == epochs.done:
            epochs.inner = max(epochs.inner, counter.done / counter.total)

    def _repeats(self, number: int, now_s: float) -> bool:
        """Return whether results are printed several times an epoch. By two processes at one time does not count."""
        epochs = self._epochs
        first_s = epochs.result_s.get(number)
        if first_s is None:
            epochs.result_s = {number: now_s}
        elif now_s > first_s:
            epochs.repeats_results = True
        return epochs.repeats_results

    def _reached(self, now_s: float) -> Reached | None:
        whole = [seen for seen in self._seen.values() if seen.is_whole]
        spanning = [seen for seen in whole if seen.at_epoch is not None and seen.counter.done > seen.at_epoch]
        if self._epochs.are_known and not spanning:
            return self._reached_by_epochs()
        chosen = self._the_job(spanning or list(self._seen.values()), now_s)
        if chosen is None:
            return None if self._time_left is None else self._time_left.reached(now_s)
        counter = chosen.counter
        source = f"{counter.kind} {counter.name} {counter.total}"
        by = f"{counter.kind}, {counter.shown}"
        return Reached(fraction=chosen.fraction, by=by, source=source, known_for_s=now_s - chosen.first_s)

    def _the_job(self, candidates: list[_Seen], now_s: float) -> _Seen | None:
        """Return the first that is under way. What came after one that was started again is a part of a round too."""
        again = min((seen.order for seen in self._seen.values() if seen.rounds), default=self._order + 1)
        for seen in sorted(candidates, key=lambda seen: seen.order):
            if seen.order > again:
                return None
            if seen.is_whole and seen.counter.done < seen.counter.total and not self._is_abandoned(seen, now_s):
                return seen
        return None

    def _is_abandoned(self, seen: _Seen, now_s: float) -> bool:
        """Return whether it was left unfinished: it moved once, and what came after it has lived longer by far.

        A bar of epochs is drawn once an epoch, and so has always lived about as long as what is drawn within.
        """
        life_s = max(_ABANDONED_S, _ABANDONED_LIVES * (seen.drawn_s - seen.first_s))
        later = (
            other
            for other in self._seen.values()
            if other.first_s >= seen.drawn_s and not other.rounds and other is not seen
        )
        return seen.has_moved and any(now_s - other.first_s > life_s and other.drawn_s >= now_s for other in later)

    def _reached_by_epochs(self) -> Reached | None:
        epochs = self._epochs
        if not epochs.is_trusted:
            return None
        total = epochs.planned
        inner = max(epochs.inner, self._inner_fraction())
        fraction = (epochs.fold - 1 + min(1.0, (epochs.done + inner) / total)) / epochs.folds
        by = f"its epochs, {epochs.number}/{epochs.total}, if all {total} run"
        if epochs.folds > 1:
            by = f"its folds, {epochs.fold}/{epochs.folds}, and epochs, {epochs.number}/{epochs.total}, if all run"
        return Reached(fraction=fraction, by=by, source="epochs")

    def _inner_fraction(self) -> float:
        """Return how much of the current epoch is done, by the first counter known to be drawn once an epoch."""
        rounds = (seen for seen in self._seen.values() if seen.rounds or seen.counter.role is Role.PART)
        of_this_epoch = [seen for seen in rounds if seen.round_of == self._epochs.changes]
        first = min(of_this_epoch, key=lambda seen: seen.order, default=None)
        return 0.0 if first is None else first.fraction
