"""`carbon-lint run --electricity-maps FR` from the command line, CodeCarbon and all, over hours that fly by."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from carbon_lint.errors import InputError
from carbon_lint.measurement.journal import Journal
from carbon_lint.measurement.recover import recover
from carbon_lint.records.record import Hardware, Outcome
from carbon_lint.records.store import load_record, record_to_json, write_record
from carbon_lint.report.verification import StatementKind
from carbon_lint.verification.journal import check_journal
from tests import spawn
from tests.cases import cases
from tests.journals import journal_text
from tests.measurement.grid import TOKEN, Grid, hour_of
from tests.measurement.test_hourly import TEN, EnergyMeter, HourlyMeter, Watch, figure, go_on
from tests.records.builders import a_record
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
VARIABLE = "ELECTRICITYMAPS_API_TOKEN"
SPEED = 3600 * 2  # an hour lasts half a second


class FastGrid(Grid):
    """Of the first hour 20 g/kWh, of each one after it 10 more."""

    def __init__(self):
        self.started_s = time.time() - 1.0
        super().__init__(self.now)

    def now(self):
        now_s = self.started_s + (time.time() - self.started_s) * SPEED
        return hour_of(now_s, 20 + 10 * (int(now_s // 3600) - int(self.started_s // 3600)))

    def command(self, *arguments):
        return [
            *(sys.executable, "-m", "tests.measurement.run_hourly", self.url, str(self.started_s), str(SPEED)),
            *arguments,
        ]


@pytest.fixture
def grid():
    served = FastGrid()
    yield served
    served.close()


@pytest.fixture
def environ(monkeypatch):
    monkeypatch.setenv(VARIABLE, TOKEN)
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def run(grid, environ, *arguments):
    options = {"capture_output": True, "text": True, "timeout": 100, "stdin": subprocess.DEVNULL}
    return spawn.run(grid.command(*arguments), env=environ, check=False, **options)


def hours_priced():
    """Return how many hours price energy by the journal; a late figure takes over what an hour held before."""
    energy_kwh = {}
    for line in Path("r.jsonl").read_text().splitlines() if Path("r.jsonl").exists() else ():
        for hour in (json.loads(line).get("intensity") or {}).get("hours", ()) if line.endswith("}") else ():
            energy_kwh[hour["hour"]] = hour["energy_kwh"]
    return sum(each > 0 for each in energy_kwh.values())


OF_THREE_HOURS = f"""
import json, os, time
from pathlib import Path
{inspect.getsource(hours_priced)}
print(os.environ.get('{VARIABLE}'))
while hours_priced() < 3: time.sleep(0.05)
"""


def test_a_run_of_several_hours_is_priced_by_each(grid, environ):
    flags = ("--electricity-maps", "FR", "--record", "r.json", "--tick", "50ms", "--max-emissions", "1 kg")
    done = run(grid, environ, "run", *flags, "--", sys.executable, "-c", OF_THREE_HOURS)

    assert done.returncode == 0, done.stderr
    assert done.stdout == "None\n", "the job is not given the token"
    assert f"not handed to the job: {VARIABLE}" in done.stderr
    record = load_record("r.json")
    prices = [hour.g_per_kwh for hour in record.intensity.hours]
    assert len(prices) >= 2
    assert prices == sorted(set(prices))
    assert record.emissions_g == pytest.approx(
        sum(hour.energy_kwh * hour.g_per_kwh for hour in record.intensity.hours), rel=1e-6
    )
    assert record.energy_kwh.total == pytest.approx(sum(hour.energy_kwh for hour in record.intensity.hours), rel=1e-6)
    assert record.intensity.location_name == "FR"
    assert record.intensity.source == "Electricity Maps, zone FR, lifecycle factors"
    assert "Electricity Maps, zone FR, lifecycle factors, hours of" in done.stderr
    assert TOKEN not in done.stderr + Path("r.json").read_text() + journal_text()
    assert recover("r.jsonl") == record
    found = check_journal("r.jsonl", record)
    assert [each.text for each in found if each.kind is StatementKind.CONTRADICTED] == []
    assert any("hours as the run did" in each.text for each in found if each.kind is StatementKind.PROVEN)


def test_a_run_that_is_killed_in_a_later_hour_is_recovered_with_its_hours(grid, environ):
    flags = ("--electricity-maps", "FR", "--record", "r.json", "--tick", "50ms")
    command = grid.command("run", *flags, "--", "sleep", "60")
    process = spawn.Popen(command, env=environ, stderr=subprocess.DEVNULL)

    wait_until(lambda: hours_priced() >= 3)
    ticks = len(Path("r.jsonl").read_text().splitlines())
    wait_until(lambda: len(Path("r.jsonl").read_text().splitlines()) > ticks + 1)
    process.kill()
    process.wait()

    record = wait_until(lambda: recover("r.jsonl"))
    assert record.outcome is Outcome.INTERRUPTED
    assert len(record.intensity.hours) >= 2, "the last of three may lose its energy to a late figure"
    assert sum(hour.energy_kwh for hour in record.intensity.hours) == pytest.approx(record.energy_kwh.total)
    assert record.emissions_g == pytest.approx(record.energy_kwh.total * record.intensity.g_per_kwh)
    write_record(record, "r.json")
    assert load_record("r.json") == record
    assert TOKEN not in Path("r.jsonl").read_text()

    done = run(grid, environ, "recover", "r.jsonl", "-o", "again.json")
    assert done.returncode == 0, done.stderr
    assert load_record("again.json") == record


REFUSED = {
    "no token": ({VARIABLE: ""}, 200, 125, "FR needs a token"),
    "a wrong token": ({VARIABLE: "another-token"}, 200, 125, "Electricity Maps answers 401 (zone FR)"),
    "a zone that the plan lacks": ({}, 403, 125, "Electricity Maps answers 403"),
    "garbage": ({}, b"<html>", 125, "something that is not JSON"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_without_a_figure_nothing_is_started(grid, environ, case):
    changes, answer, status, message = REFUSED[case]
    grid.answer = grid.now if answer == 200 else answer
    done = run(
        grid, {**environ, **changes}, "run", "--electricity-maps", "FR", "--record", "r.json", "--", "touch", "ran"
    )

    assert done.returncode == status
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert TOKEN not in done.stderr
    assert "another-token" not in done.stderr
    assert not Path("ran").exists()
    assert not Path("r.json").exists()


def test_a_grid_beside_a_place_is_one_too_many(grid, environ):
    done = run(grid, environ, "run", "--electricity-maps", "FR", "--location", "FRA", "--", "true")
    assert done.returncode == 2
    assert "each state the carbon intensity" in done.stderr
    assert grid.asked == []


def test_energy_alone_asks_nobody(grid, environ):
    done = run(grid, environ, "run", "--electricity-maps", "FR", "--energy-only", "--", "true")
    assert done.returncode == 0, done.stderr
    assert grid.asked == []


def test_the_configuration_may_name_the_zone_and_a_flag_wins(grid, environ):
    Path("carbon-lint.toml").write_text('electricity-maps = "FR"\n')
    done = run(grid, environ, "run", "--record", "r.json", "--", "true")
    assert done.returncode == 0, done.stderr
    assert load_record("r.json").intensity.location_name == "FR"

    done = run(grid, environ, "run", "--location", "POL", "--record", "r.json", "--", "true")
    assert done.returncode == 0, done.stderr
    assert load_record("r.json").intensity.location == "POL"


def test_an_estimate_takes_the_one_hour_with_a_note(grid, environ):
    flags = ("--gpu", "A100", "--hours", "12h", "--electricity-maps", "FR")
    done = run(grid, environ, "estimate", *flags, "--format", "json")
    assert done.returncode == 0, done.stderr
    sources = json.loads(done.stdout)["sources"]
    assert any("Electricity Maps, zone FR, lifecycle factors, the one hour of" in source for source in sources)
    assert len(grid.asked) == 1


def test_the_doctor_asks_the_grid_if_it_is_named_and_puts_it_into_the_workflows_line(grid, environ):
    done = run(grid, environ, "doctor", "--electricity-maps", "FR")
    assert done.returncode == 0, done.stdout
    assert "g/kWh in the hour of" in " ".join(done.stdout.split())
    assert len(grid.asked) == 1
    assert "carbon-lint run --electricity-maps FR" in done.stdout
    assert "FRA stands for" not in done.stdout

    Path("carbon-lint.toml").write_text('electricity-maps = "FR"\n')
    done = run(grid, environ | {VARIABLE: ""}, "doctor", "--format", "json")
    assert done.returncode == 125
    (found,) = [each for each in json.loads(done.stdout)["findings"] if each["component"] == "location"]
    assert found["state"] == "broken"
    message = "carbon-lint.toml:1: electricity-maps: FR needs a token"
    assert found["missing"].endswith(message)

    done = run(grid, environ, "doctor", "--location", "FRA", "--format", "json")
    assert [each["state"] for each in json.loads(done.stdout)["findings"] if each["component"] == "location"] == [
        "known"
    ]
    assert len(grid.asked) == 1
    assert run(grid, environ, "doctor", "--location", "FRA", "--electricity-maps", "FR").returncode == 2


@pytest.mark.slow
def test_two_nodes_are_merged_by_the_hour(grid, environ):
    flags = ("--electricity-maps", "FR", "--tick", "50ms", "--record")
    nodes = [
        spawn.Popen(grid.command("run", *flags, f"{node}.json", "--", "sleep", "1.5"), env=environ)
        for node in ("a", "b")
    ]
    assert [node.wait(60) for node in nodes] == [0, 0]
    for name in ("a", "b"):
        record = load_record(f"{name}.json")
        write_record(replace(record, hardware=replace(record.hardware, node=name)), f"{name}.json")
        Path(f"{name}.jsonl.gz").unlink()  # it holds the node's real name
    done = run(grid, environ, "merge", "a.json", "b.json", "-o", "run.json")

    assert done.returncode == 0, done.stderr
    merged, parts = load_record("run.json"), [load_record("a.json"), load_record("b.json")]
    labels = {hour.hour for part in parts for hour in part.intensity.hours}
    assert [hour.hour for hour in merged.intensity.hours] == sorted(labels)
    assert merged.emissions_g == pytest.approx(sum(part.emissions_g for part in parts))
    assert merged.emissions_g == pytest.approx(merged.energy_kwh.total * merged.intensity.g_per_kwh)
    assert "mixture" not in merged.intensity.source
    assert "mean by energy" not in merged.intensity.source


# Recovering, line by line.


def an_hourly_journal(first=20.0):
    """A journal in r.jsonl of three hours: 1 kWh at `first`, 2 at 60, 3 at 40 g/kWh."""
    energy, watch = EnergyMeter(), Watch(figure(TEN, first))
    metered = (HourlyMeter(energy, watch), energy, watch)
    journal = Journal(Path("r.jsonl"))
    blank = a_record(
        outcome=Outcome.INTERRUPTED,
        exit_status=None,
        emissions_g=None,
        intensity=metered[0].intensity,
        hardware=Hardware(cpu_count=1_000_000),  # 6 kWh in a second
    )
    journal.write_header(record_to_json(blank), {"max_emissions_g": None, "max_energy_kwh": None})
    for number, g_per_kwh, kwh in ((TEN, first, 1.0), (TEN + 1, 60.0, 2.0), (TEN + 2, 40.0, 3.0)):
        watch.latest = figure(number, g_per_kwh)
        for _ in range(4):
            journal.write_reading(go_on(metered, number, kwh / 4))
    journal.close()


def cut(*lines):
    """Take lines out of the journal; the header is number 0."""
    kept = [line for number, line in enumerate(Path("r.jsonl").read_text().splitlines()) if number not in lines]
    Path("r.jsonl").write_text("\n".join(kept) + "\n")


@cases(
    ("lost", "energies"),
    [
        ((), [1.0, 2.0, 3.0]),
        ((5,), [1.0, 2.0, 3.0]),
        ((12,), [1.0, 2.0, 2.25]),
        ((10, 11, 12), [1.0, 2.0, 0.75]),
        ((2, 3, 4, 6, 7, 8), [1.0, 2.0, 3.0]),
        (tuple(range(5, 13)), [1.0]),
        (tuple(range(2, 13)), [0.25]),
    ],
)
def test_lost_lines_cost_what_was_in_them_and_nothing_else(lost, energies):
    an_hourly_journal()
    cut(*lost)
    record = recover("r.jsonl")
    assert [hour.energy_kwh for hour in record.intensity.hours] == pytest.approx(energies)
    assert [hour.g_per_kwh for hour in record.intensity.hours] == [20.0, 60.0, 40.0][: len(energies)]
    assert record.emissions_g == pytest.approx(record.energy_kwh.total * record.intensity.g_per_kwh)


def test_without_the_line_in_which_the_last_hour_began_the_mean_is_right_and_the_hours_are_unknown():
    an_hourly_journal()
    cut(9)
    record = recover("r.jsonl")
    assert record.intensity.hours == ()
    assert record.intensity.g_per_kwh == pytest.approx((20 + 120 + 120) / 6)
    assert "mean of the run" in record.intensity.source
    assert any("the journal lacks a line" in warning for warning in record.warnings)
    write_record(record, "r.json")
    assert load_record("r.json") == record


@cases("broken", [{}, {"hours": []}, {"hours": [{}]}, {"hours": 7}, {"hours": [{"hour": 1}]}])
def test_a_line_with_a_broken_intensity_is_refused_in_one_line(broken):
    an_hourly_journal()
    lines = Path("r.jsonl").read_text().splitlines()
    reading = json.loads(lines[5])
    reading["intensity"] = broken
    Path("r.jsonl").write_text("\n".join([*lines[:5], json.dumps(reading), *lines[6:]]) + "\n")
    with pytest.raises(InputError, match="not what it should be"):
        recover("r.jsonl")


def test_a_killed_run_states_that_its_unusual_price_was_accepted():
    an_hourly_journal(first=2000.0)
    record = recover("r.jsonl")
    assert record.intensity.is_unusual
    write_record(record, "r.json")
    assert load_record("r.json") == record
