"""Write the section "Environmental Impact" of a card's text, between two comments, changing no other byte of it.

The lines bear the names of the Hub's own template of a card, so that readers of that template find them. A section that
a person wrote has no such comments, and is replaced only if that is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from carbon_lint.card.edit import Splice, refused_at, replace_span
from carbon_lint.card.markup import hidden, pattern
from carbon_lint.records.ranges import emissions_range, energy_range, left_out_of, measured_share
from carbon_lint.records.record import Outcome, StoppedBy
from carbon_lint.text import markdown_text, plural
from carbon_lint.units import format_emissions_range, format_energy_range, hours_from_seconds, rounded, significant

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from carbon_lint.card.document import Card
    from carbon_lint.records.record import Record

TITLE = "Environmental Impact"
_BEGIN = "<!-- carbon-lint:environmental-impact"
_FIRST = f"{_BEGIN} written by `carbon-lint card --body`; carbon-lint overwrites edits in this section -->"
_LAST = "<!-- /carbon-lint:environmental-impact -->"
_HEADING = (
    r"^[ ]{0,3}(?P<marks>\#{1,6})[ \t][^\n]{0,100}?environmental[ -]impact[^\n]*"
    r"|^[ ]{0,3}[^\n\#]{0,100}environmental[ -]impact[^\n]{0,100}\n[ ]{0,3}(?P<line>={3,}|-{3,})[ \t\r]*$"
    r"|^[ ]{0,3}<h(?P<level>[1-6])[^<>\n]{0,100}>[^\n]{0,100}environmental[ -]impact[^\n]*"
)
_ANY_HEADING = (
    r"^[ ]{0,3}(?:(?P<marks>\#{1,6})[ \t]|<h(?P<level>[1-6])\b)"
    r"|^[ ]{0,3}[^\s\#][^\n]*\n[ ]{0,3}(?P<line>={3,}|-{3,})[ \t\r]*$"
)
_CERTAIN = 0.999
_ENDINGS = {
    Outcome.OVER_BUDGET: "over budget: the run went over a limit",
    Outcome.FAILED: "failed: the figures are those up to then",
    Outcome.INTERRUPTED: "interrupted: the figures are those up to then",
    Outcome.UNMEASURED: "not measured to its end",
}


class WrittenSection(NamedTuple):
    """A card's text with the section. `done` says what became of it: `added`, `updated`, or `left` with the reason."""

    text: str
    done: str | None
    note: str | None = None


def with_section(card: Card, record: Record, *, is_wanted: bool, force: bool = False) -> WrittenSection:
    """Return the card's text with the section of this record; one that carbon-lint wrote is always brought up to date.

    `card` has the figures of the record in its block. `is_wanted` adds the section if there is none, `force` replaces
    one that a person wrote.

    Raises CardPlaceError if the two comments do not stand as carbon-lint wrote them.
    """
    own = _own(card)
    lines = section(record, hardware=_stated(card, "hardware_used"), place=_stated(card, "geographical_location"))
    newline = "\r\n" if "\r\n" in card.text else "\n"
    text = newline.join(lines)
    if own is not None:
        return WrittenSection(replace_span(card.text, [Splice(*own, text)]), "updated")
    if not is_wanted:
        return WrittenSection(card.text, None)
    theirs = _by_a_person(card)
    if theirs is not None and not force:
        what = f"the section {TITLE} on line {_line_of(card, theirs[0])} was written by a person and was left"
        return WrittenSection(card.text, None, f"{what}: `carbon-lint card --body --force` replaces it")
    if theirs is not None:
        gap = newline if theirs[1] == len(card.text) else 2 * newline
        return WrittenSection(replace_span(card.text, [Splice(*theirs, text + gap)]), "replaced")
    end = len(card.text)
    gap = "" if not end else newline if card.text.endswith(("\n", "\r")) else 2 * newline
    whole = replace_span(card.text, [Splice(end, end, f"{gap}{text}{newline}")])
    if not all(_comments(whole, card.body[0], mark) for mark in (_BEGIN, _LAST)):
        hint = "close the code block or the comment at the end of the text"
        raise refused_at(card, end, "at its end nothing can be added to the text", hint)
    return WrittenSection(whole, "added")


def own_section(card: Card) -> list[str]:
    """Return the lines of the section that carbon-lint wrote; none if there is none.

    Raises CardPlaceError if the two comments do not stand as carbon-lint wrote them.
    """
    own = _own(card)
    return [] if own is None else card.text[slice(*own)].splitlines()


def section(record: Record, *, hardware: str | None, place: str | None) -> list[str]:
    """Return the lines of the section; what is not known has no line."""
    grams, energy = emissions_range(record), energy_range(record)
    left_out = left_out_of(record)
    items = {
        "Hardware Type": hardware and markdown_text(hardware),
        "Hours used": rounded(hours_from_seconds(record.duration_s)),
        "Compute Region": place and markdown_text(place),
        "Carbon Emitted": grams and f"{format_emissions_range(grams.likely, grams.low, grams.high)} of CO2 equivalent",
        "Energy Consumed": energy and format_energy_range(energy.likely, energy.low, energy.high),
        "Power usage effectiveness": None if record.pue == 1 else f"{significant(record.pue)}, counted in the energy",
        "Outcome": _ending(record),
        "Measured": _measured(record),
        "Not counted": "board, fans, disks, network and power supply: "
        f"{significant(left_out.low * 100, 2)} to {significant(left_out.high * 100, 2)} % on top",
        "Run": _run(record),
    }
    return [_FIRST, f"## {TITLE}", "", *(f"- **{name}:** {text}" for name, text in items.items() if text), _LAST]


def _stated(card: Card, name: str) -> str | None:
    node = None if card.block is None or card.block.kind != "map" else card.block.get(name)
    return None if node is None or node.kind != "scalar" else node.text.strip() or None


def _ending(record: Record) -> str | None:
    """Say how a run ended that did not complete."""
    if record.stopped_by is StoppedBy.BUDGET:
        return "stopped at its budget: the figures are those up to then"
    return _ENDINGS.get(record.outcome)


def _measured(record: Record) -> str:
    share = measured_share(record)
    if share is None:
        return "not known"
    if share > _CERTAIN:
        return "all of the energy, by sensors"
    if share < 1 - _CERTAIN:
        return "nothing: no sensor was read, and all energy is estimated"
    return f"{significant(share * 100)} % of the energy, by sensors; the rest is estimated"


def _run(record: Record) -> str | None:
    """Return the run as a link, if its address is one and cannot end the link."""
    url, name = record.provenance.run_url, record.provenance.repository
    count = len(record.merged_from)
    parts = [f"sum of {plural(count, 'run')}" if count else markdown_text(record.run_id)]
    if url is not None and url.startswith(("https://", "http://")):
        parts = [f"[{markdown_text(name or 'the run', is_start=False)}]({quote(url, safe=':/?&=%')})", *parts]
    return ", ".join(parts)


def _own(card: Card) -> tuple[int, int] | None:
    """Return the place of the section between our comments; `None` if there is none. Raises CardPlaceError."""
    begins, ends = (_comments(card.text, card.body[0], mark) for mark in (_BEGIN, _LAST))
    if not begins and not ends:
        return None
    if len(begins) == len(ends) == 1 and begins[0][1] <= ends[0][0]:
        return begins[0][0], ends[0][1]
    hint = f"keep one section between {_BEGIN} ... --> and {_LAST}, or remove the comments"
    at = min(begins + ends)[0]
    raise refused_at(card, at, f"in its section {TITLE} {_flaw(card, begins, ends)}", hint)


def _flaw(card: Card, begins: list[tuple[int, int]], ends: list[tuple[int, int]]) -> str:
    """Say what is wrong with the comments that bound the section, with their lines."""
    opening, closing = (" and ".join(_line_of(card, start) for start, _ in found) for found in (begins, ends))
    if not ends:
        return f"the opening comment on line {opening} has no closing one"
    if not begins:
        return f"the closing comment on line {closing} has no opening one"
    if len(begins) > 1 or len(ends) > 1:
        return f"the opening comment is on line {opening}, the closing one on line {closing}: expected one of each"
    return f"the closing comment on line {closing} stands before the opening one on line {opening}"


def _line_of(card: Card, offset: int) -> str:
    return str(card.text.count("\n", 0, offset) + 1)


def _comments(text: str, start: int, mark: str) -> list[tuple[int, int]]:
    """Return the places of the comments that begin so and are not in code."""
    return [span for span in hidden(text, start) if text.startswith(mark, span[0])]


def _by_a_person(card: Card) -> tuple[int, int] | None:
    """Return the place of a section with this title, to the next heading of its level."""
    asides = hidden(card.text, card.body[0])

    def headings(of: str, start: int) -> Iterator[re.Match[str]]:
        for match in pattern(of).finditer(card.text, start):
            if not any(begin <= match.start() < end for begin, end in asides):
                yield match

    first = next(headings(_HEADING, card.body[0]), None)
    if first is None:
        return None
    ends = (match.start() for match in headings(_ANY_HEADING, first.end()) if _level(match) <= _level(first))
    return first.start(), next(ends, len(card.text))


def _level(match: re.Match[str]) -> int:
    if match["marks"]:
        return len(match["marks"])
    return int(match["level"]) if match["level"] else 1 if match["line"].startswith("=") else 2
