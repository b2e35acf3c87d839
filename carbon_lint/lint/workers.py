"""Worker processes for many cards: forked, fed with batches of paths, read in order.

Not `concurrent.futures`: to import and start it takes as long as to lint a thousand cards. A worker has at most two
batches before it, and a batch of paths fits into a pipe, so that no side can wait for the other for ever.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback

from carbon_lint.errors import CarbonLintError, InputError
from carbon_lint.lint.discover import Found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from carbon_lint.lint.engine import Judge, Judged

    Files = list[tuple[str, bool]]

_LENGTH = 8
"""Bytes that say how long a message is."""


class Worker:
    """One process that judges batches. `send` and `receive` by turns, not more than two batches ahead."""

    __slots__ = ("_pid", "_results", "_tasks")

    def __init__(self, judge: Judge, others: list[Worker]) -> None:
        """Start it. `others` are the workers before it, whose pipes it must not hold open."""
        task_end, self._tasks = os.pipe()
        self._results, result_end = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            for worker in (*others, self):
                os.close(worker._tasks)  # noqa: SLF001  same class
                os.close(worker._results)  # noqa: SLF001  same class
            _serve(judge, task_end, result_end)
        os.close(task_end)
        os.close(result_end)

    def send(self, files: Files) -> None:
        """Give it a batch. Raises InputError where the process has ended."""
        try:
            _write(self._tasks, files)
        except BrokenPipeError as error:  # of this pipe, and not of standard output, which would mean `| head`
            raise _ended() from error

    def receive(self) -> dict[int, Judged]:
        """Those of its oldest batch that there is anything to say about, by position. Raises what judging raised."""
        result: dict[int, Judged] | CarbonLintError | None = _read(self._results)
        if result is None:
            raise _ended()
        if isinstance(result, CarbonLintError):
            raise result
        return result

    def stop(self) -> None:
        """End it, at once where it is still at work."""
        os.close(self._tasks)
        os.close(self._results)
        os.kill(self._pid, signal.SIGTERM)
        os.waitpid(self._pid, 0)


def _ended() -> InputError:
    return InputError("a worker process ended while it judged cards", hint="was it out of memory, or killed?")


def _serve(judge: Judge, task_end: int, result_end: int) -> None:
    """The worker's life: until there are no more batches. Never returns."""
    # Ctrl-C reaches the whole process group; the parent answers it, and stops the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    status = 1
    try:
        while (files := _read(task_end)) is not None:
            _write(result_end, _judged(judge, files))
        status = 0
    except OSError:
        pass  # the parent has gone
    finally:
        if sys.exc_info()[0] is not None:
            traceback.print_exc()  # a bug: the parent can only say that a worker ended
        os._exit(status)


def _judged(judge: Judge, files: Files) -> dict[int, Judged] | CarbonLintError:
    try:
        judged = [judge.judge(Found(path, is_named=is_named)) for path, is_named in files]
    except CarbonLintError as error:
        return error
    return {index: one for index, one in enumerate(judged) if not one.is_silent}


def _write(descriptor: int, value: object) -> None:
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    data = len(data).to_bytes(_LENGTH, "big") + data
    while data:
        data = data[os.write(descriptor, data) :]


def _read(descriptor: int) -> Any:
    """The next message; None at the end of the pipe."""
    head = _read_exactly(descriptor, _LENGTH)
    if head is None:
        return None
    data = _read_exactly(descriptor, int.from_bytes(head, "big"))
    return None if data is None else pickle.loads(data)  # noqa: S301  from our own child


def _read_exactly(descriptor: int, length: int) -> bytes | None:
    parts = []
    while length:
        part = os.read(descriptor, min(length, 1 << 20))
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
