"""A ledger that is broken or that holds a file other than a record: a sum stops and names that file."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from carbon_lint.errors import InputError, OutputError, UsageError
from carbon_lint.records.comparable import identity_of
from carbon_lint.records.hashes import sealed
from carbon_lint.records.ledger import add, contents, contents_between, latest
from carbon_lint.records.record import Provenance
from carbon_lint.records.store import write_record
from tests.records.ledgers import entries, ran, summed
from tests.report.runs import RECORD


def test_a_record_that_was_moved_to_another_month_by_hand_stops_every_sum(tmp_path):
    """Its file stays in the folder of its month, so one kind of sum would count it and another would not."""
    url = str(tmp_path / "ledger")
    added = Path(add(ran(1, started_at="2026-11-03T10:00:00Z", ended_at="2026-11-03T11:00:00Z"), url).path)
    add(ran(2), url)
    moved = added.read_text().replace('"2026-11-03T1', '"2026-10-03T1')
    added.write_text(json.dumps(sealed(json.loads(moved))))
    november = datetime(2026, 11, 1, tzinfo=UTC)
    for found in (contents(url), contents(url, ["2026-11"]), contents_between(url, november)):
        assert [broken.path for broken in found.broken] == [str(added)]
        assert "ended in 2026-10, and lies in the folder of 2026-11" in found.broken[0].error.message


def test_a_record_that_was_changed_by_hand_is_not_added(cli, files):
    files(a=ran(1), b=ran(2))
    path = Path("a.json")
    path.write_text(path.read_text().replace('"outcome": "completed"', '"outcome": "failed"'))
    for named in ("a.json", "."):
        code, out, err = cli("ledger", "add", "b.json", named)
        assert (code, out) == (2, "")
        assert "a.json was changed after it was written: its hash is" in err
    assert not Path("ledger").exists()


def test_a_record_of_the_ledger_that_was_changed_by_hand_stops_every_verb(cli, files):
    """Only its hash can tell that it is another one, whatever the layout of the file."""
    files(a=ran(1, emissions_g=6.0, energy_kwh=0.1))
    cli("ledger", "add", "a.json")
    path = next(Path("ledger").glob("*/*.json"))
    whole = path.read_text()
    for before, after in (('"exit_status":0', '"exit_status":9'), ('"duration_s":125.3', '"duration_s":125.4')):
        assert before in whole
        path.write_text(whole.replace(before, after))
        for argv in (("sum",), ("list",), ("list", "--format", "csv")):
            code, _, err = cli("ledger", *argv)
            assert (code, "was changed after it was written" in err) == (2, True)
        assert "cannot be read" in cli("ledger", "report")[1]
    path.write_text(json.dumps(json.loads(whole), indent=2))  # another layout is the same record
    assert cli("ledger", "sum")[0] == 0


def test_a_file_that_is_not_a_record_stops_the_sum_and_is_named(tmp_path):
    add(ran(1), str(tmp_path))
    broken = next(tmp_path.glob("2026-11/*.json")).with_name("zz.json")
    for text, message in (
        ("{", "is not JSON"),
        ("[]", "is not a carbon-lint record"),
        ('{"format": "x"}', "has format 'x'"),
    ):
        advice = "use that version" if "format" in message else "out of the ledger"
        broken.write_text(text)
        with pytest.raises(InputError, match=r"zz\.json") as caught:
            list(entries(str(tmp_path)))
        assert message in caught.value.message
        assert advice in caught.value.hint


def test_a_record_that_contradicts_itself_is_not_summed(tmp_path):
    add(ran(1), str(tmp_path))
    path = next(tmp_path.glob("2026-11/*.json"))
    path.write_text(path.read_text().replace('"emissions_g":10,', '"emissions_g":1,'))
    with pytest.raises(InputError, match="contradicts itself"):
        list(entries(str(tmp_path)))


def test_files_of_others_beside_the_months_are_left_alone(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "x.json").write_text("{")
    (tmp_path / "2026-11").mkdir()
    (tmp_path / "2026-11" / "README.md").write_text("x")
    (tmp_path / "2026-11" / ".part.json").write_text("{")
    add(ran(1), str(tmp_path))

    assert len(list(entries(str(tmp_path)))) == 1


def test_a_name_is_made_of_the_key_and_of_nothing_that_leads_elsewhere(tmp_path):
    hostile = Provenance(repository="../../etc", run_id="a/b\n", run_attempt=1, job="..")

    path = Path(add(ran("../x", provenance=hostile), str(tmp_path / "ledger")).path)

    assert path.parent == tmp_path / "ledger" / "2026-11"
    assert path.is_file()
    assert [entry.record.provenance for entry in entries(str(tmp_path / "ledger"))] == [hostile]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"emissions_g":10,', '"emissions_g":NaN,'),
        ('"total":0.2', '"total":NaN'),
        ('"total":0.2', '"total":1e999'),
        ('"total":0.2', '"total":-0.2'),
        ('"ended_at":"2026-11-24T10:02:05Z"', '"ended_at":"2026-11-99T10:02:05Z"'),
        ('"duration_s":125.3', '"duration_s":' + "9" * 5000),
        ("{", "{" * 100_000),
        ('"warnings"', '"warn'),
    ],
)
def test_a_file_that_somebody_broke_stops_the_sum_and_is_named(cli, files, old, new):
    cli("ledger", "add", *files(a=ran(1)))
    path = next(Path("ledger").glob("*/*.json"))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    for verb in ("sum", "list"):
        code, _, err = cli("ledger", verb)
        assert code == 2
        assert path.name in err
        assert "Traceback" not in err
    code, out, _ = cli("ledger", "add", "a.json", *files(b=ran(2)))
    assert (code, out.count("NOT added"), out.count("added as")) == (2, 1, 1), "the others of the call are added"


@pytest.mark.slow
def test_ten_thousand_foreign_files_beside_the_records_are_skipped(cli, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    for number in range(10_000):
        (folder / f"{number}.json").write_bytes(b'{"lr": 0.1}')
    write_record(ran(1), folder / "r.json")
    assert cli("ledger", "add", folder)[0] == 0
    assert summed("ledger").runs == 1


def test_a_ledger_that_cannot_be_reached_or_written_gives_an_error(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="cannot be reached") as raised:
        add(ran(1), "nosuch://me:pass1@team/ledger?token=pass1")
    assert "pass1" not in raised.value.message
    with pytest.raises(InputError, match="is not a folder"):
        add(ran(1), str(tmp_path / "file"))
    with pytest.raises((OutputError, InputError)):
        add(ran(1), "/proc/ledger")


def test_a_record_that_ends_before_it_starts_is_refused(cli):
    """`run` writes none, also if the clock is set back meanwhile: it adds the duration to the start."""
    one = dataclasses.replace(ran(1), ended_at="2026-10-01T00:00:00Z")
    write_record(one, "a.json")
    code, out, err = cli("ledger", "add", "a.json")
    assert (code, out) == (2, "")
    assert "a.json cannot be right: duration_s is" in err


def test_a_broken_record_of_another_repository_does_not_stop_a_baseline(tmp_path):
    main = dataclasses.replace(RECORD.provenance, ref="refs/heads/main")
    add(ran(1, provenance=main), str(tmp_path))
    broken = next(tmp_path.glob("2026-11/*.json")).with_name("zz.json")
    broken.write_text('{"format": "x", "repository": "me/others"}')
    run = identity_of(ran("now", provenance=main))
    assert latest(str(tmp_path), branch="main", run=run)[0].record.run_id == "run-1"
    broken.write_text('{"format": "x", "repository": "me/models"}')
    with pytest.raises(InputError, match=r"zz\.json"):
        latest(str(tmp_path), branch="main", run=run)
