"""The job's output on its way to the runner: live, byte for byte, but unable to act as workflow commands.

The runner reads the step's output by lines (LF, CR or both end one) and acts on `::name …::data` at the start of a line
and on the old `##[name …]data` anywhere in it (actions/runner, ActionCommand.cs). Here a zero-width space parts `::`
and `##[`. Two commands of the job's own are honoured, being harmless and needed: `add-mask` (masks.py) and the folds
(`group`, `endgroup`). Cutting out everything by `stop-commands` would lose those, and would hang on a token that stays
secret.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from carbon_lint.github import masks
from carbon_lint.measurement.forecast.listening import empty
from carbon_lint.text import command_data

CHUNK_BYTES = 1 << 18
# A command is held back until its line ends. No honest one is longer; past this it is let go, made harmless.
MAX_HELD_BYTES = 1 << 16

_ZERO_WIDTH_SPACE = "\u200b".encode()
# One byte stands before the data (see `feed`). Before `::` the runner trims white space of all of Unicode's kinds: here
# anything but visible ASCII. The alternatives begin with literals, so that `re` skips to them; a class would be slower.
_SUSPECT = re.compile(rb"\n[^!-~\r\n]*:(?=:|\Z)|\r[^!-~\r\n]*:(?=:|\Z)|##(?=\[|\Z)|#\Z")
_LINE_END = re.compile(rb"[\r\n]")
_VISIBLE = re.compile(rb"[!-~]")
_HONOURED = (
    re.compile(rb"::(add-mask|group|endgroup)(?: [^\r\n]*?)?::(.*)", re.IGNORECASE | re.DOTALL),
    re.compile(rb"##\[(add-mask|group|endgroup)(?: [^\]\r\n]*)?\](.*)", re.IGNORECASE | re.DOTALL),
)
_ESCAPES = ((b"%0D", b"\r"), (b"%0A", b"\n"), (b"%25", b"%"))  # ActionCommand.cs, in this order
_NOT_MASKED = b"carbon-lint: a mask was not set: it is shorter than 8 characters, or made of words of this report"
_OLD_ESCAPES = ((b"%3B", b";"), (b"%5D", b"]"))  # of `##[…]`, which the newer form does not know


class Filter:
    """Bytes in, harmless bytes out. Holds back at most `MAX_HELD_BYTES`, and only if a command may be beginning."""

    def __init__(self) -> None:
        self._held = b""
        self._is_line_start = True  # nothing visible has been let out on this line
        self._is_group_open = False

    def feed(self, data: bytes) -> bytes:
        """Return what may be written now of all that came so far."""
        is_within_command = self._held.startswith((b"::", b"##["))
        if is_within_command and len(self._held) + len(data) <= MAX_HELD_BYTES and not _LINE_END.search(data):
            self._held += data
            return b""
        return self._filtered(self._held + data, is_end=False)

    def finish(self) -> bytes:
        """Return the rest, when no more comes: what was held back, and an end for a fold that was left open."""
        rest = self._filtered(self._held, is_end=True)
        return rest + b"\n::endgroup::\n" if self._is_group_open else rest

    def _filtered(self, data: bytes, *, is_end: bool) -> bytes:
        self._held = b""
        out: list[bytes] = []
        done = 0
        for match in _SUSPECT.finditer((b"\n" if self._is_line_start else b" ") + data):
            hashes = len(match[0]) if match[0].startswith(b"#") else 0
            marker = match.end() - 1 - (hashes or 1)
            if marker < done:
                continue
            self._let_out(out, data[done:marker])
            line_end = _LINE_END.search(data, marker)
            if line_end is None and not is_end and len(data) - marker <= MAX_HELD_BYTES:
                self._held = data[marker:]
                return b"".join(out)
            stop = line_end.start() if line_end else len(data)
            honoured = self._honoured(data[marker:stop])
            if honoured is None:
                done = marker + (hashes or 1)
                self._let_out(out, data[marker:done] + _ZERO_WIDTH_SPACE if stop > done else data[marker:done])
            else:
                self._let_out(out, honoured)
                done = stop
        self._let_out(out, data[done:])
        return b"".join(out)

    def _honoured(self, line: bytes) -> bytes | None:
        """Return what `line`, from its marker on, becomes if it is a command that the job may give."""
        for pattern in _HONOURED:
            match = pattern.match(line)
            if match is None:
                continue
            name, data = match[1].lower(), match[2]
            if line.startswith(b"#"):
                for escape, plain in _OLD_ESCAPES:
                    data = data.replace(escape, plain)
            start = b"" if self._is_line_start else b"\n"
            if name == b"add-mask":
                # The line is swallowed, so the secret in it is not shown; an empty mask is an error to the runner.
                return start + _masks(data) if data.strip() else b""
            self._is_group_open = name == b"group"
            return start + b"::" + name + b"::" + harmless(data)
        return None

    def _let_out(self, out: list[bytes], data: bytes) -> None:
        if not data:
            return
        out.append(data)
        last = max(data.rfind(b"\n"), data.rfind(b"\r"))
        if last >= 0 or self._is_line_start:
            self._is_line_start = _VISIBLE.search(data, last + 1) is None


def _masks(data: bytes) -> bytes:
    """Return the commands that mask what may be masked of `data`, or a line that says why there is none."""
    for escape, plain in _ESCAPES:
        data = data.replace(escape, plain)
    lines = masks.honoured(data.decode("utf-8", "surrogateescape"))
    if not lines:
        return _NOT_MASKED
    return "\n".join(f"::add-mask::{command_data(line)}" for line in lines).encode("utf-8", "surrogateescape")


def harmless(text: bytes) -> bytes:
    """Return `text`, a part of one line, with every `::` and `##[` parted."""
    text = re.sub(rb":(?=:)", b":" + _ZERO_WIDTH_SPACE, text)
    return text.replace(b"##[", b"##" + _ZERO_WIDTH_SPACE + b"[")


class JobOutput:
    """Everything that this process and its children write to descriptors 1 and 2, through a `Filter`, to `write`.

    One pipe takes both, so their order is kept. A context manager. The thread that empties the pipe is started by
    `start()`, not on entering: the job's guardian is forked before, and a process with threads must not be forked.
    Until then the pipe holds what is written.
    """

    def __init__(self, write: Callable[[bytes], None], on_output: Callable[[bytes], object]) -> None:
        """Take functions that the thread calls: `write` with harmless output, `on_output` with what the job wrote."""
        self._on_output = on_output
        self._write = write
        self._is_over = -1
        self._thread = threading.Thread(target=self._pump, name="job-output", daemon=True)
        self._saved: tuple[int, int] = (-1, -1)
        self._read_end = -1

    def __enter__(self) -> Self:
        sys.stdout.flush()
        sys.stderr.flush()
        self._is_over = os.eventfd(0, os.EFD_CLOEXEC)
        self._read_end, write_end = os.pipe()
        self._saved = os.dup(1), os.dup(2)
        os.dup2(write_end, 1)
        os.dup2(write_end, 2)
        os.close(write_end)
        return self

    def start(self) -> None:
        """Let the output through from now on. May be called again."""
        if self._thread.ident is None:
            self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.start()
        sys.stdout.flush()
        sys.stderr.flush()
        for descriptor, original in zip((1, 2), self._saved, strict=True):
            os.dup2(original, descriptor)
            os.close(original)
        os.eventfd_write(self._is_over, 1)
        self._thread.join()
        os.close(self._read_end)
        os.close(self._is_over)

    def _pump(self) -> None:
        job_output = Filter()

        def take(data: bytes) -> None:
            self._on_output(data)
            self._write(job_output.feed(data))

        empty(self._read_end, self._is_over, take, CHUNK_BYTES)
        self._write(job_output.finish())
