"""Read the cards of an audit: from a file of cards, or from the Hub, card by card."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from carbon_lint.errors import HubError, InputError, UsageError
from carbon_lint.files import why
from carbon_lint.hub.audit.cards import CardText
from carbon_lint.hub.client.catalogue import Catalogue
from carbon_lint.hub.client.http import UnansweredError
from carbon_lint.hub.client.remote import CARD, ModelRepo
from carbon_lint.hub.client.target import parse_target
from carbon_lint.project import install_hint
from carbon_lint.text import quoted

ID_COLUMNS = ("id", "modelId", "model_id", "repo_id")
TEXT_COLUMNS = ("card", "text", "content", "readme", "README.md")
AT_ONCE = 4
"""Cards that are fetched at a time: the Hub's allowance, not the line, is what ends a long audit."""
ROWS = 256
_ENOUGH_ROWS = 10_000
"""Rows without a column of cards after which a file of JSON lines is given up."""


def ids_in(path: str) -> list[str]:
    """Return the models named in a file, one a line, without blank lines and `#` comments. Raises InputError."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: cannot be read as a list of models: {error}", hint="one owner/model a line"
        ) from error
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return list(dict.fromkeys(line for line in lines if line))


def ids_of(author: str, catalogue: Catalogue) -> list[str]:
    """Return all models of a user or organisation. Raises HubError."""
    return [entry.id for entry in catalogue.models({"author": author, "limit": 1000})]


def fetch(ids: Iterable[str], catalogue: Catalogue) -> Iterator[CardText]:
    """Return the cards of these models as they are on `main` now, in order, a few at a time.

    A model that is missing, gated or badly named is a card with a problem. Raises UnansweredError if the Hub does
    not answer any more.
    """
    pool = ThreadPoolExecutor(AT_ONCE)
    waiting: deque[Future[CardText]] = deque()
    is_patient = True
    try:
        for name in ids:
            waiting.append(pool.submit(_fetch_one, name, catalogue))
            if len(waiting) >= AT_ONCE * 2:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except KeyboardInterrupt:
        is_patient = False  # answer Ctrl-C at once
        raise
    finally:
        pool.shutdown(wait=is_patient, cancel_futures=True)


def _fetch_one(name: str, catalogue: Catalogue) -> CardText:
    try:
        model = parse_target(name, catalogue.endpoint)
        repo = ModelRepo(model, catalogue.endpoint, catalogue.credentials)
        return CardText(id=model, data=repo.file_at("main", CARD))
    except UnansweredError:
        raise
    except (HubError, UsageError) as error:
        return CardText(id=name, data=None, problem=error.message)


def cards_in(path: str) -> Iterator[CardText]:
    """Return the cards of a `.jsonl` or `.parquet` file, a row at a time. A bad row is a card with a problem.

    Raises InputError if the file cannot be read or has no column of cards.
    """
    if path.endswith((".jsonl", ".ndjson", ".json")):
        return _json_lines(path)
    if path.endswith(".parquet"):
        return _parquet(path)
    raise InputError(f"{path}: neither .jsonl nor .parquet", hint="a row a card: the model's id and its card's text")


def _json_lines(path: str) -> Iterator[CardText]:
    names: set[str] | None = set()  # of the columns, until a row has one of cards
    try:
        with Path(path).open("rb") as stream:
            for number, line in enumerate(stream, 1):
                if not line.strip():
                    continue
                card, columns = _row_of_line(line, f"{path}:{number}")
                if names is not None:
                    names = None if columns.intersection(TEXT_COLUMNS) else names | columns
                    if names and number >= _ENOUGH_ROWS:
                        columns_of(sorted(names), path)
                yield card
    except OSError as error:
        raise InputError(f"cannot read {path}: {why(error)}", hint="name a file of cards") from error
    if names:
        columns_of(sorted(names), path)


def _row_of_line(line: bytes, place: str) -> tuple[CardText, set[str]]:
    """Return the card of one line, and the columns that the line has."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return CardText(id=place, data=None, problem="the line is not JSON"), set()
    if not isinstance(row, dict):
        return CardText(id=place, data=None, problem="the line is not a JSON object"), set()
    name = next((row[column] for column in ID_COLUMNS if isinstance(row.get(column), str)), place)
    column = next((column for column in TEXT_COLUMNS if column in row), None)
    if column is None:
        problem = f"the row has none of the columns {', '.join(TEXT_COLUMNS)}"
        return CardText(id=name, data=None, problem=problem), set(row)
    return row_of(name, row[column]), set(row)


def row_of(name: str, value: Any) -> CardText:
    """Return one row's card. A missing text is a model without a card."""
    if value is None:
        return CardText(id=name, data=None)
    if isinstance(value, bytes):
        return CardText(id=name, data=value)
    if isinstance(value, str):
        return CardText(id=name, data=value.encode("utf-8", "surrogatepass"))
    return CardText(id=name, data=None, problem=f"the card is a {type(value).__name__}, not text")


def columns_of(names: list[str], path: str) -> tuple[str | None, str]:
    """Return the columns of ids and of cards among `names`. Raises InputError if there are no cards."""
    text = next((name for name in TEXT_COLUMNS if name in names), None)
    if text is None:
        raise InputError(
            f"{path}: no column of cards among {quoted(', '.join(names))}",
            hint=f"name it one of {', '.join(TEXT_COLUMNS)}",
        )
    return next((name for name in ID_COLUMNS if name in names), None), text


def _parquet(path: str) -> Iterator[CardText]:
    try:
        import pyarrow as pa  # noqa: PLC0415  an extra, large and slow to load
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise InputError(f"{path}: reading Parquet needs pyarrow", hint=install_hint("audit")) from error
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:  # buffered, memory would grow with the file
            ids, text = columns_of(file.schema_arrow.names, path)
            wanted = [text] if ids is None else [ids, text]
            row = 0
            for batch in file.iter_batches(batch_size=ROWS, columns=wanted):
                names = [None] * batch.num_rows if ids is None else batch.column(ids).to_pylist()
                for name, value in zip(names, batch.column(text).to_pylist(), strict=True):
                    row += 1
                    yield row_of(name if isinstance(name, str) else f"{path}:{row}", value)
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: cannot be read as Parquet: {reason}", hint="name a file of cards") from error
