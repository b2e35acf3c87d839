"""Answer what a run is compared with: the card, a record, the ledger or a model on the Hub."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from carbon_lint.card.document import Card
from carbon_lint.config import Settings, from_here
from carbon_lint.errors import CarbonLintError, HubError, InputError
from carbon_lint.files import why
from carbon_lint.gate.baseline import RunFigures, figures_of_record
from carbon_lint.pipeline.card import whole_group
from carbon_lint.pipeline.limits import Limits
from carbon_lint.pipeline.options import Files, Options, Surroundings
from carbon_lint.records.comparable import Identity, identity_of, why_never
from carbon_lint.records.ledger_url import LEDGER_FOLDER, LEDGER_VARIABLE
from carbon_lint.records.record import Record
from carbon_lint.records.storage import is_missing
from carbon_lint.records.store import load_record

DEFAULT_CARD = "README.md"
_TIMEOUT_S = 30.0
_UNNAMED = ": this record names no repository; it was measured outside of a git checkout"


class FilesHere:
    """The files of this machine, which a user has just named: each must be there."""

    def card(self, name: str) -> tuple[bytes | None, str]:
        """See Files. Raises InputError."""
        shown = from_here(name)
        try:
            with open(name, "rb") as stream:
                return stream.read(), shown
        except OSError as error:
            raise InputError(
                f"cannot read {shown}: {why(error)}", hint="name the card", suggest=(("baseline-card", "FILE"),)
            ) from error

    def record(self, name: str) -> tuple[Record | None, str]:
        """See Files. Raises InputError."""
        shown = from_here(name)
        return load_record(shown), shown


def find_baseline(
    options: Options, settings: Settings, limits: Limits, around: Surroundings
) -> RunFigures | str | None:
    """Return the figures to compare with, or why there are none; `None` if no comparison was asked for.

    Raises UsageError, InputError.
    """
    source, files = limits.baseline, around.files or FilesHere()
    if source is None:
        return None
    if source.kind == "card":
        configured = None if settings.card is None else settings.beside(settings.card)
        found = _stated(*files.card(options.baseline_card or around.card or configured or DEFAULT_CARD))
    elif source.kind == "record":
        found = _record(settings.beside(source.value) if options.baseline is None else source.value, around.run, files)
    elif source.kind == "ledger":
        ledger = options.ledger or around.environ.get(LEDGER_VARIABLE)
        found = _ledger(source.value, around.run, ledger, around.ledger_folder)
    else:
        found = _hub(source.value, around.environ, around.hub_token, is_judged=bool(limits.increases))
    return found if isinstance(found, str) else replace(found, name=source.value or "the card")


def unless_it_is(figures: RunFigures | str | None, record: Record, path: str | None) -> RunFigures | str | None:
    """Return the figures, unless the card they come from states the run of `record`, which is at `path`: then why not.

    A card states the sum over the run's group; the record alone if the group cannot be summed.
    """
    if not isinstance(figures, RunFigures) or figures.card is None:
        return figures
    from carbon_lint.card.from_record import card_with_record  # noqa: PLC0415  YAML is read only if there is a card

    with suppress(CarbonLintError):
        record = whole_group(record, path).record
    try:
        change = card_with_record(figures.card, DEFAULT_CARD, record, replace=True)
    except CarbonLintError:
        return figures
    written = figures_of_card(change.after, figures.origin)
    is_same = written is not None and written.emissions_g == figures.emissions_g
    return f"{figures.origin} states this run's own figure" if is_same else figures


def figures_of_card(data: bytes, origin: str) -> RunFigures | None:
    """Return what a card states; `None` if it states no number of grams."""
    from carbon_lint.card.read import read_card  # noqa: PLC0415  YAML is read only if there is a card

    card = read_card(data, DEFAULT_CARD)
    if card.emissions_g is None:
        return None
    hardware = _words(card, "hardware_used")
    return RunFigures(
        origin=origin,
        emissions_g=card.emissions_g,
        energy_kwh=card.amount("energy_consumed"),
        location=_words(card, "geographical_location"),
        hardware=None if hardware is None else ", ".join(sorted(hardware.split(", "))),
        card=data,
    )


def _record(name: str, run: Identity, files: Files) -> RunFigures | str:
    record, origin = files.record(name)
    if record is None:
        return f"there is no {origin}"
    never = why_never(run, identity_of(record))
    if never is not None:
        raise InputError(f"baseline record:{origin} {never}", hint="name an earlier run's record")
    return figures_of_record(record, f"record {origin}")


def _ledger(branch: str, run: Identity, named: str | None, usual: str) -> RunFigures | str:
    url = named or usual
    if named is None and is_missing(url):
        return f"there is no ledger yet in the folder {LEDGER_FOLDER}"
    from carbon_lint.records import ledger  # noqa: PLC0415  few runs are compared with one

    entry, why_none = ledger.latest(url, branch=branch, run=run, name=named or LEDGER_FOLDER)
    if entry is None:
        return why_none + (_UNNAMED if run.repository is None else "")
    return figures_of_record(entry.record, f"the ledger's last run on {branch}")


def _hub(model: str, environ: Mapping[str, str], token: str | None, *, is_judged: bool) -> RunFigures | str:
    from carbon_lint.hub.client.http import Deadline  # noqa: PLC0415  huggingface_hub takes half a second
    from carbon_lint.hub.client.session import open_model  # noqa: PLC0415

    try:
        with open_model(model, environ, deadline=Deadline(_TIMEOUT_S), token=token, needs_token=False) as repo:
            card = repo.tip("main").card
    except HubError as error:
        why = f"the card of {model} could not be read: {error.message}"
        if is_judged:
            hint = f"{error.hint or 'try again later'}; a baseline of the form record:FILE needs no network"
            raise InputError(f"{why}, so max-increase cannot be judged", hint=hint) from error
        return why
    return _stated(card, f"the card of {model}")


def _stated(card: bytes | None, origin: str) -> RunFigures | str:
    if card is None:
        return f"there is no {origin}"
    return figures_of_card(card, origin) or f"{origin} states no emissions"


def _words(card: Card, name: str) -> str | None:
    node = card.field(name)
    return node.value if node is not None and isinstance(node.value, str) else None
