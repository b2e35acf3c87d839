"""The plan of a run: every value has its source."""

from __future__ import annotations

from dataclasses import fields

from carbon_lint.config import DEFAULT, Settings, parse
from carbon_lint.pipeline.options import ARGUMENT, INPUT, Options, Surroundings
from carbon_lint.pipeline.plan import plan_run, sources_of_powers
from carbon_lint.records.comparable import Identity

CONFIG = b"""
pue = 1.3
max-emissions = "1 kg"
grace = "5s"
cpu-power = "15 W"
[[machine]]
match = "*"
ram-power = "6 W"
"""


def test_every_option_of_a_plan_has_a_source():
    settings = parse(CONFIG, "carbon-lint.toml")
    around = Surroundings(run=Identity(), environ={"CARBON_LINT_LEDGER": "/l"}, is_measuring=False)
    options = Options(spelling=INPUT, max_emissions_g=2000.0, max_energy_kwh=3.0, pass_env=("A",), tick_s=2.0)
    sources = plan_run(options, settings, around).sources
    expected = {
        "pue": "carbon-lint.toml:2",
        "max-emissions": "carbon-lint.toml:3",
        "max-energy": "input max-energy",
        "grace": "carbon-lint.toml:4",
        "cpu-power": "carbon-lint.toml:5",
        "ram-power": "[[machine]] of carbon-lint.toml",
        "pass-env": "input pass-env",
        "tick": "input tick",
        "ledger": "CARBON_LINT_LEDGER",
    }
    assert {option: source for option, source in sources.items() if source != DEFAULT} == expected
    assert sources_of_powers(Options(cpu_power_w=9.0), settings)["cpu-power"] == "--cpu-power"
    assert Options(spelling=ARGUMENT, run_group="g").source("run-group") == "run_group"
    nothing = plan_run(Options(), Settings(), Surroundings(run=Identity(), environ={}, is_measuring=False))
    assert set(nothing.sources.values()) == {DEFAULT}
    assert len(sources) == len(fields(Options)) - 5, "all but how options are spelt, and a token"
