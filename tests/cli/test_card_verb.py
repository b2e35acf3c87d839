"""`carbon-lint card` as a user types it."""

from __future__ import annotations

import dataclasses
import os
import resource
import stat

import pytest

from carbon_lint.card.from_record import source_of
from carbon_lint.card.read import read_card
from carbon_lint.records.record import Energy, Hardware, Outcome
from carbon_lint.records.store import load_record, write_record
from tests.cases import cases
from tests.records.builders import FRANCE, a_record, fitting
from tests.records.test_emissions_csv import QUEBEC, table

CARD = b"""---
license: mit  # of the weights
language: [en,
  fr]
---
# A model
"""


@pytest.fixture
def record_file(tmp_path):
    """Write a record and return its path."""

    def write(**changes):
        path = tmp_path / "r.json"
        write_record(fitting(a_record(**changes)), path)
        return path

    return write


@pytest.fixture
def card_file(tmp_path):
    path = tmp_path / "README.md"
    path.write_bytes(CARD)
    return path


def block_of(path):
    card = read_card(path.read_bytes(), str(path))
    assert card.problems == ()
    return {key.text: value.value for key, value in card.block.items()}


def test_a_record_is_written_and_all_else_stays(cli, card_file, record_file):
    record = record_file()
    source = source_of(load_record(record)).encode()
    assert source.startswith(b"carbon-lint 0.1.0 with CodeCarbon 3.3.2, run ")
    code, out, err = cli("card", card_file, "--from", record, "--training-type", "fine-tuning")
    assert (code, err) == (0, "")
    assert card_file.read_bytes() == CARD.replace(
        b"  fr]\n",
        b"  fr]\nco2_eq_emissions:\n  emissions: 70.05\n  source: " + source + b"\n  training_type: fine-tuning\n"
        b"  geographical_location: France\n  hardware_used: 1 x NVIDIA A100-SXM4-80GB\n",
    )
    assert "changed" in out
    assert "emissions: 70.05 (70 g)" in out


@pytest.mark.parametrize("name", ["READNE.md", "readme.md", "REDME.md", "README.mdx"])
def test_a_card_of_almost_the_same_name_is_meant_and_no_second_one_is_made(cli, card_file, record_file, tmp_path, name):
    code, _, err = cli("card", tmp_path / name, "--from", record_file())
    assert code == 2
    assert f"{card_file} is: a second card would be made" in err
    assert not (tmp_path / name).exists()
    (tmp_path / name).touch()
    assert cli("card", tmp_path / name, "--from", record_file())[0] == 0, "made first, it is meant"


@pytest.mark.parametrize("name", ["nothere.md", "README_fr.md", "MODEL.md"])
def test_a_new_card_is_reported_as_new(cli, card_file, record_file, tmp_path, name):
    code, out, _ = cli("card", tmp_path / name, "--from", record_file())
    assert code == 0
    assert f"{name}: was not there and was made" in out


def test_writing_twice_changes_nothing_and_does_not_touch_the_file(cli, card_file, record_file):
    record = record_file()
    cli("card", card_file, "--from", record)
    os.utime(card_file, (1, 1))
    code, out, _ = cli("card", card_file, "--from", record)
    assert code == 0
    assert "unchanged" in out
    assert card_file.stat().st_mtime == 1


def test_a_missing_card_is_made_and_is_a_valid_one(cli, tmp_path, record_file):
    code, out, _ = cli("card", tmp_path / "new.md", "--from", record_file())
    assert code == 0
    assert "made" in out
    assert block_of(tmp_path / "new.md")["emissions"] == 70.05
    assert "training_type" not in block_of(tmp_path / "new.md")


def test_the_training_type_is_kept_if_it_is_not_asked_for(cli, card_file, record_file):
    cli("card", card_file, "--from", record_file(), "--training-type", "pre-training")
    cli("card", card_file, "--from", record_file(emissions_g=80.0))
    assert block_of(card_file)["training_type"] == "pre-training"
    assert block_of(card_file)["emissions"] == 80.0


def test_dry_run_and_diff_show_the_change_and_write_nothing(cli, card_file, tmp_path, record_file):
    record = record_file()
    code, out, _ = cli("card", card_file, "--from", record, "--dry-run")
    assert (code, "would be changed" in out) == (0, True)
    code, out, _ = cli("card", card_file, "--from", record, "--diff")
    assert code == 0
    assert "+  emissions: 70.05" in out.splitlines()
    assert card_file.read_bytes() == CARD
    code, out, _ = cli("card", tmp_path / "new.md", "--from", record, "--dry-run")
    assert "would be made" in out
    assert not (tmp_path / "new.md").exists()


def test_card_text_in_a_diff_cannot_steer_the_terminal_or_the_runner(cli, tmp_path, record_file):
    path = tmp_path / "README.md"
    path.write_bytes(b'---\nx: "a"  # \xc2\x9b31m ::error::boo\n---\n')
    _, out, _ = cli("card", path, "--from", record_file(), "--diff")
    assert "\x9b" not in out
    assert "::error::" not in out


@pytest.mark.parametrize(
    ("outcome", "message"),
    [(Outcome.FAILED, "failed"), (Outcome.INTERRUPTED, "interrupted"), (Outcome.OVER_BUDGET, "over its budget")],
)
def test_energy_that_was_spent_counts_however_the_run_ended(cli, card_file, record_file, outcome, message):
    code, _, err = cli("card", card_file, "--from", record_file(outcome=outcome))
    assert code == 0
    assert message in err
    assert block_of(card_file)["emissions"] == 70.05


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": Outcome.UNMEASURED, "emissions_g": None, "warnings": ("NVML was lost",)},
        {"emissions_g": None},
        {"emissions_g": 0.0, "energy_kwh": Energy(total=0.0)},
    ],
)
def test_a_record_without_a_figure_leaves_the_card_alone(cli, card_file, record_file, changes):
    code, out, err = cli("card", card_file, "--from", record_file(**changes))
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 2
    assert card_file.read_bytes() == CARD


def test_a_record_in_kilowatt_hours_alone_is_priced_by_its_place(cli, card_file, record_file):
    record = record_file(emissions_g=None, intensity=None)
    code, _, err = cli("card", card_file, "--from", record)
    assert code == 2
    assert "--location" in err
    assert card_file.read_bytes() == CARD
    assert cli("card", card_file, "--from", record, "--location", "FRA")[0] == 0
    assert block_of(card_file)["emissions"] == pytest.approx(1.25 * 44.18, rel=0.01)
    assert block_of(card_file)["geographical_location"] == "France"
    nothing = record_file(emissions_g=None, intensity=None, energy_kwh=Energy(total=None), outcome=Outcome.UNMEASURED)
    assert cli("card", card_file, "--from", nothing, "--location", "FRA")[0] == 2


@pytest.fixture
def attempts(tmp_path):
    """A failed run, and the one that made the weights; the later one's path."""
    write_record(
        fitting(a_record(run_id="r1", run_group="g", emissions_g=20.0, outcome=Outcome.FAILED)), tmp_path / "1.json"
    )
    later = {"started_at": "2026-11-24T12:00:00Z", "ended_at": "2026-11-24T13:00:00Z"}
    write_record(fitting(a_record(run_id="r2", run_group="g", emissions_g=30.0, **later)), tmp_path / "2.json")
    write_record(fitting(a_record(run_id="r3", run_group="other", emissions_g=5.0)), tmp_path / "3.json")
    return tmp_path / "2.json"


def test_the_card_states_the_sum_over_the_group_of_the_record(cli, card_file, attempts):
    code, _, err = cli("card", card_file, "--from", attempts)
    assert code == 0, err
    assert block_of(card_file)["emissions"] == pytest.approx(50.0)
    assert "the sum of 2 runs of group 'g'" in err
    assert "emissions-disagree" not in cli("check", card_file, "--record", attempts)[1]


def test_in_ci_a_stranger_in_the_run_group_is_added_only_if_that_is_asked_for(cli, card_file, attempts, monkeypatch):
    stranger = dataclasses.replace(load_record(attempts).provenance, repository="evil/other")
    earlier = {"started_at": "2026-11-23T12:00:00Z", "ended_at": "2026-11-23T13:00:00Z"}
    theirs = fitting(a_record(run_id="r0", run_group="g", emissions_g=7.0, provenance=stranger, **earlier))
    write_record(theirs, attempts.with_name("0.json"))
    assert cli("card", card_file, "--from", attempts, "--dry-run")[0] == 0, "outside of CI"
    monkeypatch.setenv("GITLAB_CI", "true")
    monkeypatch.setenv("CI_PROJECT_PATH", "team/model")
    code, _, err = cli("card", card_file, "--from", attempts)
    assert (code, card_file.read_bytes()) == (2, CARD)
    assert "lie records of its run group that team/model has not made" in err
    assert "or add up all of them: --allow-foreign" in err
    assert cli("card", card_file, "--from", attempts, "--allow-foreign", "--dry-run")[0] == 0
    merged = attempts.with_name("run.json")
    assert cli("merge", attempts.parent, "--run-group", "g", "-o", merged)[0] == 0
    assert cli("card", card_file, "--from", merged)[0] == 0
    assert block_of(card_file)["emissions"] == pytest.approx(57.0)


def test_a_merged_record_beside_its_parts_counts_once(cli, card_file, attempts):
    merged = attempts.with_name("run.json")
    assert cli("merge", attempts.parent, "--run-group", "g", "-o", merged)[0] == 0
    for source in (merged, attempts):
        assert cli("card", card_file, "--from", source)[0] == 0
        assert block_of(card_file)["emissions"] == pytest.approx(50.0)


def test_a_group_with_an_attempt_that_has_no_figure_is_not_stated(cli, card_file, attempts):
    nothing = a_record(run_id="r0", run_group="g", emissions_g=None, energy_kwh=Energy(total=None))
    write_record(nothing, attempts.with_name("0.json"))
    code, _, err = cli("card", card_file, "--from", attempts)
    assert code == 2
    assert "0.json holds no energy" in err
    assert card_file.read_bytes() == CARD


def test_a_smaller_figure_of_the_same_group_needs_replace(cli, card_file, record_file):
    cli("card", card_file, "--from", record_file(emissions_g=100.0, run_group="g"))
    code, _, err = cli("card", card_file, "--from", record_file(emissions_g=60.0, run_group="g"))
    assert code == 2
    assert "100 g" in err
    assert "60 g" in err
    assert "--replace" in err
    assert block_of(card_file)["emissions"] == 100.0
    code, _, err = cli("card", card_file, "--from", record_file(emissions_g=60.0, run_group="g"), "--replace")
    assert code == 0
    assert block_of(card_file)["emissions"] == 60.0


@cases(
    ("emissions", "grams", "shown"),
    [
        ("1.5 kg", 60.0, "the card states '1.5 kg', at most 1.5 kg, the record 60 g"),
        ("1,500", 60.0, "'1,500', at most 1.5 kg"),
        ("'1500'", 60.0, "'1500', at most 1.5 kg"),
        ("17 tons", 60.0, "'17 tons', at most 17.3 t"),
        ("1.5\n  unit: kg", 60.0, "'1.5', at most 1.5 kg"),
        ("5 kg or so", 9000.0, "states '5 kg or so', not an amount of CO2: the run group 'g' cannot be compared"),
        ("0.3 g/kWh", 9000.0, "'0.3 g/kWh', not an amount of CO2"),
        ("1e400", 9000.0, "'1e400', not an amount of CO2"),
    ],
)
def test_a_text_may_be_the_larger_figure_of_the_group(cli, record_file, emissions, grams, shown):
    before = f"---\nco2_eq_emissions:\n  emissions: {emissions}\n---\n# m\n"
    card = record_file().with_name("README.md")
    card.write_text(before)
    record = record_file(emissions_g=grams, run_group="g")
    code, _, err = cli("card", card, "--from", record)
    assert (code, card.read_text()) == (2, before)
    assert shown in err
    assert "--replace" in err
    code, _, err = cli("card", card, "--from", record, "--replace")
    assert code == 0
    assert "replaced, as asked for" in err
    assert block_of(card)["emissions"] == grams
    card.write_text(before)
    assert cli("card", card, "--from", record_file(emissions_g=grams))[0] == 0, "without a group"


@cases("emissions", ["0.05 kg", "'60'", "unknown", "", "-5"])
def test_a_text_that_states_nothing_larger_is_replaced(cli, card_file, record_file, emissions):
    card_file.write_text(f"---\nco2_eq_emissions:\n  emissions: {emissions}\n---\n# m\n")
    code, _, err = cli("card", card_file, "--from", record_file(emissions_g=60.0, run_group="g"))
    assert code == 0, err
    assert block_of(card_file)["emissions"] == 60.0


def test_a_smaller_figure_of_a_run_by_itself_is_written_with_a_note(cli, card_file, record_file):
    cli("card", card_file, "--from", record_file(emissions_g=100.0))
    code, _, err = cli("card", card_file, "--from", record_file(emissions_g=60.0))
    assert code == 0
    assert "give them one run group" in err


def test_keys_of_other_writers_follow_the_new_figure(cli, tmp_path, record_file):
    path = tmp_path / "README.md"
    path.write_bytes(
        b"---\nco2_eq_emissions:\n  emissions: 1.5\n  energy_consumed: 0.004\n  source: codecarbon\n  on_cloud: false\n"
        b"  hours_used: 0.1\n---\n"
    )
    cli("card", path, "--from", record_file())
    block = block_of(path)
    assert (block["emissions"], block["energy_consumed"], block["hours_used"]) == (70.05, 1.25, 1.0)
    assert block["on_cloud"] is False


def test_what_the_record_does_not_state_stays_with_a_note(cli, card_file, record_file):
    cli("card", card_file, "--from", record_file())
    nowhere = dataclasses.replace(FRANCE, location=None, location_name=None)
    code, _, err = cli(
        "card", card_file, "--from", record_file(emissions_g=99.0, intensity=nowhere, hardware=Hardware())
    )
    assert code == 0
    assert "geographical_location stays 'France'" in err
    assert "hardware_used stays" in err


def test_no_other_unit_stays_beside_the_figure_without_a_word(cli, card_file, record_file):
    for block, left, message in (
        ("\n  emissions: 0.5\n  unit: kg", "unit: g\n", ""),
        ("\n  emissions: 0.5 # kg", "# kg\n", "the comment 'kg' stays"),
        (" # in kg\n  emissions: 0.5", "# in kg\n", "the comment 'in kg' stays"),
        ("\n  emissions_kg: 0.5", "emissions_kg: 0.5\n", "emissions_kg stays '0.5'"),
    ):
        card_file.write_text(f"---\nco2_eq_emissions:{block}\n---\n# m\n")
        code, _, err = cli("card", card_file, "--from", record_file())
        assert code == 0
        assert left in card_file.read_text()
        assert message in err


def test_a_text_that_states_another_figure_is_pointed_out_and_left_alone(cli, tmp_path, record_file):
    path = tmp_path / "README.md"
    path.write_bytes(CARD + b"- CO2 Emissions (in grams): 1.2933\n")
    code, _, err = cli("card", path, "--from", record_file())
    assert code == 0
    assert "states 1.2933 grams" in err
    assert path.read_bytes().endswith(b"grams): 1.2933\n")
    assert "states" not in cli("card", path, "--from", record_file(emissions_g=1.293))[2].split("run group")[-1]


def test_the_trainers_table_is_taken_over(cli, tmp_path, card_file):
    source = tmp_path / "emissions.csv"
    source.write_text(table({"longitude": "2.3", "latitude": "48.8"}))
    code, _, err = cli("card", card_file, "--from", source, "--location-name", "Lyon, France")
    assert code == 0
    assert "longitude" in err
    assert block_of(card_file) == {
        "emissions": pytest.approx(16.8),
        "source": "codecarbon",
        "geographical_location": "Lyon, France",
        "hardware_used": "2 x NVIDIA A100-SXM4-80GB",
    }


def test_a_table_with_quebec_needs_a_flag_for_the_place(cli, tmp_path, card_file):
    source = tmp_path / "emissions.csv"
    source.write_text(table(QUEBEC))
    assert cli("card", card_file, "--from", source)[0] == 2
    assert card_file.read_bytes() == CARD
    assert cli("card", card_file, "--from", source, "--trust-location")[0] == 0
    code, _, err = cli("card", card_file, "--from", source, "--carbon-intensity", "500", "--location-name", "Here")
    assert code == 0
    assert "priced at 500" in err
    assert block_of(card_file)["emissions"] == 150.0
    assert block_of(card_file)["geographical_location"] == "Here"


def test_a_token_beside_the_table_is_pointed_out_and_never_printed(cli, tmp_path, card_file):
    (tmp_path / "emissions.csv").write_text(table({}))
    (tmp_path / "training_args.bin").write_bytes(b"\x80hub_tokenX\x22hf_" + b"a" * 34 + b"q")
    code, out, err = cli("card", card_file, "--from", tmp_path / "emissions.csv")
    assert code == 0
    assert "clear text" in err
    assert "hf_aaaa" not in out + err


@pytest.mark.parametrize(
    "flags",
    [
        ("--run-id", "x"),
        ("--sum",),
        ("--location", "FRA"),  # the record states grams already
        ("--trust-location",),
        ("--carbon-intensity", "5"),
        ("--gpu-unused",),
        ("--training-type", " "),
        ("--dry-run", "--diff"),
        ("--nonsense",),
    ],
    ids=" ".join,
)
def test_flags_that_do_not_fit_are_usage_errors(cli, card_file, record_file, flags):
    code, _, err = cli("card", card_file, "--from", record_file(), *flags)
    assert code == 2
    assert "Traceback" not in err
    assert card_file.read_bytes() == CARD


def test_conflicting_ways_to_price_the_energy_are_refused(cli, tmp_path, card_file):
    (tmp_path / "e.csv").write_text(table(QUEBEC))
    for flags in (
        ("--location", "FRA", "--carbon-intensity", "5"),
        ("--location", "FRA", "--trust-location"),
        ("--run-id", "run-a", "--sum", "--location", "FRA"),
    ):
        code, _, err = cli("card", card_file, "--from", tmp_path / "e.csv", *flags)
        assert code == 2, flags
        assert len(err.splitlines()) == 2
    assert cli("card", card_file, "--from", tmp_path / "e.csv", "--location", "Frnace")[0] == 2


@pytest.mark.parametrize("word", ["auto", " AUTO"])
def test_the_machine_that_writes_the_card_is_not_asked_where_the_training_ran(cli, card_file, tmp_path, word):
    (tmp_path / "e.csv").write_text(table({}))
    before = card_file.read_bytes()
    code, _, err = cli("card", card_file, "--from", tmp_path / "e.csv", "--location", word)
    assert code == 2
    assert "training may have run on another" in err
    assert "AUT" not in err.replace("AUTO", ""), "Austria is not what was meant"
    assert card_file.read_bytes() == before
    assert cli("card", card_file, "--from", tmp_path / "e.csv", "--carbon-intensity", "-5")[0] == 2
    code, _, err = cli("card", card_file, "--from", tmp_path / "e.csv", "--carbon-intensity", "abc")
    assert (code, "--carbon-intensity: 'abc' is not a number" in err) == (2, True)


def fails_in_one_line(result, code, *words):
    found, out, err = result
    assert found == code, err
    assert out == ""
    assert len(err.splitlines()) == 2, err
    assert all(word in err for word in words), err


def test_files_that_cannot_be_read_are_one_line_and_exit_2(cli, tmp_path, card_file, record_file):
    record = record_file()
    os.mkfifo(tmp_path / "fifo")
    fails_in_one_line(cli("card", tmp_path, "--from", record), 2, "is a folder")
    fails_in_one_line(cli("card", tmp_path / "fifo", "--from", record), 2, "not a regular file")
    fails_in_one_line(cli("card", tmp_path / "no" / "README.md", "--from", record), 2, "cannot write", "No such file")
    fails_in_one_line(cli("card", card_file / "x", "--from", record), 2, "Not a directory")
    fails_in_one_line(cli("card", card_file, "--from", tmp_path / "none.json"), 2, "is not there")
    fails_in_one_line(cli("card", card_file, "--from", tmp_path / ".home"), 2, "holds 0 records, expected one")
    fails_in_one_line(cli("card", card_file, "--from", card_file), 2, "is not JSON")
    fails_in_one_line(cli("card", "a\0b", "--from", record), 2, "cannot read")


@pytest.mark.parametrize(
    "data",
    [
        b"---\na: [\n---\n",
        b"---\na: 1\na: 2\n---\n",
        b"Hello\n---\nlicense: mit\n---\n",
        b"---\nlicense: \xff\n---\n",
        b"---\nlicense: a\0b\n---\n",
        b"---\na: " + b"[" * 10_000 + b"\n---\n",
    ],
)
def test_a_card_that_cannot_be_read_is_refused_with_the_place(cli, card_file, record_file, data):
    card_file.write_bytes(data)
    fails_in_one_line(cli("card", card_file, "--from", record_file()), 2, "README.md:", "was not changed")
    assert card_file.read_bytes() == data


def test_the_files_mode_stays_and_a_link_is_followed(cli, tmp_path, card_file, record_file):
    card_file.chmod(0o640)
    link = tmp_path / "link.md"
    link.symlink_to(card_file)
    assert cli("card", link, "--from", record_file())[0] == 0
    assert link.is_symlink()
    assert stat.S_IMODE(card_file.stat().st_mode) == 0o640
    assert b"co2_eq_emissions" in card_file.read_bytes()


def test_a_read_only_card_is_not_replaced(cli, card_file, record_file):
    card_file.chmod(0o444)
    fails_in_one_line(cli("card", card_file, "--from", record_file()), 2, "read-only")
    assert card_file.read_bytes() == CARD


def test_a_full_disk_leaves_the_card_as_it_was(cli, card_file, record_file):
    """A limit on file size stands in for the disk: the write fails with EFBIG instead of ENOSPC."""
    import signal

    record = record_file()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        result = cli("card", card_file, "--from", record)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    fails_in_one_line(result, 2, "cannot write")
    assert card_file.read_bytes() == CARD
    assert [path.name for path in card_file.parent.iterdir() if path.name.startswith(".README")] == []


def test_a_card_with_crlf_a_byte_order_mark_and_ten_megabytes_of_text(cli, card_file, record_file):
    body = b"text\r\n" * 1_700_000
    card_file.write_bytes(b"\xef\xbb\xbf---\r\nlicense: mit\r\n---\r\n" + body)
    assert cli("card", card_file, "--from", record_file())[0] == 0
    data = card_file.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf---\r\nlicense: mit\r\nco2_eq_emissions:\r\n  emissions: 70.05\r\n")
    assert data.endswith(b"---\r\n" + body)


def test_help_describes_the_verb_and_lists_the_flags(cli):
    code, out, _ = cli("card", "--help")
    assert code == 0
    for word in ("--from", "--training-type", "--trust-location", "change nothing else", "never guessed"):
        assert word in " ".join(out.split())
