"""`publish README.md --to owner/model`: only the figures of README.md reach the card that is on the Hub."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from carbon_lint.card.read import read_card
from carbon_lint.errors import CarbonLintError
from carbon_lint.hub.publish.figures import Publishing, figures_only
from carbon_lint.records.merge.merge import Merged
from tests.hub.conftest import CARD
from tests.hub.records import record, write_record
from tests.standin.faults import Fault

BARE = "---\nco2_eq_emissions:\n  emissions: 12.5\n  training_type: fine-tuning\n---\n"
THEIRS = "---\nlicense: mit\ntags: [a,  b]   # kept\n---\n# Their model\n\nTheir text.\n"


def publish(cli, *more):
    return cli("publish", "README.md", "--to", "acme/m", *more)


@pytest.fixture
def theirs(model):
    model.commit("acme/m", {"README.md": THEIRS.encode()})
    return model


def test_a_card_of_figures_alone_costs_the_hub_neither_licence_nor_text(theirs, cli):
    Path("README.md").write_text(BARE)
    code, out, err = publish(cli)
    assert code == 0, err
    assert out.startswith("published to acme/m\n")
    block = "co2_eq_emissions:\n  emissions: 12.5\n  training_type: fine-tuning\n"
    assert theirs.card("acme/m").decode() == THEIRS.replace("---\n#", f"{block}---\n#")


def test_the_readme_of_a_code_repository_does_not_replace_the_models_card(theirs, cli):
    Path("README.md").write_text(CARD.replace("# A model", "# How to install this code"))
    code, _, err = publish(cli)
    assert code == 0
    card = theirs.card("acme/m").decode()
    assert "Their text." in card
    assert "install" not in card
    assert "its text differs from that of README.md and stays (--whole-card replaces the whole card)" in err
    assert publish(cli)[1].startswith("unchanged")


def test_figures_that_change_and_keys_that_stay_are_listed(theirs, cli):
    block = "co2_eq_emissions:\n  emissions: 99\n  hardware_used: T4\n"
    theirs.commit("acme/m", {"README.md": f"---\n{block}---\n".encode()})
    Path("README.md").write_text(BARE)
    _, _, err = publish(cli)
    assert "emissions was '99' and is 12.5" in err
    assert "hardware_used stays 'T4'" in err


def test_a_figure_alone_that_changes_is_listed_and_one_that_is_not_stated_stays(theirs, cli):
    for ours, message, stated in (
        (BARE, "emissions was '99' and is 12.5", b"emissions: 12.5"),
        (BARE.replace("  emissions: 12.5\n", ""), "emissions stays '99'", b"emissions: 99"),
    ):
        theirs.commit("acme/m", {"README.md": b"---\nco2_eq_emissions: 99\n---\n"})
        Path("README.md").write_text(ours)
        code, _, err = publish(cli)
        assert (code, message in err, stated in theirs.card("acme/m")) == (0, True, True), err


def test_a_card_without_figures_is_refused_with_a_hint(theirs, cli):
    Path("README.md").write_text("---\nlicense: mit\n---\n# Code\n")
    code, _, err = publish(cli)
    assert code == 4
    assert "README.md states no `co2_eq_emissions`" in err
    assert "--whole-card" in err
    assert theirs.card("acme/m") == THEIRS.encode()


def test_a_model_without_a_card_gets_all_of_ours(model, cli):
    model.create("acme/bare")
    assert cli("publish", "README.md", "--to", "acme/bare")[0] == 0
    assert model.card("acme/bare") == CARD.encode()


def test_a_model_without_a_card_gets_ours_with_the_records_figures(model, cli):
    model.create("acme/bare")
    Path("README.md").write_text("---\nlicense: mit\n---\n# Ours\n")
    write_record()
    assert cli("publish", "README.md", "--record", "r.json", "--to", "acme/bare")[0] == 0
    card = model.card("acme/bare").decode()
    assert "emissions: 42.5" in card
    assert "# Ours" in card


def test_with_a_record_the_card_states_the_training_type_and_the_record_the_figures(theirs, cli):
    Path("README.md").write_text("---\nco2_eq_emissions:\n  training_type: fine-tuning\n---\n")
    write_record()
    code, out, err = publish(cli, "--record", "r.json")
    assert code == 0, out + err
    card = theirs.card("acme/m").decode()
    assert "emissions: 42.5" in card
    assert "training_type: fine-tuning" in card


def test_an_edit_meanwhile_is_kept(theirs, cli):
    edited = THEIRS.replace("Their text", "Their better text").encode()
    theirs.faults.add(Fault(matches="POST .*/commit/", first=lambda: theirs.commit("acme/m", {"README.md": edited})))
    assert publish(cli)[0] == 0
    card = theirs.card("acme/m").decode()
    assert "Their better text" in card
    assert "emissions: 12.5" in card


def test_a_pull_request_proposes_the_figures_alone(theirs, cli):
    assert publish(cli, "--create-pr")[0] == 0
    proposed = theirs.card("acme/m", "refs/pr/1").decode()
    assert "emissions: 12.5" in proposed
    assert "Their text." in proposed


def test_a_figure_with_an_error_is_not_published(theirs, cli):
    Path("README.md").write_text(BARE.replace("12.5", "12.5 kg"))
    code, out, _ = publish(cli)
    assert code == 1
    assert "CL201" in out
    assert theirs.card("acme/m") == THEIRS.encode()


@pytest.mark.parametrize("block", ["[1, 2]", "\n  emissions: {a: 1}", "\n  - emissions: 1"])
def test_a_block_that_is_not_a_list_of_single_values_is_refused_with_its_place(theirs, cli, block):
    Path("README.md").write_text(f"---\nco2_eq_emissions: {block}\n---\n")
    code, _, err = publish(cli)
    assert code == 2
    assert "README.md:" in err
    assert theirs.card("acme/m") == THEIRS.encode()


@pytest.mark.parametrize(
    "flags",
    [("--force",), ("--replace",), ("--training-type", "x"), ("--whole-card", "--record", "r.json", "--replace")],
)
def test_flags_of_another_mode_are_a_usage_error(theirs, cli, flags):
    write_record()
    assert publish(cli, *flags)[0] == 2


LINES = st.lists(
    st.sampled_from(
        [
            "license: mit", "tags: [a,  b]  # why", "# a comment", "", "base_model:", "  - x/y", "pipeline_tag: 'q'",
            "model-index: [{name: n}]", "datasets: |", "  text", "note: é\u2028", "---", "...", "{",
            "widget: &a {t: 1}",
        ]
    ),
    max_size=5,
)  # fmt: skip
BLOCKS = st.sampled_from(
    [
        (), ("co2_eq_emissions: 3",), ("co2_eq_emissions:", "  emissions: 3  # old", "  source: x"),
        ("co2_eq_emissions: {emissions: 3, hardware_used: T4}",), ("co2_eq_emissions:",),
        ("co2_eq_emissions:", "- emissions: 3", "- source: y"), ("co2_eq_emissions: 'three'",),
    ]
)  # fmt: skip
BODIES = st.text(max_size=30) | st.sampled_from(["# A model\n", "```\n---\na: 1\n---\n```", "no newline at the end"])


@st.composite
def cards(draw):
    """The text before a card's block, the block, and the text after it, as bytes; the front matter may be missing."""
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    before, block, after = draw(LINES), draw(BLOCKS), draw(LINES)
    body = draw(BODIES)
    bom = b"\xef\xbb\xbf" if draw(st.booleans()) else b""
    if not draw(st.sampled_from([True, True, True, False])):
        return bom, b"", body.encode("utf-8", "replace")
    parts = [["---", *before], block, [*after, "---", body]]
    head, middle, tail = ("".join(line + newline for line in part).encode("utf-8", "replace") for part in parts)
    return bom + head, middle, tail


OURS = st.sampled_from(
    [BARE, CARD, "# no figures\n", "", "---\nco2_eq_emissions: 7\n---\n", "---\nlicense: apache-2.0\n---\n# Code\n"]
)


@given(cards(), OURS, st.booleans())
@example((b"---\r\nlicense: mit\r\n", b"", b"---\r\n# T\r\n"), BARE, False)
@example((b"\xef\xbb\xbf", b"", b"# no front matter\r\n"), CARD, True)
def test_only_the_block_changes_whatever_the_two_cards_are(theirs, ours, has_record):
    before, block, after = theirs
    assume(not re.match(rb"(?:(?:#[^\r\n]*)?\r?\n)* ", after))  # an indented line would continue the block's value
    whole = Merged(record=record(), notes=()) if has_record else None
    ours_to_publish = Publishing(
        is_dry=False, card=ours.encode(), card_name="README.md", whole_switch="-", first_hint="-"
    )
    old = before + block + after
    new = None
    with suppress(CarbonLintError):
        new = figures_only(ours_to_publish, whole, "acme/m", []).card_for(old)
    if new is None or new == old:
        return
    is_spliced = bool(block) and new.startswith(before) and new.endswith(after)
    assert is_spliced or is_one_insertion(old, new)
    assert read_card(new, "README.md").block is not None


def is_one_insertion(old, new):
    """Whether `new` is `old` with bytes put in at one place."""
    same = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    return any(new.endswith(old[at:]) for at in range(same + 1)) and len(new) > len(old)
