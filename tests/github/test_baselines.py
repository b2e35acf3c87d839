"""What the step compares a record with: never with itself, and of two limits each must hold and names its source."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carbon_lint.records import ledger
from carbon_lint.records.record import Provenance
from carbon_lint.records.store import write_record
from tests.github.runner import Runner
from tests.hub.records import record
from tests.records.builders import changed, fitting


@pytest.fixture
def runner(tmp_path):
    return Runner(tmp_path)


def ran(runner, run_id, emissions_g, day):
    one = record()
    here = Provenance(**runner.provenance, ref="refs/heads/main", job="train", job_index=0)
    energy = replace(one.energy_kwh, total=emissions_g / 56.04, cpu=None, gpu=None, ram=None)
    made = replace(one, run_id=run_id, emissions_g=emissions_g, energy_kwh=energy, provenance=here)
    return fitting(changed(made, {"ended_at": f"2026-11-{day:02d}T00:00:00Z"}))


def judged(runner, one, **inputs):
    write_record(one, runner.workspace / "r.json")
    return runner.step(record="r.json", lint="false", max_increase="10%", **inputs)


def test_a_record_that_is_in_the_ledger_already_is_compared_with_the_run_before_it(runner):
    small, large = ran(runner, "small", 10.0, 1), ran(runner, "large", 1000.0, 2)
    for one in (small, large):
        ledger.add(one, str(runner.workspace / "ledger"))
    step = judged(runner, large, baseline="ledger:main")
    assert step.exit_status == 1, step.log
    assert "17.7 kWh more than the baseline" in step.annotations("error")[0]
    step = judged(runner, small, baseline="ledger:main")
    assert step.succeeded, step.log
    assert "(1 of this run itself, 1 that ended after this run)" in step.annotations("notice")[0]


def test_a_baseline_that_is_the_record_itself_stops_the_step(runner):
    one = ran(runner, "one", 10.0, 1)
    write_record(one, runner.workspace / "base.json")
    step = judged(runner, one, baseline="record:base.json")
    assert step.exit_status == 2
    assert "record:base.json is this run itself" in step.annotations("error")[0]


def test_a_card_that_states_the_record_is_nothing_to_compare_with(runner):
    one = ran(runner, "one", 10.0, 1)
    runner.write("README.md", f"---\nco2_eq_emissions:\n  emissions: {one.emissions_g}\n---\n")
    step = judged(runner, one, baseline="card", card="README.md")
    assert step.succeeded, step.log
    assert "README.md states this run's own figure" in step.summary.replace("\\", "")


def test_the_limits_of_input_and_configuration_both_hold_and_each_names_its_source(runner):
    runner.write("carbon-lint.toml", 'location = "FRA"\nbaseline = "card"\nmax-increase = "1%"\n')
    runner.write("README.md", "---\nco2_eq_emissions:\n  emissions: 9.5\n  geographical_location: France\n---\n")
    step = judged(runner, ran(runner, "one", 10.0, 1), baseline="card", card="README.md")
    (error,) = step.annotations("error")
    assert step.exit_status == 1
    assert "(carbon-lint.toml:3), over by" in error
    assert "input max-increase" not in error, "5 % more is within the 10 % of the input"
    step = judged(runner, ran(runner, "one", 20.0, 1), baseline="card", card="README.md", max_emissions="15 g")
    (error,) = step.annotations("error")
    assert "15 g allowed (input max-emissions), over by 5 g" in error
    assert "(input max-increase), over by" in error
    assert "(carbon-lint.toml:3), over by" in error
    assert "| 15 g (input max-emissions) | **over by 5 g** |" in step.summary
    assert "15 g allowed (input max-emissions), over by 5 g" in step.log.partition("::error")[0], "in the log, too"


def test_a_card_that_a_folders_configuration_names_lies_in_that_folder(runner):
    runner.write("training/carbon-lint.toml", 'baseline = "card"\ncard = "X.md"\n')
    runner.write("training/X.md", "---\nco2_eq_emissions:\n  emissions: 9.5\n  geographical_location: France\n---\n")
    step = judged(runner, ran(runner, "one", 20.0, 1), config="training/carbon-lint.toml")
    assert "(input max-increase), over by" in step.annotations("error")[0]


def test_an_increase_that_an_input_limits_is_over_the_baseline_that_the_configuration_names(runner):
    runner.write("carbon-lint.toml", 'baseline = "card"\n')
    runner.write("README.md", "---\nco2_eq_emissions:\n  emissions: 9.5\n  geographical_location: France\n---\n")
    step = judged(runner, ran(runner, "one", 20.0, 1))
    assert "(input max-increase), over by" in step.annotations("error")[0]
