"""Audit many cards for one report: who states emissions, by what source, what is wrong and why.

`audit_card` is pure: one card in, one result out, the same in this process, in several, or on a cluster. A card that
cannot be fetched or read stays in the report as a row.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from carbon_lint.card.document import BLOCK_KEY, Card
from carbon_lint.card.read import read_card
from carbon_lint.config import Settings
from carbon_lint.errors import NoCardsError
from carbon_lint.hub.search.stated import StatedEmissions, read_stated
from carbon_lint.lint.diagnostic import SEVERITIES, Diagnostic
from carbon_lint.lint.engine import lint_card
from carbon_lint.text import quoted, shortened

KEPT_FINDINGS = 10_000
"""Findings that the report lists; beyond them it only counts, so that memory stays flat over a million cards."""
PROOFS = ("CL203", "CL207")
"""Rules whose finding shows, from the card's own figures, that the grams field holds kilograms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardText:
    """A card to audit. `data` is None if there is none; `problem` says why it could not be read."""

    id: str
    data: bytes | None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A correction that the card's own figures prove: replace `text[start:end]` by `new`."""

    start: int
    end: int
    new: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedCard:
    """What was found of one card: what its metadata states, and what the linter says (see `finding_of`).

    `energy_kwh` is the block's `energy_consumed`; `problem` says why the card could not be fetched or audited.
    """

    id: str
    has_card: bool = False
    stated: StatedEmissions | None = None
    energy_kwh: float | None = None
    findings: tuple[dict[str, Any], ...] = ()
    proposal: Proposal | None = None
    problem: str | None = None


def audit_card(card_text: CardText, settings: Settings) -> AuditedCard:
    """Audit one card. Raises nothing on content."""
    if card_text.data is None:
        return AuditedCard(id=card_text.id, problem=card_text.problem)
    card = read_card(card_text.data, f"{card_text.id}/README.md")
    found = lint_card(card, settings)
    block = card.block
    value = None if block is None else block.plain
    return AuditedCard(
        id=card_text.id,
        has_card=True,
        stated=None if block is None else read_stated({BLOCK_KEY: value}),
        energy_kwh=card.amount("energy_consumed"),
        findings=tuple(finding_of(it) for it in found),
        proposal=_proposal(card, found),
    )


def audit_cards(cards: Iterable[CardText], settings: Settings, *, only_mentioning: bool = False) -> list[AuditedCard]:
    """Audit a batch; with `only_mentioning` cards without a word of emissions are only counted.

    A key written in YAML escapes is not seen.
    """
    audited = []
    for card in cards:
        folded = (card.data or b"").lower()
        if only_mentioning and b"co2" not in folded and b"emission" not in folded:
            audited.append(AuditedCard(id=card.id, has_card=card.data is not None, problem=card.problem))
        else:
            audited.append(audit_card(card, settings))
    return audited


def finding_of(diagnostic: Diagnostic) -> dict[str, Any]:
    """Return a finding as plain values for JSON. `diagnostic_of` makes it again, without its fix."""
    names = ("code", "name", "severity", "message", "path", "start", "end", "line", "column", "end_line", "end_column")
    return {name: getattr(diagnostic, name) for name in names}


def diagnostic_of(finding: dict[str, Any]) -> Diagnostic:
    """Return the finding for a reporter."""
    return Diagnostic(**finding, fix=None)


def _proposal(card: Card, found: list[Diagnostic]) -> Proposal | None:
    for diagnostic in found:
        if diagnostic.code in PROOFS and diagnostic.fix is not None and len(diagnostic.fix.edits) == 1:
            edit = diagnostic.fix.edits[0]
            assert 0 <= edit.start <= edit.end <= len(card.text)  # noqa: S101  the linter's own promise
            return Proposal(start=edit.start, end=edit.end, new=edit.text, evidence=diagnostic.message)
    return None


@dataclass(slots=True, kw_only=True)
class Tally:
    """The sums over all cards so far. Grams and kilowatt-hours are summed only if they could be read."""

    cards: int = 0
    without_card: int = 0
    stating: int = 0
    readable: int = 0
    converted: int = 0
    zero: int = 0
    emissions_g: float = 0.0
    energy_kwh: float = 0.0
    with_energy: int = 0
    by_source: Counter[str] = field(default_factory=Counter)
    by_code: Counter[str] = field(default_factory=Counter)
    by_severity: Counter[str] = field(default_factory=Counter)
    with_errors: int = 0
    findings: list[dict[str, Any]] = field(default_factory=list)
    unreadable: list[AuditedCard] = field(default_factory=list)
    problems: list[AuditedCard] = field(default_factory=list)
    proposals: list[AuditedCard] = field(default_factory=list)
    left_out: int = 0

    def add(self, audited: AuditedCard) -> None:
        """Count one card in."""
        self.cards += 1
        if audited.problem is not None:
            self.problems.append(audited)
        elif not audited.has_card:
            self.without_card += 1
        if audited.stated is not None:
            self._add_stated(audited, audited.stated)
        severities = Counter(finding["severity"] for finding in audited.findings)
        self.by_severity.update(severities)
        self.by_code.update(f"{finding['code']} {finding['name']}" for finding in audited.findings)
        self.with_errors += severities[SEVERITIES[0]] > 0
        room = KEPT_FINDINGS - len(self.findings)
        self.findings += audited.findings[:room]
        self.left_out += max(0, len(audited.findings) - room)
        if audited.proposal is not None:
            self.proposals.append(audited)

    def _add_stated(self, audited: AuditedCard, stated: StatedEmissions) -> None:
        self.stating += 1
        self.by_source[source_name(stated.source)] += 1
        if stated.emissions_g is None:
            self.unreadable.append(audited)
        else:
            self.readable += 1
            self.emissions_g += stated.emissions_g
            self.converted += stated.is_converted
            self.zero += stated.emissions_g == 0
        if audited.energy_kwh is not None and 0 <= audited.energy_kwh < float("inf"):
            self.energy_kwh += audited.energy_kwh
            self.with_energy += 1


def source_name(source: str | None) -> str:
    """Return one name for `Code Carbon`, `codecarbon` and `CodeCarbon`; other sources as written, cut short."""
    if source is None:
        return "not said"
    if source.startswith("carbon-lint "):  # its version and its run follow
        return "carbon-lint"
    folded = "".join(source.split()).casefold()
    known = {"codecarbon": "CodeCarbon", "carbontracker": "CarbonTracker", "autotrain": "AutoTrain"}
    return known.get(folded, shortened(source, 60))


def tally(audited: Iterator[AuditedCard]) -> Tally:
    """Return the sums over all."""
    sums = Tally()
    for one in audited:
        sums.add(one)
    return sums


def check_not_empty(sums: Tally, named: str) -> None:
    """Raise NoCardsError if no card was judged: an audit of nothing is not clean."""
    if sums.cards == 0:
        hint = "check its contents" if os.path.exists(named) else "check the name; private models need a token"
        raise NoCardsError(f"{quoted(named)} names no card", hint=hint)
    if sums.cards > sums.without_card + len(sums.problems):
        return
    if sums.problems:
        first = sums.problems[0]
        raise NoCardsError(
            f"none of the {sums.cards} cards of {quoted(named)} could be read; "
            f"{quoted(first.id)}: {first.problem or 'no reason is known'}",
            hint="check the names; private models need a token",
        )
    raise NoCardsError(
        f"none of the {sums.cards} models of {quoted(named)} has a card", hint="`carbon-lint init` writes one"
    )
