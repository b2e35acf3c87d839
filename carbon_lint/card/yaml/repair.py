r"""Makes libyaml read what js-yaml 4, and so the Hub, reads and libyaml refuses.

Such things are known from 38,000 real front matters and from js-yaml's own source: a TAB in place of a blank,
U+0085/2028/2029/FEFF inside text, implicit keys of more than 1024 characters, anchors such as `&a.b`, and surrogate
escapes (`"\ud83e\udd17"`). Each is replaced by something that libyaml takes; offsets and scalar texts are mapped back
to what the file holds.

The time is linear. What can be recognised in any scalar afterwards is replaced everywhere at once. The rest is fixed
where libyaml fails: every repair changes its line, a line is repaired a few times at most, and libyaml goes on from
the entry that it failed in (see `scan`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from itertools import accumulate, count

from carbon_lint.card.yaml.scalars import paired, with_last_break
from carbon_lint.card.yaml.scan import first_fault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbon_lint.card.yaml.scan import Fault, Start

_BREAKS = "\x85\u2028\u2029\ufeff"  # and the byte order mark, which libyaml skips at the start of a line
# What js-yaml refuses in a scalar; NUL is refused anywhere.
_UNPRINTABLE = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_ODD = re.compile(f"[{_BREAKS}]|{_UNPRINTABLE.pattern}")
_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\r|\n)|[^\r\n]++\Z")
_EMPTY = re.compile(r"[ \t]*+(?:#[^\r\n]*+)?[\r\n]*+")
_TAB_RUN = re.compile(r"[ \t]+")
_ENTRY = re.compile(
    r"[-?](?:[ \t]|$)|(?:\"(?:[^\"\\]|\\.)*+\"[ \t]*+|'[^']*+'[ \t]*+|[^\s#\"'].*?):(?:[ \t]|$)",
)
_KEY_END = re.compile(r":(?=\s|\Z)")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_ANCHOR = re.compile(r"(?<![^\s,\[{])[&*]([^\s,\[\]{}:\"'\\]++)")
_AT_ANCHOR = re.compile(r"(?<![^\s,\[{])[&*][^\s,\[\]{}:]++\Z")
_ANCHOR_NAME = re.compile(r"[^\s,\[\]{}:]++")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+")
_STAND_IN_NAME = re.compile(r"anchor-([0-9]+)-")
_OF_ANCHORS = ("while scanning an anchor", "while scanning an alias")
_BEHIND_ANCHORS = ("%", "@", "`", "?")
"""What ends an anchor's name to libyaml, and belongs to it to js-yaml."""
_PRIVATE = range(0xE000, 0xF900)  # Unicode's private use area, for stand-ins
_LEAST_LONG_KEY = 1000
_MOST_REPAIRS = 8
"""Of one line; no real line needs more than two."""
_MOST_SCANNED = 20
"""How often libyaml may scan a text in all repairs together, besides `_ALWAYS_SCANNED` characters."""
_ALWAYS_SCANNED = 1_000_000

_BRACKET = re.compile(r"[\[\]{}]")
_DEEP = 300


def bracket_at_depth(text: str, wanted: int) -> int | None:
    """Return where brackets first nest `wanted` deep, those in quotes counted too; None unless they do."""
    depth = 0
    for match in _BRACKET.finditer(text):
        depth = depth + 1 if match[0] in "[{" else max(0, depth - 1)
        if depth == wanted:
            return match.start()
    return None


def repair(yaml_text: str) -> Repaired:
    """Repair everything in a front matter's YAML that js-yaml takes and libyaml does not."""
    repaired = Repaired(yaml_text)
    if bracket_at_depth(yaml_text, _DEEP + 1) is not None:
        return repaired  # libyaml's scanner takes time with the square of the depth
    budget = _ALWAYS_SCANNED + _MOST_SCANNED * len(yaml_text)
    start: Start | None = None
    while budget > 0:
        fault, scanned = first_fault(repaired.lines, start)
        budget -= scanned
        if fault is not None and repaired.mend(fault):
            start = fault.start
        elif start is not None:
            start = None  # what was read in parts must be right as a whole, too
        else:
            break
    return repaired


class Repaired:
    """A front matter's YAML as libyaml shall see it, and the way back."""

    def __init__(self, yaml_text: str) -> None:
        source = with_last_break(yaml_text)
        taken = set(yaml_text) | {chr(int(digits, 16)) for digits in _ESCAPE.findall(yaml_text)}
        self._free = iter([code for code in _PRIVATE if chr(code) not in taken])
        self._codes: dict[str, int] = {}  # what is replaced -> the character that stands in
        self.stand_ins: dict[int, str] = {}
        self._escapes: dict[str, str] = {}  # the escape that stands in -> the escape in the source
        numbers = set(_STAND_IN_NAME.findall(source))
        self._numbers = (number for number in count() if str(number) not in numbers)
        self._anchors: dict[str, str] = {}  # the name that stands in -> the name in the source
        self._done: set[str] = set()  # what was replaced everywhere
        self._mended: Counter[int] = Counter()  # line -> how often it was repaired
        self._lengths = [len(line) for line in _LINE.findall(source)]
        self.lines: list[str] = _LINE.findall(_ODD.sub(lambda match: self._stand_in(match[0]), source))
        self._spans: dict[int, list[tuple[int, int]]] = {}  # line -> the span in the source of each of its characters
        self._starts: tuple[list[int], list[int]] | None = None
        if yaml_text.startswith("\ufeff"):  # js-yaml takes it off too
            self._replace(0, (0, 1, ""))

    @property
    def text(self) -> str:
        """The repaired YAML."""
        return "".join(self.lines)

    def offset(self, position: int, *, is_end: bool = False) -> int:
        """Return a position in the repaired text as one in the original YAML."""
        if self._starts is None:
            starts = (accumulate(lengths, initial=0) for lengths in (map(len, self.lines), self._lengths))
            self._starts = (list(next(starts)), list(next(starts)))
        repaired, original = self._starts
        line = min(bisect_right(repaired, position) - 1, len(self.lines) - 1)
        column = position - repaired[line]
        spans = self._spans.get(line)
        if spans is not None and column > 0 and is_end:
            column = spans[column - 1][1]
        elif spans is not None and not is_end:
            column = spans[column][0] if column < len(spans) else self._lengths[line]
        return original[line] + column

    def original(self, scalar: str) -> str:
        """Return a scalar's text, or an anchor's name, with every stand-in replaced by what it stands for."""
        if self._escapes:
            scalar = _ESCAPE.sub(lambda match: self._escapes.get(match[0], match[0]), scalar)
        if self._anchors:
            scalar = _STAND_IN_NAME.sub(lambda match: self._anchors.get(match[0], match[0]), scalar)
        return paired(scalar.translate(self.stand_ins)) if self.stand_ins else scalar

    def unprintable(self, scalar: str, *, is_quoted: bool) -> bool:
        """Return whether js-yaml refuses a character in a scalar's new text; DEL and its like only outside quotes."""
        if not self.stand_ins:
            return False
        held = "".join(self.stand_ins[ord(character)] for character in scalar if ord(character) in self.stand_ins)
        return any(
            character < " " or (not is_quoted and _UNPRINTABLE.match(character) is not None) for character in held
        )

    def mend(self, fault: Fault) -> bool:
        """Repair what libyaml stumbled over. False if nothing was changed: js-yaml would refuse it too."""
        if fault.place is None or fault.place[0] >= len(self.lines):
            return False
        line, column = fault.place
        self._mended[line] += 1
        if self._mended[line] > _MOST_REPAIRS:
            return False
        if self.lines[line][column : column + 1] == "\t":
            return self._mend_tab(line, column)
        if "Unicode character escape" in fault.problem:
            return self._replace_everywhere("surrogates", self._without_surrogates)
        if fault.context in _OF_ANCHORS and fault.context_place is not None:
            return self._replace_everywhere("anchors", self._with_plain_anchors) or self._mend_anchor(
                *fault.context_place
            )
        if self.lines[line][column : column + 1] in _BEHIND_ANCHORS and _AT_ANCHOR.search(self.lines[line], 0, column):
            return self._replace_everywhere("anchors", self._with_plain_anchors)
        return self._mend_long_key(line) or (column == 0 and line > 0 and self._mend_long_key(line - 1))

    def _mend_tab(self, line: int, column: int) -> bool:
        text = self.lines[line]
        before, run = text[:column], _TAB_RUN.match(text, column)
        end = run.end() if run else column
        rest = text[end:].rstrip("\r\n")
        if not rest or rest.startswith("#"):
            self._replace(line, (column, end, " " * (end - column)))
            self._mend_empty_lines(line + 1)
            return True
        if not before:
            return False
        if not before.strip(" -?") and _ENTRY.match(rest):
            return False  # a TAB as indentation of a block entry is an error to every reader
        self._replace(line, (column, end, " " * (end - column) if before.strip(" ") else ""))
        return True

    def _mend_empty_lines(self, line: int) -> None:
        """Replace TABs in the empty lines and comments that follow: libyaml stands between two tokens there."""
        while line < len(self.lines) and _EMPTY.fullmatch(self.lines[line]):
            blanks = _TAB_RUN.match(self.lines[line])
            if blanks and "\t" in blanks[0]:
                self._replace(line, (0, blanks.end(), " " * blanks.end()))
            line += 1

    def _replace_everywhere(self, kind: str, replaced: Callable[[str], list[tuple[int, int, str]]]) -> bool:
        """Make the edits that `replaced` finds in each line, once; True if there were any."""
        if kind in self._done:
            return False
        self._done.add(kind)
        is_changed = False
        for number, line in enumerate(self.lines):
            edits = replaced(line)
            is_changed = is_changed or bool(edits)
            self._replace(number, *edits)
        return is_changed

    def _without_surrogates(self, line: str) -> list[tuple[int, int, str]]:
        """Replace half pairs written as escapes: libyaml refuses them in double quotes, and they are text elsewhere."""
        edits = []
        for match in _SURROGATE.finditer(line):
            code = ord(self._stand_in(match[0], chr(int(match[0].lstrip("\\u"), 16))))
            self._escapes[f"\\u{code:04x}"] = match[0]
            edits.append((*match.span(), f"\\u{code:04x}"))
        return edits

    def _with_plain_anchors(self, line: str) -> list[tuple[int, int, str]]:
        found = [match for match in _ANCHOR.finditer(line) if not _PLAIN_NAME.fullmatch(match[1])]
        return [(*match.span(1), self._stand_in_name(match[1])) for match in found]

    def _mend_anchor(self, line: int, column: int) -> bool:
        match = _ANCHOR_NAME.match(self.lines[line], column + 1)
        if match is None or match[0] in self._anchors:
            return False  # a stand-in is a name that libyaml takes: what it stumbles over follows it
        self._replace(line, (*match.span(), self._stand_in_name(match[0])))
        return True

    def _mend_long_key(self, line: int) -> bool:
        """Put a placeholder for the middle of the key: the quotes and indicators around it stay."""
        text = self.lines[line]
        colon = _KEY_END.search(text, _LEAST_LONG_KEY)
        if colon is None:
            return False
        key = text[: colon.start()].rstrip(" \t").removesuffix("'").removesuffix('"')
        if len(key) < _LEAST_LONG_KEY:
            return False
        start, end = _LEAST_LONG_KEY // 2, len(key) - 1
        self._replace(line, (start, end, self._stand_in(text[start:end], self.original(text[start:end]))))
        return True

    def _stand_in(self, text: str, held: str | None = None) -> str:
        """Return a character that stands for `text`, and for `held` in a scalar."""
        code = self._codes.get(text)
        if code is None:
            code = next(self._free, 0xFFFD)  # all of them are taken: only a fuzzer gets here
            self._codes[text] = code
            self.stand_ins[code] = text if held is None else held
        return chr(code)

    def _stand_in_name(self, name: str) -> str:
        known = self._codes.get("&" + name)
        if known is None:
            known = self._codes["&" + name] = next(self._numbers)
            self._anchors[f"anchor-{known}-"] = name
        return f"anchor-{known}-"

    def _replace(self, line: int, *edits: tuple[int, int, str]) -> None:
        """Put edits, in order and not empty, into a line."""
        if not edits:
            return
        text = self.lines[line]
        spans = self._spans.get(line) or [(column, column + 1) for column in range(len(text))]
        texts: list[str] = []
        kept: list[tuple[int, int]] = []
        at = 0
        for start, end, new in edits:
            texts += (text[at:start], new)
            kept += spans[at:start]
            kept += spans[start:end] if len(new) == end - start else [(spans[start][0], spans[end - 1][1])] * len(new)
            at = end
        self.lines[line] = "".join(texts) + text[at:]
        self._spans[line] = kept + spans[at:]
        self._starts = None
