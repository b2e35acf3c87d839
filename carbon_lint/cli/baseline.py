"""`--baseline`, `--max-increase` and the like: flags of the verbs that compare a run with what came before."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from carbon_lint.errors import CarbonLintError, InputError, PublishError, UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from carbon_lint.config import Settings
    from carbon_lint.gate.baseline import Comparison, Figures
    from carbon_lint.limits import MaxIncrease
    from carbon_lint.records.record import Record

LEDGER_VARIABLE = "CARBON_LINT_LEDGER"
LEDGER_FOLDER = "ledger"
_CARD = "README.md"
_UNNAMED = ": this record names no repository; it was measured outside of a git checkout"
_HUB_TIMEOUT_S = 30.0


def add_arguments(parser: ArgumentParser) -> None:
    """The flags, in a group of their own."""
    group = parser.add_argument_group("what came before")
    group.add_argument("--baseline", metavar="SOURCE", help="card, record:PATH, ledger:BRANCH or hub:OWNER/MODEL")
    group.add_argument(
        "--max-increase",
        metavar="INCREASE",
        help="allowed increase over the baseline, e.g. '10%% and 5 g': more than both fails",
    )
    group.add_argument("--baseline-max-age", metavar="AGE", help="an older baseline is shown and not judged, e.g. 90d")
    group.add_argument(
        "--baseline-card", metavar="FILE", help="for --baseline card (default: as configured, else README.md)"
    )
    group.add_argument(
        "--ledger",
        metavar="URL",
        help=f"for --baseline ledger:BRANCH (default ${LEDGER_VARIABLE}, else {LEDGER_FOLDER})",
    )


def ledger_url(arguments: Namespace) -> str:
    """The ledger as flag, else as variable, else the usual folder."""
    return arguments.ledger or os.environ.get(LEDGER_VARIABLE) or LEDGER_FOLDER


def increases(arguments: Namespace, settings: Settings) -> tuple[MaxIncrease, ...]:
    """The limits of flag and configuration, each of which must hold: neither loosens the other.

    Fills in what the configuration says of the baseline where no flag does. Raises UsageError.
    """
    from carbon_lint.limits import parse_max_increase

    is_named = arguments.baseline is not None or settings.baseline is not None
    if arguments.max_increase is not None and not is_named:
        raise UsageError("--max-increase needs --baseline", hint="say over what, e.g. --baseline ledger:main")
    configured = settings.max_increase
    if configured is not None and not is_named:
        raise settings.error("max-increase", "needs a baseline", hint='add the key, as in baseline = "ledger:main"')
    arguments.baseline = arguments.baseline or settings.stated("baseline")
    arguments.baseline_card = arguments.baseline_card or settings.card or _CARD
    found = []
    if arguments.max_increase is not None:
        with naming("--max-increase"):
            found.append(parse_max_increase(arguments.max_increase, "--max-increase"))
    if configured is not None:
        found.append(configured)
    return tuple(dict.fromkeys(found))


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Put what the user wrote before the message of an error in its value."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{what}: {error.message}", hint=error.hint) from error


def max_age_s(arguments: Namespace, settings: Settings) -> float | None:
    """The age from which a baseline is stale, by flag, else by configuration. Raises UsageError."""
    from carbon_lint.limits import parse_age_s

    if arguments.baseline_max_age is None:
        return settings.baseline_max_age_s
    with naming("--baseline-max-age"):
        return parse_age_s(arguments.baseline_max_age)


def compared(arguments: Namespace, record: Record, settings: Settings) -> tuple[Comparison | None, str]:
    """The record beside its baseline, else `None` and why there is nothing to compare with.

    Raises UsageError, InputError; PublishError if the Hub cannot be asked.
    """
    from carbon_lint.gate.baseline import compare, figures_of_record
    from carbon_lint.github.baselines import states_run

    most_s = max_age_s(arguments, settings)
    if arguments.baseline is None:
        return None, "no baseline is named"
    baseline = _figures(arguments, record)
    if isinstance(baseline, str):
        return None, baseline
    if states_run(baseline, _whole(arguments, record)):
        return None, f"{baseline.origin} states this run's own figure"
    return compare(figures_of_record(record, "this run"), baseline, max_age_s=most_s), ""


def _whole(arguments: Namespace, record: Record) -> Record:
    """What a card states of the record: the sum over its run group."""
    from carbon_lint.pipeline.story import whole_group

    try:
        return whole_group(record, arguments.record).record
    except CarbonLintError:
        return record


def _figures(arguments: Namespace, record: Record) -> Figures | str:
    from carbon_lint.gate.baseline import figures_of_record
    from carbon_lint.limits import parse_source
    from carbon_lint.records.comparable import identity_of, why_never

    with naming("--baseline"):
        source = parse_source(arguments.baseline)
    if source.kind == "record":
        from carbon_lint.records.store import load_record

        earlier = load_record(source.value)
        never = why_never(identity_of(record), identity_of(earlier))
        if never is not None:
            raise InputError(f"--baseline record:{source.value} {never}", hint="name an earlier run's record")
        return figures_of_record(earlier, f"record {source.value}")
    if source.kind == "ledger":
        from carbon_lint.records.ledger import latest

        entry, why_none = latest(ledger_url(arguments), branch=source.value, run=identity_of(record))
        if entry is None:
            return f"{why_none}{_UNNAMED if record.provenance.repository is None else ''}"
        return figures_of_record(entry.record, f"the ledger's last run on {source.value}")
    from carbon_lint.github.baselines import figures_of_card

    if source.kind == "hub":
        origin = f"the card of {source.value}"
        return figures_of_card(_hub_card(source.value), origin) or f"{origin} states no emissions"
    card = arguments.baseline_card or _CARD
    return figures_of_card(_read(card), card) or f"{card} states no emissions"


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", hint="name the card: --baseline-card FILE") from error


def _hub_card(model: str) -> bytes:
    from carbon_lint.hub.client.http import Deadline
    from carbon_lint.hub.client.session import open_model

    with open_model(model, os.environ, deadline=Deadline(_HUB_TIMEOUT_S), needs_token=False) as repo:
        card = repo.tip("main").card
    if card is None:
        raise PublishError(f"{model} has no card on the Hub", hint="name another baseline")
    return card
