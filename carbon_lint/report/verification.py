"""Show the result of checking a card's figure: what is proven, only claimed, or cannot be known. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from carbon_lint.report.layout import json_text
from carbon_lint.text import plural, terminal

FORMAT = "carbon-lint/verification@1"


class StatementKind(StrEnum):
    """What is known of a statement. A contradiction is a statement that the evidence refutes."""

    CONTRADICTED = "contradicted"
    PROVEN = "proven"
    CLAIMED = "only claimed"
    UNKNOWN = "cannot be known"


class EvidencePart(StrEnum):
    """Which part of the evidence a statement is of."""

    CARD = "card"
    RECORD = "record"
    JOURNAL = "journal"
    RUNS = "runs"
    ATTESTATION = "attestation"

    def contradicted(self, text: str) -> Statement:
        """Return a statement that the evidence refutes."""
        return Statement(StatementKind.CONTRADICTED, self, text)

    def proven(self, text: str) -> Statement:
        """Return a statement that the evidence proves."""
        return Statement(StatementKind.PROVEN, self, text)

    def claimed(self, text: str) -> Statement:
        """Return a statement that somebody makes and nothing shows."""
        return Statement(StatementKind.CLAIMED, self, text)

    def unknown(self, text: str) -> Statement:
        """Return what cannot be known."""
        return Statement(StatementKind.UNKNOWN, self, text)


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence on the evidence. Its text may quote the evidence, so it is escaped when it is shown."""

    kind: StatementKind
    subject: EvidencePart
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """All that is known of the figure of a card, `card` as the user calls it. `files`: the evidence that was read."""

    card: str
    emissions_g: float | None
    files: dict[str, str]
    statements: tuple[Statement, ...]

    @property
    def is_contradicted(self) -> bool:
        """Whether any part of the evidence contradicts another."""
        return any(statement.kind is StatementKind.CONTRADICTED for statement in self.statements)

    def of(self, kind: StatementKind) -> list[Statement]:
        """Return the statements of one kind."""
        return [statement for statement in self.statements if statement.kind is kind]


def render_text(found: Verification) -> str:
    """Return the lists as text. Contradictions come first, and only if there are any."""
    return "\n".join(terminal(line) for line in _lines(found)) + "\n"


def _lines(found: Verification) -> Iterator[str]:
    figure = "no figure" if found.emissions_g is None else f"{found.emissions_g!r} g CO2eq"
    against = ", ".join(f"{part} {name}" for part, name in found.files.items()) or "no evidence"
    yield f"{found.card}: {figure}, checked against {against}"
    for kind in StatementKind:
        statements = found.of(kind)
        if statements or kind is not StatementKind.CONTRADICTED:
            yield f"{kind}:"
            yield from [f"  {statement.subject}: {statement.text}" for statement in statements] or ["  nothing"]
    count = len(found.of(StatementKind.CONTRADICTED))
    if count:
        yield f"verdict: {plural(count, 'contradiction')}: do not rely on this figure"
    elif found.of(StatementKind.PROVEN):
        yield "verdict: nothing contradicts the figure"
    else:
        yield "verdict: nothing contradicts the figure, and nothing proves it"


def render_json(found: Verification) -> str:
    """Return the same for programs."""

    def entries(kind: StatementKind) -> list[dict[str, Any]]:
        return [{"subject": str(each.subject), "statement": each.text} for each in found.of(kind)]

    document = {
        "format": FORMAT,
        "verdict": "contradicted" if found.is_contradicted else "consistent",
        "card": found.card,
        "emissions_g": found.emissions_g,
        "files": found.files,
        "contradictions": entries(StatementKind.CONTRADICTED),
        "proven": entries(StatementKind.PROVEN),
        "only_claimed": entries(StatementKind.CLAIMED),
        "cannot_be_known": entries(StatementKind.UNKNOWN),
    }
    return json_text(document)
