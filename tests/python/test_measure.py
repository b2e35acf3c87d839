"""`with measure(...)` and `@measure(...)`: the story of `run`, around code of this process."""

from __future__ import annotations

import contextlib
import functools
import inspect
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from carbon_lint import BudgetExceeded, measure
from carbon_lint.callbacks.progress_file import ProgressFile
from carbon_lint.errors import CarbonLintError, MeasurementError, OutputError, UsageError
from carbon_lint.measurement.job.environment import PROGRESS_VARIABLE, RUN_ID_VARIABLE
from carbon_lint.pipeline import plan
from carbon_lint.records.record import Outcome, StoppedBy
from carbon_lint.records.store import load_record
from tests.conftest import ROOT
from tests.measurement.fake_meter import FakeMeter

TICK = {"location": "FRA", "tick": "10ms"}
WAIT_S = 60.0


@pytest.fixture(autouse=True)
def meters(monkeypatch):
    """A meter of 1 kW in the place of CodeCarbon's; the list of those that were made."""
    made = []

    def meter_of(plan, environ, *, is_shared):
        assert is_shared
        made.append(FakeMeter(power_w=1000.0))
        return made[-1]

    monkeypatch.setattr(plan, "meter_of", meter_of)
    return made


def until_stopped(run):
    """Work until `check()` ends it."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        run.check()
        time.sleep(0.005)


def until_measured(run):
    """Work until there is a figure; whether there is one."""
    end = time.monotonic() + WAIT_S
    while not run.energy_kwh and time.monotonic() < end:
        run.check()
        time.sleep(0.005)
    return bool(run.energy_kwh)


def end_this_process():
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(WAIT_S)


def test_the_body_is_measured_and_the_process_is_as_before(caplog):
    before = (dict(os.environ), os.getcwd(), signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT))
    with measure(**TICK, max_energy="1 MWh", record="out/r.json") as run:
        assert run.record is None
        assert os.environ[RUN_ID_VARIABLE]
        assert Path(os.environ[PROGRESS_VARIABLE]).exists()
        os.chdir("/")
        ProgressFile().phase("warm up")
        assert until_measured(run)
        os.chdir(before[1])
        run.check()
    assert (dict(os.environ), os.getcwd(), signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    assert run.record == load_record("out/r.json")
    assert (run.record.outcome, run.record.exit_status) == (Outcome.COMPLETED, 0)
    assert (run.emissions_g, run.energy_kwh) == (run.record.emissions_g, run.record.energy_kwh.total)
    assert run.record.job_cpu_s > 0
    assert run.record.command[0] == "python"
    assert run.verdict.status.value == "pass"
    assert "Within budget" in str(run)
    assert Path("out/r.jsonl.gz").exists()
    assert [phase.name for phase in run.record.phases] == ["warm up"]


def test_however_the_body_ends_its_record_states_it_and_its_exception_passes():
    for error, outcome, status, stopped_by in (
        (ValueError("mine"), Outcome.FAILED, 1, None),
        (KeyboardInterrupt(), Outcome.INTERRUPTED, 130, StoppedBy.CANCEL),
        (SystemExit(3), Outcome.FAILED, 3, None),
        (SystemExit("text"), Outcome.FAILED, 1, None),
        (SystemExit(None), Outcome.COMPLETED, 0, None),
        (BudgetExceeded("of another"), Outcome.FAILED, 1, None),
    ):
        with pytest.raises(type(error)) as caught, measure(**TICK, record="r.json") as run:
            raise error
        assert caught.value is error
        record = load_record("r.json")
        assert (record.outcome, record.exit_status, record.stopped_by) == (outcome, status, stopped_by)
        assert run.record == record
        assert record.emissions_g > 0


def test_ctrl_c_while_the_meter_starts_gives_the_run_up(monkeypatch):
    class Slow(FakeMeter):
        def start(self):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)
            super().start()

    monkeypatch.setattr(plan, "meter_of", lambda *_, **__: Slow(1000.0))
    before = dict(os.environ)
    with pytest.raises(KeyboardInterrupt), measure(**TICK, record="r.json"):
        raise AssertionError("the body has begun")
    assert dict(os.environ) == before
    assert load_record("r.json").outcome is Outcome.INTERRUPTED


def test_a_run_whose_measurement_fails_as_it_starts_leaves_nothing_behind(monkeypatch):
    class Failing(FakeMeter):
        def start(self):
            raise MeasurementError("no sensor")

    monkeypatch.setattr(plan, "meter_of", lambda *_, **__: Failing(1000.0))
    before, descriptors = dict(os.environ), len(os.listdir("/proc/self/fd"))
    with pytest.raises(MeasurementError, match="no sensor"), measure(**TICK):
        raise AssertionError("the body has begun")
    assert dict(os.environ) == before
    assert len(os.listdir("/proc/self/fd")) <= descriptors, "an earlier test's garbage may go meanwhile"


def test_runs_of_two_threads_start_one_after_the_other(monkeypatch):
    """CodeCarbon starts in another folder: a second start within it would go back to that."""
    starting, overlaps = [], []

    class Slow(FakeMeter):
        def start(self):
            starting.append(self)
            time.sleep(0.05)
            overlaps.append(len(starting) > 1)
            starting.remove(self)
            super().start()

    def body():
        with measure(**TICK):
            pass

    monkeypatch.setattr(plan, "meter_of", lambda *_, **__: Slow(1000.0))
    threads = [threading.Thread(target=body) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == [False, False]


def test_runs_that_end_in_the_order_of_their_starts_leave_the_environment_as_it_was():
    os.environ[PROGRESS_VARIABLE] = "outer"
    before = dict(os.environ)
    runs = [measure(**TICK) for _ in range(3)]
    for run in runs:
        run.__enter__()
    within = os.environ[RUN_ID_VARIABLE]
    for run in (runs[0], runs[2], runs[1]):
        assert os.environ[RUN_ID_VARIABLE] == within or run is runs[1]
        run.__exit__(None, None, None)
    assert dict(os.environ) == before
    assert within == runs[2].record.run_id


def test_a_record_that_cannot_be_written_is_not_lost():
    Path("gone").mkdir()
    run = measure(**TICK, record="gone/r.json")
    with pytest.raises(OutputError, match=r"gone/r\.json"), run:
        shutil.rmtree("gone" if until_measured(run) else "")
    assert run.record.energy_kwh.total == run.energy_kwh > 0


def test_check_ends_a_body_over_its_budget_and_the_end_raises_without_it(caplog):
    given = {**TICK, "max_energy": "1 mWh", "record": "r.json"}
    with (
        pytest.raises(BudgetExceeded, match=r"over budget: max-energy.*\(max_energy\)") as caught,
        measure(**given) as run,
    ):
        until_stopped(run)
    record = load_record("r.json")
    assert caught.value.record == run.record == record
    assert "ended by check" in str(caught.value.__cause__), "the body's own error, as it was raised"
    assert caught.value.__cause__.record is None
    assert (record.outcome, record.stopped_by, record.over_budget) == (Outcome.OVER_BUDGET, StoppedBy.BUDGET, True)
    assert any("over budget: max-energy" in line.message for line in caplog.records if line.levelno == logging.WARNING)

    done = []
    given = {**TICK, "max_emissions": "1 ug", "on_exceed": "finish", "record": "r.json"}
    with pytest.raises(BudgetExceeded, match="over budget: max-emissions") as caught, measure(**given) as run:
        done.append(until_measured(run))
    record = load_record("r.json")
    assert done == [True]
    assert caught.value.record == record
    assert (record.outcome, record.stopped_by, record.exit_status) == (Outcome.OVER_BUDGET, None, 0)
    assert [one for one in record.warnings if "incomplete training" in one] == []


def test_a_body_that_cannot_be_measured_ends_in_an_error(monkeypatch):
    monkeypatch.setattr(plan, "meter_of", lambda *_, **__: FakeMeter(1000.0, failing=range(1, 1000)))
    with pytest.raises(MeasurementError, match="ended by check"), measure(**TICK, record="r.json") as run:
        until_stopped(run)
    assert load_record("r.json").outcome is Outcome.UNMEASURED
    monkeypatch.setattr(plan, "meter_of", lambda *_, **__: FakeMeter(1000.0, distort=lambda _: None))
    with pytest.raises(MeasurementError, match="cannot be trusted"), measure(**TICK, record="r.json"):
        pass


def test_each_call_of_a_function_is_a_run_and_a_with_is_used_once(meters):
    @measure(**TICK, record="runs/")
    def train(x, *, y=1):
        """Train."""
        return x + y

    assert (train(1, y=2), train(5), train.__name__, train.__doc__) == (3, 6, "train", "Train.")
    assert len(list(Path("runs").glob("*.json"))) == len(meters) == 2
    with measure(**TICK) as run:
        pass
    with pytest.raises(UsageError, match="has been used"), run:
        pass

    async def later():
        """Return before its work is done."""

    def piece():
        yield 1

    async def stream():
        yield 1

    @functools.wraps(later)
    def wrapped():
        return later()

    for function in (later, piece, stream, wrapped, functools.partial(later)):
        with pytest.raises(UsageError, match="returns before its work is done"):
            measure(**TICK)(function)


def test_a_run_within_a_run_warns_that_the_two_must_not_be_added():
    with measure(**TICK) as outer, measure(**TICK) as inner:
        pass
    assert [one for one in outer.record.warnings if "inside run" in one] == []
    assert any(f"inside run {outer.record.run_id}" in one for one in inner.record.warnings)


def test_a_fork_neither_writes_the_record_nor_keeps_its_lock():
    with measure(**TICK, record="r.json") as run:
        pid = os.fork()
        if pid == 0:
            signal.alarm(20)
            try:
                run.__exit__(None, None, None)  # what a fork that leaves the `with` does
                run.check()
                signal.pause()
            finally:
                os._exit(7)
        assert not Path("r.json").exists()
    try:
        with measure(**TICK, record="r.json"):  # the fork lives, and holds what it inherited
            pass
        os.kill(pid, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM
    finally:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    assert load_record("r.json").outcome is Outcome.COMPLETED


def test_sigterm_leaves_a_record_and_a_handler_of_ones_own_stays():
    with pytest.raises(SystemExit) as caught, measure(**TICK, record="r.json"):
        end_this_process()
    assert caught.value.code == 143
    record = load_record("r.json")
    assert (record.outcome, record.exit_status) == (Outcome.INTERRUPTED, 143)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    seen = []
    signal.signal(signal.SIGTERM, lambda *_: seen.append(1))
    try:
        with measure(**TICK):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    assert seen == [1]


def test_only_the_first_rank_of_a_node_measures(monkeypatch):
    for name, value in (("LOCAL_RANK", "1"), ("RANK", "1"), ("WORLD_SIZE", "2")):
        monkeypatch.setenv(name, value)
    with measure(**TICK, record="r.json") as run:
        run.check()
    assert (run.record, run.emissions_g, str(run)) == (None, None, "not measured yet")
    assert not Path("r.json").exists()


def test_figures_go_into_the_card_and_the_configuration_counts():
    Path("README.md").write_text("---\nlicense: mit\n---\n")
    with measure(**TICK, record="r.json", card="README.md", training_type="fine-tuning") as run:
        pass
    assert run.report.card.is_changed
    assert "training_type: fine-tuning" in Path("README.md").read_text()
    Path("carbon-lint.toml").write_text('max-energy = "1 mWh"\non-exceed = "finish"\n')
    with pytest.raises(BudgetExceeded, match=r"over budget: max-energy.*carbon-lint.toml:1"), measure(**TICK) as run:
        until_measured(run)


def test_a_grid_of_the_configuration_needs_the_token_of_the_environment(monkeypatch):
    Path("carbon-lint.toml").write_text('electricity-maps = "FR"\n')
    with pytest.raises(CarbonLintError, match="FR needs a token") as caught, measure():
        raise AssertionError("the body has begun")
    assert "set ELECTRICITYMAPS_API_TOKEN" in " ".join(caught.value.__notes__)
    monkeypatch.setenv("ELECTRICITYMAPS_API_TOKEN", "abc")
    with measure(tick="10ms") as run:
        until_measured(run)
    assert run.energy_kwh > 0


def test_runs_of_a_clusters_job_are_one_run_group_as_with_the_command(monkeypatch, caplog):
    caplog.set_level(logging.INFO, "carbon_lint")
    Path("README.md").write_text("---\nlicense: mit\n---\n")
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    for name, more in (("1", {}), ("2", {"card": "README.md"}), ("3", {"run_group": "sweep"})):
        with measure(**TICK, record=f"runs/{name}.json", **more) as run:
            until_measured(run)
    assert [load_record(f"runs/{name}.json").run_group for name in "123"] == ["slurm-77", "slurm-77", "sweep"]
    assert "sum of 2 runs of group 'slurm-77'" in caplog.text
    monkeypatch.setenv("SLURM_JOB_NUM_NODES", "2")
    with measure(**TICK, record="runs/4.json", card="README.md"):
        pass
    assert load_record("runs/4.json").run_group is None


def test_an_impossible_request_is_an_error_before_the_body_begins():
    Path("folder.json").mkdir()
    for given, message in (
        ({"location": "FRA", "max_energy": "2"}, "has no unit"),
        ({"location": "FRA", "max_energy": 2}, "has no unit"),
        ({"location": "XXX"}, "XXX"),
        ({}, "location"),
        ({"location": "FRA", "tick": "2h"}, "tick '2h' is too long"),
        ({"location": "FRA", "forecast": True}, "needs a limit"),
        ({"location": "FRA", "max_energy": "2 kWh", "expected_duration": "2h"}, "or add: forecast=True"),
        ({"location": "FRA", "on_exceed": "explode"}, "not one of stop, finish in measure(on_exceed='explode')"),
        ({"location": "FRA", "require": "tpu"}, "'tpu' is not one of gpu"),
        ({"location": "FRA", "on_exceed": True}, "of a type that is not read in measure(on_exceed"),
        ({"location": "FRA", "require": {"gpu"}}, "of a type that is not read"),
        ({"location": "FRA", "max_energy": b"1 mWh"}, "of a type that is not read"),
        ({"carbon_intensity": "56"}, "carbon_intensity='56' is not a number"),
        ({"carbon_intensity": 2000}, "allow-unusual-intensity = true in carbon-lint.toml"),
        ({"energy_only": True, "max_emissions": "1 kg"}, "states no grams, and max_emissions and card need them in"),
        ({"carbon_intensity": -1.0}, "in measure(carbon_intensity=-1.0)"),
        ({}, "or carbon_intensity=56.04"),
        ({"location": "FRA", "record": "s3://b/r.json"}, "lies on this machine"),
        ({"location": "FRA", "record": "/proc/r.json"}, "r.json"),
    ):
        with pytest.raises(CarbonLintError) as caught, measure(**given):
            raise AssertionError("the body has begun")
        text = " ".join([str(caught.value), *getattr(caught.value, "__notes__", ())])
        assert message in text, text


def test_the_page_names_what_there_is_and_its_first_example_runs(capsys):
    page = (ROOT / "docs" / "python.md").read_text()
    (arguments,) = re.findall(r"Each argument is the flag.*?: (.*?)\. Quantities", page, re.DOTALL)
    assert re.findall(r"`(\w+)`", arguments) != []
    assert set(re.findall(r"`(\w+)`", arguments)) == set(inspect.signature(measure).parameters)
    example = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
    exec(example.replace('"2 kWh"', '"2 MWh"'), {"train": lambda step: None})
    assert "Within budget" in capsys.readouterr().out
    flags = {name.replace("_", "-") for name in inspect.signature(measure).parameters}
    assert flags <= {option[2:] for option in re.findall(r"--[a-z-]+", (ROOT / "docs" / "cli.md").read_text())}


def test_the_package_imports_nothing_until_measure_is_asked_for():
    code = (
        "import sys; before = set(sys.modules); import carbon_lint; carbon_lint.__version__;"
        "print(sorted(set(sys.modules) - before)); carbon_lint.nothing"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "['carbon_lint']"
    assert "module 'carbon_lint' has no attribute 'nothing'" in done.stderr
