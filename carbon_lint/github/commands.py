"""Workflow commands and file commands: the only module that writes `::…::`, and always escaped.

A `Console` writes to the real standard output of the step. Everything it says that came from elsewhere goes through
`text.terminal`, so that no message can act as a command.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from carbon_lint import redact
from carbon_lint.errors import OutputError
from carbon_lint.report.run.leftovers import closed
from carbon_lint.text import command_data, command_property, terminal

# The runner shows ten annotations a level and step, and cuts a message at 4096 characters
# (actions/runner, ExecutionContext.cs: _maxIssueCount, _maxIssueMessageLength).
MAX_ANNOTATIONS = 10
MAX_MESSAGE_CHARACTERS = 4096
MAX_SUMMARY_BYTES = 1_048_576  # FileCommandManager.cs: a larger summary is dropped, with the step still green
MAX_FILE_BYTES = 1_048_576  # of a file command's file; the outputs of a whole job are not allowed to be more
_CUT_BYTES = 4096  # for the sentence that says what was cut, and for what closes the rest


class Console:
    """The step's log. Thread-safe: the pump of the job's output writes here too."""

    def __init__(self, descriptor: int, words: Callable[[str], str] = str) -> None:
        """Write to the file `descriptor`, which stays open. `words` puts a message into the words of a workflow."""
        self._descriptor = descriptor
        self._words = words
        self._secrets: list[str] = []
        self._lock = threading.Lock()
        self._is_line_open = False
        self._has_reader = True
        self._shown = dict.fromkeys(("error", "warning", "notice"), 0)

    def write(self, data: bytes) -> None:
        """Write job output, already made harmless, as it is."""
        if not data:
            return
        with self._lock:
            self._put(data)
            self._is_line_open = data[-1:] not in {b"\n", b"\r"}

    def said(self, message: str) -> str:
        """Return a message as the step shows it: in its words, and without any secret."""
        return redact.text(self._words(message), self._secrets)

    def line(self, text: str = "") -> None:
        """Write lines of the log that can only be read."""
        self._emit("".join(f"{terminal(line)}\n" for line in self.said(text).split("\n")))

    def error(self, message: str, where: Mapping[str, str] = MappingProxyType({})) -> None:
        """Write an error annotation; `where` has its file, line and column."""
        self._annotate("error", message, where)

    def warning(self, message: str) -> None:
        """Write a warning annotation."""
        self._annotate("warning", message)

    def notice(self, message: str) -> None:
        """Write a notice."""
        self._annotate("notice", message)

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Fold what is written in the block."""
        self._emit(f"::group::{command_data(terminal(title))}\n")
        try:
            yield
        finally:
            self._emit("::endgroup::\n")

    def mask(self, secret: str | None) -> None:
        """Have the runner replace `secret` by `***` from here on, line by line as it compares."""
        for part in (secret or "").splitlines():
            if part.strip():
                self._secrets.append(part.strip())
                self._emit(f"::add-mask::{command_data(part.strip())}\n")

    def annotations(self, rendered: str) -> None:
        """Write lines that `report` rendered for GitHub: already escaped, capped and sorted there."""
        if rendered:
            self._emit(rendered if rendered.endswith("\n") else f"{rendered}\n")

    def _annotate(self, level: str, message: str, where: Mapping[str, str] = MappingProxyType({})) -> None:
        self._shown[level] += 1
        shown = "\n".join(terminal(part) for part in self.said(message).split("\n"))[:MAX_MESSAGE_CHARACTERS]
        if self._shown[level] > MAX_ANNOTATIONS:
            self._emit(f"{level}: {terminal(shown)}\n")  # past the runner's limit: still in the log
            return
        given = {**where, "title": "carbon-lint"}
        properties = ",".join(f"{name}={command_property(terminal(value))}" for name, value in given.items())
        self._emit(f"::{level} {properties}::{command_data(shown)}\n")

    def _emit(self, text: str) -> None:
        with self._lock:
            # The job may have left a progress bar: a command counts only at the start of a line.
            start = b"\n" if self._is_line_open else b""
            self._put(start + text.encode("utf-8", "backslashreplace"))
            self._is_line_open = False

    def _put(self, data: bytes) -> None:
        """Write all of `data`; nothing more once the reader has gone: outputs and record must still be written."""
        view = memoryview(data)
        try:
            while view and self._has_reader:
                view = view[os.write(self._descriptor, view) :]
        except OSError:
            self._has_reader = False


def file_command(name: str, value: str) -> str:
    """Return `name` and `value` as an entry of GITHUB_OUTPUT or GITHUB_ENV, with a delimiter that cannot be guessed."""
    delimiter = f"carbon-lint-{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def append(path: Path, text: str) -> None:
    """Append `text` to a file command's file. Raises OutputError if it cannot be written."""
    _write(path, text, os.O_APPEND)


def append_entries(path: Path, text: str) -> None:
    """Append whole entries so that the runner reads them, whatever the job left in the file. Raises OutputError.

    One broken entry before ours, and the runner would take none of the file. A name with `<` would break its entry.
    """
    found = ((name, value) for name, value in read_entries(readable(path)) if "<" not in name)
    before = "".join(file_command(name, value) for name, value in found)
    rewrite(path, before + text)


def rewrite(path: Path, text: str) -> None:
    """Make `text` all that a regular file holds; append it to anything else. Raises OutputError."""
    # Never through a link: the job chose where that leads.
    _write(path, text, os.O_TRUNC if path.is_file() and not path.is_symlink() else os.O_APPEND)


def readable(path: Path) -> str:
    """Return what a file command's file holds; "" unless it is a regular file.

    The runner takes a byte order mark for none of the text (.NET, File.ReadAllText), and so do we.
    """
    if path.is_symlink() or not path.is_file():
        return ""
    with path.open("rb") as stream:
        return stream.read(MAX_FILE_BYTES).decode("utf-8-sig", "replace")


def _write(path: Path, text: str, mode: int) -> None:
    # Not blocking: the job may have replaced the file by a FIFO without a reader.
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | mode, 0o644)
        with open(descriptor, "wb") as stream:
            stream.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error


def write_summary(path: Path, ours: str, the_jobs: str) -> None:
    """Write the step's summary: ours first, whatever is there already, then the job's, closed. Raises OutputError.

    A job that runs as root can find the file itself and write into it; each step has a file of its own.
    """
    found = readable(path)
    theirs = closed("\n\n".join(text for text in (found, the_jobs) if text.strip()))
    ours_whole = _cut(ours, MAX_SUMMARY_BYTES)
    if ours_whole and theirs:
        ours_whole += "\n---\n\n*Written by the job:*\n\n"
    room_bytes = MAX_SUMMARY_BYTES - len(ours_whole.encode("utf-8", "backslashreplace"))
    whole = ours_whole + (
        theirs if len(theirs.encode()) <= room_bytes else closed(_cut(theirs, room_bytes - _CUT_BYTES))
    )
    rewrite(path, whole)


def _cut(markdown: str, room_bytes: int) -> str:
    """Return `markdown`, cut to the size from which the runner would drop all of it."""
    data = markdown.encode("utf-8", "backslashreplace")
    if len(data) <= room_bytes:
        return markdown
    kept = data[: max(0, room_bytes - _CUT_BYTES)].decode("utf-8", "ignore").rpartition("\n")[0]
    return f"{kept}\n\n> Cut here: GitHub drops a summary of more than 1 MiB. All of it is in the log.\n"


def read_entries(text: str) -> Iterator[tuple[str, str]]:
    """Name and value of each entry of GITHUB_OUTPUT or GITHUB_ENV, by the runner's rules; ends at the first broken one.

    actions/runner, FileCommandManager.cs: `NAME=VALUE` if `=` comes before `<<`, else `NAME<<DELIMITER`.
    """
    lines = iter(text.replace("\r\n", "\n").split("\n"))
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, value = line[:equals], line[equals + 1 :]
        elif heredoc >= 0 and line[heredoc + 2 :]:
            name = line[:heredoc]
            found = _heredoc(lines, line[heredoc + 2 :])
            if found is None:
                return
            value = found
        else:
            return
        if name:
            yield name, value


def _heredoc(lines: Iterator[str], delimiter: str) -> str | None:
    value: list[str] = []
    for line in lines:
        if line == delimiter:
            return "\n".join(value)
        value.append(line)
    return None
