"""Lint the English of the documentation by proselint, with a small style of our own.

    python tools/prose.py [FILE ...]     every page by default; exit status 1 if there are findings

`STYLE` lists the habits of this project's own older pages that readers stumbled over. Start, the guides, the front page
and README also keep each sentence to `LONGEST` words. Code, addresses and comments are not read.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from proselint.config import DEFAULT
from proselint.registry import CheckRegistry
from proselint.registry.checks import Check, CheckResult
from proselint.tools import LintFile

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 30
"""Words in a sentence: what plain-language guides such as the UK's "Content design" allow, plus a few for file names."""
TRADE = ("README.md", "docs/index.md", "docs/start.md", "docs/guides/")
"""Pages for readers with B1 English: no long sentence."""
GENERATED = re.compile(r"docs/(?:cli|config|exit-codes|inputs|record)\.md|docs/rules/")

STYLE = (
    ("where", r"(?:^|[.:;(*|] )Where\b(?![^.:\n]*\?)", "'Where' at the start of a condition: write 'If' or 'When'"),
    ("where", r"\b(?:[Oo]nly|except|[Ee]ven|unless|but) where\b", "'where' for a condition: write 'if' or 'when'"),
    ("where", r", where (?:it|there|they|one|any|no|all|none|nothing)\b", "'where' for a condition: write 'if'"),
    ("told", r"\b(?:is|are|was|were|be) (?:said|told)\b", "say who does it: 'carbon-lint prints', 'the error names'"),
    ("were", r"\bit were\b|\bwere it\b", "write 'if it is' or 'if it was'"),
    ("none", r"\b(?:is|are) none\b|\bnone is\b", "write 'there is no ...'"),
    ("no", r"(?<![Tt]here )\b(?:is|are|was) no (?!longer\b|more\b|less\b|need\b)\w+", "write 'is not a ...'"),
    ("actors", r"\b(?:one )?door to\b|\bdoors\b|\bears?\b|\bhears?\b|\bheard\b", "programs have no doors and ears"),
    ("old", r"\b(?:anew|thereof|whereof|lest|hence|nought|likewise|oft|betimes)\b", "an old word: use a plain one"),
    ("mend", r"\b[Mm]end(?:s|ed|ing)?\b", "write 'fix' or 'repair'"),
    ("held", r"\b[Hh](?:old|olds|eld) (?:it |them |the \w+ |whole )?against\b", "write 'check against' or 'compare with'"),
    ("but", r"\b(?:all|everything|nothing|anything)[\w ]{0,20}, but for\b|\bbut for\b", "write 'except'"),
    ("same", r"\ball the same\b", "write 'still' or 'anyway'"),
    ("came", r"\bcame of\b|\bcomes of\b", "name the result"),
)
READ = {
    name: True
    for name in ("annotations", "archaism", "cliches", "hedging", "lexical_illusions", "malapropisms", "needless_variants",
                 "nonwords", "oxymorons", "redundancy", "spelling", "uncomparables", "weasel_words", "carbon_lint")
}  # fmt: skip
"""Which of proselint's checks run. Its typography and terms would change quotes and names that are code."""
_HIDDEN = (
    re.compile(r"^( *)(```|~~~).*?^\1\2 *$", re.MULTILINE | re.DOTALL),
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"\A---\n.*?\n---\n", re.DOTALL),
    re.compile(r"^    (?=\S).*$(?<!\*)", re.MULTILINE),
)
_WORD = (re.compile(r"``?[^`\n]+(?:\n[^`\n]+)?``?"), re.compile(r"https?://[^\s)>]+"))
_TARGET = re.compile(r"\]\([^)\n]*\)")
_APART = re.compile(r"\n\s*\n|\n *(?:[-*|#>]|\d+\.|===)[^\n]*?(?=\s)")
_END = re.compile(r"(?<=[.!?:])[\s)*\"]+(?=[A-Z`*\[(\"'X]|$)")


def blanked(text: str, *, tabs: bool) -> str:
    """Return `text` with code and addresses replaced by characters that are no words, every offset kept."""
    for pattern in _HIDDEN[: 3 if tabs else 4]:
        text = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    for pattern in _WORD:
        text = pattern.sub(lambda match: "X" + re.sub(r"[^\n]", "x", match[0][1:]), text)
    return _TARGET.sub(lambda match: "]" + " " * (len(match[0]) - 1), text)


def long_sentences(text: str, check: Check) -> Iterator[CheckResult]:
    """Yield each sentence of more than `LONGEST` words; a table's cell and a list's item are sentences of their own."""
    start = 0
    for block in [*_APART.finditer(text), None]:
        stop = block.start() if block else len(text)
        inside, offset = text[start:stop], start
        for sentence in _END.split(inside):
            at = text.index(sentence, offset) if sentence else offset
            offset = at + len(sentence)
            words = max((len(re.findall(r"[\w'/.-]*\w", cell)) for cell in sentence.split("|")), default=0)
            if words > LONGEST:
                yield CheckResult(check.path, f"a sentence of {words} words: {LONGEST} at most here", (at, offset), None)
        start = block.end() if block else len(text)


def findings(path: Path, text: str) -> list[str]:
    """Return one line for each finding, in order."""
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    enabled = {**READ, "carbon_lint.long": name.startswith(TRADE)}
    config = {**DEFAULT, "checks": dict(sorted(enabled.items(), key=lambda item: -item[0].count(".")))}
    prose = LintFile(name, blanked(text, tabs="\n=== " in text))
    found = sorted(prose.lint(config), key=lambda result: result.pos)  # type: ignore[arg-type]  its Config is a TypedDict
    return [f"{name}:{one.pos[0]}:{one.pos[1]}: {one.check_result.message}" for one in found]


def register() -> None:
    """Give proselint its own checks and ours."""
    from proselint.checks import __register__ as theirs  # noqa: PLC0415  it compiles them

    registry = CheckRegistry()
    registry.register_many(theirs)
    for name, pattern, message in STYLE:
        compiled = re.compile(pattern, re.MULTILINE)

        def matches(text: str, check: Check, compiled: re.Pattern[str] = compiled) -> Iterator[CheckResult]:
            return (
                CheckResult(check.path, f"{match[0].strip()!r}: {check.message}", match.span(), None)
                for match in compiled.finditer(text)
            )

        registry.register(Check(check_type=matches, path=f"carbon_lint.{name}", message=message))
    registry.register(Check(check_type=long_sentences, path="carbon_lint.long"))


def pages() -> list[Path]:
    """Return every page that a person has written."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("README.md")]
    return sorted(path for path in found if not GENERATED.match(path.relative_to(ROOT).as_posix()))


def main(arguments: list[str]) -> int:
    """Print what is found; return 1 if there is any."""
    register()
    paths = [Path(name).resolve() for name in arguments] or pages()
    lines = [line for path in paths for line in findings(path, path.read_text(encoding="utf-8"))]
    print("\n".join(lines) if lines else f"{len(paths)} pages of plain English")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
