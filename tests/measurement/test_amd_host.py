"""An AMD GPU of the host that cannot be read: found without ROCm, with the cause and what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from carbon_lint.errors import MeasurementError
from carbon_lint.measurement.doctor import State, diagnose
from carbon_lint.measurement.gpu.counting import open_gpus
from carbon_lint.measurement.gpu.host import host_amd_gpus
from carbon_lint.measurement.grid.location import LocatedPlace
from tests.cases import cases
from tests.conftest import ROOT
from tests.measurement.fake_machine import EPYC_7763, machine, write
from tests.measurement.stub_amdsmi import DRIVER_NOT_LOADED, AmdSmiLibraryException, StubAmd, StubAmdsmi
from tests.measurement.stub_nvml import StubNvml

CARD = "0000:c1:00.0"


@pytest.fixture(autouse=True)
def no_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", StubNvml([]))
    monkeypatch.setitem(sys.modules, "amdsmi", None)


def node(root, number, *, simds=0, cores=0, bus=0):
    """A node of the kernel's compute driver, and its card on the PCI bus."""
    text = f"cpu_cores_count {cores}\nsimd_count {simds}\ndomain 0\nlocation_id {bus << 8}\ndrm_render_minor 128\n"
    write(root / f"sys/class/kfd/kfd/topology/nodes/{number}/properties", text)
    if bus:
        write(root / f"sys/bus/pci/devices/0000:{bus:02x}:00.0/vendor", "0x1002\n")
        write(root / f"sys/bus/pci/devices/0000:{bus:02x}:00.0/class", "0x120000\n")


def metrics(root, address, version):
    """The table of a card is 1.x, that of graphics inside a CPU 2.x or 3.x."""
    path = root / "sys/bus/pci/devices" / address / "gpu_metrics"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes([120, 0, version, 3]) + bytes(116))


@pytest.fixture
def host(tmp_path):
    """A machine with one AMD card, its devices included."""
    root = machine(tmp_path / "host", EPYC_7763, is_virtual=False)
    node(root, 0, cores=64)
    node(root, 1, simds=304, bus=0xC1)
    write(root / "dev/kfd", "")
    write(root / "dev/dri/renderD128", "")
    return root


def refusal(root, environ=None):
    with pytest.raises(MeasurementError) as caught:
        open_gpus(environ or {}, root=root)
    assert caught.value.exit_code == 125
    assert CARD in caught.value.message
    assert "require `none`" in caught.value.hint
    return caught.value


def test_the_kernel_lists_the_cards(host):
    assert host_amd_gpus(host) == (CARD,)
    assert host_amd_gpus(host / "dev") == ()


def test_graphics_inside_a_cpu_stop_nobody(host, tmp_path):
    metrics(host, CARD, 1)
    assert host_amd_gpus(host) == (CARD,)
    metrics(host, CARD, 3)
    assert host_amd_gpus(host) == ()
    assert open_gpus({}, root=host).gpus == ()
    node(tmp_path / "old", 0, simds=32, cores=4, bus=3)  # one node for both
    assert host_amd_gpus(tmp_path / "old") == ()


def test_of_graphics_inside_a_cpu_nothing_is_counted_twice(host, monkeypatch):
    """amdsmi lists them too; the energy of the CPU's package holds theirs."""
    metrics(host, CARD, 2)
    inside, card = StubAmd(bdf=CARD, serial="0x11"), StubAmd(bdf="0000:d1:00.0", serial="0x12")
    monkeypatch.setitem(sys.modules, "amdsmi", StubAmdsmi([inside, card]))
    gpus = open_gpus({}, root=host)
    assert ([gpu.index for gpu in gpus.gpus], gpus.warnings) == ([1], ())
    monkeypatch.setitem(sys.modules, "amdsmi", StubAmdsmi([inside]))
    gpus = open_gpus({}, root=host)
    assert gpus.gpus == ()
    assert "part of the CPU" in gpus.warnings[0]


def test_a_card_that_a_container_is_not_given_is_known_by_the_kernels_refusal(host, monkeypatch):
    """Its properties cannot be read then, by root neither."""
    real = Path.read_text

    def read_text(self, *args, **options):
        if self.parent.name == "1":
            raise PermissionError(1, "Operation not permitted", str(self))
        return real(self, *args, **options)

    monkeypatch.setattr(Path, "read_text", read_text)
    assert host_amd_gpus(host) == (CARD,)
    metrics(host, CARD, 3)
    assert host_amd_gpus(host) == ()


def test_the_error_without_amdsmi_names_its_place(host):
    error = refusal(host)
    assert "ModuleNotFoundError" in error.message or "ImportError" in error.message
    assert "ROCM_PATH" in error.hint


@cases("environ", [{}, {"ROCM_PATH": "opt/rocm-7.0"}])
def test_the_amdsmi_that_rocm_ships_is_taken_if_no_other_is_installed(tmp_path, monkeypatch, environ):
    package = tmp_path / environ.get("ROCM_PATH", "opt/rocm") / "share/amd_smi/amdsmi"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "import sys\nfrom tests.measurement.stub_amdsmi import StubAmd, StubAmdsmi\n"
        "sys.modules[__name__] = StubAmdsmi([StubAmd(name='shipped')])\n"
    )
    monkeypatch.delitem(sys.modules, "amdsmi")
    before = list(sys.path)
    assert [gpu.name for gpu in open_gpus(environ, root=tmp_path).gpus] == ["shipped"]
    assert sys.path == before
    monkeypatch.setitem(sys.modules, "amdsmi", StubAmdsmi([StubAmd(name="installed")]))
    assert [gpu.name for gpu in open_gpus(environ, root=tmp_path).gpus] == ["installed"]


def test_a_shipped_amdsmi_prints_nothing_either(host, monkeypatch, capfd):
    package = host / "opt/rocm/share/amd_smi/amdsmi"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("print('Unable to find libamd_smi.so')\nraise KeyError('libamd_smi.so')\n")
    monkeypatch.delitem(sys.modules, "amdsmi")
    assert "amd-smi-lib" in refusal(host).hint
    assert capfd.readouterr() == ("", "")


def test_without_the_library_of_rocm_it_is_named(host, monkeypatch, tmp_path):
    """amdsmi 7.0 raises KeyError, and prints to standard output."""
    package = tmp_path / "path"
    package.mkdir()
    (package / "amdsmi.py").write_text("print('Unable to find libamd_smi.so')\nraise KeyError('libamd_smi.so')\n")
    monkeypatch.delitem(sys.modules, "amdsmi")
    monkeypatch.syspath_prepend(package)
    error = refusal(host)
    assert "KeyError: 'libamd_smi.so'" in error.message
    assert "amd-smi-lib" in error.hint


def test_what_amdsmi_prints_on_the_way_to_its_error_reaches_nobody(monkeypatch, tmp_path, capfd):
    (tmp_path / "amdsmi.py").write_text("print('Unable to find libamd_smi.so')\nraise KeyError('libamd_smi.so')\n")
    monkeypatch.delitem(sys.modules, "amdsmi")
    monkeypatch.syspath_prepend(tmp_path)
    assert open_gpus({}, root=tmp_path).gpus == ()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("device", ["dev/kfd", "dev/dri/renderD128"])
def test_without_permission_the_error_names_the_group(host, monkeypatch, device):
    monkeypatch.setitem(sys.modules, "amdsmi", StubAmdsmi([], init_error=AmdSmiLibraryException(10)))
    denied = host / device
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != denied and real(path, mode))
    error = refusal(host)
    assert "10 |" in error.message
    assert "render,video" in error.hint


@pytest.mark.parametrize("removed", ["dev/kfd", "dev/dri/renderD128"])
def test_a_container_without_the_devices_gets_a_hint_how_to_pass_them(host, monkeypatch, removed):
    monkeypatch.setitem(sys.modules, "amdsmi", StubAmdsmi([]))
    (host / removed).unlink()
    assert "modprobe amdgpu" in refusal(host).hint
    (host / ".dockerenv").touch()
    error = refusal(host)
    assert "amdsmi lists none" in error.message
    assert "--device=/dev/kfd" in error.hint
    assert "in-job action" in error.hint


def test_a_driver_that_is_not_loaded_is_to_be_loaded(host, monkeypatch):
    monkeypatch.setitem(sys.modules, "amdsmi", StubAmdsmi([], init_error=AmdSmiLibraryException(DRIVER_NOT_LOADED)))
    assert "modprobe amdgpu" in refusal(host).hint


def test_it_may_be_left_out_on_request_or_when_hidden_from_the_job(host):
    (warning,) = open_gpus({}, optional=True, root=host).warnings
    assert warning.startswith(f"not counted: this machine has 1 AMD GPU ({CARD})")
    for environ in ({"ROCR_VISIBLE_DEVICES": ""}, {"HIP_VISIBLE_DEVICES": "-1"}, {"CUDA_VISIBLE_DEVICES": "-1"}):
        assert open_gpus(environ, root=host).warnings == ()
    refusal(host, {"HIP_VISIBLE_DEVICES": ""})  # HIP takes an empty one for none


def test_doctor_prints_the_same(host):
    diagnosis = diagnose({}, find_place=LocatedPlace, root=host)
    gpu = next(finding for finding in diagnosis.findings if finding.component == "gpu")
    assert gpu.state is State.BROKEN
    assert not diagnosis.is_sound
    assert CARD in gpu.missing
    assert "amd-smi-lib" in gpu.repair
    hidden = diagnose({"ROCR_VISIBLE_DEVICES": "-1"}, find_place=LocatedPlace, root=host)
    assert hidden.findings[0].what == "hidden from the job by ROCR_VISIBLE_DEVICES"


ASKS = """
import json, sys, types
from carbon_lint.measurement.codecarbon.meter import CodeCarbonMeter
sys.modules["pynvml"] = sys.modules["amdsmi"] = None
meter = CodeCarbonMeter(None)
meter.start()
meter.stop()
print(json.dumps([type(part).__name__ for part in meter._tracker._hardware]))
"""


def test_codecarbon_looks_for_no_gpu_and_starts_no_program_to_find_one(tmp_path):
    for name in ("nvidia-smi", "rocm-smi"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started-$(basename $0)\n")
        program.chmod(0o755)
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-c", ASKS], env=environ, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert sorted(json.loads(done.stdout)) == ["CPU", "RAM"]
    assert list(tmp_path.glob("started-*")) == []
