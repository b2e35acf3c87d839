"""Readability of the pages, now and at an earlier commit: `python benchmarks/readability.py [COMMIT]`.

Needs `pip install 'textstat==0.7.4' 'setuptools<80'` (0.7.4 is the last one that needs no download of its own). Prints
words in a sentence, Flesch reading ease (60 to 70 is plain English) and the Flesch-Kincaid grade (years of school), for
each page and for the pages that there were at both times. Code, tables' rules and addresses are left out; a cell of a
table is a sentence.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import textstat

ROOT = Path(__file__).resolve().parent.parent
OTHER_GUIDES = ("hf-jobs", "kubernetes", "month", "python", "slurm", "verifying")
GENERATED = ("cli", "config", "exit-codes", "inputs", "record")
TABLES = re.compile(r"^\|[-| ]+\|$", re.MULTILINE)
HIDDEN = (
    re.compile(r"^( *)```.*?^\1``` *$", re.MULTILINE | re.DOTALL),
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"^(?:    .*|#+ .*|=== .*|!!! .*)$", re.MULTILINE),
    TABLES,
)


def prose(text: str) -> str:
    """Return the sentences of a page, each with its full stop."""
    text = re.sub(r"^    (?=\S)", "", text, flags=re.MULTILINE) if "\n=== " in text else text
    for pattern in HIDDEN:
        text = pattern.sub("\n", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    text = re.sub(r"`([^`\n]*)`", "code", text)
    text = re.sub(r"[*\[\]]", "", text).replace("|", "\n\n")
    paragraphs = re.split(r"\n\s*\n|\n *(?:[-*]|\d+\.) ", text)
    sentences = (" ".join(paragraph.split()) for paragraph in paragraphs)
    return " ".join(one if one.endswith((".", "?", "!", ":")) else f"{one}." for one in sentences if one)


def scores(texts: list[str]) -> str:
    """Return the three scores of some pages as one row."""
    text = " ".join(prose(one) for one in texts)
    words, sentences = textstat.lexicon_count(text), max(textstat.sentence_count(text), 1)
    ease, grade = textstat.flesch_reading_ease(text), textstat.flesch_kincaid_grade(text)
    return f"{words:6} words  {words / sentences:5.1f} a sentence  ease {ease:5.1f}  grade {grade:4.1f}"


def at(commit: str, path: str) -> str | None:
    """Return a page as it was, `None` if there was none."""
    done = subprocess.run(["git", "show", f"{commit}:{path}"], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


def groups() -> dict[str, list[str]]:
    """Return the pages that people have written: those for everybody, and those with every case."""
    docs = ROOT / "docs"
    easy = [ROOT / "README.md", docs / "index.md", docs / "start.md", *sorted((docs / "guides").glob("*.md"))]
    easy += [docs / f"{name}.md" for name in OTHER_GUIDES]
    detail = [path for path in sorted(docs.glob("*.md")) if path not in easy and path.stem not in GENERATED]
    named = {"README, Start and the guides": easy, "in detail and explained": detail}
    return {title: [path.relative_to(ROOT).as_posix() for path in paths] for title, paths in named.items()}


def main() -> None:
    """Print the scores."""
    commit = sys.argv[1] if len(sys.argv) > 1 else "55dbe55"
    for title, pages in groups().items():
        print(title)
        texts = {path: (at(commit, path), (ROOT / path).read_text(encoding="utf-8")) for path in pages}
        both = {path: pair for path, pair in texts.items() if pair[0] is not None}
        for index, when in enumerate((commit, "now")):
            print(f"  {when:32} {scores([pair[index] or '' for pair in both.values()])}")
        for path, (_, text) in texts.items():
            print(f"    {path:30} {scores([text])}")


if __name__ == "__main__":
    main()
