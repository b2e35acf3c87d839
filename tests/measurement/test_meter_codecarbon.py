"""CodeCarbonMeter: nothing ambient reaches it, every figure is checked, nothing is left behind."""

from __future__ import annotations

import inspect
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from carbon_lint.errors import MeasurementError, UsageError
from carbon_lint.measurement.codecarbon import meter as codecarbon_meter
from carbon_lint.measurement.codecarbon.meter import CodeCarbonMeter
from carbon_lint.measurement.codecarbon.tracker import Tap
from carbon_lint.places import find_place
from carbon_lint.records.record import Method
from tests.cases import cases
from tests.conftest import ROOT
from tests.waiting import try_again, wait_until

FRANCE = find_place("FRA")
HOSTILE = (
    "[codecarbon]\npue = 0\nforce_carbon_intensity_g_co2e_kwh = 0\nforce_ram_power = 0\nemissions_endpoint = http://x\n"
)


def measured(meter, seconds=0.12):
    meter.start()
    time.sleep(seconds)
    reading = meter.read()
    meter.stop()
    assert reading is not None, meter.last_failure
    return reading


def test_energy_comes_by_component_with_its_method_and_grams_are_energy_times_intensity():
    meter = CodeCarbonMeter(FRANCE)
    reading = measured(meter)
    energy = reading.energy_kwh
    assert energy.gpu is None
    assert meter.methods.gpu is None
    assert energy.total == pytest.approx(energy.cpu + energy.ram)
    assert reading.emissions_g == pytest.approx(energy.total * FRANCE.g_per_kwh)
    assert meter.methods.ram is Method.CONSTANT
    assert meter.intensity.location == "FRA"
    assert meter.software == {"codecarbon": "3.3.2"}


def test_what_is_drawn_before_the_job_starts_is_not_the_jobs():

    def share():
        meter = CodeCarbonMeter(FRANCE)
        meter.start()
        time.sleep(0.6)
        reading = meter.read()
        meter.stop()
        return reading.energy_kwh.ram * 3.6e6 / reading.elapsed_s / meter._ram.power.likely

    # The start takes 0.15 s or more, a fourth of this.
    assert try_again(share, pytest.approx(1, rel=0.1).__eq__) == pytest.approx(1, rel=0.1)


@cases("seconds", [0.0, 0.01, 0.04])
def test_a_job_that_ends_at_once_is_measured_to_its_end(seconds):
    """CodeCarbon passes over a reading that comes within 50 ms of the one before."""

    def share():
        meter = CodeCarbonMeter(FRANCE)
        meter.start()
        ram_power_w = meter._ram.power.likely  # the one part that draws the same all the time
        time.sleep(seconds)
        reading = meter.stop()
        assert reading.elapsed_s >= seconds
        return reading.energy_kwh.ram * 3.6e6 / (ram_power_w * reading.elapsed_s)

    assert try_again(share, pytest.approx(1, rel=0.45).__eq__) == pytest.approx(1, rel=0.45)


def test_a_run_asked_for_energy_only_states_no_grams():
    meter = CodeCarbonMeter(None)
    reading = measured(meter)
    assert meter.intensity is None
    assert reading.emissions_g is None
    assert reading.energy_kwh.total > 0


def test_pue_multiplies_energy_and_grams():

    def both():
        plain = measured(CodeCarbonMeter(FRANCE, cpu_power_w=100.0), 0.3)
        doubled = measured(CodeCarbonMeter(FRANCE, cpu_power_w=100.0, pue=2.0), 0.3)
        watts = [1000 * reading.energy_kwh.ram / reading.elapsed_s for reading in (plain, doubled)]
        return doubled, watts[1] / watts[0]

    doubled, times = try_again(both, lambda found: found[1] == pytest.approx(2, rel=0.25))
    assert times == pytest.approx(2, rel=0.25)
    assert doubled.emissions_g == pytest.approx(doubled.energy_kwh.total * FRANCE.g_per_kwh)


@cases("pue", [0, 0.99, -1, float("nan"), float("inf")])
def test_a_pue_that_cannot_be_is_refused(pue):
    with pytest.raises(UsageError):
        CodeCarbonMeter(FRANCE, pue=pue)


def test_a_cpu_power_given_by_the_user_is_taken_with_its_source():
    meter = CodeCarbonMeter(FRANCE, cpu_power_w=15.0, stated_by={"cpu-power": "carbon-lint.toml:3"})
    measured(meter)
    assert meter.methods.cpu is Method.USER
    assert meter.assumptions.cpu_full_power_source == "carbon-lint.toml:3"


@cases("text", [HOSTILE, "not an ini file at all ][", "[codecarbon]\npue=0\npue=0\n"])
def test_a_codecarbon_config_in_cwd_or_home_changes_and_breaks_nothing(text, monkeypatch):
    Path(".codecarbon.config").write_text(text)
    (Path(os.environ["HOME"]) / ".codecarbon.config").write_text(text)
    for name in ("CODECARBON_PUE", "codecarbon_force_ram_power", "CodeCarbon_Force_Carbon_Intensity_g_co2e_kwh"):
        monkeypatch.setenv(name, "0")
    reading = measured(CodeCarbonMeter(FRANCE))
    assert reading.emissions_g == pytest.approx(reading.energy_kwh.total * FRANCE.g_per_kwh)
    assert reading.energy_kwh.ram > 0


def test_folder_and_environment_are_as_they_were_also_when_starting_fails(monkeypatch):
    monkeypatch.setenv("CODECARBON_PUE", "3")
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    before, folder = dict(os.environ), Path.cwd()
    measured(CodeCarbonMeter(FRANCE))
    assert (dict(os.environ), Path.cwd()) == (before, folder)
    monkeypatch.setattr(codecarbon_meter, "REQUIRED_VERSION", "9.9.9")
    with pytest.raises(MeasurementError):
        CodeCarbonMeter(FRANCE).start()
    assert (dict(os.environ), Path.cwd()) == (before, folder)
    assert "cpuinfo" not in sys.modules or hasattr(sys.modules["cpuinfo"], "__file__")


def test_it_measures_after_its_folder_was_removed(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    try:
        measured(CodeCarbonMeter(FRANCE))
    finally:
        os.chdir(tmp_path)


def test_it_measures_if_nothing_can_be_written(monkeypatch):
    def read_only(*arguments, **options):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "mkdtemp", read_only)
    Path(".codecarbon.config").write_text(HOSTILE)
    assert measured(CodeCarbonMeter(FRANCE)).emissions_g > 0


ENTERED = """
import ctypes, os, sys
for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: root has them, and may read anything
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
os.execv(sys.executable, [sys.executable, "-m", "carbon_lint", "run", "--location", "FRA", "--", "true"])
"""


def test_it_measures_in_a_folder_that_may_be_entered_and_not_read(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o111)
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
    argv = [sys.executable, "-c", ENTERED]
    done = subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_no_folder_is_left_behind(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    measured(CodeCarbonMeter(FRANCE))
    assert list((tmp_path / "tmp").iterdir()) == []


def test_nothing_is_printed_and_nothing_written(capfd):
    measured(CodeCarbonMeter(FRANCE))
    assert capfd.readouterr() == ("", "")
    assert list(Path.cwd().iterdir()) == []


def test_codecarbons_logger_is_left_without_our_filter():
    measured(CodeCarbonMeter(FRANCE))
    assert logging.getLogger("codecarbon").filters == []


def test_another_codecarbon_is_refused(monkeypatch):
    import codecarbon

    monkeypatch.setattr(codecarbon, "__version__", "3.4.0")
    with pytest.raises(MeasurementError, match=r"3\.4\.0 is installed, 3\.3\.2 is needed") as caught:
        CodeCarbonMeter(FRANCE).start()
    assert "carbon-lint[run]" in caught.value.hint


def test_a_missing_codecarbon_gives_an_error_with_how_to_install_it(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "codecarbon"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "codecarbon", None)
    with pytest.raises(MeasurementError, match="cannot be imported") as caught:
        CodeCarbonMeter(FRANCE).start()
    assert "pip install 'carbon-lint[run] @ " in caught.value.hint
    assert caught.value.exit_code == 125


def test_a_parameter_that_codecarbon_renames_is_noticed_and_not_swallowed(monkeypatch):
    real = codecarbon_meter.tracker_arguments

    def misspelt(*given):
        arguments = real(*given)
        return arguments | {"force_cpu_powr": arguments.pop("force_cpu_power")}

    monkeypatch.setattr(codecarbon_meter, "tracker_arguments", misspelt)
    with pytest.raises(MeasurementError, match="force_cpu_power, force_cpu_powr"):
        CodeCarbonMeter(FRANCE).start()


def test_a_tracker_that_gives_no_figures_stops_the_run_before_the_job_starts(monkeypatch):
    """CodeCarbon swallows this exception; `stop()` would return None after the whole job."""
    from codecarbon.core import resource_tracker

    def broken(self):
        raise RuntimeError("no sensors today")

    monkeypatch.setattr(resource_tracker.ResourceTracker, "set_RAM_tracking", broken)
    with pytest.raises(MeasurementError, match="RuntimeError: no sensors today"):
        CodeCarbonMeter(FRANCE).start()


def test_a_reading_that_fails_gives_nothing_and_a_cause_and_the_next_good_one_counts_again(monkeypatch):
    meter = CodeCarbonMeter(FRANCE)
    meter.start()
    hardware = meter._tracker._hardware[0]
    time.sleep(0.06)
    with monkeypatch.context() as patch:
        patch.setattr(type(hardware), "total_power", lambda self: 1 / 0)
        assert meter.read() is None
        assert "ZeroDivisionError" in meter.last_failure
    time.sleep(0.06)
    assert meter.read() is not None
    assert meter.last_failure is None
    meter.stop()


@cases(
    ("field", "value", "words"),
    [
        ("emissions", 0.0, "no energy"),
        ("emissions", float("nan"), "not finite"),
        ("energy_consumed", float("inf"), "not finite"),
        ("emissions", 1e-3, "imply"),
        ("pue", 0.0, "PUE"),
        ("ram_energy", 0.0, "no energy"),
        ("cpu_energy", 1.0, "add up"),
    ],
)
def test_a_figure_that_cannot_be_right_is_not_believed(field, value, words):
    meter = CodeCarbonMeter(FRANCE)
    meter.start()
    time.sleep(0.06)
    real_out = meter._tap.out
    meter._tap.out = lambda total, delta: (setattr(total, field, value), real_out(total, delta))
    assert meter.read() is None
    assert words in meter.last_failure
    meter.stop()


def test_the_tap_has_the_methods_of_codecarbons_output():
    from codecarbon.output_methods.base_output import BaseOutput

    for name, method in inspect.getmembers(BaseOutput, inspect.isfunction):
        ours = inspect.signature(getattr(Tap, name))
        assert list(ours.parameters) == list(inspect.signature(method).parameters)


def test_no_thread_of_codecarbons_runs_also_when_the_start_is_refused():
    """Its own would open files of /proc once a second until the process ends."""
    before = set(threading.enumerate())  # one of an earlier test may still end
    with pytest.raises(MeasurementError):
        CodeCarbonMeter(FRANCE, require=("gpu",)).start()
    meter = CodeCarbonMeter(FRANCE)
    meter.start()
    wait_until(lambda: set(threading.enumerate()) <= before)
    meter.stop()


def test_codecarbons_figure_is_of_the_load_at_each_reading():
    """Its model cubes the load, so the mean of two readings is not the figure of their mean."""
    meter = CodeCarbonMeter(FRANCE, cpu_power_w=100.0)
    meter.start()
    part = next(part for part in meter._tracker._hardware if type(part).__name__ == "CPU")
    meter._load.take(0.0, 10.0)
    part.total_power()
    for busy_s, elapsed_s, load_w in ((0.0, 20.0, 10.0), (10.0 * meter._load._threads, 30.0, 100.0)):
        meter._load.take(busy_s, elapsed_s)
        meter._sample_codecarbon()
        assert pytest.approx(load_w) == part._power_history[-1][0].W
    meter._load.reset()
    assert meter._load.percent() == 100, "nothing new: the last one"
    meter.stop()


def test_starting_imports_nothing_heavy_that_is_not_used_and_asks_no_cpuinfo():
    import subprocess

    code = (
        "import sys; from carbon_lint.measurement.codecarbon.meter import CodeCarbonMeter\n"
        "from carbon_lint.places import find_place\n"
        "m = CodeCarbonMeter(find_place('FRA')); m.start(); m.stop()\n"
        "unused = ('pandas', 'cpuinfo', 'codecarbon.output', 'requests', 'rapidfuzz')\n"
        "print([name for name in unused if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
