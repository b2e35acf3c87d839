"""Tell when an epoch begins and ends, by the lines that number them.

* A heading (`Epoch 3/10`) or a bar (`Epoch 3: 40%|...`) begins its epoch when it is first seen.
* A line with figures (`Epoch 3/10 loss 0.2`) ends its epoch, and the next one begins. If several lines of one epoch
  have figures, the last of them ends it. What is named at its end only is listed once it is named.
* A bar of epochs (`Epochs: 30%|... 3/10`) has so many of them done.
"""

from __future__ import annotations

from carbon_lint.measurement.forecast.printed_lines import Counter, EpochLine
from carbon_lint.measurement.phases import Mark, MarkAction
from carbon_lint.records.record import PhaseKind

_MOST_EPOCHS = 100_000  # a bar of more counts something else


class EpochMarks:
    """Turns what the lines say into marks. `problem` says why no more epochs are listed."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self._marks: list[Mark] = []
        self._prefix = ""
        self._number: int | None = None  # the epoch that was named last
        self._is_ended = False  # by a line with figures: the next one is under way, without a name yet
        self._is_over = False

    def take(self) -> list[Mark]:
        """Return the marks since the last call."""
        marks, self._marks = self._marks, []
        return marks

    def begin_fold(self, number: int, total: int) -> None:
        """Count the epochs from the start again, within a fold."""
        self._prefix = f"fold {number}/{total}, "
        self._number, self._is_ended, self._is_over = None, False, False
        self._mark(MarkAction.BEGIN)

    def take_line(self, line: EpochLine, *, has_bar: bool) -> None:
        """Take a line that numbers an epoch; `has_bar`: it counts within the epoch."""
        is_heading = has_bar or not line.is_result
        if self._is_over or self._is_earlier(line.number, is_heading=is_heading):
            return
        if is_heading:
            self._begin(line.number)
        else:
            self._end(line.number)

    def take_bar(self, counter: Counter) -> None:
        """Take a bar that counts epochs: `done` of them are over."""
        is_of_epochs = "epoch" in counter.name.lower() and "#" not in counter.name and counter.total <= _MOST_EPOCHS
        if not is_of_epochs or self._is_over:
            return
        number = int(counter.done) + 1
        if counter.done >= counter.total:
            self._is_over = True
            self._mark(MarkAction.BEGIN)
        elif not self._is_earlier(number, is_heading=True):
            self._begin(number)

    def _is_earlier(self, number: int, *, is_heading: bool) -> bool:
        """Return whether the epoch is over already; if it begins again, their numbers do not tell the two apart."""
        if self._number is None or number >= self._number:
            return False
        if is_heading:
            self._is_over = True
            self._mark(MarkAction.BEGIN)
            self.problem = (
                f"epoch {number} began again after epoch {self._number}: what came then is listed by no epoch"
            )
        return True

    def _begin(self, number: int) -> None:
        if number == self._number:
            return  # drawn again, perhaps when its figures are out
        if self._is_ended:
            self._mark(MarkAction.EXTEND)  # what came after the figures, such as a validation, is of the epoch before
        self._number, self._is_ended = number, False
        self._mark(MarkAction.BEGIN, self._name(number))

    def _end(self, number: int) -> None:
        if self._is_ended and number == self._number:
            self._mark(MarkAction.EXTEND)
            return
        if self._is_ended and self._number is not None:
            first = self._number + 1
            self._mark(MarkAction.NAME, self._name(first) + (f" to {number}" if number > first else ""))
        self._number, self._is_ended = number, True
        self._mark(MarkAction.BEGIN)

    def _name(self, number: int) -> str:
        return f"{self._prefix}epoch {number}" if self._prefix else str(number)

    def _mark(self, action: MarkAction, name: str | None = None) -> None:
        mark = Mark(PhaseKind.EPOCH, action, name)
        if action is not MarkAction.EXTEND or not self._marks or self._marks[-1] != mark:
            self._marks.append(mark)
