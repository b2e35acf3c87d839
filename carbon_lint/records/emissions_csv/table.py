"""Read the rows of an `emissions.csv`; leave out what cannot be read, with a warning.

Column sets of CodeCarbon 1.0 (12 columns) to 3.3.2 (38) and any beyond: columns are found by name. `emissions` are
kilograms in the file and grams here. Spreadsheets and shells change the file on its way: tabs, `;`, a `sep=` line,
UTF-16, a byte order mark, and files that were joined with their header lines are read too.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from carbon_lint.errors import InputError
from carbon_lint.files import why
from carbon_lint.text import quoted
from carbon_lint.units import grams_from_kilograms

# A spreadsheet that separates by `;` or tabs also writes its own decimal sign.
_DECIMAL_COMMA = re.compile(r"^([+-]?\d+),(\d+(?:[eE][+-]?\d+)?)$")
_DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|])"?[ ,;\t]*\Z', re.IGNORECASE)
_FIRST_COLUMNS = ("timestamp", "task_name")  # of the tables that CodeCarbon writes
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_STAMP = re.compile(r"\d{4}-\d\d-\d\d(?:[T ](?P<hour>\d\d)(?P<minute>:\d\d)?(?P<second>:\d\d)?(?P<rest>\.\d+)?)?.*")
REQUIRED = ("emissions", "energy_consumed", "duration")
UNKNOWN_TIME = datetime(1970, 1, 1)  # noqa: DTZ001  the times of the file have no zone either
NO_VALUE = frozenset(("", "nan", "none", "null", "n/a", "na", "-"))
"""What a cell without a value holds, in lower case: CodeCarbon's `None`, and pandas' `nan`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row whose cells fit the header. Whether its figures can be believed is asked when its run is chosen."""

    path: str
    number: int  # as an editor counts the file's lines, from 1
    cells: dict[str, str]
    emissions_g: float
    energy_kwh: float
    duration_s: float

    @property
    def where(self) -> str:
        """The row as a message names it."""
        return f"{self.path}, line {self.number}"

    def text(self, column: str) -> str:
        """Return the cell's text; empty if it has no value or the file has no such column."""
        cell = self.cells.get(column, "")
        return "" if cell.lower() in NO_VALUE else cell

    @property
    def is_task(self) -> bool:
        """True if the row is one task's share of its run, as `tracker.start_task` makes it."""
        return bool(self.text("task_name"))

    @property
    def is_default_place(self) -> bool:
        """True if the row says Quebec, which CodeCarbon also says when it could not find out."""
        country = {self.text("country_iso_code").upper(), self.text("country_name").upper()}
        return bool(country & {"CAN", "CANADA"}) and self.text("region").strip().lower() == "quebec"

    @property
    def is_codecarbon_1(self) -> bool:
        """True if the columns are those of CodeCarbon 1.x: 2.0 brought the run id, the rate, powers and energies."""
        return not {"run_id", "emissions_rate", "cpu_energy", "codecarbon_version", "os"} & self.cells.keys()

    @property
    def ended(self) -> datetime | None:
        """The time of the row; None if it cannot be read. A time without a zone is taken as UTC."""
        try:
            stamp = datetime.fromisoformat(self.text("timestamp"))
            return stamp if stamp.tzinfo is None else stamp.astimezone(UTC).replace(tzinfo=None)
        except (ValueError, OverflowError):
            return None

    @property
    def started(self) -> datetime | None:
        """When the row's clock began."""
        ended = self.ended
        try:
            return None if ended is None else ended - timedelta(seconds=self.duration_s)
        except (OverflowError, ValueError):
            return None

    @property
    def resolution_s(self) -> float:
        """How far the written time may lie before the true one: CodeCarbon cuts to seconds, spreadsheets to minutes."""
        match = _STAMP.fullmatch(self.text("timestamp"))
        if match is None or match["hour"] is None:
            return 86400.0
        if match["minute"] is None:
            return 3600.0
        if match["second"] is None:
            return 60.0
        return 1.0 if match["rest"] is None else 10.0 ** (1 - len(match["rest"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvTable:
    """The rows of one file in its order, and what was left out."""

    path: str
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]


def looks_like_csv(data: bytes) -> bool:
    """Return whether the file is a table with CodeCarbon's columns and no JSON."""
    text, _ = _decoded(data[:8192])
    head = next(iter(_lines_from_header(text)[1].lstrip("\r\n\t ").splitlines()), "")
    return {"emissions", "duration"} <= {name.strip(' "') for name in re.split(r"[,;\t|]", head)}


def read_table(path: str | os.PathLike[str]) -> CsvTable:
    """Return the rows of the file. Raises InputError if it cannot be read or is not such a table."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {why(error)}", hint="name the emissions.csv of the run") from error
    return parse_table(data, str(path))


def parse_table(data: bytes, path: str) -> CsvTable:
    """Return the rows in `data`. Raises InputError as `read_table` does."""
    _refuse_others(data, path)
    text, is_plain = _decoded(data)
    if "\0" in text:
        hint = "name the emissions.csv that CodeCarbon wrote; a table is saved as CSV in UTF-8"
        raise InputError(f"{path} is not a text file", hint=hint)
    warnings = [] if is_plain else [f"{path} is not UTF-8; it was read as Windows-1252"]
    skipped, text, sign = _lines_from_header(text)
    delimiter = sign or max(_DELIMITERS, key=text.partition("\n")[0].count)  # a comma if nothing separates the head
    lines = ((number + skipped, cells) for number, cells in _lines(text, delimiter, path))
    header = _names(next(lines, (0, []))[1])
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        found = f"its columns are {', '.join(header[:4])}, ..." if any(header) else "it is empty"
        raise InputError(
            f"{path} is not an emissions.csv of CodeCarbon: it has no column {missing[0]!r}; {quoted(found)[1:-1]}",
            hint="name the file that CodeCarbon wrote, with its header line",
        )
    twice = [name for name in REQUIRED if header.count(name) > 1]
    if twice:
        raise InputError(
            f"{path} has the column {twice[0]!r} {header.count(twice[0])} times, expected once",
            hint="name the file as CodeCarbon wrote it",
        )
    rows = tuple(_rows(lines, header, path, warnings, has_decimal_comma=delimiter in {";", "\t"}))
    return CsvTable(path=path, rows=rows, warnings=tuple(warnings))


def _refuse_others(data: bytes, path: str) -> None:
    if data.startswith(b"version https://git-lfs.github.com/spec/"):
        raise InputError(f"{path} is a pointer of Git LFS, not the file itself", hint="fetch it with: git lfs pull")
    head = data[:4096].lstrip(codecs.BOM_UTF8 + b" \t\r\n")
    if not head.startswith(b"{"):
        return
    if b"carbon-lint/journal@" in head:
        raise InputError(
            f"{path} is a journal of carbon-lint, not an emissions.csv",
            hint=f"when the run has ended: carbon-lint recover {path} -o r.json",
        )
    what = "a record of carbon-lint" if b"carbon-lint/record@" in head else "JSON"
    raise InputError(
        f"{path} is {what}, not an emissions.csv of CodeCarbon",
        hint="a record is given as `card --from FILE` without the flags of a table, or as `check --record FILE`",
    )


def _decoded(data: bytes) -> tuple[str, bool]:
    """Return the text without its marks (a joined file has one inside), and whether its encoding was certain."""
    encoding = next((encoding for mark, encoding in _BYTE_ORDER_MARKS if data.startswith(mark)), None)
    if encoding is None and b"\0" in data[:64]:  # UTF-16 without its mark: every second byte of plain English is 0
        encoding = "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
    try:
        text, is_certain = data.decode(encoding or "utf-8", errors="replace" if encoding else "strict"), True
    except UnicodeDecodeError:
        text, is_certain = data.decode("cp1252", errors="replace"), False
    return text.replace("\ufeff", ""), is_certain


def _lines_from_header(text: str) -> tuple[int, str, str | None]:
    """Return how many lines stand before the header, the text from it on, and the sign that a `sep=` line names."""
    skipped, at, sign = 0, 0, None
    while at < len(text):
        end = text.find("\n", at)
        line = text[at : end if end >= 0 else len(text)]
        match = _SEPARATOR_LINE.match(line.strip("\r "))
        if match is None and line.strip("\r\t ,;"):
            break
        sign = match[1] if match is not None else sign
        skipped, at = skipped + 1, end + 1 if end >= 0 else len(text)
    return skipped, text[at:], sign


def _lines(text: str, delimiter: str, path: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the cells of each row."""
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in table:
            yield table.line_num, cells
    except csv.Error as error:
        hint = "name the emissions.csv that CodeCarbon wrote"
        raise InputError(f"{path} is not a table: {error}", hint=hint) from error


def _rows(
    lines: Iterator[tuple[int, list[str]]],
    header: list[str],
    path: str,
    warnings: list[str],
    *,
    has_decimal_comma: bool,
) -> Iterator[Row]:
    for number, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        row_cells, next_header = _parted(cells, header)
        if row_cells is None:
            header = next_header
            continue
        if len(row_cells) != len(header):
            kind = "cut off" if len(row_cells) < len(header) else "two rows in one"
            warnings.append(
                f"{path}, line {number} was left out: it is {kind} ({len(row_cells)} cells, {len(header)} columns), "
                "so its run may be counted too low"
            )
        else:
            named = {name: cell.strip() for name, cell in zip(header, row_cells, strict=True)}
            if has_decimal_comma:
                named = {name: _DECIMAL_COMMA.sub(r"\1.\2", cell) for name, cell in named.items()}
            problem = _unreadable(named)
            if problem is None:
                kg, kwh, duration_s = (float(named[name]) for name in REQUIRED)
                grams = grams_from_kilograms(kg)
                yield Row(
                    path=path, number=number, cells=named, emissions_g=grams, energy_kwh=kwh, duration_s=duration_s
                )
            else:
                warnings.append(f"{path}, line {number} was left out: {problem}")
        header = next_header


def _parted(cells: list[str], header: list[str]) -> tuple[list[str] | None, list[str]]:
    """Return the cells of the row, and the header of the rows after it.

    A file that was joined to another brings its own header line, in a line of its own (then there are no cells), or,
    if the first file had no line end, behind the last row.
    """
    names = _names(cells)
    if set(REQUIRED) <= set(names):
        width = len(header)
        seam = names[width - 1] if len(names) >= width else ""
        first = next((name for name in (header[0], *_FIRST_COLUMNS) if seam.endswith(name)), None)
        if first is None:
            return None, names
        return [*cells[: width - 1], cells[width - 1].strip()[: -len(first)]], [first, *names[width:]]
    return cells, header


def _names(cells: list[str]) -> list[str]:
    """Return the names of a header's columns, which CodeCarbon writes in lower case."""
    return [cell.strip().lower() for cell in cells]


def _unreadable(cells: dict[str, str]) -> str | None:
    """Return which required cell is not a number, and why; None if all are."""
    for name in REQUIRED:
        if not cells[name]:
            return f"its cell {name!r} is empty"
        try:
            float(cells[name])
        except ValueError:
            return f"its cell {name!r} is {quoted(cells[name], 40)}, which is not a number"
    return None
