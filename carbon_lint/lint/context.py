"""What a rule is given: one card, the settings, the evidence, and what several rules ask for, worked out once.

`traits` says what the card has, in the words that the table of rules uses, so that no rule is imported in vain:

  unreadable    the file could not be read
  problem       the reader met a problem (see `Card.problems`)
  block         there is a `co2_eq_emissions`
  odd-block     there is one, and it is not plainly valid (`lint.schema`)
  short-block   there is one, and a recommended field is not in it
  bare          there is none, and the card mentions carbon or emissions
  prose         there is one, and the text below the front matter mentions carbon or emissions
  unit          a comment stands beside the figure, or a field names a unit
  energy        the block has `energy_consumed`
  hardware      the block has hardware, and it or the text mentions hours
  python        PyYAML cannot read the front matter that the Hub reads
  base-model    the block has `training_type`, and the metadata has `base_model`
  evidence      a record or an emissions.csv was given
  budget        the settings hold a limit
  suppression   the front matter holds one of our comments
"""

from __future__ import annotations

from functools import cached_property

from carbon_lint.card.document import UNIT_FIELDS, amount_of
from carbon_lint.lint.schema import RECOMMENDED, plainly_valid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbon_lint.card.document import Card, Node
    from carbon_lint.card.prose import BodyFigure
    from carbon_lint.config import Settings
    from carbon_lint.lint.evidence import Evidence
    from carbon_lint.lint.suppression import Suppressions

COMMENT = "carbon-lint:"
_LINE = 200
"""Characters in which a comment behind a figure is looked for."""
_HOURS = (
    "hours used",
    "hours_used",
    "training time",
    "training_time",
    "training duration",
    "trained for",
    "time spent",
)


class Context:
    """One card under judgement."""

    def __init__(
        self, card: Card, settings: Settings, evidence: Evidence | None = None, unreadable: str | None = None
    ) -> None:
        self.card = card
        self.settings = settings
        self.evidence = evidence
        self.unreadable = unreadable
        # Most cards do not mention carbon at all, and need no further look: their YAML is not even made into nodes.
        self.is_about_carbon = mentions_carbon(card.text)
        self.block_key: Node | None = card.block_key if self.is_about_carbon else None
        self.block: Node | None = card.block if self.block_key is not None else None
        self.codes: set[str] = set()  # of the rules that have found something; those in a comment's silence too
        self.active: frozenset[str] = frozenset()  # codes of the rules that run on this card

    @property
    def text(self) -> str:
        """The card's text."""
        return self.card.text

    @property
    def is_model_card(self) -> bool:
        """Whether a figure is expected: not on the card of a data set or a Space."""
        return self.card.is_of_a_model

    @cached_property
    def fields(self) -> dict[str, tuple[Node, Node]]:
        """The block's fields: key text -> (key, value). Those of a list of single-key maps too; {} for a scalar."""
        return {key.text: (key, value) for key, value in pairs_of(self.block)}

    def limit_in_words(self, name: str) -> str:
        """Return where a limit of the settings comes from, and who lifts it today if somebody does."""
        lifted = self.settings.exception_to(name)
        by = "" if lifted is None else f"; lifted by {lifted.owner} until {lifted.until.isoformat()}: {lifted.reason}"
        return f"{name} in {self.settings.source(name)}{by}"

    def field(self, name: str) -> Node | None:
        """Return the value of a field of the block."""
        pair = self.fields.get(name)
        return pair[1] if pair else None

    @property
    def emissions(self) -> Node | None:
        """What holds the figure: the field `emissions`, or the block itself if it is a scalar."""
        if self.block is not None and self.block.kind == "scalar":
            return self.block
        return self.field("emissions")

    @property
    def emissions_g(self) -> float | None:
        """The figure in grams, if the Hub reads a finite number of zero or more; else None."""
        return amount_of(number(self.emissions))

    @cached_property
    def figures(self) -> list[BodyFigure]:
        """Emissions that the card's text states."""
        from carbon_lint.card.prose import figures

        return figures(self.text, self.card.body[0])

    @cached_property
    def suppressions(self) -> Suppressions:
        """Our comments in the front matter."""
        from carbon_lint.lint.suppression import find

        return find(self.card)

    def spot(self, node: Node) -> tuple[int, int]:
        """Return the place of a finding about a value: the value, or its key if nothing is written."""
        if node.end > node.start:
            return node.start, node.end
        key = next((key for key, value in self.fields.values() if value is node), self.block_key)
        return (node.start, node.end) if key is None else (key.start, key.end)

    def place(self) -> tuple[int, int]:
        """Return the place of a finding about the whole card: the block's key, the opening fence, else the start."""
        if self.block_key is not None:
            return self.block_key.start, self.block_key.end
        matter = self.card.front_matter
        if matter is None:
            return 0, 0
        return matter.open_start, matter.open_start + len(self.text[matter.open_start : matter.start].rstrip())

    def traits(self) -> frozenset[str]:
        """Return what this card has."""
        if self.unreadable is not None:
            return frozenset(("unreadable",))
        found: set[str] = set()
        if self.card.problems:
            found.add("problem")
        elif self.card.pyyaml_error is not None:
            found.add("python")
        if self.evidence is not None:
            found.add("evidence")
        if self.settings.has_budget:
            found.add("budget")
        matter = self.card.front_matter
        if matter is not None and self.text.find(COMMENT, matter.start, matter.end) >= 0:
            found.add("suppression")
        if self.block_key is None:
            if self.is_about_carbon:
                found.add("bare")
        else:
            self._add_block_traits(found)
        return frozenset(found)

    def _add_block_traits(self, found: set[str]) -> None:
        found.add("block")
        if self.block is None or not plainly_valid(self.block):
            found.add("odd-block")
        fields = self.fields
        if any(name not in fields for name in RECOMMENDED):
            found.add("short-block")
        prose = self.text[self.card.body[0] :].lower()
        if mentions_carbon(prose):
            found.add("prose")
        if self.emissions is not None and self._may_name_unit(self.emissions):
            found.add("unit")
        if "energy_consumed" in fields:
            found.add("energy")
        if "hardware_used" in fields and ("hours_used" in fields or any(word in prose for word in _HOURS)):
            found.add("hardware")
        if "training_type" in fields and self.card.root is not None and self.card.root.get("base_model") is not None:
            found.add("base-model")

    def _may_name_unit(self, node: Node) -> bool:
        if any(name in self.fields for name in UNIT_FIELDS):
            return True
        key = self.block_key or node
        above = self.text.rfind("\n", 0, max(0, self.text.rfind("\n", 0, key.start))) + 1
        matter = self.card.front_matter
        end = min(min(node.end, key.end + 20 * _LINE) + _LINE, len(self.text) if matter is None else matter.end)
        return self.text.find("#", above, end) >= 0  # the text begins with a heading, mostly


def number(node: Node | None) -> float | None:
    """Return the number that the Hub reads, or None. A boolean is not a number."""
    value = node.value if node is not None else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def string(node: Node | None) -> str | None:
    """Return the string that the Hub reads, or None."""
    value = node.value if node is not None else None
    return value if isinstance(value, str) else None


def pairs_of(block: Node | None) -> Iterator[tuple[Node, Node]]:
    """Return the fields of a block, (key, value), or those of the maps that it lists."""
    if block is not None:
        for part in block.items_list() or [block]:
            yield from ((key, value) for key, value in part.items() if key.kind == "scalar")


_IN_UTF8 = "co\u2082".encode()


def mentions_carbon_bytes(data: bytes) -> bool:
    """Decide as `mentions_carbon`, of a text in UTF-8: half the time, which counts over thousands of cards."""
    lowered = data.lower()
    return b"emission" in lowered or b"carbon" in lowered or b"co2" in lowered or _IN_UTF8 in lowered


def mentions_carbon(text: str) -> bool:
    """Return whether a text can be about emissions at all."""
    lowered = text.lower()
    return "emission" in lowered or "carbon" in lowered or "co2" in lowered or "co₂" in lowered
