"""AMD GPUs, which CodeCarbon reads: a made `amdsmi` and `rocm-smi`, each case in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

AMDSMI = """
import os, time, types
class AmdSmiException(Exception): pass
class AmdSmiLibraryException(AmdSmiException): pass
amdsmi_exception = types.SimpleNamespace(AmdSmiLibraryException=AmdSmiLibraryException)
born, asked_s, is_dead = time.monotonic(), {}, False
def elapsed():
    if is_dead:
        raise AmdSmiLibraryException("lost")
    return time.monotonic() - born
def amdsmi_init(): pass
def amdsmi_get_processor_handles(): return list(range(int(os.environ.get("STUB_AMD_COUNT", "2"))))
def amdsmi_get_gpu_device_bdf(handle): return "0"
def amdsmi_get_gpu_device_uuid(handle): return f"amd-{handle}"
def amdsmi_get_gpu_asic_info(handle): return {"market_name": "AMD Radeon PRO W7900"}
def amdsmi_get_gpu_vram_usage(handle): return {"vram_total": 49152, "vram_used": 0}
def amdsmi_get_power_cap_info(handle): return {"power_cap": 295_000_000}
def amdsmi_get_gpu_activity(handle): return {"gfx_activity": 50}
def amdsmi_get_power_info(handle): elapsed(); return {"average_socket_power": 200}
def amdsmi_get_energy_count(handle):
    asked_s[handle] = elapsed()
    return {"energy_accumulator": 1000 + asked_s[handle] * 200 * 1e6 / 15.3, "counter_resolution": 15.3}
def amdsmi_get_gpu_metrics_info(handle): return {}
"""
SCRIPT = """
import json, sys, time
from carbon_lint.errors import MeasurementError
from carbon_lint.measure.codecarbon_meter import CodeCarbonMeter
environ, require, seconds, dies = json.loads(sys.argv[1])
try:
    meter = CodeCarbonMeter(None, environ=environ, require=require)
    meter.start()
except MeasurementError as error:
    print(json.dumps({"error": error.message, "hint": error.hint}))
    sys.exit()
amdsmi = sys.modules.get("amdsmi")
if dies:
    amdsmi.is_dead = True
answers = []
for _ in range(10):
    time.sleep(seconds / 10)
    reading = meter.read()
    answers.append((reading and reading.energy_kwh.gpu, dict(getattr(amdsmi, "asked_s", {}))))
(early_kwh, early_s), (late_kwh, late_s) = answers[0], answers[-1]
print(json.dumps({
    # by the moments at which the counter was asked: on a busy machine the reading itself is late
    "gpu_j": late_kwh and (late_kwh - early_kwh) * 3.6e6,
    "asked_s": [late_s[card] - early_s[card] for card in sorted(late_s)],
    "gpu": reading and reading.energy_kwh.gpu, "failure": meter.last_failure,
    "method": meter.methods.gpu, "gpus": [gpu.uuid for gpu in meter.hardware.gpus]}))
"""


@pytest.fixture
def measured(tmp_path):
    """`measured(environ, require, seconds, amdsmi=True, dies=False)` -> what the meter said."""
    (tmp_path / "bin").mkdir()
    smi = tmp_path / "bin" / "rocm-smi"
    smi.write_text("#!/bin/sh\nexit 0\n")
    smi.chmod(0o755)

    def run(environ=None, require=(), seconds=1.0, *, amdsmi=True, dies=False):
        (tmp_path / "bin" / "amdsmi.py").write_text(AMDSMI if amdsmi else "raise ImportError('no ROCm')")
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, json.dumps([environ or {}, list(require), seconds, dies])],
            env={
                **os.environ,
                "PYTHONPATH": str(tmp_path / "bin"),
                "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return json.loads(done.stdout)

    return run


def test_all_cards_are_counted_by_their_counters(measured):
    said = measured()
    assert said["gpu_j"] == pytest.approx(200 * sum(said["asked_s"]), rel=0.01)
    assert min(said["asked_s"]) >= 0.9
    assert (said["method"], said["gpus"]) == ("counter", ["amd-0", "amd-1"])


def test_rocr_visible_devices_chooses_by_index(measured):
    said = measured({"ROCR_VISIBLE_DEVICES": "1"})
    assert said["gpu_j"] == pytest.approx(200 * said["asked_s"][1], rel=0.01)
    assert said["gpus"] == ["amd-1"]


def test_hidden_cards_are_no_component(measured):
    said = measured({"ROCR_VISIBLE_DEVICES": ""})
    assert (said["gpu"], said["method"], said["gpus"]) == (None, None, [])


def test_a_uuid_cannot_be_matched_and_is_refused(measured):
    said = measured({"ROCR_VISIBLE_DEVICES": "GPU-2a3b"})
    assert "cannot be matched" in said["error"]
    assert "index" in said["hint"]


def test_a_rocm_machine_whose_cards_cannot_be_read_is_an_error_unless_it_is_let_go(measured):
    said = measured(amdsmi=False)
    assert "no AMD GPU" in said["error"]
    assert "amdsmi" in said["hint"]
    assert measured(require=("none",), amdsmi=False)["gpu"] is None


def test_a_card_that_dies_gives_no_reading(measured):
    """CodeCarbon books 0 W for it."""
    said = measured(seconds=2.0, dies=True)
    assert said["gpu"] is None
    assert "stood still" in said["failure"]


def test_a_required_gpu_may_be_an_amd_one(measured):
    assert measured(require=("gpu",))["method"] == "counter"
    assert "required" in measured({"ROCR_VISIBLE_DEVICES": ""}, require=("gpu",))["error"]
