"""What a job wrote into the summary can neither stand above ours nor swallow what comes after it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from carbon_lint.report.run.leftovers import closed
from tests.cases import cases

GITHUB = MarkdownIt("gfm-like", {"linkify": False, "html": True})
AFTER = "\n\nWhat comes after.\n"
OPEN = [
    *("```", "```python\nx = 1", "~~~~\n```", "<!-- hidden", "<details><summary>More</summary>"),
    *("<div><table><tr><td>", "<pre>", "<script>", "- a list\n- <!-- x", "> quoted\n> ```", "<!--\n```\n"),
    *(
        "```\n<!--",
        "<details><summary>More</summary>\n\n<!-- hidden\n\n</details>",
        "<details><summary>More</summary>\n\n<pre>\n\n</details>",
        "<details><summary>More</summary>\n\n<script>\n\n</details>",
        "<style>\n```",
        "1. one\n   ```\n   x",
    ),
]
HARMLESS = [
    "# Results",
    "| a | b |\n| - | - |\n| 1 | 2 |",
    "```\nx\n```",
    "<!-- a -->",
    "<details>\n\nx\n\n</details>",
    "text",
]
PIECES = st.lists(st.sampled_from([*OPEN, *HARMLESS, "", "-->", "</details>", "~~~", "````"]), max_size=8)


class Page(HTMLParser):
    """Which tags are open where the text after it stands, and whether it can be seen at all."""

    def __init__(self):
        super().__init__()
        self.open, self.around = [], None

    def handle_starttag(self, tag, attrs):
        if tag not in {"br", "hr", "img", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            del self.open[len(self.open) - 1 - self.open[::-1].index(tag) :]

    def handle_data(self, data):
        if "What comes after." in data:
            self.around = list(self.open)


def around(markdown):
    page = Page()
    page.feed(GITHUB.render(markdown + AFTER))
    page.close()
    return page.around


@cases("left_open", OPEN)
def test_what_is_left_open_is_closed(left_open):
    assert around(closed(left_open)) == ["p"]


@cases("left_open", [text for text in OPEN if not text.startswith((">", "1.", "- "))])
def test_without_an_end_it_would_swallow_what_follows(left_open):
    assert around(left_open) != ["p"]


@given(PIECES)
def test_whatever_is_written_the_text_after_it_is_seen_as_it_is(pieces):
    assert around(closed("\n\n".join(pieces))) == ["p"]


@cases("whole", HARMLESS)
def test_what_leaves_nothing_open_looks_as_before(whole):
    def shown(text):
        return re.sub(r"<!--.*?-->|\s+", " ", GITHUB.render(text)).strip()

    assert shown(closed(whole)) == shown(whole)


def test_nothing_stays_nothing():
    assert closed(" \n") == ""
