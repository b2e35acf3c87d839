"""A rule's page, for `docs/rules/` and for the terminal: the docstring of its check under a line of facts."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

from carbon_lint.lint.rule import Rule
from carbon_lint.report.layout import markdown_table

FAMILIES = {
    "CL0": "The card cannot be read",
    "CL1": "The shape of the block",
    "CL2": "Value and unit",
    "CL3": "The card against the evidence of a run",
    "CL4": "The card against the budget",
    "CL5": "What other readers of the card make of it",
    "CL9": "carbon-lint's own hygiene",
}
FIX_WORDS = {"safe": "safe", "unsafe": "unsafe", "both": "some safe, some unsafe"}
_INDEX_HEAD = """\
# Rules

`carbon-lint rules CL203` shows a page in the terminal. How bad a finding is can be changed in the
[configuration](../config.md); a single one is silenced by a comment in the front matter,
`# carbon-lint: ignore[CL203] why`.

`carbon-lint check --fix`, or the hook `id: carbon-lint-fix`, fixes what can be fixed without changing the meaning. An
unsafe fix is a guess, made only with `--unsafe-fixes`.
"""
_LIST_ITEM = re.compile(r"\s*(?:[-*]|\d+\.)\s+")


def page(rule: Rule) -> str:
    """Return the page in Markdown."""
    fix = f"fix: {FIX_WORDS[rule.fix]}" if rule.fix else "no fix"
    facts = [f"severity **{rule.severity}**", fix, f"since {rule.since}"]
    return f"# {rule.code} {rule.name}\n\n{rule.summary}\n\n{' · '.join(facts)}\n\n{rule.docs}\n"


def terminal_page(rule: Rule, width: int) -> str:
    """Return the page with its paragraphs wrapped at `width`; code blocks, headings and tables as they are."""
    out: list[str] = []
    paragraph: list[str] = []
    is_code = False
    for line in [*page(rule).rstrip("\n").split("\n"), ""]:
        is_fence = line.lstrip().startswith("```")
        is_words = not (is_code or is_fence or not line.strip() or line.startswith(("#", "|", "    ")))
        if paragraph and (not is_words or _LIST_ITEM.match(line)):
            item = _LIST_ITEM.match(piece := " ".join(paragraph))
            hang = " " * len(item[0]) if item else ""
            out += textwrap.wrap(piece, width, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)
            paragraph = []
        if is_words:
            paragraph.append(line.strip() if paragraph else line.rstrip())
        else:
            out.append(line)
        is_code ^= is_fence
    return "\n".join(out)


def terminal_table(rules: Sequence[Rule], width: int) -> str:
    """Return one line a rule: code, name, severity, whether it can be fixed, what it finds."""
    rows = [(rule.code, rule.name, rule.severity, rule.fix or "", rule.summary) for rule in rules]
    heads = ("code", "name", "severity", "fix", "what it finds")
    sizes = [max(len(row[column]) for row in [heads, *rows]) for column in range(4)]
    lead = sum(sizes) + 2 * len(sizes)
    return "".join(_row(row, sizes, lead, width) for row in [heads, *rows])


def _row(row: tuple[str, ...], sizes: Sequence[int], lead: int, width: int) -> str:
    start = "".join(f"{cell:<{size}}  " for cell, size in zip(row, sizes, strict=False))
    # On a narrow terminal the last column is left to the terminal's own wrapping: a table of ten columns helps no one.
    lines = textwrap.wrap(row[-1], width - lead) if width - lead >= 30 else [row[-1]]  # noqa: PLR2004  columns
    return "".join(f"{start if index == 0 else ' ' * lead}{line}\n" for index, line in enumerate(lines))


def index_page(rules: Sequence[Rule]) -> str:
    """Return `docs/rules/README.md`: every rule by family."""
    parts = [_INDEX_HEAD]
    for family, title in FAMILIES.items():
        cells = [
            (f"[{it.code}]({it.code}.md)", it.name, it.severity, it.fix or "", it.summary.replace("|", "\\|"))
            for it in rules
            if it.code.startswith(family)
        ]
        if cells:
            heads = ("Rule", "Name", "Severity", "Fix", "What it finds")
            parts.append(f"## {family}xx {title}\n\n{markdown_table(heads, cells)}")
    return "\n".join(parts)


def find(rules: Iterable[Rule], wanted: str) -> Rule | None:
    """Return the rule with this code or name, in any case; `None` if there is none."""
    key = wanted.strip().lower()
    return next((rule for rule in rules if key in {rule.code.lower(), rule.name}), None)
