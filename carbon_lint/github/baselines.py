"""Where a baseline comes from: the card, a record, the ledger, the Hub. If there is none, the reason is said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from carbon_lint.card.from_record import card_with_record
from carbon_lint.card.read import read_card
from carbon_lint.errors import CarbonLintError, InputError, PublishError, UsageError
from carbon_lint.gate.baseline import Figures, figures_of_record
from carbon_lint.github.base import BaseUnknownError, read_at
from carbon_lint.github.paths import inside
from carbon_lint.github.policy import increases
from carbon_lint.limits import parse_source
from carbon_lint.records import ledger
from carbon_lint.records.comparable import Identity, identity_of, why_never
from carbon_lint.records.storage import is_missing
from carbon_lint.records.store import load_record, parse_record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from carbon_lint.card.document import Node
    from carbon_lint.github.base import MergeBase
    from carbon_lint.github.limits import Limits
    from carbon_lint.github.results import Step
    from carbon_lint.records.record import Record

TIMEOUT_S = 30.0
LEDGER_VARIABLE = "CARBON_LINT_LEDGER"
DEFAULT_LEDGER = "ledger"  # as `carbon-lint ledger` has it


def find_baseline(step: Step, limits: Limits) -> Figures | str | None:
    """The figures to compare with, or why there are none (a notice says so); `None` if no baseline is asked for.

    Raises UsageError, InputError.
    """
    text = step.inputs.baseline or limits.settings.stated("baseline")
    if text is None:
        return None
    source = parse_source(text)
    found = _READERS[source.kind](step, limits, source.value)
    if isinstance(found, str):
        step.console.notice(f"nothing to compare with: {found}")
        return found
    return replace(found, name=source.value or "the card")


def states_run(figures: Figures, record: Record) -> bool:
    """Whether the card that the figures come from states this very run: it was written before they were read."""
    if figures.card is None:
        return False
    try:
        change = card_with_record(figures.card, "README.md", record, replace=True)
    except CarbonLintError:
        return False
    written = figures_of_card(change.after, figures.origin)
    return written is not None and written.emissions_g == figures.emissions_g


def figures_of_card(data: bytes, origin: str) -> Figures | None:
    """What a card states; `None` where it states no number of grams."""
    block = read_card(data, "README.md").block
    emissions_g = _number(block, "emissions")
    if emissions_g is None:
        return None
    hardware = _words(block, "hardware_used")
    return Figures(
        origin=origin,
        emissions_g=emissions_g,
        energy_kwh=_number(block, "energy_consumed"),
        location=_words(block, "geographical_location"),
        hardware=None if hardware is None else ", ".join(sorted(hardware.split(", "))),
        card=data,
    )


def _card(step: Step, limits: Limits, _value: str) -> Figures | str:
    """The card as it is committed; on a pull request as it is at the merge base, or it could raise its own baseline."""
    name = step.inputs.card
    if name is None:
        raise UsageError("input 'baseline': `card` needs a card", hint="add `card: README.md`")
    path = inside(step.context, "card", name)
    if limits.base is None:
        data, origin = path.read_bytes() if path.is_file() else None, name
    else:
        data, origin = _at_base(limits.base, path), f"{name} of the merge base"
    return _figures(data, origin)


def _record(step: Step, limits: Limits, value: str) -> Figures | str:
    """A record; on a pull request the merge base's, if it has one there, so that no baseline is raised on the way."""
    path = inside(step.context, "baseline", value, may_be_temporary=True)
    data = None if limits.base is None else _at_base(limits.base, path)
    if data is None and not path.is_file():
        return f"there is no {value}"
    record = load_record(path) if data is None else parse_record(data, f"{value} of the merge base")
    never = why_never(_identity(step, limits), identity_of(record))
    if never is not None:
        raise InputError(f"baseline: record:{value} {never}", hint="name an earlier run's record")
    return figures_of_record(record, value)


def _hub(step: Step, limits: Limits, model: str) -> Figures | str:
    from carbon_lint.hub.client.http import Deadline  # noqa: PLC0415  huggingface_hub takes half a second
    from carbon_lint.hub.client.session import open_model  # noqa: PLC0415

    deadline = Deadline(TIMEOUT_S)
    try:
        with open_model(model, step.environ, deadline=deadline, token=step.inputs.hf_token, needs_token=False) as repo:
            card = repo.tip("main").card
    except PublishError as error:
        why = f"the card of {model} could not be read: {error.message}"
        if increases(step.inputs, limits.settings):
            raise InputError(f"{why}, so max-increase cannot be judged", hint="run the step again later") from error
        return why
    return _figures(card, f"the card of {model}")


def _ledger(step: Step, limits: Limits, branch: str) -> Figures | str:
    """The last completed run of this job on the branch, in the ledger at CARBON_LINT_LEDGER or in its usual folder."""
    named = step.environ.get(LEDGER_VARIABLE)
    url = named or str(step.context.workspace / DEFAULT_LEDGER)
    if named is None and is_missing(url):
        return f"there is no ledger yet in the folder {DEFAULT_LEDGER}"
    entry, why_none = ledger.latest(url, branch=branch, run=_identity(step, limits))
    if entry is None:
        return why_none.replace(url, named or DEFAULT_LEDGER)
    return figures_of_record(entry.record, f"the ledger's last run on {branch}")


def _identity(step: Step, limits: Limits) -> Identity:
    """Of the record that is given, else of the run that is about to begin."""
    inputs, context = step.inputs, step.context
    if inputs.command is None and inputs.record is not None:
        path = inside(context, "record", inputs.record, may_be_temporary=True)
        if path.is_file():
            return identity_of(load_record(path, allow_unusual=True))
    return Identity(
        repository=context.repository,
        job=context.job,
        job_index=inputs.job_index,
        model=inputs.hub_repo or inputs.card,
        run_group=inputs.run_group or limits.settings.run_group,
    )


def _at_base(base: MergeBase, path: Path) -> bytes | None:
    try:
        return read_at(base, path)
    except BaseUnknownError as error:
        raise InputError(
            f"{path.name} of the merge base cannot be read: {error}", hint="give `actions/checkout` `fetch-depth: 0`"
        ) from error


def _figures(card: bytes | None, origin: str) -> Figures | str:
    found = None if card is None else figures_of_card(card, origin)
    return found or (f"there is no {origin}" if card is None else f"{origin} states no emissions")


def _member(block: Node | None, name: str) -> Node | None:
    return block.get(name) if block is not None and block.kind == "map" else block if name == "emissions" else None


def _number(block: Node | None, name: str) -> float | None:
    node = _member(block, name)
    is_number = node is not None and node.is_number and isinstance(node.value, int | float)
    return float(node.value) if node is not None and is_number and node.value is not None else None


def _words(block: Node | None, name: str) -> str | None:
    node = _member(block, name)
    return node.value if node is not None and isinstance(node.value, str) else None


_READERS: dict[str, Callable[[Step, Limits, str], Figures | str]] = {
    "card": _card,
    "record": _record,
    "hub": _hub,
    "ledger": _ledger,
}
