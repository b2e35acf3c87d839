"""Epochs and phases: what the job names is in the record, with its energy; nothing grows without end."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.measurement.forecast.job_files import PhaseFile
from carbon_lint.measurement.forecast.outlook import Marks
from carbon_lint.measurement.forecast.printed_progress import PrintedProgress
from carbon_lint.measurement.meter import Reading
from carbon_lint.measurement.phases import MOST_MARKS_A_TICK, MOST_NAMES, Mark, MarkAction, PhaseMeter
from carbon_lint.measurement.recover import recover
from carbon_lint.records.document import record_from_json, record_to_json
from carbon_lint.records.plausible import find_implausible
from carbon_lint.records.record import Energy, PhaseKind
from tests.cases import cases
from tests.measurement.fake_meter import FakeMeter
from tests.report.runs import record

PHASE, EPOCH = PhaseKind.PHASE, PhaseKind.EPOCH


def begin(name, kind=PHASE):
    return Mark(kind, MarkAction.BEGIN, name)


def reading(second, watts=3_600_000.0):
    kwh = second * watts / 3.6e6
    return Reading(elapsed_s=float(second), energy_kwh=Energy(total=kwh, gpu=kwh), emissions_g=None)


def metered(*ticks):
    """The meter after ticks of a second and a kWh each, with the marks of each tick."""
    meter = PhaseMeter()
    for second, marks in enumerate(ticks, 1):
        meter.take(reading(second), marks)
    return meter


def energies(meter, seconds=10):
    one = record(energy_kwh=Energy(total=float(seconds)), emissions_g=50.0 * seconds)
    return {phase.name: phase.energy_kwh.total for phase in meter.phases(one)}


def test_the_energy_of_a_tick_with_a_boundary_is_split_by_time_with_a_note():
    meter = metered([], [begin("load")], [], [begin("train"), begin("eval")], [], [])
    found = {each.name: each for each in meter.phases(record(energy_kwh=Energy(total=6.0), emissions_g=300.0))}

    assert {name: each.energy_kwh.total for name, each in found.items()} == pytest.approx(
        {"load": 0.5 + 1 + 1 / 3, "train": 1 / 3, "eval": 1 / 3 + 2}
    )
    assert {name: (each.began_s, each.ended_s) for name, each in found.items()} == {
        "load": (1.5, pytest.approx(3 + 1 / 3)), "train": (pytest.approx(3 + 1 / 3), pytest.approx(3 + 2 / 3)),
        "eval": (pytest.approx(3 + 2 / 3), 6.0),
    }  # fmt: skip
    assert found["train"].split_share == pytest.approx(1.0)
    assert found["load"].split_share == pytest.approx((0.5 + 1 / 3) / (1.5 + 1 / 3))
    assert found["eval"].emissions_g == pytest.approx(50 * (2 + 1 / 3)), "at the mean intensity, 50 g/kWh"
    assert found["load"].energy_kwh.cpu is None, "no reading has a CPU"


def test_what_begins_again_is_summed_and_what_goes_on_is_not_cut():
    meter = metered([begin("a")], [begin("b")], [begin("a")], [begin("a")], [begin(None)], [])
    found = {each.name: each for each in meter.phases(record(energy_kwh=Energy(total=6.0)))}

    assert {name: each.times for name, each in found.items()} == {"a": 2, "b": 1}
    assert energies(meter)["a"] == pytest.approx(0.5 + 0.5 + 0.5 + 1 + 0.5)
    assert found["a"].ended_s == 4.5


def test_a_reading_without_a_component_leaves_it_unknown_and_no_intensity_leaves_the_grams_out():
    meter = PhaseMeter()
    meter.take(Reading(elapsed_s=1.0, energy_kwh=Energy(total=1.0, gpu=None), emissions_g=None), [begin("a")])
    meter.take(reading(2), [])
    (phase,) = meter.phases(record(energy_kwh=Energy(total=2.0), emissions_g=None, intensity=None))
    assert (phase.energy_kwh.gpu, phase.emissions_g) == (None, None)


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c", None]), max_size=4), min_size=1, max_size=20))
def test_the_phases_never_have_more_than_the_run(ticks):
    meter = metered(*[[begin(name) for name in names] for names in ticks])
    total = float(len(ticks))
    one = record(energy_kwh=Energy(total=total, gpu=total), phases=())
    one = replace(one, phases=meter.phases(one))
    assert sum(phase.energy_kwh.total for phase in one.phases) <= total + 1e-9
    assert sum(phase.duration_s for phase in one.phases) <= total + 1e-9
    assert record_from_json(json.loads(json.dumps(record_to_json(one)))).phases == one.phases


def test_a_million_names_do_not_grow_the_record():
    meter = PhaseMeter()
    for second in range(1, MOST_NAMES + 101):
        meter.take(reading(second), [begin(f"step {second}")])
    one = record(energy_kwh=Energy(total=float(MOST_NAMES + 100)))
    assert len(meter.phases(one)) == MOST_NAMES
    assert meter.notes == (
        f"99 phases after the first {MOST_NAMES} are not listed: their energy is in the total alone",
    )


def read_by(*looks):
    """What the job's output names over ticks of a kWh each; each look is what was printed since the last."""
    printed, meter = PrintedProgress(), PhaseMeter()
    for second, text in enumerate(looks, 1):
        printed.feed(text.encode())
        meter.take(reading(second), Marks(None, printed).look(float(second)))
    return energies(meter), printed.epoch_marks.problem


@cases(
    ("looks", "expected"),
    [
        # headings
        (["Epoch 1/3\n", "", "Epoch 2/3\n", "Epoch 3/3\n", ""], {"1": 2.0, "2": 1.0, "3": 1.5}),
        # figures at each end: the first began before anything was printed
        (["", "Epoch 1/3 loss 0.3\n", "", "Epoch 2/3 loss 0.2\n", "Epoch 3/3 loss=0.1\n", ""], {"2": 2.0, "3": 1.0}),
        # two lines of figures an epoch: training, then validation
        (["Epoch 1/2 loss=3\n", "Epoch 1/2 acc=1\n", "Epoch 2/2 loss=2\n", "Epoch 2/2 acc=1\n"], {"2": 2.0}),
        # headings, figures, and an evaluation after them
        (["Epoch 1/2\n", "Epoch 1/2 loss=3\n", "", "Epoch 2/2\n", "Epoch 2/2 loss=3\n", ""], {"1": 3.0, "2": 1.0}),
        # figures of every second epoch alone
        (["Epoch 2/6 loss=3\n", "", "Epoch 4/6 loss=2\n", "Epoch 6/6 loss=1\n"], {"3 to 4": 2.0, "5 to 6": 1.0}),
        # tqdm: a bar for each epoch, drawn again and again
        (["Epoch 0: 10%|# | 1/10 [00:01<00:09]\r", "Epoch 0: 90%|# | 9/10 [00:09<00:01]\r",
          "Epoch 1: 10%|# | 1/10 [00:01<00:09]\n", ""], {"0": 2.0, "1": 1.5}),
        # tqdm: a bar of epochs
        (["Epochs:  0%|  | 0/2 [00:00<?]\r", "Epochs: 50%|# | 1/2 [00:01<00:01]\r",
          "Epochs: 100%|##| 2/2 [00:02<00:00]\n", ""], {"1": 1.0, "2": 1.0}),
        # two ranks, one behind the other
        (["Epoch 1/2\n", "Epoch 2/2\nEpoch 1/2 loss=3\n", "Epoch 2/2\n"], {"1": 1.0, "2": 1.5}),
        # folds
        (["Fold 1/2\n", "Epoch 1/1\n", "Fold 2/2\n", "Epoch 1/1\n", ""],
         {"fold 1/2, epoch 1": 1.0, "fold 2/2, epoch 1": 1.5}),
    ],
)  # fmt: skip
def test_epochs_as_jobs_print_them(looks, expected):
    assert read_by(*looks) == (pytest.approx(expected), None)


def test_epochs_that_are_numbered_again_are_not_mixed_up():
    found, problem = read_by("Epoch 1/2\n", "Epoch 2/2\n", "Epoch 1/2\n", "Epoch 2/2\n", "")
    assert found == pytest.approx({"1": 1.0, "2": 1.0})
    assert problem == "epoch 1 began again after epoch 2: what came then is listed by no epoch"


def names(marks):
    return [mark.name for mark in marks]


def test_the_progress_file_may_be_appended_to_or_overwritten():
    path = Path("progress")
    path.touch()
    file = PhaseFile(path)
    assert file.look() == []
    path.write_text("0.1\nphase  train the net \n0.2\n")
    assert names(file.look()) == ["train the net"]
    with path.open("a") as more:
        more.write("phase eval")
    assert names(file.look()) == []
    assert names(file.look()) == ["eval"], "a last line without its end is taken once it has stood for a tick"
    path.write_text("phase save\n0.9\n")
    assert names(file.look()) == ["save"]
    path.write_text("phase\nphases\nphase " + "x" * 1000 + "\nphase \xff\n", encoding="latin-1")
    assert names(file.look()) == [None, "x" * 100, "\N{REPLACEMENT CHARACTER}"]
    path.unlink()
    assert file.look() == []


def test_a_flood_of_phases_costs_one_tick_and_gives_a_warning():
    path = Path("progress")
    path.write_text("".join(f"phase {number}\n" for number in range(1_000_000)))
    marks = Marks(PhaseFile(path), None)
    found = marks.look(1.0)
    assert len(found) == MOST_MARKS_A_TICK
    assert found[-1].name == "999999"
    assert "began within one tick" in marks.notes[0]


JOB = """
import os, time
def phase(name):
    open(os.environ["CARBON_LINT_PROGRESS"], "a").write(f"phase {name}\\n")
    before = os.path.getsize("ticks")
    while os.path.getsize("ticks") < before + 3: time.sleep(0.01)
phase("load"); phase("train"); phase("")
"""


class Ticking(FakeMeter):
    """Writes each reading into a file for the job, which stays in a phase for some of them."""

    def start(self):
        Path("ticks").touch()
        super().start()

    def read(self):
        with open("ticks", "a") as stream:
            stream.write(".")
        return super().read()


def test_a_run_lists_its_phases_and_a_killed_one_the_same(run):
    one = run(JOB, meter=Ticking(power_w=1000.0), record_path="r.json")

    assert [(phase.kind, phase.name, phase.times) for phase in one.phases] == [(PHASE, "load", 1), (PHASE, "train", 1)]
    assert 0 < sum(phase.energy_kwh.total for phase in one.phases) < one.energy_kwh.total
    assert all(0 < phase.split_share <= 1 and phase.emissions_g > 0 for phase in one.phases)
    lines = gzip.decompress(Path("r.jsonl.gz").read_bytes()).decode().splitlines()
    Path("killed.jsonl").write_text("\n".join(lines[:-1]) + "\n")
    recovered = recover("killed.jsonl").phases
    for name in ("name", "times", "began_s", "ended_s", "split_share", "energy_kwh"):
        assert [getattr(each, name) for each in recovered] == [getattr(each, name) for each in one.phases], name


def test_a_secret_in_a_name_is_in_neither_record_nor_journal(run):
    job = JOB.replace('phase("load")', 'phase("load with hush-hush-1234")')
    one = run(job, meter=Ticking(power_w=1000.0), record_path="r.json", secrets=("hush-hush-1234",))
    assert one.phases[0].name.startswith("load with ")
    assert "hush" not in Path("r.json").read_text()
    assert b"hush" not in gzip.decompress(Path("r.jsonl.gz").read_bytes())


def test_an_unmeasured_run_has_no_phases(run):
    one = run(JOB, meter=Ticking(failing=set(range(1000))), record_path="r.json")
    assert (one.energy_kwh.total, one.phases) == (None, ())


def test_a_mark_in_a_journal_is_what_it_was():
    for mark in (
        begin("a"),
        begin(None, EPOCH),
        Mark(EPOCH, MarkAction.EXTEND),
        Mark(EPOCH, MarkAction.NAME, "2 to 4"),
    ):
        assert msgspec.convert(json.loads(json.dumps(mark)), Mark) == mark


def test_a_record_whose_phases_have_more_than_the_run_is_refused():
    one = record(energy_kwh=Energy(total=6.0, gpu=6.0))
    one = replace(one, phases=metered([begin("a")], [], [], [], [], []).phases(one))
    assert "phases" not in (find_implausible(one) or "")
    assert find_implausible(replace(one, energy_kwh=Energy(total=3.0, gpu=3.0))) == (
        "the phases in phases have 5.5 kWh, and the run has 3"
    )


def test_without_a_folder_for_temporary_files_the_job_still_runs(run, monkeypatch):
    def refuse(*_, **__):
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr("tempfile.TemporaryDirectory", refuse)
    assert run("import os; assert 'CARBON_LINT_PROGRESS' not in os.environ").exit_status == 0
    assert "CARBON_LINT_PROGRESS" not in os.environ
