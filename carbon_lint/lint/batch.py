"""Many files: over the cores where that pays, in the order in which they were found, without holding them all."""

from __future__ import annotations

from itertools import chain, islice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from carbon_lint.lint.discover import Found
    from carbon_lint.lint.engine import Judge, Judged

PAYS_FROM = 400
"""Files from which a second process pays for its start: about 0.1 s against about 0.5 ms a card (benchmarks/)."""
_BATCH = 50
_AHEAD = 4
"""Batches in flight per worker: enough that none waits, few enough that the walk does not run away from the judging."""


def judge_all(judge: Judge, found: Iterator[Found]) -> Iterator[Judged]:
    """Every file judged, in order. A file that is not a card or cannot be read never stops the others."""
    first = list(islice(found, PAYS_FROM))
    if len(first) < PAYS_FROM:
        return map(judge.judge, first)
    import os

    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    everything = chain(first, found)
    return map(judge.judge, everything) if workers == 1 else _in_parallel(judge, everything, workers)


def _in_parallel(judge: Judge, found: Iterator[Found], workers: int) -> Iterator[Judged]:
    from collections import deque
    from concurrent.futures import ProcessPoolExecutor

    pool = ProcessPoolExecutor(workers, initializer=_start_worker, initargs=(judge,))
    waiting: deque[Future[list[Judged]]] = deque()
    try:
        while batch := list(islice(found, _BATCH)):
            waiting.append(pool.submit(_judge_batch, batch))
            if len(waiting) >= workers * _AHEAD:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


_worker_judge: Judge | None = None


def _start_worker(judge: Judge) -> None:
    import signal

    # Ctrl-C reaches the whole process group; the parent answers it, and shuts the workers down.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    global _worker_judge  # noqa: PLW0603  a worker has one judge, with its settings read once
    _worker_judge = judge


def _judge_batch(batch: list[Found]) -> list[Judged]:
    judge = _worker_judge
    return [] if judge is None else [judge.judge(found) for found in batch]
