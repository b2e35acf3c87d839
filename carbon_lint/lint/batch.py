"""Many files: over the cores where that pays, in the order in which they were found, without holding them all."""

from __future__ import annotations

import os
from collections import deque
from itertools import chain, islice

from carbon_lint.lint.engine import Judged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbon_lint.lint.discover import Found
    from carbon_lint.lint.engine import Judge
    from carbon_lint.lint.workers import Worker

PAYS_FROM = 500
"""Files from which more processes pay for their start: about 15 ms against 0.07 ms a card, halved (benchmarks/)."""
_WARM = 20
_BATCH = 100
_BATCH_CHARACTERS = 8_000
"""Of paths, so that with four bytes a character a batch fits into a pipe, which `workers` counts on."""
_AHEAD = 2
"""Batches before each worker: enough that none waits, few enough that the walk does not run away from the judging."""


def judge_all(judge: Judge, found: Iterator[Found]) -> Iterator[Judged]:
    """Every file judged, in order. A file that is not a card or cannot be read never stops the others."""
    first = list(islice(found, PAYS_FROM))
    workers = _cores() if len(first) == PAYS_FROM and hasattr(os, "fork") else 1
    if workers == 1:
        return map(judge.judge, chain(first, found))
    # What judging imports is imported here, once, and inherited by the workers.
    warm = [judge.judge(one) for one in first[:_WARM]]
    return chain(warm, _in_parallel(judge, chain(first[_WARM:], found), workers))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_parallel(judge: Judge, found: Iterator[Found], count: int) -> Iterator[Judged]:
    from carbon_lint.lint.workers import Worker

    workers: list[Worker] = []
    waiting: deque[tuple[list[Found], Worker]] = deque()
    try:
        for _ in range(count):
            workers.append(Worker(judge, workers))
        for turn, batch in enumerate(_batches(found)):
            worker = workers[turn % count]
            worker.send([(one.path, one.is_named) for one in batch])
            waiting.append((batch, worker))
            if len(waiting) == count * _AHEAD:
                yield from _in_order(*waiting.popleft())
        while waiting:
            yield from _in_order(*waiting.popleft())
    finally:
        for worker in workers:
            worker.stop()


def _batches(found: Iterator[Found]) -> Iterator[list[Found]]:
    batch: list[Found] = []
    characters = 0
    for one in found:
        batch.append(one)
        characters += len(one.path)
        if len(batch) == _BATCH or characters >= _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _in_order(batch: list[Found], worker: Worker) -> Iterator[Judged]:
    eventful = worker.receive()
    for index, one in enumerate(batch):
        yield eventful.get(index) or Judged(one.path, [])
