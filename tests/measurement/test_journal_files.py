"""The files that a run makes, takes or leaves alone before its first reading: the journal, and the record's name."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import sys
from pathlib import Path

import pytest

from carbon_lint.errors import CommandNotRunnableError, MeasurementError, OutputError
from carbon_lint.measurement.journal import Journal
from carbon_lint.measurement.recover import recover
from carbon_lint.measurement.run import RecordNotWrittenError
from carbon_lint.records.record import Outcome
from carbon_lint.records.store import load_record, record_to_json
from tests.measurement.fake_meter import FakeMeter
from tests.records.builders import a_record

NO_LIMITS = {"max_emissions_g": None, "max_energy_kwh": None}


class MeterThatCannotStart(FakeMeter):
    """As if CodeCarbon is missing."""

    def start(self):
        raise MeasurementError("no figures")


def names():
    return sorted(path.name for path in Path().iterdir())


def fails_to_start(run, **options):
    with pytest.raises(MeasurementError, match="no figures"):
        run("open('ran', 'w')", meter=MeterThatCannotStart(), record_path="r.json", **options)


def test_a_run_that_cannot_start_leaves_no_journal(run):
    fails_to_start(run)
    assert names() == []


def test_a_command_that_cannot_be_executed_leaves_no_journal(run):
    Path("script").write_text("#!/no/such/interpreter\n")
    Path("script").chmod(0o755)
    with pytest.raises(CommandNotRunnableError):
        run("./script", "now", record_path="r.json")
    assert names() == ["script"]


def test_a_run_that_cannot_start_leaves_the_journal_of_the_one_before_as_it_was(run):
    run("pass", record_path="r.json")
    before = Path("r.jsonl.gz").read_bytes()
    fails_to_start(run)
    assert Path("r.jsonl.gz").read_bytes() == before
    assert names() == ["r.json", "r.jsonl.gz"]


def test_a_run_that_cannot_start_leaves_the_journal_of_a_killed_one_to_be_recovered(run):
    killed(readings=2)
    fails_to_start(run)
    assert recover("r.jsonl").outcome is Outcome.INTERRUPTED


def killed(readings):
    """r.jsonl as a killed run leaves it."""
    journal = Journal(Path("r.jsonl"))
    journal.write_header(record_to_json(a_record(outcome=Outcome.INTERRUPTED, exit_status=None)), NO_LIMITS)
    meter = FakeMeter()
    for _ in range(readings):
        journal.write_reading(meter.read())
    journal.close()


# The job starts before the move, as a command that cannot be run moves nothing.
UNTIL_MOVED = "import os, time; [time.sleep(0.01) for _ in range(1000) if os.path.exists('r.json')]"


def test_a_run_that_is_killed_leaves_no_older_figures_under_its_name(run):
    """Or the next step puts those of the run before on the card."""
    run("pass", record_path="r.json")
    run(f"{UNTIL_MOVED}; open('seen', 'w').write(str(os.path.exists('r.json')))", record_path="r.json")
    assert Path("seen").read_text() == "False"
    assert Path("r.json").exists()


def test_a_run_that_cannot_start_leaves_the_record_of_the_one_before(run):
    run("pass", record_path="r.json")
    fails_to_start(run)
    assert load_record("r.json").outcome is Outcome.COMPLETED


def test_an_earlier_attempt_of_the_group_is_put_aside_when_the_job_starts(run):
    first = run("pass", record_path="r.json", run_group="g")
    seen = f"{UNTIL_MOVED}; open('seen', 'w').write(' '.join(sorted(os.listdir())))"
    record = run(seen, record_path="r.json", run_group="g")
    aside = f"r.{first.run_id}.json"
    assert Path("seen").read_text().split() == [aside, f"{aside}l.gz", "r.jsonl", "seen"]
    assert load_record(aside) == first
    assert [text for text in record.warnings if aside in text] == [record.warnings[0]]


@pytest.mark.parametrize("text", ["{}", "[1]", "print(1)\n", '{"format": "carbon-lint/journal@1"}', "\udcff\n"])
def test_only_a_record_is_ever_overwritten(run, text):
    Path("r.json").write_text(text, errors="surrogateescape")
    with pytest.raises(OutputError, match=r"r\.json exists and is not a carbon-lint record"):
        run("open('ran', 'w')", record_path="r.json")
    assert Path("r.json").read_text(errors="surrogateescape") == text
    assert names() == ["r.json"]


def test_what_the_job_itself_wrote_under_the_records_name_is_not_overwritten(run):
    with pytest.raises(RecordNotWrittenError, match="exists and is not a carbon-lint record") as caught:
        run("open('r.json', 'w').write('accuracy: 1')", record_path="r.json")
    assert Path("r.json").read_text() == "accuracy: 1"
    assert caught.value.record.outcome is Outcome.COMPLETED
    assert "--force" not in caught.value.hint


def test_an_empty_file_and_a_record_of_another_version_make_way_for_a_record(run):
    Path("r.json").touch()
    run("pass", record_path="r.json")
    Path("r.json").write_text('{"format": "carbon-lint/record@9"}')
    record = run("pass", record_path="r.json")
    assert load_record("r.json") == record
    assert Path("r.json.old").read_text() == '{"format": "carbon-lint/record@9"}'


def test_only_its_own_file_is_removed_and_not_what_has_taken_the_name(run):
    """As on a network file system without locks, or when somebody tidies up."""

    class Replaced(MeterThatCannotStart):
        def start(self):
            Path("r.jsonl").unlink()
            Path("r.jsonl").write_text("another run's\n")
            super().start()

    with pytest.raises(MeasurementError):
        run("pass", meter=Replaced(), record_path="r.json")
    assert Path("r.jsonl").read_text() == "another run's\n"


def test_a_journal_that_is_removed_while_it_is_being_opened_is_made_again(monkeypatch):
    """Between open and lock the run that could not start removes its file: whoever locks a nameless one loses all."""
    first = Journal(Path("r.jsonl"))
    opened = []
    real = os.open

    def open_late(path, *arguments, **named):
        descriptor = real(path, *arguments, **named)
        if str(path) == "r.jsonl" and not opened and Path("r.jsonl").exists():
            opened.append(descriptor)
            first.close()
        return descriptor

    monkeypatch.setattr(os, "open", open_late)
    journal = Journal(Path("r.jsonl"))
    journal.write_header(record_to_json(a_record(outcome=Outcome.INTERRUPTED, exit_status=None)), NO_LIMITS)
    journal.write_reading(FakeMeter().read())
    journal.close()
    assert opened
    assert recover("r.jsonl").outcome is Outcome.INTERRUPTED


@pytest.mark.parametrize(
    "content", ['{"text": "a line of training data"}\n', "hello", '{"format": "carbon-lint/record@1"}']
)
def test_a_data_set_that_has_the_journals_name_is_not_overwritten(run, content):
    """`--record train.json` beside train.jsonl."""
    Path("train.jsonl").write_text(content)
    with pytest.raises(OutputError, match=r"train\.jsonl exists and is not a carbon-lint journal") as caught:
        run("open('ran', 'w')", record_path="train.json")
    assert "another name" in caught.value.hint
    assert Path("train.jsonl").read_text() == content
    assert names() == ["train.jsonl"]


@pytest.mark.parametrize("content", ["", '{"format": "carb', '{"format": "carbon-lint/journal@1", "rec'])
def test_a_journal_that_was_torn_at_its_start_is_one_of_ours(run, content):
    Path("r.jsonl").write_text(content)
    assert run("pass", record_path="r.json").outcome is Outcome.COMPLETED
    assert recover("r.jsonl") == load_record("r.json")


@pytest.mark.parametrize("run_id", ["../../up", "", None, "a" * 300])
def test_a_journal_that_somebody_wrote_is_put_aside_in_its_own_folder(run, run_id):
    Path("here").mkdir()
    header = {"format": "carbon-lint/journal@1", "record": {"run_id": run_id}, "limits": {}}
    Path("here/r.jsonl").write_text(json.dumps(header) + "\n" + json.dumps({"elapsed_s": 1.0}) + "\n")
    assert run("pass", record_path="here/r.json").outcome is Outcome.COMPLETED
    assert names() == ["here"]
    assert len(list(Path("here").glob("r.*.jsonl"))) == 1


def test_a_header_for_which_there_was_no_room_is_written_when_there_is(run):
    """Or a run that began on a full disk and was killed later could not be recovered."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    meter = FakeMeter()
    journal = Journal(Path("r.jsonl"))
    try:
        for room in (0, 50, 80):
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
            if room == 0:
                header = record_to_json(a_record(outcome=Outcome.INTERRUPTED, exit_status=None))
                journal.write_header(header, NO_LIMITS)
            journal.write_reading(meter.read())
            assert journal.problem
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    journal.write_reading(meter.read())
    assert journal.problem is None
    journal.close()
    header, reading = map(json.loads, Path("r.jsonl").read_text().splitlines())
    assert header["record"]["outcome"] == "interrupted"
    assert reading["elapsed_s"] > 0


def test_two_runs_cannot_write_one_record_by_two_names(run):
    Path("real").mkdir()
    Path("real/r.json").touch()
    Path("link.json").symlink_to("real/r.json")
    journal = Journal(Path("real/r.jsonl"))
    try:
        with pytest.raises(OutputError, match="another run is writing"):
            run("open('ran', 'w')", record_path="link.json")
    finally:
        journal.close()
    assert not Path("ran").exists()


def test_a_record_that_is_read_only_is_found_out_before_the_job(run):
    Path("r.json").touch()
    Path("r.json").chmod(0o444)
    with pytest.raises(OutputError, match="read-only"):
        run("open('ran', 'w')", record_path="r.json")
    assert names() == ["r.json"]


def test_a_folder_that_is_read_only_is_found_out_before_the_job_though_the_journal_is_there(run, monkeypatch):
    Path("r.jsonl").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: not Path(path).is_dir())  # root is not asked for permission
    with pytest.raises(OutputError, match="its folder may not be written to"):
        run(sys.executable, "-c", "open('ran', 'w')", record_path="r.json")
    assert names() == ["r.jsonl"]


def test_an_empty_name_of_a_record_is_refused(run):
    with pytest.raises(OutputError, match="empty"):
        run("open('ran', 'w')", record_path="")
    assert names() == []


def test_a_device_is_not_replaced_by_a_record(run):
    """`--record /dev/null` as root would take the device away from the whole machine."""
    os.mkfifo("pipe")
    with pytest.raises(OutputError, match="not a regular file"):
        run("open('ran', 'w')", record_path="pipe")
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)
    assert names() == ["pipe"]


def test_a_journal_that_is_not_a_file_is_refused(run):
    os.mkfifo("r.jsonl")
    with pytest.raises(OutputError, match="not a regular file"):
        run("open('ran', 'w')", record_path="r.json")
    assert names() == ["r.jsonl"]
