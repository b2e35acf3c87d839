"""Where a baseline comes from: the card, a record, the ledger, the Hub. None yet is a pass, and is said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from carbon_lint.card.read import read_card
from carbon_lint.errors import PublishError, UsageError
from carbon_lint.gate.baseline import Figures, figures_of_record, parse_source
from carbon_lint.github.base import BaseUnknownError, read_base
from carbon_lint.github.paths import inside
from carbon_lint.records import ledger
from carbon_lint.records.store import load_record

if TYPE_CHECKING:
    from collections.abc import Callable

    from carbon_lint.card.document import Node
    from carbon_lint.github.limits import Limits
    from carbon_lint.github.results import Step

TIMEOUT_S = 30.0
LEDGER_VARIABLE = "CARBON_LINT_LEDGER"
DEFAULT_LEDGER = "ledger"  # as `carbon-lint ledger` has it


def find_baseline(step: Step, limits: Limits) -> Figures | None:
    """The figures to compare with; `None` where no baseline is asked for, or there is none yet (a notice says so).

    Raises UsageError, InputError.
    """
    text = step.inputs.baseline or limits.binding.text("baseline")
    if text is None:
        return None
    source = parse_source(text)
    figures = _READERS[source.kind](step, source.value)
    figures = None if figures is None else replace(figures, name=source.value or "the card")
    if figures is None:
        step.console.notice(f"there is no baseline yet ({source}), so nothing is compared")
    return figures


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
    )


def _card(step: Step, _value: str) -> Figures | None:
    """The card as it is committed; on a pull request as it is at the merge base, or it could raise its own baseline."""
    name = step.inputs.card
    if name is None:
        raise UsageError("input 'baseline': `card` needs a card", hint="add `card: README.md`")
    path = inside(step.context, "card", name)
    if not step.context.is_pull_request:
        return figures_of_card(path.read_bytes(), name) if path.is_file() else None
    try:
        data = read_base(step, name)
    except BaseUnknownError as error:
        step.console.warning(f"the card of the merge base could not be read, so nothing is compared: {error}")
        return None
    return None if data is None else figures_of_card(data, f"{name} of the merge base")


def _record(step: Step, value: str) -> Figures | None:
    path = inside(step.context, "baseline", value, may_be_temporary=True)
    return figures_of_record(load_record(path), value) if path.is_file() else None


def _hub(step: Step, model: str) -> Figures | None:
    from carbon_lint.hub.http import Deadline  # noqa: PLC0415  huggingface_hub takes half a second
    from carbon_lint.hub.session import open_model  # noqa: PLC0415

    deadline = Deadline(TIMEOUT_S)
    try:
        with open_model(model, step.environ, deadline=deadline, token=step.inputs.hf_token, needs_token=False) as repo:
            card = repo.tip("main").card
    except PublishError as error:
        step.console.warning(f"the card of {model} could not be read, so nothing is compared: {error.message}")
        return None
    return None if card is None else figures_of_card(card, f"the card of {model}")


def _ledger(step: Step, branch: str) -> Figures | None:
    """The last completed run of this job on the branch, in the ledger at CARBON_LINT_LEDGER or in its usual folder."""
    url = step.environ.get(LEDGER_VARIABLE) or str(step.context.workspace / DEFAULT_LEDGER)
    entry = ledger.latest(url, branch=branch, repository=step.context.repository, job=step.context.job)
    return None if entry is None else figures_of_record(entry.record, f"the ledger's last run on {branch}")


def _member(block: Node | None, name: str) -> Node | None:
    return block.get(name) if block is not None and block.kind == "map" else block if name == "emissions" else None


def _number(block: Node | None, name: str) -> float | None:
    node = _member(block, name)
    is_number = node is not None and node.is_number and isinstance(node.value, int | float)
    return float(node.value) if node is not None and is_number and node.value is not None else None


def _words(block: Node | None, name: str) -> str | None:
    node = _member(block, name)
    return node.value if node is not None and isinstance(node.value, str) else None


_READERS: dict[str, Callable[[Step, str], Figures | None]] = {
    "card": _card,
    "record": _record,
    "hub": _hub,
    "ledger": _ledger,
}
