"""Stand in for the standard streams, for every verb: a closed one, and an output that cannot be written."""

from __future__ import annotations

import errno
import os
import sys
from abc import ABC, abstractmethod

from carbon_lint.errors import OutputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TextIO


class _Stream(ABC):
    """Stand in for a stream. A reader that is gone (`| head`) is a BrokenPipeError, as without it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        """Return what else the stream has."""
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write as the stream does."""
        self._try(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        self._try(self._stream.flush)

    @abstractmethod
    def _try(self, do: Callable[[], object]) -> None:
        """Write, and do what the stream does if that fails."""


class Messages(_Stream):
    """Write to standard error. What cannot be written is dropped, or the exit status would tell of that alone."""

    def _try(self, do: Callable[[], object]) -> None:
        try:
            do()
        except BrokenPipeError:
            raise
        except OSError:
            return


class Output(_Stream):
    """Write to standard output. What cannot be written is an OutputError, whichever verb writes it."""

    def finish(self) -> None:
        """Write what an error left behind, and say so if that cannot be: at exit it would change the exit status."""
        try:
            self.flush()
        except BrokenPipeError:
            return
        except OutputError as error:
            sys.stderr.write(f"carbon-lint: {error.message}\n")

    def _try(self, do: Callable[[], object]) -> None:
        try:
            do()
        except OSError as error:
            # What is left in the buffer would be tried again, and fail again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            if isinstance(error, BrokenPipeError):
                raise
            cause = "it is not open for writing" if error.errno == errno.EBADF else error.strerror
            raise OutputError(f"cannot write to stdout: {cause}") from error


def open_streams() -> Output:
    """Open what is closed of the standard streams, put ours in the place of two, and return that of `sys.stdout`."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # A file or socket of ours would get its number, and the job inherit it. This is the lowest free one.
            os.open(os.devnull, os.O_RDWR)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  a number, for good
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  a number, for good
    if sys.stdout is None:
        # Not for writing: what a verb finds is not to be lost in silence.
        sys.stdout = open(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # Cards hold any character, a terminal or CI log may know ASCII only: escaped is better than a crash.
            stream.reconfigure(errors="backslashreplace")
    sys.stderr = Messages(sys.stderr)
    sys.stdout = output = Output(sys.stdout)
    return output
