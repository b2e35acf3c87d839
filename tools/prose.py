"""Lint the English of the documentation by proselint, and that of the code, with a small style of our own.

    python tools/prose.py [FILE ...]     every page and module by default; exit status 1 if there are findings

`STYLE` lists the habits of this project's older pages that readers stumbled over. Start, the guides, the front page and
README also keep each sentence to `LONGEST` words, other pages to `LONGEST_IN_DETAIL`. Of a page, code, addresses and
comments are not read. Of a Python file, docstrings, comments and messages are read, by `STYLE` alone; of a test, the
names of functions and the ids of its cases instead of messages, which may be what it expects.
"""

from __future__ import annotations

import ast
import re
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

from proselint.config import DEFAULT
from proselint.registry import CheckRegistry
from proselint.registry.checks import Check, CheckResult
from proselint.tools import LintFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 25
"""Words in a sentence, as in GOV.UK's guide to content design."""
LONGEST_IN_DETAIL = 30
"""Words in a sentence of the pages with every case: names of files and variables take some more."""
TRADE = (
    *("README.md", "docs/index.md", "docs/start.md", "docs/guides/"),
    *("docs/hf-jobs.md", "docs/kubernetes.md", "docs/month.md", "docs/python.md", "docs/slurm.md", "docs/verifying.md"),
)
"""Pages for readers with B1 English."""
FREE = ("CONTRIBUTING.md",)
"""Pages without a limit."""
GENERATED = re.compile(r"docs/(?:cli|config|exit-codes|inputs|record)\.md|docs/rules/")
EXAMPLES = ("tools/prose.py", "tests/docs/test_prose.py")
"""Files that hold what is looked for."""

STYLE = (
    ("where", r"(?:^|[.:;(*|] )Where\b(?! \||[^.:\n]*\?)", "'Where' begins a condition: write 'If' or 'When'"),
    ("where", r"\b(?:[Oo]nly|except|[Ee]ven|unless|but) where\b", "'where' for a condition: write 'if' or 'when'"),
    ("where", r", where (?:it|there|they|one|any|no|all|none|nothing)\b", "'where' for a condition: write 'if'"),
    ("told", r"\b(?:is|are|was|were|be) (?:said|told)\b", "say who does it: 'carbon-lint prints', 'the error names'"),
    ("were", r"\bit were\b|\bwere it\b", "write 'if it is' or 'if it was'"),
    ("none", r"(?<![Tt]here )\b(?:is|are) none\b|\bnone is\b", "write 'there is no ...'"),
    ("no", r"(?<![Tt]here )\b(?:is|are|was) no (?!longer\b|more\b|less\b|need\b)\w+", "write 'is not a ...'"),
    ("actors", r"\bdoors?\b|\bears?\b|\bhears?\b|\bheard\b", "programs have no doors and ears"),
    ("old", r"\b(?:anew|thereof|whereof|lest|hence|nought|likewise|for ever)\b", "an old word: use a plain one"),
    ("mend", r"\b[Mm]end(?:s|ed|ing)?\b", "write 'fix' or 'repair'"),
    ("held", r"\b[Hh](?:old|olds|eld) (?:it |them |the \w+ )?against\b", "write 'check against' or 'compare with'"),
    ("but", r"\bbut for\b", "write 'except'"),
    ("same", r"\ball the same\b", "write 'still' or 'anyway'"),
    ("came", r"\bcame of\b|\bcomes of\b", "name the result"),
    ("on", r"\b(?:handed|hands? (?:it|them|this|that|no \w+|an? \w+)) on\b", "write 'passes on'"),
    ("over", r"\bpassed over\b", "write 'skipped'"),
    ("only", r"\b(?:nothing|nobody|nowhere) but\b", "write 'only'"),
    ("had", r"\b(?:can|could|may|might|to) be had\b", "write 'there is' or 'you can get'"),
    ("like", r"\band the like\b", "write 'and similar', with the noun"),
    ("hand", r"\bat hand\b", "name whose it is: 'your machine', 'we had none'"),
    ("spite", r"\bin spite of\b", "write 'despite' or 'even if'"),
    ("other", r"\bother way round\b", "say both directions"),
    ("sees", r"\bsees? to it\b", "write 'checks' or 'makes sure'"),
)
READ = (
    *("annotations", "cliches", "hedging", "malapropisms", "needless_variants", "nonwords", "oxymorons"),
    *("redundancy", "spelling", "uncomparables", "carbon_lint"),
)
"""Which checks run. proselint's typography and terms would change quotes and names that are code."""

_HIDDEN = (
    re.compile(r"^( *)(```|~~~).*?^\1\2 *$", re.MULTILINE | re.DOTALL),
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"\A---\n.*?\n---\n", re.DOTALL),
    re.compile(r"\]\([^)\n]*\)"),
)
_ONE_WORD = re.compile(r"`[^`]+`|https?://[^\s)>]+")
_BLOCK = re.compile(r"(?:(?!\n\s*\n|\n *(?:[-*|#>=!]|\d+\.)).)+", re.DOTALL)
_END = re.compile(r"[.!?:][)*\"\]]*\s+(?=[A-Z`*\[(\"'X]|carbon-lint )")
_WORDS = re.compile(r"[\w'/.-]*\w")
_READ_OF_CODE = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


def blanked(text: str) -> str:
    """Return `text` without its code and addresses, every offset kept; code within a line is one word."""
    for pattern in _HIDDEN:
        text = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    return _ONE_WORD.sub(lambda match: "X" + re.sub(r"[^\n]", "x", match[0][1:]), text)


def long_sentences(longest: int) -> Callable[[str, Check], Iterator[CheckResult]]:
    """Return a check that finds sentences of more words. The cell of a table and the item of a list are sentences."""

    def matches(text: str, check: Check) -> Iterator[CheckResult]:
        for block in _BLOCK.finditer(text):
            start = block.start()
            for end in (*(match.end() for match in _END.finditer(text, *block.span())), block.end()):
                words = max(len(_WORDS.findall(cell)) for cell in text[start:end].split("|"))
                if words > longest:
                    message = f"a sentence of {words} words: {longest} at most on this page"
                    yield CheckResult(check.path, message, (start, end), None)
                start = end

    return matches


def habit(pattern: str) -> Callable[[str, Check], Iterator[CheckResult]]:
    """Return a check that finds `pattern`."""
    compiled = re.compile(pattern, re.MULTILINE)

    def matches(text: str, check: Check) -> Iterator[CheckResult]:
        for match in compiled.finditer(text):
            yield CheckResult(check.path, f"{match[0].strip()!r}: {check.message}", match.span(), None)

    return matches


def findings(path: Path, text: str) -> list[str]:
    """Return one line for each finding, in order."""
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.as_posix()
    if path.suffix == ".py":
        return list(_code_findings(name, text))
    # The first key that fits a check decides, so the longer one comes first.
    lengths = {"carbon_lint.long": name.startswith(TRADE), "carbon_lint.very_long": not name.startswith(FREE + TRADE)}
    enabled = {**lengths, **dict.fromkeys(READ, True)}
    results = LintFile(name, blanked(text)).lint({**DEFAULT, "checks": enabled})
    return [f"{name}:{one.pos[0]}:{one.pos[1]}: {one.check_result.message}" for one in results]


def _code_findings(name: str, text: str) -> Iterator[str]:
    for line, words in sorted(_read_of_tests(text) if name.startswith("tests/") else _read_of_code(text)):
        for _, pattern, message in STYLE:
            for match in re.finditer(pattern, _ONE_WORD.sub("X", words), re.MULTILINE):
                yield f"{name}:{line}: {match[0].strip()!r}: {message}"


def _tokens(text: str, types: set[int]) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(iter(text.splitlines(keepends=True)).__next__):
        if token.type in types and " " in token.string:
            yield token.start[0], token.string


def _read_of_code(text: str) -> Iterator[tuple[int, str]]:
    return _tokens(text, _READ_OF_CODE)


def _read_of_tests(text: str) -> Iterator[tuple[int, str]]:
    yield from _tokens(text, {tokenize.COMMENT})
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(words))):
                yield node.lineno, words
            case ast.FunctionDef(name=name) if name.startswith("test_"):
                yield node.lineno, name.replace("_", " ")
            case ast.keyword(arg="id", value=ast.Constant(value=str(words))):
                yield node.value.lineno, words
            case ast.keyword(arg="ids", value=ast.List(elts=ids) | ast.Tuple(elts=ids)):
                yield from ((one.lineno, str(one.value)) for one in ids if isinstance(one, ast.Constant))


def register() -> None:
    """Give proselint its own checks and ours, once."""
    from proselint.checks import __register__ as theirs  # noqa: PLC0415  it compiles them

    registry = CheckRegistry()
    if registry.checks:
        return
    registry.register_many(theirs)
    for name, pattern, message in STYLE:
        registry.register(Check(check_type=habit(pattern), path=f"carbon_lint.{name}", message=message))
    registry.register(Check(check_type=long_sentences(LONGEST), path="carbon_lint.long"))
    registry.register(Check(check_type=long_sentences(LONGEST_IN_DETAIL), path="carbon_lint.very_long"))


def pages() -> list[Path]:
    """Return every page that a person has written, every module and every test, except those that hold the patterns."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*/README.md")]
    modules = [*(ROOT / "carbon_lint").rglob("*.py"), *(ROOT / "tools").glob("*.py"), ROOT / "entrypoint.py"]
    names = {path: path.relative_to(ROOT).as_posix() for path in (*found, *modules, *(ROOT / "tests").rglob("*.py"))}
    return sorted(path for path, name in names.items() if not GENERATED.match(name) and name not in EXAMPLES)


def main(arguments: list[str]) -> int:
    """Print what is found; return 1 if there is any."""
    register()
    paths = [Path(name).resolve() for name in arguments] or pages()
    lines = [line for path in paths for line in findings(path, path.read_text(encoding="utf-8"))]
    print("\n".join(lines) if lines else f"{len(paths)} files: plain English")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
