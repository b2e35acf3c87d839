"""Joining records: nothing is counted twice, and a warning names what is left out."""

from __future__ import annotations

import os
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.card.from_record import source_of
from carbon_lint.errors import InputError, MissingFigureError
from carbon_lint.records.folder import put_record, record_at
from carbon_lint.records.merge.merge import NamedRecord, Overlap, merge, of_group
from carbon_lint.records.merge.shared import Window, union_s
from carbon_lint.records.record import Energy, Gpu, Hardware, Intensity, Method, Methods, Outcome, Phase, PhaseKind
from carbon_lint.records.storage import open_storage
from carbon_lint.records.store import load_record, record_from_json, record_to_json, write_record
from carbon_lint.report.run.phrases import scope
from tests.cases import cases
from tests.records.builders import a_record

G_PER_KWH = 56.04


def at(second):
    moment = datetime(2026, 11, 24, 10, tzinfo=UTC) + timedelta(seconds=second)
    return moment.isoformat().replace("+00:00", "Z")


def run_of(name, node="node-1", *, start=0, seconds=3600, kwh=(0.2, 1.0, 0.05), gpus=(), **changes):
    """A record of `cpu, gpu, ram` kWh, named `name.json`."""
    cpu, gpu, ram = kwh
    total = cpu + gpu + ram
    hardware = Hardware(
        cpu_model="a CPU",
        cpu_count=4,
        ram_gb=16.0,
        node=node,
        gpus=tuple(Gpu(index=index, name="a GPU", uuid=uuid) for index, uuid in enumerate(gpus)),
    )
    values = {
        "run_id": name,
        "emissions_g": total * G_PER_KWH,
        "energy_kwh": Energy(total=total, cpu=cpu, gpu=gpu, ram=ram),
        "duration_s": float(seconds),
        "started_at": at(start),
        "ended_at": at(start + seconds),
        "hardware": hardware,
        **changes,
    }
    return NamedRecord(name=f"{name}.json", record=a_record(**values))


def uneven(name, node="node-1", *, by_gpu, shared=(), **changes):
    """A record whose GPUs state their own energies: UUID -> kWh."""
    item = run_of(name, node, kwh=(0.1, sum(by_gpu.values()), 0.1), gpus=by_gpu, **changes)
    gpus = tuple(
        replace(gpu, energy_kwh=by_gpu[gpu.uuid], is_shared=gpu.uuid in shared) for gpu in item.record.hardware.gpus
    )
    return replace(item, record=replace(item.record, hardware=replace(item.record.hardware, gpus=gpus)))


def energies(record):
    return {gpu.uuid: gpu.energy_kwh for gpu in record.hardware.gpus}


def summed(*records, **options):
    merged = merge(records, **options)
    record_from_json(record_to_json(merged.record))
    energy = merged.record.energy_kwh
    parts = [part for part in (energy.cpu, energy.gpu, energy.ram) if part is not None]
    assert energy.total == pytest.approx(sum(parts))
    return merged


def test_nodes_are_added():
    merged = summed(run_of("a", "node-1", gpus=["G1"]), run_of("b", "node-2", gpus=["G2"]))
    record = merged.record

    assert merged.notes == ()
    assert record.energy_kwh.total == pytest.approx(2.5)
    assert record.energy_kwh.gpu == pytest.approx(2.0)
    assert record.emissions_g == pytest.approx(2.5 * G_PER_KWH)
    assert record.duration_s == 3600, "they ran side by side"
    assert (record.hardware.node, record.hardware.cpu_count, record.hardware.ram_gb) == ("node-1, node-2", 8, 32.0)
    assert [gpu.uuid for gpu in record.hardware.gpus] == ["G1", "G2"]
    assert record.merged_from == ("a", "b")


def test_the_order_of_the_files_does_not_matter():
    a, b, c = run_of("a", "node-1"), run_of("b", "node-2", kwh=(0.1, 0.2, 0.3)), run_of("c", "node-3", start=50)
    assert summed(a, b, c).record == summed(c, b, a).record


def test_one_record_stays_itself():
    item = run_of("a")
    assert summed(item).record == item.record


def test_a_record_that_comes_twice_counts_once():
    merged = summed(run_of("a"), replace(run_of("a"), name="copy.json"), run_of("b", "node-2"))
    assert merged.record.energy_kwh.total == pytest.approx(2.5)
    assert merged.notes == ("copy.json is left out: the same run as a.json",)
    assert merged.notes[0] in merged.record.warnings


def test_of_two_records_of_one_run_the_fuller_one_counts():
    recovered = replace(run_of("a", kwh=(0.1, 0.5, 0.01), outcome=Outcome.INTERRUPTED), name="recovered.json")
    merged = summed(recovered, run_of("a"), run_of("b", "node-2"))
    assert merged.notes == ("recovered.json is left out: the same run as a.json",)


def test_a_node_that_comes_twice_in_one_launch_counts_once():
    """Two ranks of one node that both measured."""
    merged = summed(run_of("a"), run_of("b", start=3, seconds=3590, kwh=(0.19, 0.99, 0.05)), run_of("c", "node-2"))
    assert merged.record.energy_kwh.total == pytest.approx(2.5)
    assert merged.notes == ("b.json is left out: node node-1 is in a.json already",)


def test_tasks_of_an_array_on_one_node_are_not_taken_for_one_launch():
    tasks = [run_of(name) for name in "ab"]
    for number, task in enumerate(tasks):
        where = replace(task.record.provenance, scheduler="slurm", scheduler_job=f"4{number}", job_index=number)
        tasks[number] = replace(task, record=replace(task.record, provenance=where))
    with pytest.raises(InputError, match="overlap"):
        merge(tasks)


def test_a_sum_of_which_one_run_is_left_is_of_1_run():
    merged = summed(run_of("a"), run_of("b")).record
    assert scope(merged) == "the sum of 1 record"
    assert ", sum of 1 run, record " in source_of(merged)


def test_runs_of_different_jobs_that_overlap_on_a_machine_are_refused():
    with pytest.raises(InputError, match=r"b\.json and a\.json overlap for 1800 s on node-1") as caught:
        merge([run_of("a"), run_of("b", start=1800, command=("python", "other.py"))])
    assert "--overlap separate" in caught.value.hint


@cases("gpus", [(["G1"], ["G2"]), (["G1", "G2"], ["G1"]), ([None], [None, None])])
def test_one_command_on_other_gpus_of_a_machine_at_the_same_time_is_another_job(gpus):
    """A sweep, one run a GPU: what the second GPU took is not in the first record."""
    records = [run_of(name, gpus=own) for name, own in zip("ab", gpus, strict=True)]
    with pytest.raises(InputError, match=r"b\.json and a\.json overlap for 3600 s on node-1"):
        merge(records)


@cases("gpus", [(["G1", "G2"], ["G2", "G1"]), (["G1"], []), ([None], [None])])
def test_two_meters_over_one_job_that_name_no_other_gpus_count_once(gpus):
    merged = summed(*(run_of(name, gpus=own) for name, own in zip("ab", gpus, strict=True)))
    assert merged.record.energy_kwh.total == pytest.approx(1.25)


def test_the_same_command_twice_at_different_times_is_refused_if_it_overlaps_a_little():
    with pytest.raises(InputError, match="overlap for 600 s"):
        merge([run_of("a"), run_of("b", start=3000)])


def test_machines_of_the_same_name_can_be_declared_separate():
    for command in (("python", "other.py"), run_of("a").record.command):
        merged = summed(run_of("a"), run_of("b", command=command), overlap=Overlap.SEPARATE)
        assert merged.record.energy_kwh.total == pytest.approx(2.5)
        assert merged.notes == ()


def test_a_gpu_that_comes_twice_counts_once():
    """Two containers of one host, each with a name of its own and all GPUs in sight."""
    a = run_of("a", "container-a", kwh=(0.1, 2.0, 0.1), gpus=["G1", "G2"])
    b = run_of("b", "container-b", kwh=(0.1, 2.0, 0.1), gpus=["G1", "G2"])
    merged = summed(a, b)
    assert merged.record.energy_kwh.gpu == pytest.approx(2.0)
    assert merged.record.energy_kwh.cpu == pytest.approx(0.2)
    assert "b.json: 100% of its GPUs are in a.json too" in merged.notes[0]
    assert len(merged.record.hardware.gpus) == 2


def test_of_a_records_gpus_only_those_that_come_twice_are_left_out():
    a = run_of("a", "x", kwh=(0.1, 2.0, 0.1), gpus=["G1", "G2"])
    b = run_of("b", "y", kwh=(0.1, 2.0, 0.1), gpus=["G2", "G3"])
    merged = summed(a, b)
    assert merged.record.energy_kwh.gpu == pytest.approx(3.0)
    assert [gpu.uuid for gpu in merged.record.hardware.gpus] == ["G1", "G2", "G3"]


def test_a_gpu_that_comes_twice_takes_its_own_energy_with_it():
    """G2 is the busy one: half of both would be 0.75 kWh too little."""
    a = uneven("a", "x", by_gpu={"G1": 0.25, "G2": 1.75})
    b = uneven("b", "y", by_gpu={"G2": 1.7, "G3": 0.2})
    merged = summed(a, b)
    assert merged.record.energy_kwh.gpu == pytest.approx(0.25 + 1.75 + 0.2)
    assert energies(merged.record) == pytest.approx({"G1": 0.25, "G2": 1.75, "G3": 0.2})
    assert merged.record.emissions_g == pytest.approx(2.6 * G_PER_KWH)
    assert merged.notes == ("b.json: 50% of its GPUs are in a.json too and count once there",)


def test_a_gpu_that_comes_twice_for_half_of_the_time_takes_half_of_its_own_energy_with_it():
    a = uneven("a", "x", by_gpu={"G1": 1.0})
    b = uneven("b", "y", by_gpu={"G1": 0.8, "G2": 0.1}, start=1800)
    record = summed(a, b).record
    assert record.energy_kwh.gpu == pytest.approx(1.0 + 0.4 + 0.1)
    assert energies(record) == pytest.approx({"G1": 1.4, "G2": 0.1})


def test_gpus_that_come_twice_for_different_times_each_lose_their_own():
    """G1 is held for the first half of b, G2 for all of it."""
    first = uneven("a1", "x", by_gpu={"G1": 2.0}, start=-1800)
    whole = uneven("a2", "y", by_gpu={"G2": 3.0}, start=-10, seconds=3620)
    b = uneven("b", "z", by_gpu={"G1": 1.0, "G2": 2.9, "G3": 0.3})
    assert summed(first, whole, b).record.energy_kwh.gpu == pytest.approx(2.0 + 3.0 + 0.5 + 0.3)


def test_if_the_energy_of_one_gpu_is_not_stated_an_even_share_is_taken_with_a_warning():
    a = run_of("a", "x", kwh=(0.1, 2.0, 0.1), gpus=["G1", "G2"])
    b = uneven("b", "y", by_gpu={"G2": 1.7, "G3": 0.1})
    unstated = tuple(replace(gpu, energy_kwh=None) if gpu.uuid == "G3" else gpu for gpu in b.record.hardware.gpus)
    b = replace(b, record=replace(b.record, hardware=replace(b.record.hardware, gpus=unstated)))
    merged = summed(a, b)
    assert merged.record.energy_kwh.gpu == pytest.approx(2.0 + 0.9)
    assert set(energies(merged.record).values()) == {None}
    assert "taken as even over them" in merged.notes[0]


def test_a_record_of_stated_gpus_loses_its_own_also_to_one_that_states_none():
    a = run_of("a", "x", kwh=(0.1, 2.0, 0.1), gpus=["G1", "G2"])
    b = uneven("b", "y", by_gpu={"G2": 1.6, "G3": 0.2})
    record = summed(a, b).record
    assert record.energy_kwh.gpu == pytest.approx(2.2)
    assert energies(record) == {"G1": None, "G2": None, "G3": pytest.approx(0.2)}


def test_the_energy_of_a_gpu_is_summed_over_attempts_and_its_mark_stays():
    first = uneven("a", by_gpu={"G1": 0.5, "G2": 0.1}, shared=("G2",))
    second = uneven("b", by_gpu={"G1": 0.7, "G2": 0.2}, start=7200)
    record = summed(first, second).record
    assert energies(record) == pytest.approx({"G1": 1.2, "G2": 0.3})
    assert {gpu.uuid: gpu.is_shared for gpu in record.hardware.gpus} == {"G1": False, "G2": True}
    unstated = run_of("c", start=14400, gpus=["G1"])
    assert energies(summed(first, unstated).record) == {"G1": None, "G2": 0.1}


def test_the_same_gpu_at_another_time_counts_again():
    merged = summed(run_of("a", gpus=["G1"]), run_of("b", gpus=["G1"], start=4000))
    assert merged.notes == ()
    assert merged.record.energy_kwh.gpu == pytest.approx(2.0)


def test_attempts_are_added_and_the_last_one_gives_the_outcome():
    first = run_of("a", outcome=Outcome.FAILED, exit_status=1)
    second = run_of("b", start=7200, outcome=Outcome.COMPLETED, exit_status=0)
    record = summed(first, second).record

    assert (record.outcome, record.exit_status) == (Outcome.COMPLETED, 0)
    assert record.energy_kwh.total == pytest.approx(2.5), "what the failed attempt took counts"
    assert record.duration_s == 7200, "the time between the attempts is nobody's"
    assert (record.started_at, record.ended_at) == (at(0), at(10_800))


def test_the_worst_node_gives_the_outcome():
    record = summed(run_of("a"), run_of("b", "node-2", seconds=3500, outcome=Outcome.FAILED, exit_status=1)).record
    assert (record.outcome, record.exit_status) == (Outcome.FAILED, 1)


def test_a_sum_is_as_good_as_its_weakest_part():
    counted = run_of("a", methods=Methods(cpu=Method.COUNTER, gpu=Method.COUNTER, ram=Method.CONSTANT))
    modelled = run_of(
        "b", "node-2", methods=Methods(cpu=Method.LOAD_MODEL, gpu=Method.SAMPLED_POWER, ram=Method.CONSTANT)
    )
    methods = summed(counted, modelled).record.methods
    assert (methods.cpu, methods.gpu, methods.ram) == (Method.LOAD_MODEL, Method.SAMPLED_POWER, Method.CONSTANT)


def test_grids_are_mixed_by_energy_with_a_note():
    poland = Intensity(g_per_kwh=662.0, source="x", year=2023, location="POL", location_name="Poland")
    record = summed(run_of("a"), run_of("b", "node-2", intensity=poland, emissions_g=1.25 * 662.0)).record
    assert record.intensity.g_per_kwh == pytest.approx((56.04 + 662.0) / 2)
    assert record.intensity.source == "mean by energy of FRA, POL"
    assert record.intensity.location is None
    assert record.emissions_g == pytest.approx(1.25 * (56.04 + 662.0))


def test_a_record_without_figures_makes_no_sum():
    unmeasured = run_of("b", "node-2", outcome=Outcome.UNMEASURED, emissions_g=None, energy_kwh=Energy(total=None))
    with pytest.raises(MissingFigureError, match=r"b\.json holds no energy"):
        merge([run_of("a"), unmeasured])
    with pytest.raises(MissingFigureError, match=r"b\.json holds no emissions, others do"):
        merge([run_of("a"), run_of("b", "node-2", emissions_g=None, intensity=None)])


def test_energy_only_records_make_an_energy_only_sum():
    records = [run_of(name, name, emissions_g=None, intensity=None) for name in "ab"]
    assert summed(*records).record.emissions_g is None


def test_a_merge_is_not_added_to_its_own_parts():
    a, b = run_of("a"), run_of("b", "node-2")
    both = NamedRecord(name="both.json", record=merge([a, b]).record)
    with pytest.raises(InputError, match="both hold run"):
        merge([a, both])
    again = merge([both, run_of("c", "node-3")]).record
    assert again.merged_from == ("a", "b", "c")
    assert again.energy_kwh.total == pytest.approx(3.75)


def test_nothing_to_merge_gets_an_error():
    with pytest.raises(InputError, match="no record to merge"):
        merge([])


def test_a_run_group_takes_its_own_records():
    mine, other = run_of("a", run_group="bert"), run_of("b", run_group="gpt")
    assert of_group([mine, other], "bert") == [mine]
    with pytest.raises(InputError, match="no record of run group 'x'") as caught:
        of_group([mine, other], "x")
    assert "bert, gpt" in caught.value.hint


windows = st.lists(
    st.tuples(st.integers(0, 100), st.integers(0, 50)).map(lambda pair: Window(pair[0], pair[0] + pair[1])), max_size=8
)


@given(windows)
def test_a_union_is_what_a_ruler_measures(stretches):
    seconds = {second for window in stretches for second in range(int(window.start_s), int(window.end_s))}
    assert union_s(stretches) == len(seconds)


def test_the_verb_merges_files_and_folders(cli):
    Path("records").mkdir()
    for name, node in (("a", "node-1"), ("b", "node-2")):
        write_record(run_of(name, node).record, f"records/{name}.json")
    write_record(run_of("a", "node-1").record, "again.json")

    code, out, err = cli("merge", "records", "again.json", "-o", "records/run.json")
    assert code == 0, err
    assert "again.json is left out" in err or "records/a.json is left out" in err
    assert "the sum of 2 runs, written to" in out
    assert load_record("records/run.json").energy_kwh.total == pytest.approx(2.5)
    assert cli("merge", "records", "-o", "records/run.json")[0] == 0, "its own output is not an input"


def test_the_verb_writes_over_no_record_that_it_would_leave_out(cli):
    Path("records").mkdir()
    for name in ("n1", "n2"):
        write_record(run_of(name, name).record, f"records/{name}.json")
    code, _, err = cli("merge", "records/", "-o", "records/n1.json")
    assert code == 2
    assert "records/n1.json is there and holds runs that the other records do not" in err
    assert load_record("records/n1.json").run_id == "n1"


def test_the_verb_writes_over_what_it_made_of_one_record(cli):
    Path("records").mkdir()
    write_record(run_of("n1").record, "records/n1.json")
    for _ in range(2):
        assert cli("merge", "records/", "-o", "records/run.json")[0] == 0
    assert load_record("records/run.json") == load_record("records/n1.json")


def test_the_verb_writes_over_no_sum_whose_parts_lie_elsewhere(cli):
    Path("records").mkdir()
    both = merge([run_of("a", "node-1"), run_of("b", "node-2")]).record
    write_record(both, "records/run.json")
    write_record(run_of("c", "node-3").record, "records/c.json")
    assert cli("merge", "records", "-o", "records/run.json")[0] == 2
    assert load_record("records/run.json") == both
    assert cli("merge", "records", "-o", "all.json")[0] == 0
    assert load_record("all.json").merged_from == ("a", "b", "c")


@pytest.fixture(params=["file-url", "memory-url"])
def bucket(request, tmp_path):
    """A folder of records that all nodes can see."""
    if request.param == "file-url":
        return f"file://{tmp_path}/shared"
    return f"memory://shared-{uuid.uuid4().hex}/run-7"


def test_the_verb_merges_what_the_nodes_wrote_behind_a_url(cli, bucket):
    for name, node in (("a", "node-1"), ("b", "node-2")):
        put_record(run_of(name, node).record, f"{bucket}/{name}.json")
    open_storage(bucket).write("notes.json", b"{}")

    code, out, err = cli("merge", bucket, "-o", "run.json")
    assert code == 0, err
    assert "the sum of 2 runs" in out
    expected = load_record("run.json").energy_kwh.total
    assert cli("merge", f"{bucket}/a.json", f"{bucket}/b.json", "-o", f"{bucket}/run.json")[0] == 0
    assert record_at(f"{bucket}/run.json").energy_kwh.total == pytest.approx(expected) == pytest.approx(2.5)
    assert cli("merge", f"{bucket}/", "-o", f"{bucket}/run.json")[0] == 0, "its own output is not an input"


@cases(
    ("url", "message"),
    [
        ("memory://nothing-here", "cannot read memory://nothing-here"),
        ("memory://nothing-here/r.json", "cannot read memory://nothing-here/r.json"),
        ("nosuchscheme://x", "nosuchscheme://"),
        ("file:///no/such/folder", "cannot read /no/such/folder"),
        ("r.json -o memory://x/", "memory://x/ names a folder"),
        ("zip://x.json::none.zip", "cannot reach zip://x.json"),
    ],
)
def test_a_url_that_holds_no_records_is_one_clear_line(cli, url, message):
    write_record(a_record(), "r.json")
    output = () if "-o" in url else ("-o", "run.json")
    code, _, err = cli("merge", *url.split(), *output)
    assert code == 2
    assert message in err
    assert "Traceback" not in err


def test_a_store_that_cannot_be_reached_is_one_clear_line(carbon_lint):
    """What the libraries below fsspec raise is not an OSError."""
    pytest.importorskip("huggingface_hub")
    write_record(a_record(), "r.json")
    environ = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9"}
    for names in (("hf://datasets/me/runs", "-o", "run.json"), ("r.json", "-o", "hf://datasets/me/runs/r.json")):
        done = carbon_lint("merge", *names, env=environ)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1, done.stderr


@cases(
    ("arguments", "status"),
    [
        (["absent.json", "-o", "x.json"], 2),
        (["empty", "-o", "x.json"], 2),
        (["text.json", "-o", "x.json"], 2),
        (["r.json", "-o", "no/x.json"], 2),
        (["r.json", "--run-group", "x", "-o", "x.json"], 2),
        (["r.json"], 2),
    ],
)
def test_bad_input_to_the_verb_is_one_clear_line(cli, arguments, status):
    Path("empty").mkdir()
    Path("text.json").write_text("text")
    write_record(a_record(), "r.json")
    code, _, err = cli("merge", *arguments)
    assert code == status
    assert err
    assert "Traceback" not in err


def phases(**kwh):
    """Phases of these energies, in order, ten minutes each."""
    return tuple(
        Phase(
            kind=PhaseKind.PHASE, name=name, times=1, began_s=600.0 * at, ended_s=600.0 * (at + 1), duration_s=600.0,
            energy_kwh=Energy(total=each), emissions_g=each * G_PER_KWH, split_share=0.1,
        )
        for at, (name, each) in enumerate(kwh.items())
    )  # fmt: skip


def test_phases_of_attempts_add_up_by_name_and_those_of_nodes_only_if_all_list_them():
    first = run_of("a", phases=phases(load=0.1, train=0.5))
    resumed = run_of("b", start=7200, phases=phases(train=0.6, save=0.1))
    found = {phase.name: phase for phase in summed(first, resumed).record.phases}
    assert {name: phase.energy_kwh.total for name, phase in found.items()} == pytest.approx(
        {"load": 0.1, "train": 1.1, "save": 0.1}
    )
    assert (found["train"].times, found["train"].began_s, found["train"].ended_s) == (2, 600.0, 7800.0)
    assert found["train"].split_share == pytest.approx(0.1)

    node = run_of("c", "node-2", phases=phases(load=0.2, train=0.7))
    found = {phase.name: phase for phase in summed(first, node).record.phases}
    assert (found["train"].energy_kwh.total, found["train"].duration_s) == (pytest.approx(1.2), 600.0)

    silent = run_of("d", "node-3")
    record = summed(first, node, silent).record
    assert record.phases == ()
    assert "epochs and phases are left out of the sum" in record.warnings[-1]
    assert summed(run_of("a"), silent).record.warnings == (), "nobody lists any: nothing is left out"


def test_phases_go_with_the_gpu_that_counts_elsewhere():
    larger = run_of("a", "node-1", gpus=["G1"])
    smaller = run_of("b", "node-2", gpus=["G1"], kwh=(0.1, 0.5, 0.05), phases=phases(train=0.5))
    merged = summed(larger, smaller)
    assert merged.record.phases == ()
    assert "b.json: its epochs and phases are left out with them" in merged.notes
