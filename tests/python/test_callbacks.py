"""What our callbacks write: by stand-ins of the frameworks here, and by the real ones in the tests marked `trainer`."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from pathlib import Path
from types import SimpleNamespace

import pytest

from carbon_lint.callbacks.progress_file import ProgressFile
from carbon_lint.measurement.forecast.job_files import PhaseFile, read_done_fraction
from carbon_lint.records.store import load_record
from tests.conftest import ROOT

PYTHON = ROOT / ".ci-cache" / "trainer-venv" / "bin" / "python"
TRAININGS = Path(__file__).parent / "trainings"


@pytest.fixture
def file(monkeypatch):
    path = Path("progress")
    path.touch()
    monkeypatch.setenv("CARBON_LINT_PROGRESS", str(path))
    return path


@pytest.fixture
def callbacks(monkeypatch):
    """Our callbacks above stand-ins of their frameworks."""
    for name, attribute in (("transformers", "TrainerCallback"), ("pytorch_lightning", "Callback")):
        module = types.ModuleType(name)
        setattr(module, attribute, type(attribute, (), {}))
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "lightning.pytorch", raising=False)
    for name in ("trainer", "lightning"):
        monkeypatch.delitem(sys.modules, f"carbon_lint.callbacks.{name}", raising=False)
    import carbon_lint.callbacks

    yield carbon_lint.callbacks
    for name in ("trainer", "lightning"):
        sys.modules.pop(f"carbon_lint.callbacks.{name}", None)


def names_of(path):
    return [mark.name for mark in PhaseFile(path).look()]


def test_the_trainers_lines_are_progress_and_phases(callbacks, file):
    callback = callbacks.TrainerProgress()
    state = SimpleNamespace(is_world_process_zero=True, global_step=0, max_steps=4, epoch=None)
    for step in range(4):
        state.global_step, state.epoch = step, step / 2
        if step % 2 == 0:
            callback.on_epoch_begin(None, state, None)
        callback.on_step_begin(None, state, None, model=None)
    assert names_of(file) == ["epoch 1", "epoch 2"]
    assert read_done_fraction(file) == 0.0  # several lines a second are one
    state.global_step = 4
    callback.on_train_end(None, state, None)
    assert read_done_fraction(file) == 1.0
    assert names_of(file) == ["epoch 1", "epoch 2", None]
    state.is_world_process_zero = False
    before = file.read_text()
    callback.on_epoch_begin(None, state, None)
    callback.on_step_begin(None, state, None)
    callback.on_train_end(None, state, None)
    assert file.read_text() == before


def test_epochs_of_a_data_set_without_length_and_of_a_resumed_training_are_counted(callbacks, file):
    """Without a length, `state.epoch` is a share of `max_steps`: 0.3 after the first epoch."""
    for first, epochs, expected in ((0, (0, 0.3, 1.3), ["1", "2", "3"]), (2.0, (2.0, 3.0), ["3", "4"])):
        file.write_text("")
        callback = callbacks.TrainerProgress()
        state = SimpleNamespace(is_world_process_zero=True, global_step=0, max_steps=9, epoch=first)
        callback.on_train_begin(None, state, None)
        for state.epoch in epochs:
            callback.on_epoch_begin(None, state, None)
        assert names_of(file) == [f"epoch {number}" for number in expected]


def test_lightnings_lines_are_progress_and_phases_and_an_endless_training_has_no_progress(callbacks, file):
    callback = callbacks.LightningProgress()
    trainer = SimpleNamespace(is_global_zero=True, current_epoch=1, max_epochs=2, num_training_batches=10)
    callback.on_train_epoch_start(trainer, None)
    callback.on_train_batch_start(trainer, None, None, 5)
    assert (names_of(file), read_done_fraction(file)) == (["epoch 2"], 0.75)
    callback.on_train_end(trainer, None)
    before = file.read_text()
    changes = [
        ("max_epochs", -1),
        ("max_epochs", None),
        ("num_training_batches", float("inf")),
        ("is_global_zero", False),
    ]
    for endless in ({name: value} for name, value in changes):
        callback.on_train_batch_start(SimpleNamespace(**vars(trainer) | endless), None, None, 6)
    assert file.read_text() == before


def test_a_file_that_is_not_there_and_a_name_of_two_lines_end_no_training(file, monkeypatch):
    writer = ProgressFile()
    writer.phase("one\n0.9\nphase two")
    writer.progress(0, 0)
    writer.progress(5, 4)
    assert file.read_text() == "phase one 0.9 phase two\n"
    monkeypatch.setenv("CARBON_LINT_PROGRESS", "/proc/nothing/here")
    writer.phase("x")
    monkeypatch.delenv("CARBON_LINT_PROGRESS")
    writer.progress(1, 2)


def test_no_framework_is_imported_before_its_callback_is_asked_for():
    import carbon_lint.callbacks

    with pytest.raises(AttributeError, match="has no attribute 'KerasProgress'"):
        _ = carbon_lint.callbacks.KerasProgress
    assert "transformers" not in sys.modules


@pytest.mark.trainer
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "training",
    [
        ("with_trainer.py", "out"),
        ("with_lightning.py", "lightning.pytorch"),
        ("with_lightning.py", "pytorch_lightning"),
    ],
    ids=" ".join,
)
def test_a_real_training_names_its_epochs(training, tmp_path):
    assert PYTHON.exists(), "-m trainer was asked for: tools/trainer_env.sh makes its environment"
    done = subprocess.run(
        [sys.executable, "-m", "carbon_lint", "run", "--location", "FRA", "--record", tmp_path / "r.json",
         "--tick", "50ms", "--", PYTHON, TRAININGS / training[0], training[1]],
        env={**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    record = load_record(tmp_path / "r.json")
    phases = [phase for phase in record.phases if phase.name.startswith("epoch ")]
    assert [phase.name for phase in phases] == ["epoch 1", "epoch 2"]
    assert all(0 < phase.energy_kwh.total < record.energy_kwh.total for phase in phases)
