"""`electricity-maps` in the step: a secret that opens a grid, and what a step without it does."""

from __future__ import annotations

import gzip
import json
import os
import time

import pytest

from carbon_lint.records.store import load_record
from tests.github.runner import ROOT, Runner
from tests.github.test_in_job import job, outputs  # noqa: F401  `job` is a fixture
from tests.github.test_merge_base import commit
from tests.measurement.grid import TOKEN, Grid, hour_of

VARIABLE = "ELECTRICITYMAPS_API_TOKEN"
TRAINING = f"env; echo token=${{{VARIABLE}:-none}}; sleep 0.2"


@pytest.fixture
def grid():
    """A grid that is near; `grid.preamble` makes the step's Python ask it."""
    served = Grid(lambda: hour_of(time.time(), 33))
    served.preamble = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        f"from carbon_lint.measurement.grid import electricity_maps\nelectricity_maps.URL = {served.url!r}\n"
        "electricity_maps.PAUSES_S = ()\n"
    )
    yield served
    served.close()


@pytest.fixture
def runner(tmp_path, grid):
    started = Runner(tmp_path)
    started.preamble = grid.preamble
    started.write("README.md", "---\nlicense: mit\n---\n# A model\n")
    return started


def everything_written(runner, step):
    """All text that the step left behind, its `env` apart."""
    files = [path for path in runner.workspace.rglob("*") if path.is_file()]
    texts = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in files)
    return step.summary + json.dumps(step.outputs) + b"".join(texts).decode()


def assert_hidden(runner, step):
    assert TOKEN in step.masks
    shown = "\n".join(line for line in step.log.splitlines() if not line.startswith("::add-mask::"))
    assert TOKEN not in shown
    assert TOKEN not in everything_written(runner, step)


def test_a_run_is_priced_by_the_grid_and_the_training_does_not_see_the_token(runner, grid):
    step = runner.step(command=TRAINING, electricity_maps="FR", electricity_maps_token=TOKEN, max_emissions="5 g")
    assert step.succeeded, step.log
    assert "token=none" in step.log
    record = load_record(runner.workspace / step.outputs["record"])
    assert record.intensity.g_per_kwh == 33
    assert [hour.g_per_kwh for hour in record.intensity.hours] == [33]
    assert record.emissions_g == pytest.approx(float(step.outputs["emissions-g"]))
    assert "Electricity Maps, zone FR" in step.summary
    assert_hidden(runner, step)
    assert len(grid.asked) == 1


def test_the_token_may_be_the_steps_variable(runner, grid):
    step = runner.step(command=TRAINING, electricity_maps="FR", env={VARIABLE: TOKEN})
    assert step.succeeded, step.log
    assert "token=none" in step.log
    assert_hidden(runner, step)


def test_the_configuration_may_name_the_zone_and_an_input_wins(runner, grid):
    runner.write("carbon-lint.toml", 'electricity-maps = "FR"\n')
    step = runner.step(command="true", electricity_maps_token=TOKEN)
    assert step.succeeded, step.log
    assert load_record(runner.workspace / step.outputs["record"]).intensity.location_name == "FR"

    for named in ({"location": "POL"}, {"carbon_intensity": "700"}):
        step = runner.step(command="true", electricity_maps_token=TOKEN, **named)
        assert step.succeeded, step.log
        assert load_record(runner.workspace / step.outputs["record"]).intensity.g_per_kwh > 600
    assert len(grid.asked) == 1


def test_without_a_token_nothing_runs_and_the_error_has_the_line_that_fixes_it(runner, grid):
    step = runner.step(command="touch ran", electricity_maps="FR", electricity_maps_token="")
    assert step.exit_status == 125
    assert step.outputs["outcome"] == "unmeasured"
    assert "input 'electricity-maps': FR needs a token\n" in step.annotations("error")[0].replace("%0A", "\n")
    assert "electricity-maps-token: ${{ secrets.ELECTRICITYMAPS_API_TOKEN }}" in step.annotations("error")[0]
    assert not (runner.workspace / "ran").exists()
    assert grid.asked == []


def test_the_error_for_a_fork_has_why_there_is_no_token_and_what_works_without(runner, grid):
    runner.github |= {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge"}
    runner.event["pull_request"] = {
        "number": 7,
        "base": {"sha": "beef", "repo": {"full_name": "octo/model"}},
        "head": {"sha": "c0ffee", "repo": {"full_name": "stranger/model"}},
    }
    runner.event["pull_request"]["base"]["sha"] = commit(runner.workspace)
    step = runner.step(command="touch ran", electricity_maps="FR")
    assert step.exit_status == 125
    assert "a pull request from a fork is given no secrets" in step.annotations("error")[0]
    assert "`location: FRA` needs none" in step.annotations("error")[0]
    assert not (runner.workspace / "ran").exists()


@pytest.mark.parametrize(
    ("answer", "message"),
    [(401, "answers 401"), (403, "plan does not cover"), (b"<html>", "not JSON"), (hour_of(0), "no newer hour")],
)
def test_a_grid_that_gives_no_figure_is_reported_before_setup_and_training(runner, grid, answer, message):
    grid.answer = answer
    step = runner.step(setup="touch set-up", command="touch ran", electricity_maps="FR", electricity_maps_token=TOKEN)
    assert step.exit_status == 125
    assert message in step.annotations("error")[0]
    assert not (runner.workspace / "set-up").exists()
    assert not (runner.workspace / "ran").exists()
    assert_hidden(runner, step)


def test_two_intensities_are_one_too_many(runner, grid):
    for other in ({"location": "FRA"}, {"carbon_intensity": "56"}):
        step = runner.step(command="true", electricity_maps="FR", electricity_maps_token=TOKEN, **other)
        assert step.exit_status == 2
        assert "each state the carbon intensity" in step.annotations("error")[0]
    assert grid.asked == []


def test_in_the_job_it_is_the_same_and_the_training_sees_neither_inputs_nor_token(job, grid):  # noqa: F811
    job.python_that(preamble=grid.preamble)
    inputs = {"command": TRAINING, "electricity-maps": "FR", "electricity-maps-token": TOKEN}
    process = job(inputs, **{name: value for name, value in os.environ.items() if name == "LANG"})
    log = process.communicate(timeout=60)[0]

    assert process.returncode == 0, log
    assert "token=none" in log
    assert log.count(TOKEN) == 1, "masked, and nothing else"
    record = load_record(job.runner.workspace / outputs(job)["record"])
    assert [hour.g_per_kwh for hour in record.intensity.hours] == [33]
    assert TOKEN not in (job.runner.workspace / outputs(job)["record"]).read_text()
