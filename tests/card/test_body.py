"""Figures in a card's own text: found with their unit, and nothing else taken for one."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.card.prose import figures, hours
from carbon_lint.card.read import read_card
from tests.cases import cases

STATED = [
    ("- CO2 Emissions (in grams): 1.2933", 1.2933),
    ("- CO2 Emissions (in grams): 0.00481482", 0.00481482),
    ("- **Carbon Emitted**: 0.420 kg of CO2", 420),
    ("- **Carbon Emitted:** 3.5 g", 3.5),
    ("- **Emissions:** 5.6 KgCO2 (Germany)", 5600),
    ("- **Emissions:**  25.4 kgCO2eq", 25_400),
    ("- **Emissions:** 4,475 KgCO2 (Germany)", 4_475_000),
    ("- Carbon emission 0.1069 Kg", 106.9),
    ("- Emissions: 43,24 g Co2", 43.24),
    ("emissions: 4,3e-4 kg", 0.43),
    ("The model has a carbon footprint of 2.04g CO2e for its training, as estimated by CodeCarbon.", 2.04),
    ("**emissions**: 0.001477 ([CO₂eq], in kg)", 1.477),
    ("  emissions: 2.46e-05 (in grams of CO2)", 2.46e-05),
    ("- **Carbon Emitted (Power consumption x Time x Carbon produced):** 150 kg CO2 eq.", 150_000),
    ("CO2 Emissions (kg): 0.5", 500),
    ("Total emissions are estimated to be 1.5 tCO2eq", 1_500_000),
    ("GHG emissions: 12 tonnes CO2eq", 12_000_000),
    ("Training emitted 750 mg of CO2.", 0.75),
    ("Carbon footprint: 1,234.5 g.", 1234.5),
    ("CO2 equivalent emissions: 149.2 kg eq. CO2", 149_200),
    ("<b>CO<sub>2</sub> emissions</b>: 3 kg", 3000),
    ("Emissions: 12 MTCO2e", 12e6),
    ("CO\u00b2 emissions: 5 kg CO\u00b2", 5000),
    ("Empreinte carbone : 12,5 kg \u00e9q. CO2", 12_500),
    ("Bilan carbone : 1 234,5 grammes de CO2", 1234.5),
    ("CO\u2082-Fu\u00dfabdruck: 1.234,5 Gramm", 1234.5),
    ("CO2-Aussto\u00df: 12 kg", 12_000),
    ("Huella de carbono: 12 kilogramos de CO2", 12_000),
    ("Emiss\u00f5es de CO2: 12,5 kg", 12_500),
    ("\u78b3\u6392\u653e\u91cf\uff1a12\u516c\u65a4CO2", 12_000),
    ("CO2\u6392\u51fa\u91cf: 12.5\u30b0\u30e9\u30e0\u3002", 12.5),
    ("\u0412\u044b\u0431\u0440\u043e\u0441\u044b CO2: 12 \u043a\u0433", 12_000),
]


@cases(("line", "grams"), STATED)
def test_a_stated_figure_is_found_in_grams_and_at_its_place(line, grams):
    text = f"---\nlicense: mit\n---\n# Card\n\n{line}\n\nMore.\n"
    (figure,) = figures(text, text.index("# Card"))
    assert figure.grams == pytest.approx(grams)
    assert text[figure.start : figure.end] == figure.number_text


@cases(
    "line",
    [
        "We use CodeCarbon to track our emissions.",
        "- **Carbon Emitted:** More information needed",
        "Emissions were computed with a carbon intensity of 369 g/kWh.",
        "Carbon emissions per kWh: 369 g CO2 per kWh",
        "This equals the emissions of a car driving 12 km, 1.4 kg of CO2.",
        "An average household has emissions of 3 t CO2.",
        "We offset our emissions: 12 kg CO2.",
        "Evaluated on COCO2017, emissions are not reported; batch size 128 GB.",
        "- Emissions (in grams): n/a",
        "Emissions: 12.5",
        "See emissions.csv, line 3 kg.",
        "Weight: 12 kg",
        "Emissions: 2 GPUs",
    ],
)
def test_only_figures_of_the_model_are_found(line):
    assert figures(line, 0) == []


def test_a_tables_column_gives_its_cells():
    text = (
        "| Tokens | Energy (kWh) | Emissions (KgCO2eq) |\n|---|:---:|---|\n| 1M | 9.40 | 3.34 |\n"
        "| 2M | 18.82 | **6.70** |\n\nnot a row | 5 |\n"
    )
    assert [(figure.grams, figure.unit) for figure in figures(text, 0)] == [(3340.0, "Kg"), (6700.0, "Kg")]
    bare = "Tokens | CO2 emissions in g\n--- | ---\n1M | 12\nx | n/a\n2M\n"
    assert [figure.grams for figure in figures(bare, 0)] == [12.0]


def test_an_ambiguous_comma_has_both_readings():
    (figure,) = figures("Emissions: 4,475 g", 0)
    assert figure.alternatives == (4.475,)


def test_the_front_matter_is_not_text():
    card = read_card(b"---\nco2_eq_emissions:\n  emissions: 5 kg\n---\nCarbon Emitted: 2 kg\n", "x")
    assert [figure.grams for figure in figures(card.text, card.body[0])] == [2000.0]


def test_hours_are_found_too():
    text = "- **Hours used:** 150000\n- Training time: 90 minutes\n- Inference time: 3 hours\n"
    assert hours(text, 0) == [150_000.0, 1.5]


WORDS = st.sampled_from(
    [
        "emissions",
        "CO2",
        " ",
        ":",
        "(in grams)",
        "1.2",
        "4,5",
        "kg",
        "g",
        "|",
        "\n",
        "**",
        "footprint",
        "e",
        "-",
        "kWh",
        "t ",
    ]
)


@given(st.one_of(st.lists(WORDS, max_size=30).map("".join), st.text()))
def test_any_text_gives_spans_inside_it(text):
    for found in figures(text, 0):
        assert 0 <= found.start < found.end <= len(text)
    assert all(found >= 0 for found in hours(text, 0))


@pytest.mark.slow
@cases(
    "text",
    [
        "co2 emissions" + " " * 200_000,
        "co2 emissions" + " " * 1900 + "\n" * 3,
        "emissions " * 100_000,
        ("emissions (in " * 130 + "\n") * 100,
        ("emissions: 1,1,1,1,1 " * 90 + "\n") * 100,
        "| emissions (kg) |\n|---|\n" + "| 1 |\n" * 100_000,
        "emissions: " + "1" * 500_000,
        "<table><tr>" + "<td>emissions (kg)</td>" * 20_000,
        "<table>" * 20_000 + "emissions: 1 kg",
        "```\n" * 100_000 + "emissions: 1 kg",
        "<!--" * 100_000 + "emissions: 1 kg",
        "a | emissions: 1 kg\n" * 20_000,
        "| emissions (kg) | x |\n|-|-|\n| 1 | 2 |\n\n" * 5000,
        "# the dataset\n" * 30_000 + "emissions: 1 kg",
        ("emissions 1 kg " + "<sup>" * 390 + "\n") * 400,
        ("emissions 1 kg " + "of one " * 280 + "\n") * 400,
        "hours used" + " " * 500_000,
        ("emissions 1 x 2  3" * 100 + "= 4 kg\n") * 300,
        ("emissions: 3 kg to " * 90 + "\n") * 300,
    ],
)
def test_hostile_text_is_read_in_seconds(text):
    began = time.process_time()
    for find in (figures, hours):
        find(text, 0)
    assert time.process_time() - began < 3.0


def test_every_figure_of_the_real_cards_is_found_and_no_other_is_taken_for_it(shared, real_cards):
    cards = dict(real_cards)
    compared = kilograms = 0
    for line in (shared / "cards/real.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        name, _, _, _, grams, verdict = line.split("\t")
        if not grams:
            continue
        card = read_card(cards[name], name)
        found = figures(card.text, card.body[0])
        assert any(figure.grams == pytest.approx(float(grams), rel=1e-3) for figure in found), name
        stated = card.block.get("emissions") if card.block.kind == "map" else card.block
        ratios = [figure.grams / stated.value for figure in found if stated.is_number and stated.value]
        is_kilograms = any(ratio == pytest.approx(1000, rel=2e-3) for ratio in ratios)
        assert is_kilograms == verdict.startswith("YAML_IN_KG"), name
        kilograms += is_kilograms
        compared += 1
    assert compared > 300
    assert kilograms > 5
