"""`carbon-lint doctor`: every component, how, with what error, what is missing, what repairs it."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType

import pytest

from carbon_lint.limits import Machine
from carbon_lint.measurement import doctor
from carbon_lint.measurement.doctor import State, diagnose
from carbon_lint.measurement.grid.location import LocatedPlace, resolve
from carbon_lint.records.record import Method
from tests.cases import cases
from tests.measurement import fake_machine
from tests.measurement.fake_machine import EPYC_7763, machine
from tests.measurement.stub_nvml import NVMLError_LibraryNotFound, StubGpu, StubNvml


@pytest.fixture
def gpus(monkeypatch):
    def build(*devices, init_error=None):
        monkeypatch.setitem(sys.modules, "pynvml", StubNvml(devices, init_error=init_error))

    build()
    return build


def looked_at(root, *, location=None, machines=(), environ=MappingProxyType({}), **options):
    find_place = LocatedPlace if location is None else (lambda: resolve(location, machines, "n"))
    diagnosis = diagnose(environ, find_place=find_place, named=location or "", root=root, **options)
    return diagnosis, {finding.component: finding for finding in diagnosis.findings}


def test_a_virtual_machine_without_gpu_is_modelled_with_what_to_do(tmp_path, gpus):
    diagnosis, found = looked_at(machine(tmp_path, EPYC_7763))
    assert [finding.component for finding in diagnosis.obstacles] == ["location"]
    assert looked_at(machine(tmp_path, EPYC_7763), needs_grams=False)[0].is_sound
    assert found["gpu"].state is State.ABSENT
    assert (found["cpu"].state, found["cpu"].method) == (State.MODELLED, Method.LOAD_MODEL)
    assert "525 mW idle to 3.28 W at full load: 2 of 128 threads" in found["cpu"].what
    assert "1.25 W to 3.28 W at half load" in found["cpu"].error
    assert any("CodeCarbon's own figures" in note for note in diagnosis.notes)
    assert "virtual machine" in found["cpu"].missing
    assert "cpu-power" in found["cpu"].repair
    assert found["ram"].method is Method.CONSTANT
    assert found["location"].state is State.NOT_GIVEN
    assert "FRA" in found["location"].repair
    assert found["codecarbon"].state is State.MEASURED
    assert "3.3.2, started in" in found["codecarbon"].what


def test_a_gpu_is_named_with_its_method_and_notes(tmp_path, gpus):
    gpus(StubGpu(name="Tesla T4", has_counter=False, pids=[1]))
    diagnosis, found = looked_at(machine(tmp_path, EPYC_7763))
    assert (found["gpu"].what, found["gpu"].method) == ("0: Tesla T4", Method.SAMPLED_POWER)
    assert diagnosis.has_gpu
    assert any("no energy counter" in note for note in diagnosis.notes)
    assert any("other process" in note for note in diagnosis.notes)


def test_a_gpu_that_cannot_be_read_makes_the_diagnosis_unsound_with_cause_and_repair(tmp_path, gpus):
    gpus(init_error=NVMLError_LibraryNotFound("NVML Shared Library Not Found"))
    root = machine(tmp_path, EPYC_7763)
    fake_machine.write(root / "proc/driver/nvidia/gpus/0000:00:1e.0/information", "Model: Tesla T4\n")
    (root / ".dockerenv").touch()
    diagnosis, found = looked_at(root)
    assert not diagnosis.is_sound
    assert found["gpu"].state is State.BROKEN
    assert "0000:00:1e.0" in found["gpu"].missing
    assert "nvidia-ctk" in found["gpu"].repair
    assert found["codecarbon"].state is State.MEASURED


def test_hidden_gpus_are_reported_as_hidden(tmp_path, gpus):
    gpus(StubGpu())
    _, found = looked_at(machine(tmp_path, EPYC_7763), environ={"CUDA_VISIBLE_DEVICES": "-1"})
    assert (found["gpu"].state, found["gpu"].what) == (State.ABSENT, "hidden from the job by CUDA_VISIBLE_DEVICES")


def test_a_container_without_a_gpu_of_its_host_gets_a_message(tmp_path, gpus):
    root = machine(tmp_path, EPYC_7763)
    fake_machine.write(root / "proc/driver/nvidia/gpus/0000:00:1e.0/information", "Model: Tesla T4\n")
    _, found = looked_at(root)
    assert found["gpu"].what == "none that is given to this container"


def test_a_wrong_gpu_name_in_the_environment_is_found_before_the_job(tmp_path, gpus):
    gpus(StubGpu())
    diagnosis, found = looked_at(machine(tmp_path, EPYC_7763), environ={"CUDA_VISIBLE_DEVICES": "7"})
    assert not diagnosis.is_sound
    assert "names no GPU" in found["gpu"].missing


def test_a_location_is_shown_with_its_intensity_and_source(tmp_path, gpus):
    diagnosis, found = looked_at(machine(tmp_path, EPYC_7763), location="aws/us-east-1")
    assert diagnosis.location == "aws/us-east-1"
    assert found["location"].state is State.KNOWN
    assert "Virginia, USA: 270.5 g/kWh (combustion, 2023" in found["location"].what
    assert "eGRID2023" in found["location"].what
    assert "PUE of 1.15" in found["location"].error
    _, found = looked_at(machine(tmp_path / "known", EPYC_7763), location="aws/us-east-1", pue=1.2)
    assert "PUE" not in found["location"].error
    _, found = looked_at(machine(tmp_path / "own", EPYC_7763), location="FRA")
    assert "PUE" not in found["location"].error


def test_a_location_that_is_not_known_makes_it_unsound(tmp_path, gpus):
    diagnosis, found = looked_at(machine(tmp_path, EPYC_7763), location="US")
    assert not diagnosis.is_sound
    assert "USA" in found["location"].repair


def test_auto_uses_the_configuration(tmp_path, gpus):
    machines = [Machine("n", "SWE")]
    diagnosis, found = looked_at(machine(tmp_path, EPYC_7763), location="auto", machines=machines)
    assert diagnosis.location == "SWE"
    assert "[[machine]]" in found["location"].what


def test_what_a_run_would_insist_on_is_insisted_on_here(tmp_path, gpus):
    """Or the diagnosis is sound and the run is not started."""
    root = machine(tmp_path, EPYC_7763)
    diagnosis, found = looked_at(root, require=("gpu",), location="FRA")
    assert not diagnosis.is_sound
    assert "a GPU is required" in found["codecarbon"].missing
    gpus(StubGpu())
    assert looked_at(root, require=("gpu",), location="FRA")[0].is_sound


def test_a_gpu_that_a_run_would_go_on_without_does_not_make_it_unsound(tmp_path, gpus):
    gpus(init_error=NVMLError_LibraryNotFound("not found"))
    root = machine(tmp_path, EPYC_7763)
    fake_machine.write(root / "proc/driver/nvidia/gpus/0000:00:1e.0/information", "Model: Tesla T4\n")
    diagnosis, found = looked_at(root, require=("none",), location="FRA")
    assert diagnosis.is_sound
    assert (found["gpu"].state, found["gpu"].method) == (State.ABSENT, None)
    assert "0000:00:1e.0" in found["gpu"].missing
    assert not looked_at(root, location="FRA")[0].is_sound


def test_a_codecarbon_that_does_not_start_is_found(tmp_path, gpus, monkeypatch):
    import codecarbon

    monkeypatch.setattr(codecarbon, "__version__", "4.0.0")
    diagnosis, found = looked_at(machine(tmp_path, EPYC_7763))
    assert not diagnosis.is_sound
    assert "4.0.0" in found["codecarbon"].missing
    assert "carbon-lint[run]" in found["codecarbon"].repair


def test_the_verb_ends_with_a_table_and_the_line_for_the_workflow(cli):
    code, out, err = cli("doctor", "--location", "FRA", "--cpu-power", "15 W")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    table = lines.index("component   state     method    error")
    assert [line.split()[0] for line in lines[table + 1 : table + 6]] == [
        "GPU",
        "CPU",
        "memory",
        "location",
        "CodeCarbon",
    ]
    assert "carbon-lint run --location FRA --cpu-power '15 W' --max-emissions" in lines[-1]


def test_the_verb_gives_the_same_as_json(cli):
    code, out, _ = cli("doctor", "--format", "json", "--location", "FRA")
    data = json.loads(out)
    assert code == 0
    assert data["format"] == "carbon-lint/doctor@1"
    assert [finding["component"] for finding in data["findings"]] == ["gpu", "cpu", "ram", "location", "codecarbon"]
    assert data["is_sound"] is True


def test_the_verb_fails_if_a_run_would_not_be_measured(cli):
    code, out, _ = cli("doctor", "--location", "XXX")
    assert code == 125
    assert out.splitlines()[-1].startswith("A run here would fail: location (XXX) cannot be used")


@pytest.mark.slow
@cases("configured", ["", 'location = "FRA"', 'max-energy = "2 kWh"', 'max-emissions = "1 g"'])
@cases("flags", [(), ("--location", "FRA"), ("--location", "XXX"), ("--carbon-intensity", "0.01")])
def test_it_ends_as_a_run_with_the_same_flags_and_configuration_would(cli, configured, flags):
    Path("carbon-lint.toml").write_text(configured)
    code, out, _ = cli("doctor", *flags)
    ran, _, _ = cli("run", *flags, "--", "true")
    assert code == ran
    assert out.splitlines()[-1].startswith("A run here would fail: ") is (code == 125)


@cases(
    "configured",
    ['max-increase = "10%"', 'max-increase = "10%"\nbaseline = "record:gone.json"', 'baseline = "ledger:main"'],
)
def test_a_baseline_that_stops_a_run_stops_it_too(cli, configured, monkeypatch):
    monkeypatch.setenv("CARBON_LINT_LEDGER", "gone")
    Path("carbon-lint.toml").write_text(configured)
    code, _, message = cli("doctor", "--location", "FRA")
    ran, _, why = cli("run", "--location", "FRA", "--", "true")
    assert (code, message) == (ran, why)
    assert code == 2


def test_each_sentence_about_the_cpu_is_printed_once(cli):
    """A virtual machine hides its model, and a similar one's figures are taken."""
    out = " ".join(cli("doctor", "--location", "FRA")[1].split())
    assert out.count("product specifications") <= 1


def test_powers_are_shown_with_who_states_them(cli):
    Path("carbon-lint.toml").write_text('cpu-power = "15 W"\n')
    _, out, _ = cli("doctor", "--location", "FRA", "--ram-power", "6 W")
    text = " ".join(out.split())
    assert "at full load: carbon-lint.toml:1" in text
    assert "6 W all the time, --ram-power" in text


def test_a_cpu_power_without_unit_is_a_usage_error(cli):
    code, _, err = cli("doctor", "--cpu-power", "15")
    assert code == 2
    assert "'15 W'" in err


def test_the_configuration_gives_the_location(cli, tmp_path):
    (tmp_path / "work" / "carbon-lint.toml").write_text('location = "POL"\n')
    _, out, _ = cli("doctor")
    assert "POL, Poland" in out


def test_an_intensity_takes_the_place_of_a_location(cli, tmp_path):
    _, out, _ = cli("doctor", "--carbon-intensity", "56.04")
    assert "56.04 g/kWh, given by the user" in out
    assert "carbon-lint run --carbon-intensity 56.04 " in out
    (tmp_path / "work" / "carbon-lint.toml").write_text("carbon-intensity = 30\n")
    _, out, _ = cli("doctor")
    assert "carbon-lint run --carbon-intensity 30 " in out
    assert cli("doctor", "--carbon-intensity", "0")[0] == 2
    assert cli("doctor", "--carbon-intensity", "x")[0] == 2
    assert cli("doctor", "--carbon-intensity", "3", "--location", "FRA")[0] == 2


def test_it_takes_less_than_two_seconds_as_a_program():
    """By CPU time and the sleep of its trial: how long it waits for the tests' machine does not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    line = [sys.executable, "-m", "carbon_lint", "doctor", "--location", "FRA"]
    subprocess.run(line, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used_s + doctor._TRIAL_S < 2
