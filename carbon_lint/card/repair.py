r"""Makes libyaml read what js-yaml 4, and so the Hub, reads and libyaml refuses.

Such things are known from 38,000 real front matters and from js-yaml's own source: a TAB where only a blank may stand,
U+0085/2028/2029/FEFF inside text, implicit keys of more than 1024 characters, anchors such as `&a.b`, and surrogate
escapes (`"\ud83e\udd17"`). Each is replaced by something libyaml takes; offsets and scalar texts are mapped back to
what the file holds.
"""

from __future__ import annotations

import re

from carbon_lint.card.compose import paired, with_last_break

TYPE_CHECKING = False
if TYPE_CHECKING:
    import yaml

_BREAKS = "\x85\u2028\u2029\ufeff"  # and the byte order mark, which libyaml skips at the start of a line
# What js-yaml refuses in a scalar; NUL is refused anywhere.
_UNPRINTABLE = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_ODD = re.compile(f"[{_BREAKS}]|{_UNPRINTABLE.pattern}")
_TAB_RUN = re.compile(r"[ \t]+")
_ENTRY = re.compile(
    r"(?:[-?](?:[ \t]|$))|(?:\"(?:[^\"\\\r\n]|\\.)*\"|'[^'\r\n]*'|[^\s#\"'][^\r\n]*?)[ \t]*:(?:[ \t]|$)"
)
_LONG_KEY = re.compile(r"[^\r\n]{1000,}?(?=\"?'?[ \t]*:(?:\s|\Z))")
_SURROGATE = re.compile(r"\\u([dD][89a-fA-F][0-9a-fA-F]{2})")
_ANCHOR = re.compile(r"(?:\A|[\s,\[{])[&*][^\s,\[\]{}:]+\Z")
_LONGEST_ANCHOR = 200
_NO_NAME = ("", ":", ",", "[", "]", "{", "}")
_PRIVATE = range(0xE000, 0xF900)  # Unicode's private use area, for stand-ins

_BRACKET = re.compile(r"[\[\]{}]")
_DEEP = 300


def is_deep(text: str) -> bool:
    """True where brackets nest so deep that libyaml's scanner, whose time grows with the square, must not be asked."""
    return bracket_at_depth(text, _DEEP + 1) is not None


def bracket_at_depth(text: str, wanted: int) -> int | None:
    """Where brackets first nest `wanted` deep, those in quotes counted too; None where they do not."""
    depth = 0
    for match in _BRACKET.finditer(text):
        depth = depth + 1 if match[0] in "[{" else max(0, depth - 1)
        if depth == wanted:
            return match.start()
    return None


class Repaired:
    """A front matter's YAML as libyaml shall see it, and the way back."""

    __slots__ = ("_cuts", "_free", "stand_ins", "text")

    def __init__(self, yaml: str) -> None:
        self.text = with_last_break(yaml)
        self._cuts: list[tuple[int, int]] = []  # (position in `text`, characters missing there)
        self.stand_ins: dict[int, str] = {}
        self._free = (code for code in _PRIVATE if chr(code) not in yaml)
        if yaml.startswith("\ufeff"):  # js-yaml takes it off too
            self._cut(0, 1)
        if _ODD.search(self.text):
            self.text = _ODD.sub(lambda match: self._stand_in(match[0]), self.text)

    def offset(self, position: int, *, is_end: bool = False) -> int:
        """A position in the repaired text as one in the original YAML."""
        missing = 0
        for cut, length in self._cuts:
            if cut < position or (cut == position and not is_end):
                missing += length
        return position + missing

    def original(self, scalar: str) -> str:
        """A scalar's text with every stand-in replaced by what it stands for."""
        if not self.stand_ins:
            return scalar
        return paired(scalar.translate(self.stand_ins))

    def unprintable(self, scalar: str, *, is_quoted: bool) -> bool:
        """True where js-yaml refuses a character in a scalar's repaired text; DEL and its like only outside quotes."""
        if not self.stand_ins:
            return False
        held = [self.stand_ins[ord(character)] for character in scalar if ord(character) in self.stand_ins]
        return any(character < " " or (not is_quoted and _UNPRINTABLE.match(character)) for character in held)

    def mend_error(self, error: yaml.YAMLError) -> bool:
        """As `mend`, at the place of an error of libyaml's."""
        mark = getattr(error, "problem_mark", None)
        return mark is not None and self.mend(mark.index)

    def mend(self, position: int) -> bool:
        """Repair what libyaml stumbled over at `position`. False where js-yaml would refuse it too."""
        text = self.text
        if position < len(text) and text[position] == "\t":
            return self._mend_tab(position)
        if text.startswith("\\u", position - 2) or text.startswith("\\u", position - 1):
            return self._mend_surrogates()
        if text[position : position + 1] not in _NO_NAME and _ANCHOR.search(
            text[max(0, position - _LONGEST_ANCHOR) : position]
        ):
            # any character may stand in an anchor's name to js-yaml; the names only have to stay apart
            self._replace(position, position + 1, "_")
            return True
        return self._mend_long_key(position)

    def _mend_tab(self, position: int) -> bool:
        text = self.text
        line_start = max(text.rfind("\n", 0, position), text.rfind("\r", 0, position)) + 1
        before = text[line_start:position]
        run = _TAB_RUN.match(text, position)
        end = run.end() if run else position
        rest = text[end : _line_end(text, end)]
        if not rest or rest.startswith("#"):
            self._replace(position, end, " " * (end - position))
            return True
        if not before.strip(" ") and not before:
            return False
        if not before.strip(" -?") and _ENTRY.match(rest):
            return False  # a TAB as indentation of a block entry is an error to every reader
        if before.strip(" "):
            self._replace(position, end, " " * (end - position))
        else:
            self._cut(position, end)
        return True

    def _mend_surrogates(self) -> bool:
        mended = _SURROGATE.sub(lambda match: f"\\u{ord(self._stand_in(chr(int(match[1], 16)))):04x}", self.text)
        is_mended = mended != self.text
        self.text = mended
        return is_mended

    def _mend_long_key(self, position: int) -> bool:
        text = self.text
        for at in (position, position - 1):
            line_start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
            match = _LONG_KEY.match(text, line_start)
            if match:
                # one stand-in for the middle of the key: the quotes and indicators around it stay
                start, end = match.start() + 500, match.end() - 1
                held = text[start:end]
                self._cut(start + 1, end)
                self._replace(start, start + 1, self._stand_in(held))
                return True
        return False

    def _stand_in(self, held: str) -> str:
        for code, known in self.stand_ins.items():
            if known == held:
                return chr(code)
        code = next(self._free, 0xFFFD)  # all of them taken: nobody but a fuzzer gets here
        self.stand_ins[code] = held
        return chr(code)

    def _replace(self, start: int, end: int, new: str) -> None:
        self.text = self.text[:start] + new + self.text[end:]

    def _cut(self, start: int, end: int) -> None:
        size = end - start
        self._cuts = sorted([(at if at <= start else at - size, length) for at, length in self._cuts] + [(start, size)])
        self.text = self.text[:start] + self.text[end:]


def _line_end(text: str, position: int) -> int:
    match = re.compile(r"[^\r\n]*").match(text, position)
    return match.end() if match else len(text)
