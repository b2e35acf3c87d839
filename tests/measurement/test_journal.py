"""The journal: what is left when carbon-lint is killed, the disk is full, or two runs want one record."""

from __future__ import annotations

import json
import os
import resource
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from carbon_lint.errors import InputError, OutputError
from carbon_lint.measurement.journal import Journal, read_journal, reading_to_json
from carbon_lint.measurement.recover import recover
from carbon_lint.measurement.request import RunRequest
from carbon_lint.measurement.run import RecordNotWrittenError, measure
from carbon_lint.records.journal import hash_of_journal, journal_path
from carbon_lint.records.record import Outcome
from carbon_lint.records.store import load_record, record_to_json, write_record
from tests import spawn
from tests.cases import cases
from tests.journals import journal_text
from tests.measurement.fake_meter import FakeMeter
from tests.records.builders import a_record
from tests.waiting import wait_until


def lines(path="r.jsonl"):
    return [json.loads(line) for line in journal_text(path).splitlines()]


def a_journal(readings=3, *, ended=False):
    """A journal in r.jsonl, of a run with a limit of 2 kWh that had used `readings` kWh."""
    journal = Journal(Path("r.jsonl"))
    record = a_record(outcome=Outcome.INTERRUPTED, exit_status=None)
    journal.write_header(record_to_json(record), {"max_emissions_g": None, "max_energy_kwh": 2.0})
    clock = iter(range(readings + 1))
    meter = FakeMeter(clock=lambda: float(next(clock)))
    meter.start()
    for _ in range(readings):
        journal.write_reading(meter.read())
    if ended:
        journal.write_record(record_to_json(a_record()))
    journal.close()


@cases(("record", "journal"), [("r.json", "r.jsonl"), ("a/b.json", "a/b.jsonl"), ("record", "record.jsonl")])
def test_the_journal_lies_beside_the_record(record, journal):
    assert journal_path(record) == Path(journal)


UNTIL_THREE_TICKS = "import time\nwhile open('r.jsonl').read().count('\\n') < 4: time.sleep(0.02)\n"
"""Source of a job that ends when the journal holds its header and three readings."""


def test_a_run_leaves_header_readings_and_record(run):
    record = run(UNTIL_THREE_TICKS, record_path="r.json", tick_s=0.05)
    header, *readings, ended = lines()

    assert header["record"]["run_id"] == record.run_id
    assert len(readings) >= 3
    assert ended == {"ended": record_to_json(record)}
    assert load_record("r.json") == record


def test_every_tick_is_on_the_disk_while_the_job_runs(run):
    run(f"{UNTIL_THREE_TICKS}import shutil; shutil.copy('r.jsonl', 'seen')", record_path="r.json", tick_s=0.05)
    assert len(lines("seen")) >= 3


def test_a_killed_run_is_recovered_as_interrupted():
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    flags = ["--record", "r.json", "--tick", "50ms", "--max-energy", "1mWh"]
    command = [sys.executable, "-m", "tests.measurement.run_fake", *flags, "--on-exceed", "finish", "--", "sleep", "60"]
    process = spawn.Popen(command, env=environ, stderr=subprocess.DEVNULL)
    wait_until(lambda: Path("r.jsonl").exists() and len(Path("r.jsonl").read_bytes().splitlines()) > 4)
    process.kill()
    process.wait()

    record = wait_until(lambda: recover("r.jsonl"))
    assert record.outcome is Outcome.INTERRUPTED
    assert record.exit_status is None
    assert record.over_budget
    assert record.energy_kwh.total == pytest.approx(record.duration_s * 1000 / 3.6e6)
    assert record.emissions_g == pytest.approx(record.energy_kwh.total * 56)
    assert record.command == ("sleep", "60")
    assert any("was killed" in warning for warning in record.warnings)
    write_record(record, "r.json")
    assert load_record("r.json") == record


@cases("torn_at", [1, 20, 60])
def test_a_torn_last_line_loses_that_tick_only(torn_at):
    a_journal(3)
    data = Path("r.jsonl").read_bytes()
    start = data.rindex(b"\n", 0, -1) + 1
    Path("r.jsonl").write_bytes(data[: start + torn_at])

    assert recover("r.jsonl").energy_kwh.total == pytest.approx(2.0)
    assert not recover("r.jsonl").over_budget


def test_the_journal_of_a_run_that_ended_gives_its_own_record():
    a_journal(3, ended=True)
    assert recover("r.jsonl") == a_record()


@cases(
    ("content", "message"),
    [
        (b"", "is not a journal"),
        (b"\x00\xff\x00", "is not a journal"),
        (b'{"format": "carbon-lint/record@1"}\n', "is not a journal"),
        (b"[" * 100_000, "is not a journal"),
        (b'{"format": "carbon-lint/journal@1", "record": {}}\n', "does not hold a valid record"),
    ],
)
def test_only_a_journal_is_accepted(content, message):
    Path("r.jsonl").write_bytes(content)
    with pytest.raises(InputError, match=message):
        recover("r.jsonl")


def test_a_journal_without_readings_gives_no_record():
    a_journal(1)
    Path("r.jsonl").write_text(Path("r.jsonl").read_text().splitlines()[0] + "\n")
    with pytest.raises(InputError, match="before its first reading"):
        recover("r.jsonl")


@cases(
    "damage",
    [
        {"emissions_g": 1.0},
        {"emissions_g": float("nan")},
        {"emissions_g": "7"},
        {"elapsed_s": -1.0},
        {"energy_kwh": {}},
    ],
    ids=str,
)
def test_a_damaged_reading_makes_no_record(damage):
    """A flipped bit on the disk leaves a line that is still JSON."""
    a_journal(2)
    whole = lines()
    Path("r.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [*whole[:-1], {**whole[-1], **damage}]))
    with pytest.raises(InputError, match="last reading"):
        recover("r.jsonl")


def test_an_energy_that_is_not_a_number_makes_no_record():
    journal = Journal(Path("r.jsonl"))
    blank = a_record(outcome=Outcome.INTERRUPTED, exit_status=None, intensity=None, emissions_g=None)
    journal.write_header(record_to_json(blank), {"max_emissions_g": None, "max_energy_kwh": None})
    meter = FakeMeter(intensity=None)
    meter.start()
    journal.write_reading(meter.read())
    journal.close()
    recover("r.jsonl")
    text = Path("r.jsonl").read_text()
    header, reading = text.splitlines()
    broken = json.loads(reading)
    broken["energy_kwh"]["total"] = float("nan")
    Path("r.jsonl").write_text(f"{header}\n{json.dumps(broken)}\n")
    with pytest.raises(InputError, match="last reading"):
        recover("r.jsonl")


def test_two_runs_cannot_write_one_record(run):
    journal = Journal(Path("r.jsonl"))
    try:
        with pytest.raises(OutputError, match="another run is writing"):
            run("open('ran', 'w')", record_path="r.json")
        with pytest.raises(InputError, match="still goes on"):
            read_journal("r.jsonl")
    finally:
        journal.close()
    assert not Path("ran").exists()
    assert run("open('ran', 'w')", record_path="r.json").outcome is Outcome.COMPLETED


def test_the_journal_of_a_killed_run_is_put_aside_and_not_overwritten(run):
    a_journal(3)
    record = run("pass", record_path="r.json")

    aside = Path(f"r.{a_record().run_id}.jsonl")
    assert recover(aside).energy_kwh.total == pytest.approx(3.0)
    assert any(aside.name in warning for warning in record.warnings)


def test_the_advice_to_recover_is_a_command_that_works_here(run):
    Path("my records").mkdir()
    a_journal(3)
    Path("r.jsonl").rename("my records/r.jsonl")
    record = run("pass", record_path="my records/r.json")

    (warning,) = (text for text in record.warnings if "carbon-lint recover" in text)
    _, _, path, *rest = shlex.split(warning[warning.index("(carbon-lint") :].strip("()"))
    assert recover(path).energy_kwh.total == pytest.approx(3.0)
    assert rest == ["-o", "NEW.json"]


@pytest.mark.parametrize("there", ["nothing", "another run's"])
def test_the_journal_of_a_run_whose_record_was_not_written_is_put_aside(run, there):
    """The journal's last line found room, the record's file did not."""
    if there == "another run's":
        run("pass", record_path="r.json")
    a_journal(3, ended=True)
    record = run("pass", record_path="r.json")

    aside = Path(f"r.{a_record().run_id}.jsonl")
    assert recover(aside) == a_record()
    assert any(aside.name in warning for warning in record.warnings)


def test_the_journal_of_a_finished_run_is_compressed_and_stays_beside_its_record(run):
    records = [run("pass", record_path="r.json") for _ in range(3)]
    assert {path.name for path in Path().iterdir()} == {
        f"{name}{suffix}"
        for name, suffix in [
            *(("r.json", ""), ("r.json.old", ""), ("r.json.old.2", "")),
            *(("r", ".jsonl.gz"), ("r.json.old", ".jsonl.gz"), ("r.json.old.2", ".jsonl.gz")),
        ]
    }
    assert [load_record(name) for name in ("r.json.old", "r.json.old.2", "r.json")] == records, "none was dropped"
    assert [hash_of_journal(journal_path(path)) for path in ("r.json.old", "r.json.old.2", "r.json")] == [
        record.journal_sha256 for record in records
    ]
    assert not any("earlier run" in warning for warning in records[-1].warnings)


def test_a_cancelled_runs_journal_is_compressed_unless_that_takes_the_seconds_that_are_left(run, monkeypatch):
    for most, name, other in ((None, "r.jsonl.gz", "r.jsonl"), (10, "r.jsonl", "r.jsonl.gz")):
        if most is not None:
            monkeypatch.setattr("carbon_lint.measurement.run.HURRIED_BYTES", most)
        script = f"import os, time; os.kill({os.getpid()}, {int(signal.SIGTERM)}); time.sleep(20)"
        record = run(script, record_path="r.json")
        assert record.outcome is Outcome.INTERRUPTED
        assert (Path(name).exists(), Path(other).exists()) == (True, False)
        assert hash_of_journal(journal_path("r.json")) == record.journal_sha256
        for path in (name, "r.json"):
            Path(path).unlink()


def test_a_journal_that_stayed_plain_is_compressed_when_the_next_run_wants_its_name(run):
    """That of a long run that was cancelled, or of one for which the disk had no room."""
    record = run("pass", record_path="r.json")
    Path("r.jsonl").write_text(journal_text())
    Path("r.jsonl.gz").unlink()
    run("pass", record_path="r.json")
    assert hash_of_journal(journal_path("r.json.old")) == record.journal_sha256


@pytest.mark.parametrize("path", ["file/r.json", ".", ""])
def test_a_record_that_cannot_be_written_is_found_out_before_the_job_starts(run, path):
    Path("file").touch()
    with pytest.raises(OutputError):
        run("open('ran', 'w')", record_path=path)
    assert not Path("ran").exists()


def test_the_folder_of_a_record_is_made(run):
    record = run("pass", record_path="out/of/r.json")
    assert load_record("out/of/r.json") == record


def test_a_folder_that_turns_read_only_does_not_lose_the_record(run):
    # root may write into any folder, so the record's name is taken by a folder instead
    with pytest.raises(RecordNotWrittenError, match="Is a directory") as caught:
        run("import os; os.mkdir('r.json')", record_path="r.json")
    assert caught.value.exit_code == 2
    assert caught.value.record.outcome is Outcome.COMPLETED
    assert recover("r.jsonl") == caught.value.record


def test_on_a_full_disk_the_job_goes_on_and_the_journal_recovers_by_itself(run):
    """A file size limit stands in for the full disk: the kernel cuts the write and refuses the next."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    seen = []

    def narrow(progress):
        seen.append(progress)
        size = Path("r.jsonl").stat().st_size
        if len(seen) == 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 30, hard))
        if len(seen) == 6:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        if len(seen) == 12:
            Path("enough").touch()

    try:
        until = ("sh", "-c", "until [ -e enough ]; do sleep .02; done")
        request = RunRequest(command=until, environ=dict(os.environ), tick_s=0.05, record_path="r.json")
        record = measure(request, FakeMeter(), narrow)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    notices = [notice for progress in seen for notice in progress.notices]

    assert record.outcome is Outcome.COMPLETED
    assert len([notice for notice in notices if "the job goes on" in notice]) == 1
    assert recover("r.jsonl") == record
    readable = [line for line in journal_text().splitlines() if line.endswith("}")]
    assert len(readable) >= 6


def test_a_readings_line_holds_every_component():
    meter = FakeMeter(clock=iter([0.0, 1.0]).__next__)
    meter.start()
    assert reading_to_json(meter.read()) == {
        "elapsed_s": 1.0,
        "energy_kwh": {"total": 1.0, "cpu": 0.75, "gpu": None, "ram": 0.25},
        "emissions_g": 56.0,
    }
