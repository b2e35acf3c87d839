"""A card states one figure, whoever reads it: a baseline, `verify`, a publication, the search of the Hub, the audit."""

from __future__ import annotations

from carbon_lint.card.read import read_card
from carbon_lint.config import Settings
from carbon_lint.errors import NothingFoundError
from carbon_lint.hub.audit.cards import CardText, audit_card
from carbon_lint.hub.search.stated import read_stated
from carbon_lint.pipeline.baseline import figures_of_card
from carbon_lint.verification.card import Figures
from tests.cases import cases


def verified_g(data):
    try:
        return Figures(data, "README.md").emissions_g
    except NothingFoundError:
        return None


@cases(
    ("block", "emissions_g"),
    [
        ("co2_eq_emissions: 9", 9.0),
        ("co2_eq_emissions: {emissions: 0}", 0.0),
        ("co2_eq_emissions: {emissions: .nan}", None),
        ("co2_eq_emissions: {emissions: .inf}", None),
        ("co2_eq_emissions: {emissions: -5}", None),
        ("co2_eq_emissions: {emissions: true}", None),
        (f"co2_eq_emissions: {{emissions: 1{'0' * 400}}}", None),
        ("co2_eq_emissions: {source: x}", None),
        ("base: &base {emissions: 9}\nco2_eq_emissions: {<<: *base, source: x}", 9.0),
    ],
)
def test_every_reader_of_a_card_reads_the_same_grams(block, emissions_g):
    data = f"---\n{block}\n---\n".encode()
    card = read_card(data, "README.md")
    baseline, audited = figures_of_card(data, "the card"), audit_card(CardText(id="o/m", data=data), Settings())

    assert {
        "card": card.emissions_g,
        "baseline": None if baseline is None else baseline.emissions_g,
        "verify": verified_g(data),
        "search": read_stated(card.root.plain).emissions_g,
        "audit": audited.stated.emissions_g,
    } == dict.fromkeys(("card", "baseline", "verify", "search", "audit"), emissions_g)


@cases("energy", [".nan", ".inf", "-1"])
def test_only_energy_that_is_an_amount_is_compared_with(energy):
    data = f"---\nco2_eq_emissions: {{emissions: 9, energy_consumed: {energy}}}\n---\n".encode()

    assert figures_of_card(data, "the card").energy_kwh is None
    assert audit_card(CardText(id="o/m", data=data), Settings()).energy_kwh is None
