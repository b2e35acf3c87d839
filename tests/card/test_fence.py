"""The front matter is where the Hub finds it, character by character."""

from __future__ import annotations

import json
import re
import time

from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.card.fence import find
from carbon_lint.card.lax import find_lax
from carbon_lint.card.read import read_card
from tests.cases import cases

# huggingface_hub 2.4, repocard.py REGEX_YAML_BLOCK: what `find` has to agree with.
HUB = re.compile(r"^(\s*---(?:\r\n|\r|\n))([\S\s]*?)((?:\r\n|\r|\n)---[ \t]*(\r\n|\n|$))")


def hub(text):
    match = HUB.search(text)
    return match and (match.start(2), match.end(2), match.end())


def ours(text):
    found = find(text)
    return found and (found.start, found.end, found.close_end)


PIECES = ["---", "\n", "\r", "\r\n", " ", "\t", "a: 1", "-", "\u00a0", "--- ", "...", "\x1c", "\ufeff"]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_every_arrangement_of_dashes_and_line_breaks_gives_the_hubs_answer(text):
    assert ours(text) == hub(text)


@given(st.text())
def test_any_text_gives_the_hubs_answer_and_a_span_inside_it(text):
    assert ours(text) == hub(text)
    found = find_lax(text)
    if found is not None:
        lax, problem = found
        assert 0 <= problem.start <= problem.end <= len(text)
        assert 0 <= lax.open_start <= lax.start <= lax.end <= len(text)


@cases(
    ("text", "yaml"),
    [
        ("---\na: 1\n---\nbody", "a: 1"),
        ("\n\n---\r\na: 1\r\n---\r\n", "a: 1"),
        ("---\n\n---\n", ""),
        ("---\r\n---\r\n", ""),
        ("---\na: 1\n---  \t\nbody", "a: 1"),
        ("---\na: 1\n---", "a: 1"),
        ("---\ns: |\n  x\n---\n  y\n---\n", "s: |\n  x"),
        ("---\na: 1\n\ntext\n---\n", "a: 1\n\ntext"),
    ],
)
def test_the_block_is_what_stands_between_the_fences(text, yaml):
    found = find(text)
    assert yaml == text[found.start : found.end]


@cases(
    ("text", "kind"),
    [
        ("Hello\n---\nlicense: mit\n---\n", "text-before"),
        ("<!-- made by a tool -->\n---\nlicense: mit\n---\n", "comment-before"),
        ("----\nlicense: mit\n----\n", "opening-dashes"),
        ("--- \nlicense: mit\n---\n", "opening-not-alone"),
        ("--- # metadata\nlicense: mit\n---\n", "opening-not-alone"),
        ("--- license: mit\n---\n", "opening-not-alone"),
        ("---\nlicense: mit\n\n# Title\n", "unclosed"),
        ("---\nlicense: mit\n ---\n# Title\n", "closing-indented"),
        ("---\nlicense: mit\n...\n# Title\n", "closing-dots"),
        ("---\nlicense: mit\n----\n# Title\n", "closing-dashes"),
        ("---\nlicense: mit\n--- end\n# Title\n", "closing-not-alone"),
        ("---\rlicense: mit\r---\rbody", "closing-line-break"),
        ("\\n---\nlicense: mit\n---\n", "literal-backslash-n"),
        ("---\\n\nlicense: mit\n---\n", "literal-backslash-n"),
        ("\u200b---\nlicense: mit\n---\n", "invisible-character-before"),
        ("```yaml\n---\nco2_eq_emissions: 1\n---\n```\n", "code-fence"),
        ("# Card\n```yaml\nco2_eq_emissions: 1\n```\n", "code-fence"),
    ],
)
def test_a_block_that_only_a_laxer_reader_finds_is_named_with_the_reason(text, kind):
    assert find(text) is None
    lax, problem = find_lax(text)
    assert kind == problem.detail
    assert "license: mit" in text[lax.start : lax.end] or "co2_eq_emissions: 1" in text[lax.start : lax.end]


@cases(
    "text",
    [
        "",
        "# Title\n\nText\n\n---\n\nMore text\n",
        "# Title\n\n---\nNote: this is prose\n---\n",
        "# Title\n```yaml\nkey: value\n```\n",
        "---\n---\n",
        "+++\na = 1\n+++\n",
        "| a | b |\n|---|---|\n| 1 | 2 |\n",
    ],
)
def test_a_readme_without_metadata_is_left_alone(text):
    assert find_lax(text) is None


def test_a_valid_front_matter_is_not_also_a_lax_one():
    assert find_lax("---\nlicense: mit\n---\n") is None


def test_a_byte_order_mark_is_taken_off_as_the_hub_does():
    card = read_card(b"\xef\xbb\xbf---\nlicense: mit\n---\n", "README.md")
    assert card.had_bom
    assert card.front_matter.start == 4
    assert card.root.get("license").value == "mit"


@cases(
    "text",
    [
        "---" + "\n" * 1_000_000,
        "---\n" + "\n---x" * 200_000,
        "---\n" + "-" * 1_000_000,
        "---\n" + "\n--- " * 200_000,
        " " * 1_000_000,
        "\n" * 1_000_000,
        ("\n" + " " * 1000) * 1000,
        "---\n" + "#\n" * 500_000,
        "x\n" + "---\n" * 250_000,
    ],
)
def test_a_megabyte_of_fences_takes_well_under_a_second(text):
    began = time.process_time()
    find(text)
    find_lax(text)
    assert time.process_time() - began < 1.0


def test_every_edge_case_gets_the_hubs_answer(shared):
    lines = (shared / "cards/edge/INDEX.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert len(lines) > 50
    for line in lines:
        name, case, verdict, block = line.split("\t")
        text = (shared / "cards/edge" / name).read_bytes().decode()
        found = find(text)
        assert verdict == ("match" if found else "no"), case
        assert (json.loads(block) if block else None) == (text[found.start : found.end] if found else None), case


def test_every_edge_case_that_the_hub_misses_and_that_holds_metadata_is_explained(shared):
    explained = {}
    for path in sorted((shared / "cards/edge").glob("*.md")):
        card = read_card(path.read_bytes(), path.name)
        if card.front_matter is None and "co2_eq_emissions" in card.text:
            explained[path.name] = card.problems[-1].kind
    # U+2028 is a line break to no reader, and `---` three times over is an empty block followed by text
    silent = {name for name, kind in explained.items() if kind != "laxer-reader"}
    assert all(("ls-separator" in name) or ("empty" in name) or ("toml" in name) for name in silent), silent
    assert len(explained) > 15
