"""A record's figures as the card's `co2_eq_emissions`, and what changes by writing them."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

from carbon_lint.card.body import with_section
from carbon_lint.card.document import UNIT_FIELDS
from carbon_lint.card.edit import encode, write_block
from carbon_lint.card.prose import figures
from carbon_lint.card.quantity import read, units_in
from carbon_lint.card.read import read_card
from carbon_lint.errors import MissingFigureError, UsageError
from carbon_lint.records.document import hash_of
from carbon_lint.records.hashes import short
from carbon_lint.records.record import Method, Outcome
from carbon_lint.text import plural, quoted
from carbon_lint.units import format_emissions, hours_from_seconds, readings_of, significant

if TYPE_CHECKING:
    from carbon_lint.card.document import Card, Node
    from carbon_lint.records.record import Hardware, Record

    Value = str | int | float | bool

_SPENT = {
    Outcome.FAILED: "the run failed; what it emitted until then counts",
    Outcome.INTERRUPTED: "the run was interrupted; what it emitted until then counts",
    Outcome.OVER_BUDGET: "the run went over its budget; what it emitted still counts",
}
_CLOUDS = ("gcp", "aws", "azure")  # as `places` begins the name of a cloud's region; another place may be one, too
_ROUNDED = 0.01  # a text gives three digits or so
_DIGITS = 4
_LONGEST = 200  # characters of an amount; longer text is prose, and patterns over it cost time
_TOOL = "carbon-lint"
_RUN_CHARACTERS = 8  # of a UUID: enough to find the run among others
_UNSAFE = re.compile(r"[^A-Za-z0-9.+_-]+")  # what no version and no run id of ours holds
_NAMED = re.compile(rf"{_TOOL} .*\brecord ([0-9a-f]{{16,64}})")
_HOURS_DIGITS = 3  # of an hour or more, as SetFit and sentence-transformers round `hours_used`


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One key of the block: its source text before, None if it was not there, and its value now."""

    name: str
    old: str | None
    new: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class CardChange:
    """A card before and after. `before` is None for a card that was not there; `notes` are for the user to read.

    `section` says what became of the section of the text: added, updated or replaced; None if nothing did.
    """

    before: bytes | None
    after: bytes
    fields: tuple[FieldChange, ...]
    notes: tuple[str, ...]
    section: str | None = None

    @property
    def is_changed(self) -> bool:
        """False if the card holds the record's figures already."""
        return self.before != self.after


def card_with_record(
    data: bytes | None,
    path: str,
    record: Record,
    *,
    training_type: str | None = None,
    location_name: str | None = None,
    replace: bool = False,
    with_energy: bool = False,
    with_body: bool = False,
    force: bool = False,
) -> CardChange:
    """Return the card in `data` with the record's figures; a minimal new card for None.

    `with_energy` adds the keys that other writers add, `with_body` the section of the text; those that the card has are
    brought up to date in any case. `force` replaces a section that a person wrote.

    Raises MissingFigureError if the record holds no figure, UsageError if a smaller figure would replace a larger
    one of the same run group, InputError if the card cannot be written safely.
    """
    card = read_card(data or b"", path)
    block = block_of(record, training_type=training_type, location_name=location_name)
    emissions_g = _emissions_of(record)
    notes = [_SPENT[record.outcome]] if record.outcome in _SPENT else []
    notes += _notes_on_size(card, record, emissions_g, replace=replace)
    notes += _notes_on_stale(card, block)
    block |= _derived(card, record, is_wanted=with_energy)
    written = with_section(
        read_card(encode(card, write_block(card, block)), path), record, is_wanted=with_body, force=force
    )
    after = encode(card, written.text)
    notes += _notes_on_text(read_card(after, path), emissions_g) + ([written.note] if written.note else [])
    return CardChange(
        before=data, after=after, fields=_field_changes(card, block), notes=tuple(notes), section=written.done
    )


def block_of(record: Record, *, training_type: str | None = None, location_name: str | None = None) -> dict[str, Value]:
    """Return the keys that a record can state, in the documentation's order. The training type is never guessed.

    Raises MissingFigureError if the record holds no emissions.
    """
    block: dict[str, Value] = {"emissions": _emissions_of(record), "source": source_of(record)}
    if training_type is not None:
        block["training_type"] = training_type
    location = location_name or (record.intensity and (record.intensity.location_name or record.intensity.location))
    if location:
        block["geographical_location"] = location
    hardware = hardware_used(record.hardware)
    if hardware:
        block["hardware_used"] = hardware
    return block


def source_of(record: Record) -> str:
    """Return `carbon-lint 0.3.0 with CodeCarbon 3.3.2, run 5f0c9a3e, record 9f86d081884c7d65`.

    The last word is the start of the record's hash. A record of a CodeCarbon file alone has no hash to look for, so its
    source is `codecarbon`.
    """
    versions = {name: _UNSAFE.sub("-", version)[:32] for name, version in record.software.items()}
    if _TOOL not in versions:
        return "codecarbon" if "codecarbon" in versions else _TOOL
    by = f" with CodeCarbon {versions['codecarbon']}" if "codecarbon" in versions else ""
    count = len(record.merged_from)
    run = f"sum of {plural(count, 'run')}" if count else f"run {_UNSAFE.sub('-', record.run_id)[:_RUN_CHARACTERS]}"
    return f"{_TOOL} {versions[_TOOL]}{by}, {run}, record {short(hash_of(record))}"


def record_named_in(source: str) -> str | None:
    """Return the first digits of the hash of the record that a card's `source` names; `None` without one."""
    found = _NAMED.search(source)
    return None if found is None else found[1]


def hardware_used(hardware: Hardware) -> str | None:
    """Return `2 x NVIDIA A100-SXM4-80GB`; the CPU if no GPU was counted; None if neither is known."""
    names = Counter(gpu.name for gpu in hardware.gpus)
    return ", ".join(f"{count} x {name}" for name, count in names.items()) or hardware.cpu_model


def _emissions_of(record: Record) -> float:
    emissions_g = record.emissions_g
    if record.outcome is Outcome.UNMEASURED or (emissions_g is None and record.energy_kwh.total is None):
        reason = record.unmeasured_because
        why = "no emissions were measured" if reason is None else reason.message
        flaw, hint = f"no emissions ({record.outcome}): {why}", "`carbon-lint doctor` says what can be measured here"
    elif emissions_g is None:
        flaw, hint = "energy and no grams", "say where the energy came from: carbon-lint card --location FRA"
    elif not 0 < emissions_g < math.inf:
        flaw, hint = f"{emissions_g!r} g, which no run can have taken", "measure the run again"
    else:
        return _rounded(emissions_g) if is_modelled(record) else emissions_g
    raise MissingFigureError(
        f"the record of run {record.run_id} holds {flaw}", hint=f"the card was not changed; {hint}"
    )


def is_modelled(record: Record) -> bool:
    """Return whether any part of the energy was estimated, so that the figure has digits without meaning."""
    methods = record.methods
    return bool({methods.cpu, methods.gpu, methods.ram} & {Method.LOAD_MODEL, Method.CONSTANT, Method.USER})


def _rounded(emissions_g: float) -> float:
    """Round the figure to what a model can know: four digits, and whole grams at least. The record keeps the rest.

    It is rounded up, so that it is over a limit of as many digits exactly if the record's figure is.
    """
    exact = Decimal(f"{emissions_g:.12g}")
    last_digit = Decimal(1).scaleb(min(0, exact.adjusted() + 1 - _DIGITS))
    return float(exact.quantize(last_digit, rounding=ROUND_CEILING))


def _notes_on_size(card: Card, record: Record, emissions_g: float, *, replace: bool) -> list[str]:
    """Check that no smaller figure replaces a larger one of the same run group; return notes for the user."""
    stated_g = card.emissions_g if record.run_group is None else _most_stated_g(card)
    if stated_g is None or not emissions_g < stated_g:
        return []
    exact_g = record.emissions_g or emissions_g
    sizes = f"the card states {_in_words(card, stated_g)}, the record {format_emissions(exact_g)}"
    if record.run_group is None:
        return [f"{sizes}: right if this run alone made the weights; if both did, give them one run group"]
    if replace:
        return [f"{sizes}: replaced, as asked for"]
    check_can_be_compared(card, record.run_group)
    raise UsageError(
        f"{sizes} for the run group {record.run_group!r}: the smaller figure was not written",
        hint="merge the records of the whole group, or replace it anyway: carbon-lint card --replace",
    )


def check_can_be_compared(card: Card, run_group: str) -> None:
    """Raise UsageError if nobody can tell whether the sum of a run group is smaller than the card's figure."""
    stated_g = _most_stated_g(card)
    if stated_g == math.inf:
        raise UsageError(
            f"the card states {_in_words(card, stated_g)}: the run group {run_group!r} cannot be compared with it",
            hint="write the card's figure in grams, or replace it anyway: carbon-lint card --replace",
        )


def _in_words(card: Card, stated_g: float) -> str:
    figure = card.field("emissions")
    if figure is None or stated_g == card.emissions_g:
        return format_emissions(stated_g)
    meaning = "not an amount of CO2" if stated_g == math.inf else f"at most {format_emissions(stated_g)}"
    return f"{quoted(figure.text)}, {meaning}"


def _most_stated_g(card: Card) -> float | None:
    """Return the most grams that the card's figure can mean: infinity for what cannot be read, None without digits."""
    figure = card.field("emissions")
    if figure is None or not any(character.isdigit() for character in figure.text):
        return None
    present = _present(card)
    texts = (figure.text, *(f"{figure.text} {present[name].text}" for name in UNIT_FIELDS if name in present))
    amounts = filter(None, (read(text) for text in texts if len(text) <= _LONGEST))
    plain = readings_of(figure.text.strip()) if card.emissions_g is None else (card.emissions_g,)
    with_unit = [grams for amount in amounts if not amount.unit.is_rate for grams in amount.grams]
    return float(max((*plain, *with_unit), default=math.inf))


def _notes_on_stale(card: Card, block: dict[str, Value]) -> list[str]:
    present = _present(card)
    return [
        f"{name} stays {present[name].raw!r}: the record does not state it"
        for name in present
        if name not in block and (name in {"geographical_location", "hardware_used"} or any(units_in(name)))
    ] + _notes_on_comments(card)


def _notes_on_comments(card: Card) -> list[str]:
    """Return a note for a comment between the line above the block and the figure that names another unit."""
    key, figure = card.block_key, _present(card).get("emissions", card.block)
    if key is None or figure is None:
        return []
    start = card.text.rfind("\n", 0, max(0, card.text.rfind("\n", 0, key.start))) + 1
    end = card.text.find("\n", figure.end)
    comments = [line.partition("#")[2].strip() for line in card.text[start:end].splitlines() if "#" in line]
    return [
        f"the comment {comment[:60]!r} stays beside the figure, which is grams: edit it yourself"
        for comment in comments
        if any(named.mass.grams[0] != 1 for named in units_in(comment))
    ]


def _notes_on_text(card: Card, emissions_g: float) -> list[str]:
    """Return a note if what a person wrote contradicts the new figure."""
    stated = figures(card.text, card.body[0])
    if not stated or any(math.isclose(figure.grams, emissions_g, rel_tol=_ROUNDED) for figure in stated):
        return []
    return [f"the card's text states {stated[0].number_text} {stated[0].unit}: edit the card's text yourself"]


def _derived(card: Card, record: Record, *, is_wanted: bool) -> dict[str, Value]:
    """Return keys that other writers add: if the card has them, they would contradict the new figure."""
    location = record.intensity.location if record.intensity is not None else None
    values: dict[str, Value | None] = {
        "energy_consumed": record.energy_kwh.total,
        "hours_used": _hours(record.duration_s),
        "cpu_model": record.hardware.cpu_model,
        "ram_total_size": record.hardware.ram_gb,
    }
    if is_wanted and (location or "").partition("/")[0] in _CLOUDS:
        values["on_cloud"] = True
    present = _present(card)
    values |= {name: "g" for name in UNIT_FIELDS if name in present}
    return {name: value for name, value in values.items() if (is_wanted or name in present) and value is not None}


def _hours(duration_s: float) -> float:
    hours = hours_from_seconds(duration_s)
    return round(hours, _HOURS_DIGITS) if hours >= 1 else float(significant(hours, _DIGITS))


def _present(card: Card) -> dict[str, Node]:
    block = card.block
    return {} if block is None else {key.text: value for key, value in block.own_items()}


def _field_changes(card: Card, block: dict[str, Value]) -> tuple[FieldChange, ...]:
    old = {name: value.raw for name, value in _present(card).items()}
    if card.block is not None and card.block.kind == "scalar":
        old["emissions"] = card.block.raw
    return tuple(FieldChange(name=name, old=old.get(name), new=value) for name, value in block.items())
