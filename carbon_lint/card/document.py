"""A model card as values with spans: what a linter judges and an editor splices.

Offsets are characters of `Card.text`, which is the file's text without its byte order mark and otherwise verbatim.
Values are read as the Hub reads them (js-yaml 4); see `scalars`.
"""

from __future__ import annotations

from carbon_lint.card.yaml.scalars import hub_value, js_key
from carbon_lint.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from carbon_lint.card.fence import FrontMatter

    Scalar = str | int | float | bool | None

BLOCK_KEY = "co2_eq_emissions"
"""The metadata key that this program is about."""
UNIT_FIELDS = ("unit", "units", "emissions_unit", "emissions_units", "emission_unit")
"""Fields of the block, as people add them, that name the unit of its figure."""

TAG = "tag:yaml.org,2002:"

# Keys by what a card is of (hub-docs: datasetcard.md and spaces-config-reference.md). What models have too (`license`,
# `tags`, `language`, `title`) says nothing.
_OF_A_MODEL = frozenset(("pipeline_tag", "library_name", "base_model", "model-index", "metrics", "widget"))
_OF_A_DATA_SET = frozenset(
    (
        *("dataset_info", "task_categories", "task_ids", "size_categories", "pretty_name", "annotations_creators"),
        *("language_creators", "multilinguality", "source_datasets", "paperswithcode_id", "configs", "viewer"),
    )
)
_OF_A_SPACE = frozenset(("sdk", "sdk_version", "app_file", "colorFrom", "colorTo"))
_TOO_MUCH = 10**300
"""More than anything emits, and its sums are still finite."""
_CARBON_WORDS = ("co2", "emission", "carbon", "geographic")
_NONE: list[Node] = []
"""Shared by all scalars, and never appended to."""


class Node:
    """A value in the front matter. `kind` is `map`, `list` or `scalar`; `text[start:end]` is its source.

    `style` is None for a plain scalar, else one of `'`, `"`, `|`, `>`; `is_flow` is True for `{...}` and `[...]`.
    `text` is a scalar's content before it is resolved (quotes gone, lines folded); `tag` its explicit YAML tag or None.
    An alias (`*name`) is the anchored node's value at the alias's own span.
    """

    __slots__ = (
        "_children",
        "_merged",
        "end",
        "is_alias",
        "is_flow",
        "kind",
        "source",
        "start",
        "style",
        "tag",
        "text",
    )

    def __init__(self, source: str, kind: str, start: int, end: int) -> None:
        self.source = source
        self.kind = kind
        self.start = start
        self.end = end
        self.style: str | None = None
        self.tag: str | None = None
        self.text = ""
        self.is_flow = False
        self.is_alias = False
        self._children: list[Node] = _NONE  # a map's keys and values by turns
        self._merged: list[Node] = _NONE  # what `<<` brings in, keys and values by turns

    @property
    def raw(self) -> str:
        """The source of this node."""
        return self.source[self.start : self.end]

    @property
    def span(self) -> tuple[int, int]:
        """Where it stands: start and end."""
        return self.start, self.end

    @property
    def type(self) -> str:
        """What the Hub takes the value for: `map list null bool int float str date bytes`, or `error`."""
        return self.kind if self.kind != "scalar" else self._resolved()[0]

    @property
    def value(self) -> Scalar:
        """A scalar as the Hub reads it; a date is its text. None for null, and for maps and lists."""
        return self._resolved()[1] if self.kind == "scalar" else None

    @property
    def name(self) -> str:
        """What a key is called: its text, or its source if it is a map or a list."""
        return self.text if self.kind == "scalar" else self.raw

    @property
    def plain(self) -> Any:
        """The value as the Hub reads it, maps and lists as Python's."""
        if self.kind == "map":
            return {key.name: value.plain for key, value in self.items()}
        return [item.plain for item in self.items_list()] if self.kind == "list" else self.value

    @property
    def is_number(self) -> bool:
        """True if the Hub reads a number (NaN and infinity are numbers too)."""
        return self.type in {"int", "float"}

    def items(self) -> Iterator[tuple[Node, Node]]:
        """Key and value of each entry in order, then what merge keys bring in. Nothing for a list or scalar."""
        if self.kind == "map":
            children = self._children + self._merged
            yield from (entry for entry in zip(children[::2], children[1::2], strict=True) if not is_merge(entry[0]))

    def own_items(self) -> Iterator[tuple[Node, Node]]:
        """Return the entries that are written in this map itself, `<<` among them."""
        if self.kind == "map":
            yield from zip(self._children[::2], self._children[1::2], strict=True)

    def items_list(self) -> list[Node]:
        """Return a list's entries; empty for others."""
        return self._children if self.kind == "list" else []

    def get(self, name: str) -> Node | None:
        """Return the value of a key; of a duplicated key the last one."""
        entry = self._entry(name)
        return entry[1] if entry else None

    def key(self, name: str) -> Node | None:
        """Return the key node itself."""
        entry = self._entry(name)
        return entry[0] if entry else None

    def _entry(self, name: str) -> tuple[Node, Node] | None:
        found = None
        for key, value in self.own_items():
            if property_name(key) == name and not is_merge(key):
                found = (key, value)
        if found is None and self._merged:
            found = next((entry for entry in self.items() if property_name(entry[0]) == name), None)
        return found

    def _resolved(self) -> tuple[str, Scalar]:
        if self.tag is None:
            kind, value = hub_value(self.text, self.style)
            return ("str", value) if kind == "merge" else (kind, value)
        return _tagged(self.tag, self.text)


def _tagged(tag: str, text: str) -> tuple[str, Scalar]:
    """Return a scalar with an explicit tag, as js-yaml 4 takes it."""
    name = tag.removeprefix(TAG)
    if name in {"str", "!"}:
        # a lone `!` says nothing of what is not there
        return ("str", text) if text or name == "str" else ("null", None)
    if name == "binary":
        return "bytes", text
    kind, value = hub_value(text)
    if name == "float" and kind == "int" and isinstance(value, int):
        return "float", float(value)
    if name != "date" and kind == ("date" if name == "timestamp" else name):
        return kind, value
    return "error", text


def is_merge(key: Node) -> bool:
    """Return whether this is the key `<<`, which brings in another map's entries."""
    return key.kind == "scalar" and key.style is None and key.text == "<<" and key.tag in {None, TAG + "merge"}


def property_name(key: Node) -> str:
    """Return the name under which JavaScript stores a key: two keys with one name are a duplicate to the Hub."""
    if key.kind == "map":
        return "[object Object]"
    if key.kind == "list":
        # A list in it is refused by `compose`, as js-yaml does: with aliases such a name grows exponentially.
        return ",".join(property_name(item) for item in key.items_list() if item.kind != "list")
    if key.style is not None and key.tag is None:
        return key.text
    kind, value = key._resolved()  # noqa: SLF001  same module
    return js_key(kind, value)


def amount_of(value: object) -> float | None:
    """Return what a key of a block holds as an amount; `None` unless it is a finite number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < _TOO_MUCH else None


class Problem(Value):
    """Something about the card that keeps the Hub from reading it, at `text[start:end]`.

    `kind` is one of `not-utf8 no-front-matter laxer-reader yaml-error duplicate-key not-a-mapping nul
    control-character` (`pyyaml-error` only from `Card.pyyaml_error`); `detail` refines `laxer-reader`, as
    `lax.find_lax` does.
    """

    kind: str
    message: str
    start: int
    end: int
    detail: str = ""


class Parsed(Value):
    """What became of a front matter's YAML."""

    root: Node | None
    problems: tuple[Problem, ...] = ()


class Card:
    """One model card. Reading never fails: what is wrong is in `problems`, and `root` is None if there is no map."""

    __slots__ = ("_parse", "_parsed", "_python", "front_matter", "had_bom", "path", "problems", "text")

    def __init__(
        self,
        path: str,
        text: str,
        *,
        had_bom: bool,
        front_matter: FrontMatter | None,
        problems: tuple[Problem, ...],
        parsed: Parsed | None,
        parse: Callable[[str, FrontMatter], Parsed],
        python_error: Callable[[Card], Problem | None] | None,
    ) -> None:
        self.path = path
        self.text = text
        self.had_bom = had_bom
        self.front_matter = front_matter
        self.problems = problems
        self._parsed = parsed
        self._parse = parse
        self._python = python_error

    @property
    def root(self) -> Node | None:
        """The metadata map, parsed when first asked for. None if there is no front matter or it is not a map."""
        if self.front_matter is None:
            return None
        self._parsed = self._parsed or self._parse(self.text, self.front_matter)
        root = self._parsed.root
        return root if root is not None and root.kind == "map" else None

    @property
    def yaml(self) -> str:
        """The front matter's YAML, empty if there is none."""
        fences = self.front_matter
        return self.text[fences.start : fences.end] if fences else ""

    @property
    def mentions_carbon(self) -> bool:
        """False if nothing in the front matter can be about emissions, so that `root` need not be parsed."""
        lowered = self.yaml.lower()
        return any(word in lowered for word in _CARBON_WORDS)

    @property
    def is_of_a_model(self) -> bool:
        """False for the card of a data set or a Space: a carbon figure is expected of a model alone."""
        names = {key.text for key, _ in self.root.own_items() if key.kind == "scalar"} if self.root else set()
        return not names & _OF_A_SPACE and (bool(names & _OF_A_MODEL) or not names & _OF_A_DATA_SET)

    @property
    def block(self) -> Node | None:
        """The value of `co2_eq_emissions`."""
        return self.root.get(BLOCK_KEY) if self.mentions_carbon and self.root is not None else None

    def field(self, name: str) -> Node | None:
        """Return the value of a key of the block; a block that is not a map is its own `emissions`."""
        block = self.block
        if block is None or block.kind == "map":
            return None if block is None else block.get(name)
        return block if name == "emissions" else None

    def amount(self, name: str) -> float | None:
        """Return the number that a key of the block holds; `None` unless it is finite and not negative."""
        figure = self.field(name)
        return None if figure is None else amount_of(figure.value)

    @property
    def emissions_g(self) -> float | None:
        """The grams that the card states; `None` unless it states a finite number that is not negative."""
        return self.amount("emissions")

    @property
    def block_key(self) -> Node | None:
        """The key `co2_eq_emissions` itself."""
        return self.root.key(BLOCK_KEY) if self.mentions_carbon and self.root is not None else None

    @property
    def body(self) -> tuple[int, int]:
        """Start and end of the text below the front matter."""
        return (self.front_matter.close_end if self.front_matter else 0), len(self.text)

    @property
    def pyyaml_error(self) -> Problem | None:
        """Why PyYAML, and with it huggingface_hub, cannot read a front matter that the Hub reads. Usually None."""
        return self._python(self) if self._python is not None else None
