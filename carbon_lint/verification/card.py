"""Check the figure on a card against the record that it comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from carbon_lint.card.body import TITLE, own_section
from carbon_lint.card.document import Node
from carbon_lint.card.from_record import card_with_record, is_modelled, record_named_in
from carbon_lint.card.read import read_card
from carbon_lint.errors import CardPlaceError, InputError, MissingFigureError, NothingFoundError
from carbon_lint.places import every_place
from carbon_lint.records.document import hash_of
from carbon_lint.records.hashes import short
from carbon_lint.records.intensity import priced
from carbon_lint.records.record import Record
from carbon_lint.report.verification import EvidencePart, Statement
from carbon_lint.units import format_emissions
from carbon_lint.verification.record import misspelt

_CARD = EvidencePart.CARD
_PLACE = "geographical_location"


class Figures:
    """What a card states: its figure, and each key of the block by name.

    `flaws`: what is wrong with how the figure is written. `twice`: keys that come more than once, which readers of the
    card take differently.
    """

    def __init__(self, data: bytes, name: str) -> None:
        """Read a card. Raises InputError if it cannot be read, NothingFoundError if it states no number."""
        card = read_card(data, name)
        items = [] if card.block is None else list(card.block.items())
        self.data, self.name = data, name
        self.fields: dict[str, Node] = {key.text: value for key, value in items}
        self.twice = sorted(key for key, count in Counter(key.text for key, _ in items).items() if count > 1)
        node, emissions_g = card.field("emissions"), card.emissions_g
        if node is None or emissions_g is None:
            raise NothingFoundError(
                f"{name} states no emissions that are a number of zero or more",
                hint="`carbon-lint check` says what is wrong with its co2_eq_emissions",
            )
        self.emissions_g = emissions_g
        try:
            _, self.flaws = misspelt(node.text.encode())
        except ValueError:  # YAML writes numbers in more ways than JSON
            self.flaws = []

    def text(self, name: str) -> str | None:
        """Return the text of a key; `None` if it is not there."""
        node = self.fields.get(name)
        return None if node is None else node.text


def check_card(figures: Figures, record: Record) -> Iterator[Statement]:
    """Yield whether the card states what carbon-lint writes for this record, key by key."""
    place, given = figures.text(_PLACE), record
    try:
        record = _priced_as(place, record)
        written = card_with_record(figures.data, figures.name, record, location_name=place, replace=True)
        own = card_with_record(figures.data, figures.name, record, replace=True)
    except MissingFigureError as error:
        yield _CARD.contradicted(f"it states a figure, and {error.message}")
        return
    except CardPlaceError as error:  # its message is for who would write the card; here nobody does
        raise InputError(f"{error.place}: {error.flaw}", hint=error.hint) from error
    expected = Figures(written.after, figures.name)
    yield from (_CARD.contradicted(f"the key {name} comes twice") for name in figures.twice)
    yield _figure(figures, expected, record)
    yield _source(figures, expected, record, is_own=record is given)
    for name in sorted(expected.fields.keys() - {"emissions", "source", _PLACE}):
        if name != "training_type":
            yield _field(name, figures.text(name), expected.text(name))
    yield from _section(figures.data, written.after, figures.name)
    if place is not None:
        is_own = Figures(own.after, figures.name).text(_PLACE) == place
        say = _CARD.proven if is_own else _CARD.claimed
        yield say(f"its {_PLACE} is {'the record' if is_own else 'its author'}'s: {place}")


def _figure(figures: Figures, expected: Figures, record: Record) -> Statement:
    if figures.emissions_g != expected.emissions_g:
        stated, right = figures.emissions_g, expected.emissions_g
        return _CARD.contradicted(f"it states {stated!r} g, and the record comes to {right!r} g")
    if figures.flaws:
        return _CARD.contradicted(figures.flaws[0])
    rounded = ", rounded up to four digits as a part is modelled" if is_modelled(record) else ""
    shown = format_emissions(figures.emissions_g)
    return _CARD.proven(f"its figure is the record's: {shown}{rounded}")


def _section(data: bytes, expected: bytes, name: str) -> Iterator[Statement]:
    """Yield whether the section that carbon-lint wrote into the text is the record's, line by line."""
    stated, right = (own_section(read_card(each, name)) for each in (data, expected))
    wrong = [line for line in stated if line not in right] + [line for line in right if line not in stated]
    if wrong:
        yield _CARD.contradicted(f"its section {TITLE} is not the record's: '{wrong[0]}'")
    elif stated:
        yield _CARD.proven(f"its section {TITLE} is the record's")


def _priced_as(named: str | None, record: Record) -> Record:
    """Return the record, one that holds energy alone priced at the place that the card names, as `card` does it."""
    if record.emissions_g is not None or record.energy_kwh.total is None or named is None:
        return record
    place = next((place for place in every_place() if place.name == named), None)
    return record if place is None else priced(record, place)


def _source(figures: Figures, expected: Figures, record: Record, *, is_own: bool) -> Statement:
    stated = figures.text("source") or ""
    named = record_named_in(stated)
    if named is None:
        return _CARD.claimed("it names no record, so any record with the same figure would do")
    if not hash_of(record).startswith(named):
        return _CARD.contradicted(f"it is of record {short(named)}, and this is record {short(hash_of(record))}")
    if stated != expected.text("source"):
        return _CARD.contradicted(f"its source is '{stated}', expected '{expected.text('source')}'")
    how = "" if is_own else ", with the grams that its energy takes there"
    return _CARD.proven(f"it names this record{how}, {short(named)}")


def _field(name: str, stated: str | None, expected: str | None) -> Statement:
    if stated is None:
        return _CARD.claimed(f"it does not state the {name} of the record: {expected}")
    if stated == expected:
        return _CARD.proven(f"its {name} is the record's: {stated}")
    return _CARD.contradicted(f"its {name} is '{stated}', and the record has '{expected}'")
