"""From YAML events to nodes, by the Hub's rules: what js-yaml 4 refuses is a problem here, what it takes is a node.

The events are libyaml's. Nothing here recurses, so no depth of nesting can exhaust a stack, and aliases are shared, so
nothing grows exponentially. Tags and numbers are resolved later, for the few scalars that a rule asks for.
"""

from __future__ import annotations

import contextlib
import re
from bisect import bisect_right

import yaml

from carbon_lint.card.document import TAG, Node, Parsed, Problem, is_merge, property_name
from carbon_lint.card.yaml import parser
from carbon_lint.card.yaml.scalars import paired, with_last_break

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from carbon_lint.card.yaml.repair import Repaired

MAX_MERGE_KEYS = 10_000
"""js-yaml 4.3 `maxTotalMergeKeys`."""

_ODD_BREAKS = "[\x85\u2028\u2029\ufeff]"
"""Line breaks to YAML 1.1, and so to libyaml, and text to everybody else; and the byte order mark."""

_BREAK = re.compile(r"\r\n|\r|\n")

_TAGS = {
    "scalar": ("str", "int", "float", "bool", "null", "binary", "timestamp", "merge"),
    "list": ("seq", "omap", "pairs"),
    "map": ("map", "set"),
}


def compose(text: str, start: int, end: int) -> Parsed:
    """Return the front matter `text[start:end]` as nodes with offsets into `text`, and why the Hub would refuse it."""
    source = text[start:end]
    nul = source.find("\0")
    if nul >= 0:
        at = start + nul
        return Parsed(None, (Problem("nul", "a NUL byte stands in the front matter", at, at + 1),))
    if source.isascii() or not re.search(_ODD_BREAKS, source):
        with contextlib.suppress(yaml.YAMLError):
            return _Composer(text, start, end, None).compose(with_last_break(source))
    from carbon_lint.card.yaml.repair import repair  # noqa: PLC0415  for the few cards that libyaml refuses

    repaired = repair(source)
    try:
        return _Composer(text, start, end, repaired).compose(repaired.text)
    except yaml.MarkedYAMLError as error:
        return Parsed(None, (_syntax_problem(error, repaired, text, start, end),))
    except yaml.YAMLError as error:  # the reader's: what it refuses has been replaced, except lone surrogates
        return Parsed(None, (Problem("yaml-error", f"the YAML cannot be read: {error}", start, start),))


def _syntax_problem(error: yaml.MarkedYAMLError, repaired: Repaired, text: str, start: int, end: int) -> Problem:
    from carbon_lint.card.yaml.repair import bracket_at_depth  # noqa: PLC0415  as above

    if "maximum nesting depth" in (error.problem or ""):  # libyaml 0.2.6 looks so far ahead, 0.2.5 does not
        # one level is the metadata's own
        return _too_deep(start + (bracket_at_depth(text[start:end], parser.MAX_DEPTH - 1) or 0))
    mark = error.problem_mark
    at = min(start + repaired.offset(mark.index if mark else 0), end)
    stop = at + 1 if at < end and text[at] not in "\r\n" else at
    if text[at:stop] == "\t" and "cannot start any token" in (error.problem or ""):
        return Problem("yaml-error", "the front matter is not valid YAML: a TAB: YAML indents with spaces", at, stop)
    what = (error.problem or "it cannot be parsed").replace("\t", "TAB")
    if "%" not in what and error.context:
        what = f"{what} {error.context}"
    return Problem("yaml-error", f"the front matter is not valid YAML: {what}", at, stop)


def _too_deep(at: int) -> Problem:
    return Problem("yaml-error", f"the YAML is nested more than {parser.MAX_DEPTH} levels deep", at, at + 1, "stop")


class _Composer:
    def __init__(self, text: str, start: int, end: int, repaired: Repaired | None) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.repaired = repaired
        self.problems: list[Problem] = []
        self.anchors: dict[str, Node] = {}
        self.stack: list[tuple[Node, dict[str, Node]]] = []  # what is being filled, and its keys by name
        self.root: Node | None = None
        self.documents = 0
        self.merged = 0
        self.breaks: list[int] | None = None  # where lines start, for those that ask

    def compose(self, yaml_text: str) -> Parsed:
        for event in parser.events(yaml_text):
            self._take(event)
            if self.problems and self.problems[-1].detail == "stop":
                return Parsed(None, tuple(self.problems))
        root = self.root
        if root is not None and root.type not in {"map", "null"}:
            found = {"list": "a list"}.get(root.kind, "a single value")
            self._problem(
                "not-a-mapping", f"the front matter is {found}, expected keys and values", root.start, root.end
            )
        return Parsed(root, tuple(sorted(self.problems, key=lambda problem: problem.start)))

    def _take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._add(self._scalar(event), event.anchor)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._open(event, "map" if kind is yaml.MappingStartEvent else "list")
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._close(event)
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent:
            self.documents += 1
            if self.documents > 1:
                at = self._span(event)[0]
                self._problem("yaml-error", "a second YAML document starts inside the front matter", at, at, "stop")

    def _span(self, event: Any) -> tuple[int, int]:
        start, end = event.start_mark.index, event.end_mark.index
        if self.repaired is not None:
            start, end = self.repaired.offset(start), self.repaired.offset(end, is_end=True)
        # the line break that was added at the end lies behind the front matter
        return min(self.end, self.start + start), min(self.end, self.start + end)

    def _scalar(self, event: Any) -> Node:
        start, end = self._span(event)
        node = Node(self.text, "scalar", start, max(start, end))
        node.text = event.value
        style = event.style
        if style:
            node.style = style
            if style in {"|", ">"}:  # libyaml ends them where the next token starts
                node.end = start + len(self.text[start:end].rstrip())
        if self.repaired is not None:
            if self.repaired.unprintable(node.text, is_quoted=style in {"'", '"'}):
                what = "a control character stands in the front matter"
                self._problem("control-character", what, node.start, node.end)
            node.text = self.repaired.original(node.text)
        elif parser.Parser is None:  # PyYAML's own scanner lets them pass
            node.text = paired(node.text)
        if event.tag is not None:
            self._tag(node, event)
        if event.anchor is not None and not event.value and self.text[node.end : node.end + 1] == ":":
            # `&a: b` is a nameless key with an anchor to libyaml, and an anchor named `a:` to js-yaml
            self._problem("yaml-error", "an anchor's name must not end in a colon", node.start, node.end)
        return node

    def _tag(self, node: Node, event: Any) -> None:
        node.tag = event.tag
        known = {"!", *(TAG + name for name in _TAGS[node.kind])}
        if event.tag not in known or node.type == "error":
            shown = event.tag.replace(TAG, "!!")
            self._problem("yaml-error", f"the tag {shown!r} is unknown or does not fit the value", node.start, node.end)

    def _open(self, event: Any, kind: str) -> None:
        start, _ = self._span(event)
        node = Node(self.text, kind, start, start)
        node.is_flow = bool(event.flow_style)
        node._children = []  # noqa: SLF001  the composer makes the nodes
        if event.tag is not None:
            self._tag(node, event)
        self._add(node, event.anchor)
        self.stack.append((node, {}))
        if len(self.stack) >= parser.MAX_DEPTH:
            self.problems.append(_too_deep(start))

    def _close(self, event: Any) -> None:
        node, _ = self.stack.pop()
        if node.is_flow:
            node.end = self._span(event)[1]
        elif node._children:  # noqa: SLF001
            node.end = max(node.start, node._children[-1].end)  # noqa: SLF001
        if node.kind == "map":
            self._merge(node)

    def _alias(self, event: Any) -> None:
        start, end = self._span(event)
        target = self.anchors.get(event.anchor)
        if target is None or any(node is target for node, _ in self.stack):
            what = "names no anchor above it" if target is None else "stands inside what it names"
            name = event.anchor if self.repaired is None else self.repaired.original(event.anchor)
            self._problem("yaml-error", f"the alias {'*' + name!r} {what}", start, end)
            self._add(Node(self.text, "scalar", start, end), None)
            return
        node = Node(self.text, target.kind, start, end)
        node.is_alias = True
        for name in ("style", "tag", "text", "is_flow", "_children", "_merged"):
            setattr(node, name, getattr(target, name))
        self._add(node, None)

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self.anchors[anchor] = node
        if not self.stack:
            self.root = node
            return
        parent, names = self.stack[-1]
        children = parent._children  # noqa: SLF001
        children.append(node)
        if parent.kind == "map" and len(children) % 2 == 0:
            self._name(names, children[-2])

    def _name(self, names: dict[str, Node], key: Node) -> None:
        if is_merge(key):
            return
        if key.kind == "list" and any(item.kind == "list" for item in key.items_list()):
            self._problem("yaml-error", "a key is a list that holds a list", key.start, key.end)
            return
        name = property_name(key)
        first = names.setdefault(name, key)
        if first is not key:
            line = self._line_of(first.start)
            message = f"the key {name[:80]!r} is already there, on line {line}"
            self._problem("duplicate-key", message, key.start, key.end)

    def _line_of(self, offset: int) -> int:
        if self.breaks is None:
            self.breaks = [match.end() for match in _BREAK.finditer(self.text, 0, self.end)]
        return bisect_right(self.breaks, offset) + 1

    def _merge(self, node: Node) -> None:
        """Add what `<<` brings in: entries whose key is not there yet, the first source first."""
        sources = [value for key, value in node.own_items() if is_merge(key)]
        if not sources:
            return
        known = {property_name(key) for key, _ in node.own_items() if not is_merge(key)}
        merged: list[Node] = []
        for source in sources:
            for origin in source.items_list() if source.kind == "list" else [source]:
                if origin.kind != "map":
                    self._problem("yaml-error", "`<<` can only bring in a map", origin.start, origin.end)
                    continue
                for key, value in origin.items():
                    self.merged += 1
                    if self.merged > MAX_MERGE_KEYS:
                        self._problem("yaml-error", "`<<` brings in too many keys", source.start, source.end, "stop")
                        return
                    if property_name(key) not in known:
                        known.add(property_name(key))
                        merged += (key, value)
        node._merged = merged  # noqa: SLF001

    def _problem(self, kind: str, message: str, start: int, end: int, detail: str = "") -> None:
        self.problems.append(Problem(kind, message, start, end, detail))
