"""Whatever the bytes are: no exception, spans inside the text, a stable order, and fixes that keep everything else."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from carbon_lint.card.read import read_card
from carbon_lint.config import Settings
from carbon_lint.lint.diagnostic import LintReport
from carbon_lint.lint.engine import lint_card, lint_text
from carbon_lint.lint.fix import fix_card
from carbon_lint.lint.policy import Policy
from carbon_lint.report.findings.reporters import REPORTERS, RenderOptions
from tests.effort import examples

POLICY = Policy(Settings().with_values({"max-emissions": "1 kg", "max-energy": "1 kWh"}, "test"))
PLAIN = Settings()

VALUES = st.one_of(
    st.sampled_from(
        [
            *(
                "12.5",
                "0",
                "-1",
                "1e-5",
                "017",
                "0x1F",
                "1_000",
                ".nan",
                ".inf",
                "~",
                "",
                "true",
                "no",
                "17g",
                "0.1 Kg",
            ),
            *(
                "4,009.5",
                "1,000",
                "43,24 g",
                "'12.5'",
                '"17 g"',
                "2024-01-01",
                "[a]",
                "{b: 1}",
                "<grams>",
                "N/A",
                "|\n    5 g",
            ),
            *(
                '"\\e[31m::error::x"',
                "1 x H100 # carbon-lint: ignore[CL201] why",
                "*a",
                "&a 5",
                "!t 5",
                "1e400",
                "\uff11\uff12",
            ),
        ]
    ),
    st.floats().map(repr),
    st.text(max_size=12),
)
NAMES = st.sampled_from(
    [
        *(
            "emissions",
            "source",
            "training_type",
            "geographical_location",
            "hardware_used",
            "hardware used",
            "Emissions",
        ),
        *(
            "geographic_location",
            "energy_consumed",
            "hours_used",
            "on_cloud",
            "cpu_model",
            "grams",
            "extra",
            "? ",
            "<<",
        ),
    ]
)
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=5)
KEYS = st.sampled_from(["co2_eq_emissions", "Co2_eq_emissions", "co2_emissions", "emissions", "co2-eq-emissions"])


@st.composite
def blocks(draw):
    key, fields = draw(KEYS), draw(FIELDS)
    indent = draw(st.sampled_from(["  ", "      ", "", "- ", "  - ", "\t"]))
    if draw(st.booleans()):
        return f"{key}: {draw(VALUES)}\n"
    return f"{key}:\n" + "".join(f"{indent}{name}: {value}\n" for name, value in fields)


@st.composite
def cards(draw):
    lines = draw(
        st.lists(
            st.one_of(
                blocks(),
                st.sampled_from(
                    [
                        *("license: mit\n", "tags: [a, b]\n", "base_model: a/b\n", "model-index:\n- name: x\n"),
                        *(
                            "# carbon-lint: ignore[CL206, CL999]\n",
                            "# carbon-lint: off\n",
                            "language: no\n",
                            "---\n",
                            "...\n",
                        ),
                    ]
                ),
                st.text(max_size=10).map(lambda text: text + "\n"),
            ),
            max_size=4,
        )
    )
    opening = draw(st.sampled_from(["---\n", "--- \n", "\ufeff---\n", "\n---\n", "----\n", "<!-- x -->\n---\n", ""]))
    closing = draw(st.sampled_from(["---\n", "--- \n", " ---\n", "", "...\n"]))
    body = draw(
        st.sampled_from(
            [
                "# A model\n",
                "- **Carbon Emitted**: 0.420 kg of CO2\n",
                "- CO2 Emissions (in grams): 12.5\n",
                "co2_eq_emissions: 5\n",
                "| Emissions (kg) |\n|---|\n| 0,42 |\n",
            ]
        )
    )
    text = opening + "".join(lines) + closing + body
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n", "\r"]))).encode("utf-8", "surrogatepass")


def judged(data):
    card = read_card(data, "a\nb::error::README.md")
    return card, lint_card(card, POLICY.settings)


def check(data):
    card, found = judged(data)
    assert found == sorted(found)
    assert found == judged(data)[1]
    for one in found:
        assert 0 <= one.start <= one.end <= len(card.text)
        assert (one.line, one.column) >= (1, 1)
        assert (one.line, one.column) <= (one.end_line, one.end_column)
        assert "\n" not in one.message
        for edit in one.fix.edits if one.fix else ():
            assert 0 <= edit.start <= edit.end <= len(card.text)
        for related in one.related:
            assert 0 <= related.start <= related.end <= len(card.text)


@settings(max_examples=examples(300))
@given(st.binary(max_size=200))
def test_any_bytes_are_judged(data):
    check(data)


@settings(max_examples=examples(300))
@given(st.binary(max_size=80).map(lambda matter: b"---\nco2_eq_emissions:\n  emissions: " + matter + b"\n---\n"))
def test_any_bytes_as_the_figure_are_judged(data):
    check(data)


@settings(max_examples=examples(500))
@given(cards())
def test_anything_like_a_card_is_judged(data):
    check(data)


@settings(max_examples=examples(200))
@given(cards())
def test_one_finding_is_one_line_and_no_command_in_every_format(data):
    card, found = judged(data)
    report = LintReport(diagnostics=tuple(found), files_checked=1, sources={card.path: card.text})
    lines = REPORTERS["concise"](report, RenderOptions()).splitlines()
    assert len(lines) == len(found)
    for form in ("text", "concise", "json", "gitlab", "sarif", "markdown"):
        for line in REPORTERS[form](report, RenderOptions()).splitlines():
            assert "::" not in line, form
            assert "\x1b" not in line, form
    commands = REPORTERS["github"](report, RenderOptions()).splitlines()
    assert all("::" not in line[2:].partition("::")[2] for line in commands if line.startswith("::"))


def values_outside_the_block(card):
    """(key, type, text) of every scalar that is not about emissions: what no fix may touch."""
    counted = Counter()

    def walk(node, name):
        if node.kind == "scalar":
            counted[name, node.type, node.text] += 1
        for item in node.items_list():
            walk(item, name)
        for key, value in node.own_items():
            walk(value, key.raw)

    for key, value in card.root.own_items():
        if not any(
            word in key.text.lower() for word in ("co2", "emission", "source", "training", "geograph", "hardware")
        ):
            walk(value, key.raw)
    return counted


@settings(max_examples=examples(300))
@given(cards(), st.sampled_from(["safe", "unsafe"]))
def test_a_fix_keeps_everything_else_and_is_done_in_one_go(data, level):
    card = read_card(data, "README.md")
    fixed = fix_card(card, POLICY, allow_unsafe=level == "unsafe")
    again = fix_card(fixed, POLICY, allow_unsafe=level == "unsafe")
    assert again.text == fixed.text
    if fixed.text != card.text:
        assert fixed.had_bom == card.had_bom
        assert fixed.problems == ()
        assert fixed.text.splitlines()[-1] == card.text.splitlines()[-1]
    if fixed.text != card.text and card.block is not None and card.block.kind == "map":
        assert card.text[card.body[0] :] == fixed.text[fixed.body[0] :]
        assert values_outside_the_block(card) == values_outside_the_block(fixed)
        before, after = (lint_text(one.text.encode(), "README.md", POLICY.settings) for one in (card, fixed))
        errors = [sum(found.severity == "error" for found in some) for some in (before, after)]
        assert errors[1] <= errors[0]
        assert len(after) != len(before) or errors[1] < errors[0] or after != before


@settings(max_examples=examples(300))
@given(cards())
def test_what_a_comment_silences_is_only_what_it_names(data):
    """Without the comments the same findings come, and those that were silenced."""
    card = read_card(data, "README.md")
    with_comments = Counter(found.code for found in lint_card(card, PLAIN))
    bare = read_card(data.replace(b"carbon-lint:", b"carbon-lint "), "README.md")
    without = Counter(found.code for found in lint_card(bare, PLAIN))
    assert set(with_comments) <= set(without) | {"CL901", "CL902"}
