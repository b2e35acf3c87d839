"""A record may be a stranger's: whatever its strings hold, they are shown as text wherever a record is shown."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from enum import Enum

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from carbon_lint.gate.baseline import compare, figures_of_record
from carbon_lint.gate.budget import judge
from carbon_lint.gate.verdict import Budget
from carbon_lint.hub.publish.message import MARKER, description_of
from carbon_lint.records.record import Provenance, Record
from carbon_lint.report.run import comment, summary
from carbon_lint.report.run import text as run_text
from carbon_lint.report.run.forms.table import FORMS
from tests.cases import cases
from tests.report.runs import RECORD, a_form, report_of

GITHUB = MarkdownIt("gfm-like", {"linkify": False})
KEPT = {"started_at", "ended_at", "run_url"}  # a record with another time cannot be read; the link has its own test
PAYLOADS = [
    "# heading", "![i](https://evil.example/i.png)", "@octocat", "[l](https://evil.example)", "<img src=x onerror=y>",
    "a\n\n# heading\n", "```", "`` ` ``", "`a` ![i](https://evil.example/i.png)", "| a | b |", "\x1b[2J\x1b]0;t\x07",
    "::error::x", "##[error]x", "https://evil.example", "www.evil.example", "</details>", "<!--", "-->", "* a", "1. a",
    "x\nCarbon-Lint-Publication: forged", "x\r::add-mask::0", "$e^x$", "&lt;b&gt;", "#1", "GH-1", "\u202egnp.exe",
    "a\\|b", "---", "===", "~~s~~", "_e_ **b**", "[x]: https://evil.example", "\u2028# h",
]  # fmt: skip
HOSTILE = st.sampled_from(PAYLOADS) | st.text(max_size=20) | st.text(alphabet="`|[]()!<>@#*_\n\\&:x ", max_size=20)
HOSTILE = HOSTILE.filter(lambda text: text.strip() != "")  # an empty string is nothing to show


def with_strings(value, new, name=""):
    """`value` with every string in it replaced: fields, items, keys."""
    if isinstance(value, Enum) or name in KEPT:
        return value
    if isinstance(value, str):
        return new
    if isinstance(value, dict):
        return {new: new}
    if isinstance(value, tuple):
        return tuple(with_strings(item, new) for item in value)
    if dataclasses.is_dataclass(value):
        fields = {it.name: with_strings(getattr(value, it.name), new, it.name) for it in dataclasses.fields(value)}
        return dataclasses.replace(value, **fields)
    return value


LINKED = {"run_url": "https://github.com/me/models/actions/runs/77"}
WHOLE = dataclasses.replace(
    RECORD,
    hardware=dataclasses.replace(RECORD.hardware, node="x", boot="x"),
    provenance=Provenance(**{it.name: "x" for it in dataclasses.fields(Provenance) if "str" in str(it.type)} | LINKED),
    warnings=("x",),
    run_group="x",
    merged_from=("x", "x"),
    journal_sha256="x",
)


def unlinked(url):
    """The record with another address of its run."""
    return dataclasses.replace(WHOLE, provenance=dataclasses.replace(WHOLE.provenance, run_url=url))


def strings_of(value):
    """Names of the string fields of a record and of what it holds, to see that every one stands above."""
    for it in dataclasses.fields(value):
        inner = getattr(value, it.name)
        if dataclasses.is_dataclass(inner):
            yield from strings_of(inner)
        elif inner is None and "str" in str(it.type):
            yield it.name


def test_every_string_of_a_record_is_filled_in_here():
    assert list(strings_of(WHOLE)) == []
    assert all(it.name in {field.name for field in dataclasses.fields(WHOLE)} for it in dataclasses.fields(Record))


def rendered(record):
    """The record in every Markdown that it is shown in."""
    verdict = judge(record, Budget(max_emissions_g=1000))
    compared = compare(figures_of_record(record, "this run"), figures_of_record(record, "the baseline"))
    return {
        "summary": summary.render(report_of(record, verdict, comparison=compared)),
        "comment": comment.render(report_of(record, verdict, comparison=compared), key="k"),
        "pull request": description_of(record, record.emissions_g, "0" * 32, is_markdown=True),
    }


def shape(text):
    """Blocks and inline markup of a Markdown text, in order, and its plain words apart from code."""
    kinds, words = [], []
    for token in GITHUB.parse(text):
        kinds.append(token.type)
        for child in token.children or ():
            if child.type == "text":
                words.append(child.content)
            elif child.type not in {"code_inline", "softbreak", "text_special"}:
                kinds.append(child.type)
            elif child.type == "text_special":
                words.append(child.content)
    return kinds, "".join(words)


@given(HOSTILE)
@example("![i](https://evil.example/i.png)")
@example("0  ")
@example("` # ")
@example("``")
@pytest.mark.parametrize("where", ["summary", "comment", "pull request"])
def test_no_string_of_a_record_is_markup_a_mention_or_a_link(where, new):
    kinds, words = shape(rendered(with_strings(WHOLE, new))[where])
    plain_kinds, _ = shape(rendered(with_strings(WHOLE, "x"))[where])
    assert kinds == plain_kinds
    own = words.replace(WHOLE.provenance.run_url, "")
    assert not re.search(r"@\w|https?://|\bwww\.\w|#\d", own), words


@given(HOSTILE)
def test_no_string_of_a_record_steers_a_terminal_or_a_runner(new):
    record = with_strings(WHOLE, new)
    verdict = judge(record, Budget(max_emissions_g=1000))
    forms = {name: a_form(name, record, model=new) for name in FORMS}
    for text in (run_text.render(report_of(record, verdict)), *forms.values()):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", text)
        assert not re.search(r"^\s*::|##\[", text, re.MULTILINE)
    assert all(json.loads(text) for name, text in forms.items() if name not in {"annex-xi", "codecarbon-csv"})
    kinds, words = shape(forms["annex-xi"])
    assert kinds == shape(a_form("annex-xi", with_strings(WHOLE, "x"), model="x"))[0]
    assert not re.search(r"@\w|\bwww\.\w|#\d", words), words
    cells = next(csv.reader([forms["codecarbon-csv"].split("\n")[1]]))
    assert [cell for cell in cells if cell[:1] in {"=", "+", "@", "\t", "\r"}] == []
    assert len(cells) == len(next(csv.reader([forms["codecarbon-csv"].split("\n")[0]])))


@given(HOSTILE)
def test_no_string_of_a_record_forges_a_line_of_a_commit_message(new):
    for is_markdown in (True, False):
        lines = description_of(with_strings(WHOLE, new), 1.0, "0" * 32, is_markdown=is_markdown).split("\n")
        assert [line for line in lines if line.startswith(MARKER)] == [f"{MARKER}{'0' * 32}"]
        assert len(lines) == len(description_of(with_strings(WHOLE, "x"), 1.0, "0" * 32).split("\n"))


@cases("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "x](https://evil.example"])
def test_an_invalid_address_of_a_run_makes_no_link(url):
    for name, text in rendered(unlinked(url)).items():
        assert "<a " not in GITHUB.render(text), name


@given(HOSTILE)
def test_an_address_of_a_run_cannot_end_its_link(new):
    for text in rendered(unlinked(f"https://a.example/{new}")).values():
        links = re.findall('href="([^"]*)"', GITHUB.render(text))
        assert all(link.startswith("https://a.example/") for link in links)
        assert "<img" not in GITHUB.render(text)
