"""`--baseline`, `--max-increase` and the like: flags of the verbs that compare a run with what came before."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from carbon_lint.errors import InputError, PublishError, UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from carbon_lint.config import Settings
    from carbon_lint.gate.baseline import Comparison, Figures, MaxIncrease
    from carbon_lint.records.record import Record

LEDGER_VARIABLE = "CARBON_LINT_LEDGER"
LEDGER_FOLDER = "ledger"
_CARD = "README.md"
_HUB_TIMEOUT_S = 30.0


def add_arguments(parser: ArgumentParser) -> None:
    """The flags, in a group of their own."""
    group = parser.add_argument_group("what came before")
    group.add_argument("--baseline", metavar="SOURCE", help="card, record:PATH, ledger:BRANCH or hub:OWNER/MODEL")
    group.add_argument(
        "--max-increase", metavar="INCREASE", help="over the baseline, e.g. '10%% and 5 g': both are needed"
    )
    group.add_argument("--baseline-max-age", metavar="AGE", help="an older baseline is shown and not judged, e.g. 90d")
    group.add_argument(
        "--baseline-card", metavar="FILE", default="README.md", help="for --baseline card (default README.md)"
    )
    group.add_argument(
        "--ledger",
        metavar="URL",
        help=f"for --baseline ledger:BRANCH (default ${LEDGER_VARIABLE}, else {LEDGER_FOLDER})",
    )


def ledger_url(arguments: Namespace) -> str:
    """The ledger as flag, else as variable, else the usual folder."""
    return arguments.ledger or os.environ.get(LEDGER_VARIABLE) or LEDGER_FOLDER


def max_increase(arguments: Namespace) -> MaxIncrease | None:
    """The limit given as a flag. Raises UsageError."""
    from carbon_lint.gate.baseline import parse_max_increase

    if arguments.max_increase is None:
        return None
    if arguments.baseline is None:
        raise UsageError("--max-increase needs --baseline", hint="say over what, e.g. --baseline ledger:main")
    return parse_max_increase(arguments.max_increase)


def increases(arguments: Namespace, settings: Settings) -> tuple[MaxIncrease, ...]:
    """The limits of flag and configuration, each of which must hold: neither loosens the other.

    Fills in what the configuration says of the baseline where no flag does. Raises UsageError.
    """
    from carbon_lint.gate.baseline import parse_max_increase

    arguments.baseline = arguments.baseline or settings.text("baseline")
    arguments.baseline_max_age = arguments.baseline_max_age or settings.text("baseline-max-age")
    arguments.baseline_card = arguments.baseline_card or settings.text("card")
    given = max_increase(arguments)
    text = settings.text("max-increase")
    if text is not None and arguments.baseline is None:
        raise UsageError(
            f"{settings.path}: max-increase needs a baseline", hint='say over what: baseline = "ledger:main"'
        )
    configured = None if text is None else parse_max_increase(text)
    return tuple(dict.fromkeys(limit for limit in (given, configured) if limit is not None))


def compared(arguments: Namespace, record: Record) -> Comparison | None:
    """The record beside its baseline; `None` where none is asked for, or there is none yet.

    Raises UsageError, InputError; PublishError where the Hub cannot be asked.
    """
    from carbon_lint.gate.baseline import compare, figures_of_record
    from carbon_lint.units import parse_duration_s

    if arguments.baseline is None:
        return None
    max_age_s = None if arguments.baseline_max_age is None else parse_duration_s(arguments.baseline_max_age)
    baseline = _figures(arguments, record)
    if baseline is None:
        return None
    return compare(figures_of_record(record, "this run"), baseline, max_age_s=max_age_s)


def _figures(arguments: Namespace, record: Record) -> Figures | None:
    from carbon_lint.gate.baseline import figures_of_record, parse_source

    source = parse_source(arguments.baseline)
    if source.kind == "record":
        from carbon_lint.records.store import load_record

        return figures_of_record(load_record(source.value), f"record {source.value}")
    if source.kind == "ledger":
        from carbon_lint.records.ledger import latest

        where = record.provenance
        entry = latest(ledger_url(arguments), branch=source.value, repository=where.repository, job=where.job)
        return None if entry is None else figures_of_record(entry.record, f"the ledger's last run on {source.value}")
    from carbon_lint.github.baselines import figures_of_card

    if source.kind == "hub":
        return figures_of_card(_hub_card(source.value), f"the card of {source.value}")
    card = arguments.baseline_card or _CARD
    return figures_of_card(_read(card), card)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", hint="name the card: --baseline-card FILE") from error


def _hub_card(model: str) -> bytes:
    from carbon_lint.hub.http import Deadline
    from carbon_lint.hub.session import open_model

    with open_model(model, os.environ, deadline=Deadline(_HUB_TIMEOUT_S), needs_token=False) as repo:
        card = repo.tip("main").card
    if card is None:
        raise PublishError(f"{model} has no card on the Hub", hint="name another baseline")
    return card
