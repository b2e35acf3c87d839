"""The blocks of the documentation: what stands between fences, and commands that are indented."""

from __future__ import annotations

import importlib
import re
import shlex
import textwrap
from argparse import ArgumentParser
from typing import NamedTuple

from carbon_lint.verbs import VERBS
from tests.conftest import ROOT

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^(?P=indent)``` *$", re.MULTILINE | re.DOTALL
)
_INDENTED = re.compile(r"(?:(?<=\n\n)|(?<=:\n))(?:    (?![*-] )\S[^\n]*\n)+")


class Block(NamedTuple):
    """One block: where it stands, its language, its text without its indent."""

    page: str
    line: int
    language: str
    text: str

    @property
    def place(self):
        return f"{self.page}:{self.line}"

    @property
    def commands(self):
        """Its command lines, each with what it prints: after `$ ` in a console, else whatever names carbon-lint."""
        if self.language == "console":
            parts = re.split(r"^\$ ", self.text.replace("\\\n", " "), flags=re.MULTILINE)[1:]
            return [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts]
        return [(line, "") for line in self.text.splitlines() if re.match(r"(?:[\w./-]+ )*carbon-lint [a-z]", line)]


def pages():
    """Every page that tells a reader what to do; those of the rules have a test of their own."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*/README.md")]
    return sorted(path for path in found if path.name != "CHANGELOG.md" and "docs/rules/CL" not in path.as_posix())


def blocks():
    """Every block of every page."""
    return [block for path in pages() for block in _of(path)]


def _of(path):
    text = path.read_text(encoding="utf-8")
    page = path.relative_to(ROOT).as_posix()
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Block(page, line, match["language"], textwrap.dedent(match["text"]))
    hidden = _FENCE.sub(lambda match: re.sub(r"[^\n]", "x", match[0]), text)
    for match in _INDENTED.finditer(hidden):
        if "carbon-lint " in match[0]:
            yield Block(page, text.count("\n", 0, match.start()) + 1, "indented", textwrap.dedent(match[0]))


def words_of(command):
    """The simple commands of a shell line, each as a list of words, without variables that are set before them."""
    lexer = shlex.shlex(re.sub(r"\$\([^)]*\)", "substituted", command), posix=True, punctuation_chars=";&|<>()")
    lexer.whitespace_split = True
    simple = [[]]
    for word in lexer:
        if set(word) <= set(";&|()"):
            simple.append([])
        elif simple[-1] or not re.match(r"\w+=", word):
            simple[-1].append(word)
    return [_without_redirections(words) for words in simple if words]


def _without_redirections(words):
    for index, word in enumerate(words):
        if set(word) <= set("<>&") and word:
            return words[:index]
    return words


def parse(words):
    """Parse the arguments of one of our verbs as it does itself. Raises SystemExit or an error of ours."""
    if words[0].startswith("-") or words[1:] == ["--help"]:
        return
    assert words[0] in VERBS, f"there is no verb {words[0]!r}"
    module = importlib.import_module(f"carbon_lint.cli.{VERBS[words[0]][0]}")
    parser = ArgumentParser(allow_abbrev=False, exit_on_error=False)
    module.add_arguments(parser)
    parser.add_argument("--verbose", action="store_true")  # every verb's, by carbon_lint/cli/__init__.py
    parser.parse_args(words[1:])
