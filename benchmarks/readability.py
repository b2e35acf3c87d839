"""Readability of Start and the guides, now and at an earlier commit: `python benchmarks/readability.py [COMMIT]`.

Needs `pip install 'textstat==0.7.4' 'setuptools<80'` (0.7.4 is the last one that needs no download of its own). Prints,
for each page and for all of them together, words in a sentence, Flesch reading ease (60 to 70 is plain English) and the
Flesch-Kincaid grade (years of school). Code, tables' rules and addresses are left out; a cell of a table is a sentence.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import textstat

ROOT = Path(__file__).resolve().parent.parent
BEFORE = (
    *("docs/start.md", "docs/github.md", "docs/ci-elsewhere.md", "docs/running.md", "docs/budgets.md", "docs/card.md"),
    *("docs/linting.md", "docs/publishing.md", "docs/finding.md", "docs/reports.md"),
)
"""Start and what stood under "Guides" at 55dbe55."""
OTHER_GUIDES = ("hf-jobs", "kubernetes", "month", "python", "slurm", "verifying")
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


def at(commit: str, path: str) -> str:
    """Return a page as it was."""
    return subprocess.run(
        ["git", "show", f"{commit}:{path}"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def main() -> None:
    """Print the scores."""
    commit = sys.argv[1] if len(sys.argv) > 1 else "55dbe55"
    old = {path: at(commit, path) for path in BEFORE}
    others = (ROOT / "docs" / f"{name}.md" for name in ("start", *OTHER_GUIDES))
    pages = [*others, *sorted((ROOT / "docs" / "guides").glob("*.md"))]
    new = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in pages}
    for title, found in ((commit, old), ("now", new)):
        print(f"{title:32} {scores(list(found.values()))}")
        for path, text in found.items():
            print(f"  {path:30} {scores([text])}")


if __name__ == "__main__":
    main()
