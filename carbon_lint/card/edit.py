"""Write `co2_eq_emissions` into a card's text by splicing: not one byte outside the block changes.

The result is read again before it is returned: every other key must be what it was, and the block must hold
what was asked for, to every reader. A card that cannot be changed in this way is refused.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from carbon_lint.card.document import BLOCK_KEY, Card, Node, is_merge, property_name
from carbon_lint.card.read import read_card
from carbon_lint.card.yaml.quoting import READERS, scalar_text
from carbon_lint.errors import CardPlaceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carbon_lint.card.fence import FrontMatter

    Block = Mapping[str, str | int | float | bool]

_LINE_BREAK = re.compile(r"\r\n|\n|\r")
_EMPTY_FRONT_MATTER = re.compile(r"\s*---(\r\n|\r|\n)(?=---[ \t]*(?:\r\n|\n|\Z))")
_OLD_NAMES = {"hardware used": "hardware_used", "geographical location": "geographical_location"}
"""Keys as huggingface/hub-docs spelt them from December 2021 to June 2022, in a list of single-key maps."""

_MAX_INDENT = 8
_INDENT = 2


class Splice(NamedTuple):
    """`text[start:end]` becomes `new`."""

    start: int
    end: int
    new: str


def replace_span(text: str, edits: Iterable[Splice | tuple[int, int, str]]) -> str:
    """Return `text` with the edits made, all offsets being of `text` itself. Raises ValueError if two overlap."""
    pieces: list[str] = []
    done = 0
    for start, end, new in sorted(edits, key=lambda edit: (edit[0], edit[1])):
        if start < done or end < start or end > len(text):
            raise ValueError(f"edits overlap or leave the text at {start}:{end}")
        pieces += (text[done:start], new)
        done = end
    return "".join((*pieces, text[done:]))


def encode(card: Card, text: str) -> bytes:
    """Return the new text as the file's bytes, with the byte order mark the card had."""
    return (b"\xef\xbb\xbf" if card.had_bom else b"") + text.encode()


def write_block(card: Card, block: Block) -> str:
    """Return the card's text with `block` in its `co2_eq_emissions`, in the order given; other keys of the block stay.

    Raises CardPlaceError if the front matter cannot be read or the block cannot be written safely.
    """
    for problem in card.problems:
        # metadata shown in a fenced code block is text; the front matter goes above it
        if problem.kind != "no-front-matter" and problem.detail != "code-fence":
            hint = "fix it first; `carbon-lint check` says more"
            raise refused_at(card, problem.start, problem.message, hint)
    text = replace_span(card.text, _splices(card, block))
    _verify(card, text, block)
    return text


def refused_at(card: Card, offset: int, flaw: str, hint: str, *, is_for_writer: bool = True) -> CardPlaceError:
    """Return why the figures of `card` cannot be read or written, with the place in it."""
    breaks = list(_LINE_BREAK.finditer(card.text[:offset]))
    column = offset - (breaks[-1].end() if breaks else 0) + 1
    line = len(breaks) + 1
    return CardPlaceError(flaw, path=card.path, line=line, column=column, hint=hint, is_for_writer=is_for_writer)


def _splices(card: Card, block: Block) -> list[Splice]:
    if card.front_matter is None:
        return [_new_front_matter(card.text, block)]
    root = card.root
    if root is None:
        return [_into_empty(card, card.front_matter, block)]
    if root.is_flow:
        raise refused_at(card, root.start, "the whole front matter stands in braces", "write it one key a line")
    for key, value in root.own_items():
        if property_name(key) == BLOCK_KEY and not is_merge(key):
            return _into_value(card, root, key, value, block)
    return [_new_key(card, card.front_matter, root, block)]


def _new_front_matter(text: str, block: Block) -> Splice:
    empty = _EMPTY_FRONT_MATTER.match(text)
    if empty:
        newline = empty[1]
        return Splice(empty.end(), empty.end(), newline.join(_block_lines(block)) + newline)
    found = _LINE_BREAK.search(text)
    newline = found[0] if found and found[0] != "\r" else "\n"
    lines = ["---", *_block_lines(block), "---", ""]
    if text and not text.startswith(("\n", "\r")):
        lines.append("")
    return Splice(0, 0, newline.join(lines))


def _into_empty(card: Card, fences: FrontMatter, block: Block) -> Splice:
    text, start = card.text, fences.start
    for line in _LINE_BREAK.split(card.yaml):
        if line.strip() and not line.lstrip().startswith("#"):
            hint = "remove it, so that keys can be written"
            raise refused_at(card, start, f"the front matter is {line!r}", hint)
    lines = _block_lines(block)
    if start == fences.end and text[start - 1 : start + 1] == "\r\n":
        # the Hub takes the CR for the opening line's end and the LF for the closing line's start
        return Splice(start + 1, start + 1, "\r\n".join((*lines, "")))
    newline = _break_before(text, start)
    at = _last_written(text, start, fences.end)
    if at > start:
        lines.insert(0, "")
    elif start < fences.end:
        lines.append("")
    return Splice(at, at, newline.join(lines))


def _last_written(text: str, start: int, end: int) -> int:
    """Return the end of the last line in `text[start:end]` that is not blank; `start` if all are."""
    stop = start + len(text[start:end].rstrip())
    return _line_end(text, stop) if stop > start else start


def _block_lines(block: Block, indent: str = "", by: str = " " * _INDENT) -> list[str]:
    return [f"{indent}{BLOCK_KEY}:", *(f"{indent}{by}{_entry(name, value)}" for name, value in block.items())]


def _entry(name: str, value: str | float | bool, *, in_flow: bool = False) -> str:
    return f"{scalar_text(name, in_flow=in_flow)}: {scalar_text(value, in_flow=in_flow)}"


def _new_key(card: Card, fences: FrontMatter, root: Node, block: Block) -> Splice:
    """Add the block as the last key, or before the last one if that ends in a block scalar, which would change."""
    text = card.text
    entries = list(root.own_items())
    indent = _indent(card, entries[0][0])
    lines = _block_lines(block, indent, _indent_below(root, indent))
    last_key, last_value = entries[-1]
    if _ends_in_block_scalar(last_value):
        at = _above_comments(text, _line_start(text, last_key.start), fences.start)
        return Splice(at, at, _break_before(text, at).join((*lines, "")))
    at = _line_end(text, root.end)
    rest = text[at : fences.end]
    if all(not line.strip() or line.lstrip().startswith("#") for line in _LINE_BREAK.split(rest)):
        at = max(at, _last_written(text, at, fences.end))
    return Splice(at, at, _break_after(text, at).join(("", *lines)))


def _ends_in_block_scalar(value: Node) -> bool:
    while True:
        if value.is_alias or value.is_flow or value.kind == "scalar":
            return value.style in {"|", ">"}
        children = [pair[1] for pair in value.own_items()] or value.items_list()
        if not children:
            return False
        value = children[-1]


def _indent(card: Card, key: Node) -> str:
    start = _line_start(card.text, key.start)
    indent = card.text[start : key.start]
    if indent.strip(" "):
        raise refused_at(card, key.start, "the keys do not start their lines", "write one key a line")
    return indent


def _indent_below(root: Node, indent: str) -> str:
    """Return how far the neighbours indent what is below a key."""
    for key, value in root.own_items():
        if value.kind == "map" and not value.is_flow and not value.is_alias:
            line = _line_start(value.source, value.start)
            width = value.start - line - len(indent)
            if not value.source[line : value.start].strip(" ") and key.end < value.start:
                return " " * (width if 0 < width <= _MAX_INDENT else _INDENT)
    return " " * _INDENT


def _into_value(card: Card, root: Node, key: Node, value: Node, block: Block) -> list[Splice]:
    if value.kind == "map" and not value.is_alias and value.tag is None:
        if value.is_flow:
            return _into_flow_map(card.text, value, block)
        return _into_block_map(card, value, block)
    if value.kind == "list":
        return _from_list(card, key, value, block)
    indent = _indent(card, key)
    if "emissions" not in block and value.kind == "scalar" and value.value is not None:
        block = {"emissions": value.value, **block}
    return _from_scalar(card.text, key, value, _block_lines(block, indent, _indent_below(root, indent))[1:])


def _into_block_map(card: Card, block_map: Node, block: Block) -> list[Splice]:
    entries = [entry for entry in block_map.own_items() if not is_merge(entry[0])]
    known = {property_name(key): (key, value) for key, value in entries}
    splices = [
        splice for name, value in block.items() if name in known for splice in _changed(card, *known[name], value)
    ]
    new = [name for name in block if name not in known]
    if new:
        first = next(iter(block_map.own_items()))[0]
        indent = _indent(card, first)
        lines = [f"{indent}{_entry(name, block[name])}" for name in new]
        if _ends_in_block_scalar(entries[-1][1] if entries else block_map):
            # a block scalar may keep the blank lines below it, so the new keys go above the first one
            at = _line_start(card.text, first.start)
            splices.append(Splice(at, at, _break_before(card.text, at).join((*lines, ""))))
        else:
            at = _line_end(card.text, block_map.end)
            splices.append(Splice(at, at, _break_after(card.text, at).join(("", *lines))))
    return splices


def _into_flow_map(text: str, flow_map: Node, block: Block) -> list[Splice]:
    known = {property_name(key): (key, value) for key, value in flow_map.own_items()}
    splices = [
        Splice(
            known[name][1].start,
            known[name][1].end,
            _after_colon(text, known[name][1]) + scalar_text(value, in_flow=True),
        )
        for name, value in block.items()
        if name in known and not _holds(known[name][1], value)
    ]
    new = ", ".join(_entry(name, value, in_flow=True) for name, value in block.items() if name not in known)
    if new:
        inner_end = flow_map.end - 1
        at = flow_map.start + 1 + len(text[flow_map.start + 1 : inner_end].rstrip())
        has_comma = text[:at].endswith(",") or not known
        splices.append(Splice(at, at, ("" if not known else " " if has_comma else ", ") + new))
    return splices


def _changed(card: Card, key: Node, value: Node, new: str | float | bool) -> list[Splice]:
    if _holds(value, new):
        return []
    if value.kind != "scalar":
        what = f"`{property_name(key)}` is a {value.kind}, expected a single value"
        raise refused_at(card, value.start, what, f"remove it, so that {scalar_text(new)} can be written")
    if value.is_alias or value.style in {"|", ">"}:
        return _from_scalar(card.text, key, value, [], " " + scalar_text(new))
    return [Splice(value.start, value.end, _after_colon(card.text, value) + scalar_text(new))]


def _after_colon(text: str, value: Node) -> str:
    # an absent value starts right behind the colon
    return " " if text[value.start - 1] == ":" else ""


def _holds(node: Node, value: str | float | bool) -> bool:
    """Return whether every reader already takes the node for `value`."""
    if node.kind != "scalar" or node.tag is not None:
        return False
    if isinstance(value, bool) or isinstance(node.value, bool):
        return node.value is value and node.style is None
    found = [reader(node.text, node.style)[1] for reader in READERS]
    return all(
        type(other) is not bool and other == value and isinstance(other, str) is isinstance(value, str)
        for other in found
    )


def _from_scalar(text: str, key: Node, value: Node, lines: list[str], inline: str = "") -> list[Splice]:
    """Replace what stands behind the key by `lines` below it. A comment on the key's own line stays."""
    colon = text.index(":", key.end) + 1
    newline = _break_after(text, _line_end(text, max(value.end, colon)))
    below = "".join(newline + line for line in lines)
    end = _line_end(text, value.end)
    if "#" in text[value.end : end] and value.style not in {"|", ">"}:
        return [Splice(colon, value.end, inline), Splice(end, end, below)]
    return [Splice(colon, max(colon, value.end), inline + below)]


def _from_list(card: Card, key: Node, value: Node, block: Block) -> list[Splice]:
    """Turn a list of single-key maps, as the documentation of 2021 had it, into the map it stands for."""
    text = card.text
    hint = "write it as a map: `emissions: 12.5` and the others below `co2_eq_emissions:`"
    kept: dict[str, str] = {}
    for item in value.items_list():
        for name, entry in item.own_items():
            plain = _OLD_NAMES.get(property_name(name), property_name(name))
            if entry.kind != "scalar" or plain in kept or _LINE_BREAK.search(entry.raw):
                raise refused_at(card, value.start, "`co2_eq_emissions` is a list that does not stand for a map", hint)
            kept[plain] = f"{scalar_text(plain)}: {entry.raw}"
        if item.kind != "map":
            raise refused_at(card, value.start, "`co2_eq_emissions` is a list, expected a map", hint)
    if value.is_flow or value.is_alias or re.search(r"(?:^|\s)#", text[key.end : value.end]):
        raise refused_at(card, value.start, "`co2_eq_emissions` is a list with comments or brackets", hint)
    indent = _indent(card, key) + " " * _INDENT
    lines = [_entry(name, new) for name, new in block.items()]
    lines += [line for name, line in kept.items() if name not in block]
    newline = _break_after(text, _line_end(text, key.end))
    below = "".join(f"{newline}{indent}{line}".rstrip() for line in lines)
    return [Splice(text.index(":", key.end) + 1, value.end, below)]


def _line_start(text: str, offset: int) -> int:
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def _line_end(text: str, offset: int) -> int:
    found = _LINE_BREAK.search(text, offset)
    return found.start() if found else len(text)


def _break_after(text: str, line_end: int) -> str:
    match = _LINE_BREAK.match(text, line_end)
    return match[0] if match else "\n"


def _break_before(text: str, line_start: int) -> str:
    return "\r\n" if text[:line_start].endswith("\r\n") else text[line_start - 1]


def _above_comments(text: str, line_start: int, limit: int) -> int:
    while line_start > limit:
        above = _line_start(text, len(text[:line_start].removesuffix("\n").removesuffix("\r")))
        if above < limit or not text[above:line_start].lstrip().startswith("#"):
            break
        line_start = above
    return line_start


def _verify(card: Card, text: str, block: Block) -> None:
    new = read_card(encode(card, text), card.path)
    written = new.block
    is_right = (
        not new.problems
        and written is not None
        and all((node := written.get(name)) is not None and _holds(node, value) for name, value in block.items())
        and _others(card) == _others(new)
        and (card.front_matter is None or card.text[slice(*card.body)] == new.text[slice(*new.body)])
    )
    if not is_right:
        at = card.block_key.start if card.block_key is not None else 0
        what = f"`{BLOCK_KEY}` cannot be written without changing other lines"
        raise refused_at(card, at, what, "write the block by hand, one key a line, and try again")


def _others(card: Card) -> list[tuple[str, str, str]]:
    """Return every node outside the block, flat: kind, quoting and text. Aliases are not followed, so it is linear."""
    flat: list[tuple[str, str, str]] = []
    todo = [] if card.root is None else [pair for pair in card.root.own_items() if property_name(pair[0]) != BLOCK_KEY]
    nodes = [node for pair in todo for node in pair]
    while nodes:
        node = nodes.pop()
        flat.append((node.kind, node.style or "", node.raw if node.is_alias else node.text))
        if not node.is_alias:
            nodes += [child for pair in node.own_items() for child in pair]
            nodes += node.items_list()
    return flat
