"""Check files and folders: over the cores if that pays, in the order in which they were found, in one report."""

from __future__ import annotations

import os
from collections import deque
from itertools import chain, islice

from carbon_lint.lint.discover import CARD_NAME, find_cards
from carbon_lint.lint.engine import CheckedFile, Checker, collect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future
    from typing import Any, TypeVar

    from carbon_lint.lint.diagnostic import LintReport
    from carbon_lint.lint.discover import CardFile
    from carbon_lint.lint.engine import LintRequest

    In = TypeVar("In")
    Out = TypeVar("Out")

PAYS_FROM = 1500
"""Files from which more processes pay for the pool's import and start (benchmarks/check_throughput.py)."""
_WARM = 20
_BATCH = 100
_AHEAD = 2
"""Batches before each worker: enough that none waits, few enough that the walk does not run away from the judging."""


def lint_paths(request: LintRequest) -> tuple[LintReport, list[str]]:
    """Lint files and folders; with the report the unified diffs of what `--fix` did or would do.

    Raises NoCardsError if nothing was found, ConfigError, and OutputError if a fix cannot be written.
    """
    checker = Checker(request)
    report, diffs = collect(check_all(checker, find_cards(request.paths, request.include, checker.included_in)))
    is_any_named = any(not os.path.isdir(path) for path in request.paths)
    if not report.files_checked and not report.files_unread and not (report.files_skipped and is_any_named):
        from carbon_lint.errors import NoCardsError

        names, where = ", ".join((CARD_NAME, *request.include)), ", ".join(request.paths)
        raise NoCardsError(
            f"no model card found: looked for {names} below {where}",
            hint="name a card, or a folder that holds one; what .gitignore excludes and what has no front matter is "
            "skipped; to take other names",
            suggest=(("include", "GLOB"),),
        )
    return report, diffs


def check_all(checker: Checker, found: Iterator[CardFile]) -> Iterator[CheckedFile]:
    """Yield every file checked, in order. A file that is not a card or cannot be read never stops the others."""
    first = list(islice(found, PAYS_FROM))
    workers = cores() if len(first) == PAYS_FROM and hasattr(os, "fork") else 1
    if workers == 1:
        return map(checker.check, chain(first, found))
    # What judging imports is imported here, once, and inherited by the workers.
    warm = [checker.check(one) for one in first[:_WARM]]
    return chain(warm, _in_parallel(checker, chain(first[_WARM:], found), workers))


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_parallel(checker: Checker, found: Iterator[CardFile], workers: int) -> Iterator[CheckedFile]:
    for batch, eventful in in_order(_eventful, batches(found, _BATCH), workers, checker, ahead=_AHEAD):
        yield from (eventful.get(index) or CheckedFile(one.path, []) for index, one in enumerate(batch))


def _eventful(checker: Checker, batch: list[CardFile]) -> dict[int, CheckedFile]:
    """Return those of a batch that there is anything to say about, by position."""
    checked = (checker.check(one) for one in batch)
    return {index: one for index, one in enumerate(checked) if not one.is_silent}


def batches(items: Iterable[In], size: int) -> Iterator[list[In]]:
    """Yield the items in lists of `size`, the last of which may be shorter."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch


def in_order(
    work: Callable[[Any, list[In]], Out], given: Iterable[list[In]], workers: int, shared: object, *, ahead: int
) -> Iterator[tuple[list[In], Out]]:
    """Yield each batch with `work(shared, batch)`, in order, made by `workers` processes that inherit `shared`.

    At most `ahead` batches a worker are under way. Raises what `work` raised, and InputError if a process ended.
    """
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    from carbon_lint.errors import InputError

    pool = ProcessPoolExecutor(workers, get_context("fork"), _start_worker, (work, shared))
    waiting: deque[tuple[list[In], Future[Any]]] = deque()
    try:
        for sent in given:
            waiting.append((sent, pool.submit(_work, sent)))
            if len(waiting) >= workers * ahead:
                batch, future = waiting.popleft()
                yield batch, future.result()
        for batch, future in waiting:
            yield batch, future.result()
    except BrokenProcessPool as error:
        raise InputError(
            "a worker process ended while it checked cards", hint="was it out of memory, or killed?"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_JOB: list[Any] = []
"""In a worker process: the function that works, and what it shares with the others."""


def _start_worker(work: Callable[..., Any], shared: object) -> None:
    import signal

    # Ctrl-C reaches the whole process group; the parent answers it, and shuts the workers down.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _JOB[:] = work, shared


def _work(batch: list[Any]) -> Any:
    work, shared = _JOB
    return work(shared, batch)
