"""Many files: over the cores where that pays, in the order in which they were found, without holding them all."""

from __future__ import annotations

from itertools import chain, islice

from carbon_lint.lint.discover import Found
from carbon_lint.lint.engine import Judged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from carbon_lint.lint.engine import Judge

PAYS_FROM = 1000
"""Files from which more processes pay for their start: about 40 ms against 0.08 ms a card, halved (benchmarks/)."""
_BATCH = 100
_WARM = 20
_AHEAD = 4
"""Batches in flight per worker: enough that none waits, few enough that the walk does not run away from the judging."""


def judge_all(judge: Judge, found: Iterator[Found]) -> Iterator[Judged]:
    """Every file judged, in order. A file that is not a card or cannot be read never stops the others."""
    first = list(islice(found, PAYS_FROM))
    if len(first) < PAYS_FROM:
        return map(judge.judge, first)
    import os

    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if workers == 1:
        return map(judge.judge, chain(first, found))
    # What judging imports is imported here, once, and inherited by the workers.
    warm = [judge.judge(one) for one in first[:_WARM]]
    return chain(warm, _in_parallel(judge, chain(first[_WARM:], found), workers))


def _in_parallel(judge: Judge, found: Iterator[Found], workers: int) -> Iterator[Judged]:
    from collections import deque
    from concurrent.futures import ProcessPoolExecutor

    pool = ProcessPoolExecutor(workers, initializer=_start_worker, initargs=(judge,))
    waiting: deque[tuple[list[Found], Future[dict[int, Judged]]]] = deque()
    try:
        while batch := list(islice(found, _BATCH)):
            files = [(one.path, one.is_named) for one in batch]
            waiting.append((batch, pool.submit(_judge_batch, files)))
            if len(waiting) >= workers * _AHEAD:
                yield from _in_order(*waiting.popleft())
        while waiting:
            yield from _in_order(*waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(batch: list[Found], result: Future[dict[int, Judged]]) -> Iterator[Judged]:
    eventful = result.result()
    for index, one in enumerate(batch):
        yield eventful.get(index) or Judged(one.path, [])


_worker_judge: Judge | None = None


def _start_worker(judge: Judge) -> None:
    import signal

    # Ctrl-C reaches the whole process group; the parent answers it, and shuts the workers down.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    global _worker_judge  # noqa: PLW0603  a worker has one judge, with its settings read once
    _worker_judge = judge


def _judge_batch(files: list[tuple[str, bool]]) -> dict[int, Judged]:
    """By position those that there is anything to say about: most cards are silent, and need not be sent."""
    judge = _worker_judge
    if judge is None:
        return {}
    judged = (judge.judge(Found(path, is_named=is_named)) for path, is_named in files)
    return {index: one for index, one in enumerate(judged) if not one.is_silent}
