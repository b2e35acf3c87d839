"""The rows of an `emissions.csv`, by run, with what cannot be read left out and said.

Column sets of CodeCarbon 1.0 (12 columns) to 3.3.2 (38) and any beyond: columns are found by name. `emissions` are
kilograms in the file and grams here.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.errors import InputError, MeasurementError
from carbon_lint.units import grams_from_kilograms

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

# A spreadsheet that separates by `;` also writes its own decimal sign.
_DECIMAL_COMMA = re.compile(r"^([+-]?\d+),(\d+(?:[eE][+-]?\d+)?)$")
REQUIRED = ("emissions", "energy_consumed", "duration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row whose cells fit the header. Whether its figures can be believed is asked when it is chosen."""

    number: int  # as an editor counts the file's lines, from 1
    run_id: str
    cells: dict[str, str]
    emissions_g: float
    energy_kwh: float
    duration_s: float

    @property
    def is_default_place(self) -> bool:
        """True where the row says Quebec, which CodeCarbon says too when it could not find out."""
        country = {self.cells.get("country_iso_code", "").upper(), self.cells.get("country_name", "").upper()}
        return bool(country & {"CAN", "CANADA"}) and self.cells.get("region", "").strip().lower() == "quebec"


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The file's runs, each with its rows in order, and what was left out."""

    path: str
    runs: dict[str, tuple[Row, ...]]
    warnings: tuple[str, ...]


def looks_like_csv(data: bytes) -> bool:
    """True where the file is a table with CodeCarbon's columns and no JSON."""
    head = data[:4096].lstrip(b"\xef\xbb\xbf\r\n\t ").partition(b"\n")[0]
    return not head.startswith((b"{", b"[")) and b"emissions" in head and (b"," in head or b";" in head)


def read_log(path: str | os.PathLike[str]) -> Log:
    """The runs in the file. Raises InputError where it cannot be read or holds no usable row."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", hint="name the emissions.csv of the run") from error
    return parse_log(data, str(path))


def parse_log(data: bytes, path: str) -> Log:
    """The runs in `data`. Raises InputError as `read_log` does."""
    warnings: list[str] = []
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
        warnings.append("the file is not UTF-8; it was read as Windows-1252")
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    table = _rows(text, delimiter, path)
    header = [name.strip() for name in next(table, (0, []))[1]]
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise InputError(
            f"{path} is not an emissions.csv of CodeCarbon: it has no column {missing[0]!r}",
            hint="name the file that CodeCarbon wrote, with its header line",
        )
    rows = list(_whole_rows(table, header, warnings, has_decimal_comma=delimiter == ";"))
    if not rows:
        why = f": {warnings[-1]}" if warnings else ""
        raise MeasurementError(
            f"{path} holds no row that can be read{why}",
            hint="a run that crashed or was stopped leaves no row; measure it with `carbon-lint run`",
        )
    runs: dict[str, list[Row]] = {}
    for row in rows:
        runs.setdefault(row.run_id, []).append(row)
    return Log(path=path, runs={key: tuple(group) for key, group in runs.items()}, warnings=tuple(warnings))


def _rows(text: str, delimiter: str, path: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells."""
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in table:
            yield table.line_num, cells
    except csv.Error as error:
        hint = "name the emissions.csv that CodeCarbon wrote"
        raise InputError(f"{path} is not a table: {error}", hint=hint) from error


def _whole_rows(
    table: Iterator[tuple[int, list[str]]], header: list[str], warnings: list[str], *, has_decimal_comma: bool
) -> Iterator[Row]:
    for line, cells in table:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            kind = "cut off" if len(cells) < len(header) else "two rows in one"
            warnings.append(
                f"line {line} was left out: it is {kind} ({len(cells)} cells, {len(header)} columns), "
                "so its run may be counted too low"
            )
            continue
        named = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
        if has_decimal_comma:
            named = {name: _DECIMAL_COMMA.sub(r"\1.\2", cell) for name, cell in named.items()}
        try:
            kg, kwh, duration_s = (float(named[name]) for name in REQUIRED)
        except ValueError as error:
            warnings.append(f"line {line} was left out: {error}")
            continue
        yield Row(
            number=line,
            # CodeCarbon 1.x wrote no run id; each of its rows is a run
            run_id=named.get("run_id") or named.get("timestamp") or f"line-{line}",
            cells=named,
            emissions_g=grams_from_kilograms(kg),
            energy_kwh=kwh,
            duration_s=duration_s,
        )
