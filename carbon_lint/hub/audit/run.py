"""Run an audit: cards in, results out, in order, over several processes if that pays."""

from __future__ import annotations

import operator
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from carbon_lint.config import Settings
from carbon_lint.hub.audit.cards import AuditedCard, CardText, Tally, audit_card, audit_cards, tally
from carbon_lint.hub.audit.checkpoint import Checkpoint
from carbon_lint.hub.audit.sources import fetch
from carbon_lint.hub.client.catalogue import Catalogue
from carbon_lint.lint.batch import batches, in_order

BATCH = 500
AHEAD = 3
"""Batches in flight a worker: enough that none waits, few enough that memory stays flat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditProgress:
    """How far an audit is. `of` is None if the number of cards is not known; `left_s` is an estimate."""

    done: int
    of: int | None
    elapsed_s: float
    left_s: float | None


def watched(
    verdicts: Iterator[AuditedCard],
    on_progress: Callable[[AuditProgress], None],
    *,
    of: int | None,
    before: int = 0,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[AuditedCard]:
    """Return the results and call `on_progress` after each. An earlier run did `before`: they cost no time now.

    The estimate is the mean time a card so far, waits for the Hub's allowance included, over the cards left.
    """
    start = clock()
    for number, audited in enumerate(verdicts, 1):
        yield audited
        elapsed_s = clock() - start
        fresh = number - before
        left_s = None if of is None or fresh < 1 else elapsed_s / fresh * max(0, of - number)
        on_progress(AuditProgress(done=number, of=of, elapsed_s=elapsed_s, left_s=left_s))


def audit_models(
    names: Sequence[str],
    settings: Settings,
    catalogue: Catalogue,
    checkpoint: Checkpoint,
    on_progress: Callable[[AuditProgress], None],
) -> Tally:
    """Audit the cards of models as they are on the Hub now; what the checkpoint holds of them is not asked for again.

    Raises UnansweredError if the Hub does not answer any more: the checkpoint then holds what was found.
    """
    before = [checkpoint.done[name] for name in names if name in checkpoint.done]
    left = [name for name in names if name not in checkpoint.done]

    def verdicts() -> Iterator[AuditedCard]:
        yield from before
        for card in fetch(left, catalogue):
            audited = audit_card(card, settings)
            checkpoint.add(audited)
            yield audited

    sums = tally(watched(verdicts(), on_progress, of=len(names), before=len(before)))
    checkpoint.finish()
    return sums


def audit_in_processes(
    cards: Iterable[CardText], settings: Settings, workers: int, *, only_mentioning: bool = False
) -> Iterator[AuditedCard]:
    """Audit in batches over `workers` processes, in order; in this process if that is one. See `audit_cards`."""
    work = partial(audit_cards, settings=settings, only_mentioning=only_mentioning)
    if workers == 1 or not hasattr(os, "fork"):
        for batch in batches(cards, BATCH):
            yield from work(batch)
        return
    for _, audited in in_order(operator.call, batches(cards, BATCH), workers, work, ahead=AHEAD):
        yield from audited
