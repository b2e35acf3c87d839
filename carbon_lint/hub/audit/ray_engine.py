"""An audit on Ray Data: the same pure function over batches, on more machines than one.

What else Ray does: it asks the cloud's metadata address (169.254.169.254), even with
`RAY_USAGE_STATS_ENABLED=0`, and its processes listen on the machine's own addresses. On one machine it is slower than
`--workers`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from carbon_lint.config import Settings
from carbon_lint.errors import InputError
from carbon_lint.hub.audit.cards import AuditedCard, CardText, audit_cards
from carbon_lint.hub.audit.checkpoint import from_json
from carbon_lint.hub.audit.sources import cards_in, columns_of, row_of
from carbon_lint.project import install_hint

ROWS = 1024
VERDICT, PROBLEM = "verdict", "problem"


def audit_on_ray(
    path: str, settings: Settings, address: str | None, *, only_mentioning: bool = False
) -> Iterator[AuditedCard]:
    """Return the results for a Parquet or JSON lines file's cards, in order. Bad rows stay rows.

    Raises InputError if Ray is not installed or the file cannot be read.
    """
    try:
        import ray  # noqa: PLC0415  an extra, very large
    except ImportError as error:
        raise InputError("--engine ray needs Ray", hint=install_hint("ray")) from error
    started_here = not ray.is_initialized()
    if started_here:
        ray.init(address=address, include_dashboard=False, log_to_driver=False, logging_level="error")
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.execution_options.preserve_order = True
        yield from _verdicts(ray, path, settings, only_mentioning=only_mentioning)
    finally:
        if started_here:
            ray.shutdown()


def _verdicts(ray: Any, path: str, settings: Settings, *, only_mentioning: bool) -> Iterator[AuditedCard]:
    dataset, ids, text = _dataset(ray, path)

    def audit_rows(batch: Any) -> Any:
        values = batch.column(text).to_pylist()
        nothing = [None] * len(values)
        names = batch.column(ids).to_pylist() if ids is not None else nothing
        problems = batch.column(PROBLEM).to_pylist() if PROBLEM in batch.column_names else nothing
        cards = [
            row_of(str(name or path), value) if problem is None else CardText(id=str(name), data=None, problem=problem)
            for name, value, problem in zip(names, values, problems, strict=True)
        ]
        verdicts = audit_cards(cards, settings, only_mentioning=only_mentioning)
        return type(batch).from_pydict({VERDICT: [json.dumps(asdict(verdict)) for verdict in verdicts]})

    # as Arrow and not as NumPy, which has no None and makes NaN of it
    audited = dataset.map_batches(audit_rows, batch_size=ROWS, batch_format="pyarrow")
    for row in audited.iter_rows():
        yield from_json(json.loads(row[VERDICT]))


def _dataset(ray: Any, path: str) -> tuple[Any, str | None, str]:
    """Return the cards as a dataset, and its columns of ids and of cards."""
    if not path.endswith(".parquet"):
        # JSON lines are read here: a line that is not JSON must stay a row, and Ray's reader ends at it
        rows = [{"id": card.id, "card": card.data, PROBLEM: card.problem} for card in cards_in(path)]
        return ray.data.from_items(rows), "id", "card"
    import pyarrow as pa  # noqa: PLC0415  comes with Ray Data
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        ids, text = columns_of(pq.read_schema(path).names, path)
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: cannot be read as Parquet: {reason}", hint="name a file of cards") from error
    wanted = [text] if ids is None else [ids, text]
    return ray.data.read_parquet(path, columns=wanted), ids, text
