"""`--output FORMAT=PATH`: read what the user wrote, try the places before the work, write the reports after it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from difflib import get_close_matches

from carbon_lint.errors import OutputError, UsageError
from carbon_lint.files import check_writable, write_atomically
from carbon_lint.lint.diagnostic import LintReport
from carbon_lint.report.earlier import check_replaceable
from carbon_lint.report.findings.reporters import REPORTERS, RenderOptions


def parse_outputs(values: Iterable[str], *, force: bool = False) -> list[tuple[str, str]]:
    """Return `[('sarif', 'lint.sarif')]` for `['sarif=lint.sarif']`, each place tried.

    Raises:
        UsageError: no `=`, an unknown format, no path, or one path given twice.
        OutputError: the folder of a path is not there or cannot be written to, or a file is there that is not a report.
    """
    outputs: list[tuple[str, str]] = []
    for value in values:
        name, equals, path = value.partition("=")
        if name not in REPORTERS or not equals or not path:
            near = get_close_matches(name, REPORTERS, n=1) if equals and name not in REPORTERS else ()
            guess = f"did you mean {near[0]}? " if near else ""
            raise UsageError(
                f"--output {value!r} is not FORMAT=PATH",
                hint=f"{guess}write FORMAT=PATH, like {_example(value)}; formats: {', '.join(REPORTERS)}",
            )
        if path in {known for _, known in outputs}:
            raise UsageError(f"--output: {path} is named twice", hint="give each report a file of its own")
        if os.path.isdir(path):
            raise OutputError(f"cannot write {path}: it is a folder", hint="name a file")
        if not _is_stream(path):
            check_writable(path)
        if not force:
            check_replaceable(path, name)
        outputs.append((name, path))
    return outputs


def _example(value: str) -> str:
    """Return what may have been meant: `text=c2.txt` for `c2.txt`."""
    _, dot, suffix = value.rpartition(".")
    return f"{suffix if suffix in REPORTERS else 'text'}={value}" if dot and "=" not in value else "sarif=lint.sarif"


def write_outputs(
    report: LintReport, outputs: Iterable[tuple[str, str]], options: RenderOptions, *, force: bool = False
) -> None:
    """Write the report in each format to its path, without colour. Raises OutputError."""
    plain = RenderOptions(width=options.width, base=options.base, folder=options.folder)
    for name, path in outputs:
        data = REPORTERS[name](report, plain).encode("utf-8", "backslashreplace")
        if not _is_stream(path):
            if not force:
                check_replaceable(path, name)  # a file may have come there since the place was tried
            write_atomically(path, data)
            continue
        try:
            with open(path, "wb") as stream:
                stream.write(data)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from error


def _is_stream(path: str) -> bool:
    """Return whether it is a FIFO or a device such as /dev/stdout: it can only be written to."""
    return os.path.exists(path) and not os.path.isfile(path)
