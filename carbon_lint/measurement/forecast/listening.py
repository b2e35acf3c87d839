"""Read what the job prints while it is passed on unchanged: for a forecast, and only then.

* A file (`> train.log`, and what Slurm makes): the job writes to it as ever, and its end is read.
* A pipe, a socket, `/dev/null`: the job is given a pipe, one for both streams if they go to one place, so that their
  order is kept. A thread passes on each byte at once. If the reader goes away, ours goes away too.
* A terminal: the job is given a terminal of its own, of the same size, raw, so that nothing is translated twice. It
  reads the keyboard from the real one, on stdin.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import math
import os
import select
import signal
import stat
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from typing import Self

from carbon_lint.measurement.forecast.printed_progress import KEPT_BYTES, PrintedProgress, Stream

CHUNK_BYTES = 1 << 16
DRAIN_S = 0.3
"""How long the last output is waited for when a process that the job left behind keeps the pipe open."""
_LOOK_S = 0.1
_HURRY_S = 1.0
_STDERR = 2
_OUTPUTS = (1, _STDERR)
_NAMES = {1: "stdout", 2: "stderr"}


def empty(read_end: int, is_over: int, take: Callable[[bytes], None], chunk_bytes: int) -> None:
    """Hand all that comes out of `read_end` to `take`; until its end, or until silence when `is_over` is readable.

    A daemon that the job left keeps the pipe open: once the job is over, `DRAIN_S` without a byte end it as well.
    Raises what `take` raises.
    """
    poller, wait_ms = select.poll(), None  # `select` refuses descriptors from 1024 on
    for descriptor in (read_end, is_over):
        poller.register(descriptor, select.POLLIN)
    while True:
        ready = [descriptor for descriptor, _ in poller.poll(wait_ms)]
        if is_over in ready:
            poller.unregister(is_over)
            wait_ms = DRAIN_S * 1000
        elif not ready:
            return
        if read_end in ready:
            try:
                data = os.read(read_end, chunk_bytes)
            except OSError as error:
                if error.errno != errno.EIO:  # so a terminal ends
                    raise
                return
            if not data:
                return
            take(data)


class _FileStream(Stream):
    """The end of a file that the job writes to."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._offset = os.fstat(descriptor).st_size

    def take(self) -> tuple[list[bytes], bytes]:
        """See Stream. Nothing new if the file cannot be read any more."""
        with contextlib.suppress(OSError):
            size = os.fstat(self._descriptor).st_size
            begin = max(self._offset, size - KEPT_BYTES) if size >= self._offset else 0
            self._is_lossy |= begin != self._offset
            self._offset = begin
            while data := os.pread(self._descriptor, CHUNK_BYTES, self._offset):
                self._offset += len(data)
                self.feed(data)
                if self._offset >= size:
                    break
        return super().take()

    def close(self) -> None:
        os.close(self._descriptor)


class _Passage:
    """Two descriptors: what the job writes to, and where its bytes go."""

    def __init__(self, outputs: list[int], stream: Stream) -> None:
        """Open the way; `outputs` are 1, 2 or both, which are one place then."""
        self.outputs = outputs
        self.target = outputs[0]
        self._stream = stream
        self.is_terminal = os.isatty(self.target)
        self.read_end, self.write_end = _open_terminal() if self.is_terminal else os.pipe()
        self._size: bytes | None = None
        self.resize()
        self.thread = threading.Thread(target=self._pass_on, name=f"job-output-{self.target}", daemon=True)
        self.is_over = os.eventfd(0, os.EFD_CLOEXEC)

    def resize(self) -> None:
        """Give the job's terminal the size of ours."""
        if not self.is_terminal:
            return
        with contextlib.suppress(OSError):
            size = fcntl.ioctl(self.target, termios.TIOCGWINSZ, bytes(8))
            if size != self._size:
                fcntl.ioctl(self.read_end, termios.TIOCSWINSZ, size)
                self._size = size

    def _pass_on(self) -> None:
        # Signals are for the main thread; and with SIGTTOU blocked we may write from the background, as the job could.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            empty(self.read_end, self.is_over, self._take, CHUNK_BYTES)
        except OSError:
            pass  # the reader is gone: closing our end makes the job's next write fail
        finally:
            self.close()

    def close(self) -> None:
        """Close our end: what the job still writes gets an error, as if our reader had gone."""
        self.is_terminal = False
        os.close(self.read_end)

    def _take(self, data: bytes) -> None:
        self._stream.feed(data)
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self.target, view) :]
            except BlockingIOError:  # it was given to us like that
                poller = select.poll()
                poller.register(self.target, select.POLLOUT)
                poller.poll()


class Listening:
    """A context manager around the job: `lent()` around the fork of its guardian, `start()` before it runs, `finish()`.

    If it is not wanted nothing of this does anything.
    """

    def __init__(self, is_given_up: Callable[[], bool], *, is_wanted: bool) -> None:
        """Take `is_given_up`, which says whether to give up while the last output waits for a reader."""
        self._is_given_up = is_given_up
        self._is_wanted = is_wanted
        self._files: list[_FileStream] = []
        self._passages: list[_Passage] = []
        self._stderr: Stream | None = None
        self._is_finished = False
        self.problem: str | None = None  # why something is not read; the job writes there as ever
        self.printed = PrintedProgress()

    def __enter__(self) -> Self:
        streams: list[Stream] = []
        for outputs in _grouped() if self._is_wanted else []:
            try:
                stream = self._open(outputs)
            except OSError as error:  # no terminal or descriptor is left, or a file that we may write to and not read
                name = " and ".join(_NAMES[output] for output in outputs)
                self.problem = f"the job's progress is not read from its {name}: {error.strerror}"
            else:
                streams.append(stream)
                self._stderr = stream if _STDERR in outputs else self._stderr
        self.printed = PrintedProgress(streams)
        return self

    def _open(self, outputs: list[int]) -> Stream:
        if stat.S_ISREG(os.fstat(outputs[0]).st_mode):
            file = _FileStream(os.open(f"/proc/self/fd/{outputs[0]}", os.O_RDONLY | os.O_CLOEXEC))
            self._files.append(file)
            return file
        stream = Stream()
        self._passages.append(_Passage(outputs, stream))
        return stream

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """Give what is forked within the job's stdout and stderr."""
        saved = {output: os.dup(output) for passage in self._passages for output in passage.outputs}
        for passage in self._passages:
            for output in passage.outputs:
                os.dup2(passage.write_end, output)
        try:
            yield
        finally:
            for output, original in saved.items():
                os.dup2(original, output)
                os.close(original)
            for passage in self._passages:
                os.close(passage.write_end)

    def start(self) -> None:
        """Pass on from now on. The guardian is forked by now: a process with threads must not be."""
        for passage in self._passages:
            passage.thread.start()

    @property
    def is_line_open(self) -> bool:
        """Whether the job has left a line of stderr unfinished, as a bar is: what we say begins a new one then."""
        return self._stderr is not None and self._stderr.is_line_open

    def resize(self) -> None:
        """Pass on the size of our terminal, which may have changed."""
        for passage in self._passages:
            passage.resize()

    def finish(self, *, is_hurried: bool = False) -> None:
        """Wait until all that the job wrote has been passed on; if `is_hurried` for a second at most."""
        deadline = time.monotonic() + _HURRY_S if is_hurried else math.inf
        self._is_finished = True
        for passage in self._passages:
            os.eventfd_write(passage.is_over, 1)
            while passage.thread.is_alive() and time.monotonic() < deadline and not self._is_given_up():
                passage.thread.join(_LOOK_S)

    def __exit__(self, *exception: object) -> None:
        if not self._is_finished:
            self.finish(is_hurried=True)
        for file in self._files:
            file.close()
        for passage in self._passages:
            if passage.thread.ident is None:
                passage.close()
            if not passage.thread.is_alive():
                os.close(passage.is_over)


def _open_terminal() -> tuple[int, int]:
    """Open a new one and return its ends. It is for writing alone: a job that reads there would wait forever.

    A session's leader that opens a terminal to read from it would get it for its own, too (/dev/tty).
    """
    controller, both_ways = os.openpty()
    try:
        tty.setraw(both_ways, termios.TCSANOW)
        os.fchmod(both_ways, stat.S_IWUSR)
        return controller, os.open(os.ttyname(both_ways), os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
    finally:
        os.close(both_ways)


def _grouped() -> list[list[int]]:
    """Return the two outputs, together if they are one place; without one that is closed."""
    there = []
    for output in _OUTPUTS:
        with contextlib.suppress(OSError):
            os.fstat(output)
            there.append(output)
    is_one = len(there) > 1 and os.path.sameopenfile(*_OUTPUTS)
    return [there] if is_one else [[output] for output in there]
