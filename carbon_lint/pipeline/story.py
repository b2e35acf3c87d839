"""measure -> gate -> write card -> lint -> publish: the whole story on one page.

`run` tells it, for every door alike: in which order, and what one step means for the next. A door (the command line,
the GitHub step) says in a class of its own how it does each step, keeps what came of it, and makes an exit status of
that.
"""

from __future__ import annotations

import os
from dataclasses import replace as changed
from difflib import get_close_matches
from typing import TYPE_CHECKING

from carbon_lint.card.edit import write_block
from carbon_lint.card.from_record import card_with_record
from carbon_lint.card.read import read_card
from carbon_lint.errors import InputError, SecondCardError, UsageError
from carbon_lint.files import check_writable, read_file, write_atomically
from carbon_lint.gate.verdict import Budget
from carbon_lint.records.folder import group_sum
from carbon_lint.records.merge.merge import Merged
from carbon_lint.records.record import Outcome
from carbon_lint.records.store import record_file

if TYPE_CHECKING:
    from carbon_lint.card.from_record import CardChange
    from carbon_lint.config import Settings
    from carbon_lint.records.record import Record

_CARD_SUFFIXES = {".md", ".markdown", ".mdx"}


_CLOSE = 0.87  # difflib's ratio: `READNE.md` and `readme.md` are close to `README.md`, `README_fr.md` is not


class Steps:
    """What a door does at each step. A step that was not asked for is left as it is here: it does nothing."""

    def measure(self) -> Record | None:
        """Run the job, or read the record of one; `None` where there is none to speak of."""
        return None

    def gate(self, record: Record) -> bool:  # noqa: ARG002  for the doors that gate
        """Hold the record against the budget; True where it fails."""
        return False

    def write_card(self, record: Record) -> None:
        """Put the record's figures into the card."""

    def tell_pushed(self, record: Record) -> None:
        """Say what a job that did not complete has pushed to the Hub, half-trained weights perhaps."""

    def lint(self) -> bool:
        """Lint the cards; True where they have findings that fail."""
        return False

    def publish(self, record: Record | None) -> None:
        """Commit the card to the Hub."""

    def leave_unpublished(self, reason: str) -> None:
        """Say why nothing is committed, where that was asked for."""


def run(steps: Steps) -> None:
    """Tell the story. Raises CarbonLintError where a step cannot be done; the steps before it are done."""
    record = steps.measure()
    is_over_budget = record is not None and steps.gate(record)
    if record is not None:
        steps.write_card(record)
        if record.outcome is Outcome.INTERRUPTED:
            return  # a runner leaves a few seconds, and nothing is published of a run that was cancelled
        if record.outcome is not Outcome.COMPLETED:
            steps.tell_pushed(record)
    has_findings = steps.lint()
    reason = reason_not_to_publish(record, is_over_budget=is_over_budget, has_findings=has_findings)
    if reason is None:
        steps.publish(record)
    else:
        steps.leave_unpublished(reason)


def reason_not_to_publish(record: Record | None, *, is_over_budget: bool, has_findings: bool) -> str | None:
    """Why nothing may be published: a figure nobody vouches for, a run over its budget, a card with errors."""
    if record is not None and record.outcome is not Outcome.COMPLETED:
        return f"the run's outcome is {record.outcome}"
    if is_over_budget:
        return "the run is over its budget"
    if has_findings:
        return "the card has findings"
    return None


def configured_budget(settings: Settings) -> Budget:
    """The limits that a configuration states, with the lines that state them."""
    return Budget(
        max_emissions_g=settings.max_emissions_g,
        max_energy_kwh=settings.max_energy_kwh,
        emissions_source=settings.source("max-emissions"),
        energy_source=settings.source("max-energy"),
    )


def whole_group(record: Record, path: str | None) -> Merged:
    """What the card states: the sum over the run group, of the records that lie beside this one at `path`.

    A failed or cancelled attempt took energy for the same weights. Raises InputError or MeasurementError where the
    records cannot be added up.
    """
    if record.run_group is None or path is None:
        return Merged(record=record, notes=())
    merged = group_sum(record, record_file(path))
    count = len(merged.record.merged_from)
    said = (f"the card states the sum of {count} runs of group {record.run_group!r}",) if count else ()
    return changed(merged, notes=(*merged.notes, *said))


def write_card(
    record: Record,
    path: str,
    *,
    training_type: str | None = None,
    location_name: str | None = None,
    replace: bool = False,
    is_dry: bool = False,
) -> CardChange:
    """Put the record's figures into the card, atomically, no other byte changed; a card that is not there is made.

    What a failed or cancelled run emitted counts too. Raises MeasurementError where the record holds no figure,
    UsageError, InputError or OutputError where the card cannot be written; the card is then as it was.
    """
    change = card_with_record(
        _card_bytes(path),
        path,
        record,
        training_type=training_type,
        location_name=location_name,
        replace=replace,
    )
    if change.is_changed and not is_dry:
        write_atomically(path, change.after)
    return change


def check_card_can_be_written(path: str, *, record_path: str | None = None) -> bool:
    """Find out before the job, and not after hours of it. Returns whether the card is not there and will be made.

    Raises InputError or OutputError; UsageError if a card of almost the same name is there.
    """
    if record_path is not None and os.path.realpath(path) == os.path.realpath(record_path):
        raise UsageError(f"{path} is to be the card and the record", hint="name the record r.json, say")
    data = _card_bytes(path)
    if data is None:
        check_no_other_is_meant(path)
    card = read_card(data or b"", path)
    write_block(card, {"emissions": 1.0})
    check_writable(path)
    return data is None


def _card_bytes(path: str) -> bytes | None:
    """What the card holds; `None` if there is none. Raises InputError for a script, a record and the like."""
    data = read_file(path, "card")
    stem, suffix = os.path.splitext(os.path.basename(path).lower())
    is_named_so = suffix in _CARD_SUFFIXES or (stem, suffix) == ("readme", "")
    if data and not is_named_so and not data.lstrip(b"\xef\xbb\xbf").startswith(b"---"):
        raise InputError(
            f"{path} is not a model card: it has no front matter, and its name does not end in .md",
            hint="name the card, like README.md",
        )
    return data


def check_no_other_is_meant(path: str) -> None:
    """Raise SecondCardError if `path` is not there and a file of almost the same name is."""
    folder, name = os.path.split(path)
    try:
        beside = sorted(entry.name for entry in os.scandir(folder or ".") if entry.is_file())
    except OSError:
        return
    if name in beside:
        return
    near = get_close_matches(name.lower(), [other.lower() for other in beside], n=1, cutoff=_CLOSE)
    if near:
        raise SecondCardError(path, next(os.path.join(folder, one) for one in beside if one.lower() == near[0]))
