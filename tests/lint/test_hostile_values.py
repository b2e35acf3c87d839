"""Values and texts made to take long, or to break arithmetic: still judged and fixed, in little time."""

from __future__ import annotations

import time

from carbon_lint.card.read import read_card
from carbon_lint.config import Settings
from carbon_lint.lint.engine import lint_card
from carbon_lint.lint.fix import fix_card
from carbon_lint.lint.policy import Policy
from tests.cases import cases

SETTINGS = Settings()

VALUES = {
    "many digits": "9" * 5000,
    "many zeros": "0." + "0" * 5000 + "1",
    "exponent beyond a decimal": "1e99999999999999999999 g",
    "exponent beyond a float": "1e99999",
    "many decimals of kilograms": "1." + "1" * 9000 + " kg",
    "many numbers": "1 " * 50_000,
    "many commas": "1," * 50_000,
    "many apostrophes": "1'" * 20_000 + "1 g",
    "many underscores": "1_" * 5000 + "1",
    "many brackets": "5 g " + "(" * 10_000,
    "hexadecimal": "0x" + "f" * 5000,
    "binary": "0b" + "1" * 5000,
    "least": "5e-324 kg",
    "most": "1.7976931348623157e308",
    "no ascii digit": "\u0663",
}
FIELDS = {
    "a placeholder that almost is one": "  source: your_" + "a_" * 60 + "!\n",
    "hardware without end": "  hardware_used: " + "1 x A100 " * 5000 + "\n  hours_used: 5\n",
    "energy under a float": "  energy_consumed: 1e-320\n",
    "hours and hardware beyond a float": "  hours_used: 1.0e+308\n  hardware_used: 9999 x A100\n",
}
TEXTS = {
    "many decimals": "CO2 emissions: 0." + "5" * 5000 + " kg\n",
    "an exponent of many digits": "CO2 emissions: 1e" + "9" * 5000 + " kg\n",
    "many lines": ("emission " * 200 + "\n") * 1000,
    "many figures": ("CO2 emissions: 5 kg | " * 50 + "\n") * 1000,
    "many almost figures": ("emission " * 12 + " 5 x\n") * 3000,
}


def judge_and_fix(value="5", fields="", text="# A model\n"):
    data = f"---\nco2_eq_emissions:\n  emissions: {value}\n{fields}---\n{text}".encode()
    card = read_card(data, "README.md")
    start = time.process_time()
    lint_card(card, SETTINGS)
    fix_card(card, Policy(SETTINGS), allow_unsafe=True)
    assert time.process_time() - start < 10


@cases("name", VALUES)
def test_a_hostile_value_is_judged(name):
    judge_and_fix(value=VALUES[name])


@cases("name", FIELDS)
def test_a_hostile_field_is_judged(name):
    judge_and_fix(fields=FIELDS[name])


@cases("name", TEXTS)
def test_a_hostile_text_is_judged(name):
    judge_and_fix(value="0.5", text=TEXTS[name])
