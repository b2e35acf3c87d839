"""The section "Environmental Impact" of a card's text: what is written, what stays, and that our own rules agree."""

from __future__ import annotations

from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from carbon_lint.card.from_record import card_with_record
from carbon_lint.card.prose import figures
from carbon_lint.card.read import read_card
from carbon_lint.errors import CardPlaceError
from carbon_lint.lint.figure import agrees
from carbon_lint.records.record import (
    Energy,
    Gpu,
    Hardware,
    Intensity,
    Method,
    Methods,
    Outcome,
    Provenance,
    StoppedBy,
)
from carbon_lint.records.store import write_record
from carbon_lint.records.uncertainty import Bounds, Uncertainty
from tests.records.builders import FRANCE, a_record

FRONT = "---\nlicense: mit\n---\n"
FIRST = "<!-- carbon-lint:environmental-impact"
LAST = "<!-- /carbon-lint:environmental-impact -->"


def written(text, record=None, **options):
    """The card's text with the record, and what the change says."""
    change = card_with_record(text.encode(), "README.md", record or a_record(), **options)
    return change.after.decode(), change


def a_run(grams, low=0.6, high=1.7, **changes):
    kwh = grams / FRANCE.g_per_kwh
    bounds = Uncertainty(
        energy_kwh=Bounds(low=low * kwh, high=high * kwh), emissions_g=Bounds(low=low * grams, high=high * grams)
    )
    energy = Energy(total=kwh, gpu=kwh)
    methods = Methods(gpu=Method.COUNTER)
    return a_record(emissions_g=grams, energy_kwh=energy, methods=methods, uncertainty=bounds, **changes)


def test_the_section_states_what_was_measured_and_a_template_reader_finds_it():
    url = "https://github.com/me/models/actions/runs/77"
    run = a_run(0.0042, 0.43, 1.9, provenance=Provenance(run_url=url))
    text, change = written(FRONT + "# M\n", run, with_body=True)
    assert change.section == "added"
    assert "- **Hardware Type:** 1 x NVIDIA A100-SXM4-80GB\n- **Hours used:** 1.00\n" in text
    assert "- **Compute Region:** France\n" in text
    assert "- **Carbon Emitted:** 4.2 mg (1.8 to 8) of CO2 equivalent\n" in text
    assert "- **Measured:** all of the energy, by sensors\n" in text
    assert f"- **Run:** [the run]({url}), " in text
    assert written(text, run)[0] == text
    assert "effectiveness" not in text
    halls = replace(run, pue=1.5)
    assert "- **Power usage effectiveness:** 1.5, counted in the energy\n" in written(FRONT, halls, with_body=True)[0]


def test_the_lines_agree_with_the_card_at_every_size(cli):
    for exponent in range(-8, 10):
        for digits in (1.0, 1.234567, 9.9951):
            for low, high in ((0.999, 1.001), (0.4, 5.3)):
                text, change = written(FRONT, a_run(digits * 10.0**exponent, low, high), with_body=True)
                card = read_card(change.after, "README.md")
                (figure,) = figures(text, card.body[0])
                assert agrees(figure, float(card.block.get("emissions").value)), text
    write_record(a_run(70.05), "r.json")
    with open("README.md", "w") as card:
        card.write(FRONT)
    assert (
        cli("card", "README.md", "--from", "r.json", "--body", "--with-energy", "--training-type", "fine-tuning")[0]
        == 0
    )
    code, out, _ = cli("check", "README.md", "--record", "r.json", "--format", "concise")
    assert (code, "CL" in out) == (0, False), out


@pytest.mark.parametrize(
    "body",
    [
        "",
        "# M",
        "# M\n",
        "# M\r\n\r\ntext\r\n",
        f"# M\n\n```\n{FIRST} -->\n## Environmental Impact\n{LAST}\n```\n",
        "# M\n\n## Environment\n\nThe environmental impact is small.\n",
        "<!-- ## Environmental Impact -->\n# M\n",
    ],
)
def test_no_other_byte_changes_and_a_second_write_changes_nothing(body):
    newline = "\r\n" if "\r" in body else "\n"
    front = FRONT.replace("\n", newline)
    plain, _ = written(front + body)
    text, change = written(front + body, with_body=True)
    assert (change.section, text.startswith(plain)) == ("added", True)
    added = text[len(plain) :]
    assert added.strip().startswith(FIRST)
    assert added.endswith(LAST + newline)
    assert added.count("\n") == added.count(newline)
    assert written(text, with_body=True)[0] == text
    other, change = written(text + f"{newline}## Next{newline}", a_run(999.0))  # brought up to date without the option
    assert change.section == "updated"
    assert "999 g" in other
    assert other.startswith(plain.split("co2_eq")[0])
    assert other.endswith(f"{LAST}{newline}{newline}## Next{newline}")
    assert change.notes == ()


@pytest.mark.parametrize(
    ("heading", "behind"),
    [
        ("## Environmental Impact", "## Next\n"),
        ("Environmental impact\n-----", "# Next\n"),
        ("# 7 Environmental Impact", ""),
    ],
)
def test_what_a_person_wrote_stays_unless_it_is_forced(heading, behind):
    theirs = f"# M\n\n{heading}\n\n- **Carbon Emitted:** by a person\n\n### Sub\n\nmore\n\n{behind}"
    if heading.startswith("# "):
        theirs = theirs.removeprefix("# M\n\n")
    text, change = written(FRONT + theirs, with_body=True)
    assert (change.section, text.endswith(theirs)) == (None, True)
    assert "was written by a person and was left: `carbon-lint card --body --force` replaces it" in change.notes[-1]
    text, change = written(FRONT + theirs, with_body=True, force=True)
    assert (change.section, "by a person" in text, "more" in text) == ("replaced", False, False)
    assert text.endswith(f"{LAST}\n" + (f"\n{behind}" if behind else ""))
    assert written(text, with_body=True)[0] == text


@pytest.mark.parametrize(
    "body",
    [
        f"{FIRST} -->\n",
        f"{LAST}\n{FIRST} -->\n",
        f"{FIRST} -->\n{LAST}\n" * 2,
        "# M\n\n```python\nx = 1\n",
        "<!-- open\n",
    ],
)
def test_comments_without_a_partner_and_a_text_that_is_not_closed_are_refused(body):
    with pytest.raises(CardPlaceError, match="the card was not changed"):
        written(FRONT + body, with_body=True)


def test_hostile_names_are_words():
    evil = "x](https://evil.example) <img src=x> `-->` @octocat"
    record = a_record(
        hardware=Hardware(gpus=(Gpu(index=0, name=evil),)),
        provenance=Provenance(repository=evil, run_url="https://e.example/) <b"),
    )
    text, _ = written(FRONT, record, with_body=True, location_name="<script>")
    html = MarkdownIt("gfm-like", {"linkify": False}).render(text.split(FIRST, 1)[1])
    html = html.split("-->", 1)[1]
    assert [part for part in ("<img", "<script", 'evil.example"', "<b>", "<b ", "@octocat") if part in html] == []
    assert written(text, record, with_body=True, location_name="<script>")[0] == text


def test_the_optional_keys_are_those_of_other_writers_and_on_cloud_is_never_guessed():
    _, change = written(FRONT, a_run(70.05), with_energy=True)
    added = ("energy_consumed", "hours_used", "cpu_model", "ram_total_size")
    assert tuple(field.name for field in change.fields)[-4:] == added
    paris = Intensity(g_per_kwh=56.04, source="x", year=2023, location="gcp/europe-west9", location_name="Paris")
    text, _ = written(FRONT, a_run(70.05, intensity=paris), with_energy=True)
    values = ("1.25", "1.0", "AMD EPYC 7763", "16.0")
    assert "".join(f"  {name}: {value}\n" for name, value in zip(added, values, strict=True)) in text
    assert "  on_cloud: true\n" in text
    for duration_s, hours in ((2.09, "0.0005806"), (0.4, "0.0001111"), (90 * 60 + 1, "1.5")):
        short, _ = written(FRONT, a_run(70.05, duration_s=duration_s), with_energy=True)
        assert f"  hours_used: {hours}\n" in short
    assert "on_cloud" not in written(FRONT, a_run(70.05, intensity=paris))[0]


def test_a_run_that_did_not_complete_is_not_shown_as_one_that_did():
    for changes, message in (
        ({"outcome": Outcome.FAILED}, "failed: the figures are those up to then"),
        ({"outcome": Outcome.INTERRUPTED}, "interrupted: the figures are those up to then"),
        ({"outcome": Outcome.OVER_BUDGET}, "over budget: the run went over a limit"),
        ({"outcome": Outcome.OVER_BUDGET, "stopped_by": StoppedBy.BUDGET}, "stopped at its budget: the figures are"),
    ):
        assert f"- **Outcome:** {message}" in written(FRONT, a_run(5.0, **changes), with_body=True)[0]
    assert "Outcome" not in written(FRONT, a_run(5.0), with_body=True)[0]
