"""What the base models state is added up in the report, and never put into the card."""

from __future__ import annotations

import json

from tests.hub.records import write_record


def card(base, emissions=None):
    block = "" if emissions is None else f"co2_eq_emissions:\n  emissions: {emissions}\n"
    return f"---\nlicense: mit\n{base}{block}---\n# M\n"


def lineage(cli, hub, card_text):
    hub.create("acme/m", card_text)
    write_record()
    code, out, err = cli("publish", "--record", "r.json", "--to", "acme/m", "--lineage", "--format", "json")
    assert code == 0, err
    return json.loads(out)["notes"]


def test_a_chain_is_summed(hub, at, cli):
    at(hub)
    hub.create("up/base", card("base_model: up/root\n", 1000))
    hub.create("up/root", card("", "'2 kg'"))
    notes = lineage(cli, hub, card("base_model: up/base\n"))
    assert notes == [
        "base model up/base: 1 kg CO2eq",
        "base model up/root: 2 kg CO2eq (converted from kg)",
        "with its base models: 3.04 kg CO2eq (not put into the card)",
    ]
    assert b"3.04" not in hub.card("acme/m")
    assert b"emissions: 42.5" in hub.card("acme/m")


def test_what_is_unknown_makes_the_sum_a_lower_bound(hub, at, cli):
    at(hub)
    hub.create("up/silent", card(""))
    hub.create("up/odd", card("", "about three"))
    notes = lineage(cli, hub, card("base_model: [up/silent, up/odd, up/gone, ../x]\n"))
    assert notes[0] == "base model up/silent: states no emissions"
    assert "which cannot be read" in notes[1]
    assert "there is no model up/gone" in notes[2]
    assert "is not the name of a model" in notes[3]
    assert notes[4] == "with its base models: at least 42.5 g CO2eq (not put into the card)"


def test_a_circle_ends(hub, at, cli):
    at(hub)
    hub.create("up/a", card("base_model: up/b\n", 1))
    hub.create("up/b", card("base_model: up/a\n", 2))
    notes = lineage(cli, hub, card("base_model: up/a\n"))
    assert notes[-1] == "with its base models: 45.5 g CO2eq (not put into the card)"


def test_a_card_without_a_base_model_gets_a_message(hub, at, cli):
    at(hub)
    assert lineage(cli, hub, card("")) == ["no base model is named in the card"]
