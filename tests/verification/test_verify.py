"""`verify`: a true run is proven, and whatever is changed afterwards is found."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbon_lint.card.from_record import card_with_record
from carbon_lint.records import journal
from carbon_lint.records.merge.merge import NamedRecord, merge
from carbon_lint.records.record import Energy, Gpu, Hardware
from carbon_lint.records.store import load_record, record_to_json, write_record
from carbon_lint.verification.record import misspelt
from tests.cases import cases
from tests.conftest import ROOT
from tests.hub.records import record
from tests.verification.conftest import CARD, lists


def a_record(**changes):
    """One whose grams are exactly its energy's."""
    energy = Energy(total=0.7583, gpu=0.6, cpu=0.1, ram=0.0583)
    return replace(record(**changes), energy_kwh=energy, emissions_g=energy.total * 56.04)


@pytest.mark.usefixtures("files")
def test_the_figure_of_a_true_run_is_proven(cli):
    code, found = lists(cli)
    assert code == 0, found["contradictions"]
    for words in (
        *("its figure is the record's", "it names this record", "it is as it was written"),
        *("is the table's figure for France: Ember", "it is the one that the record names", "its last reading's"),
        *("cpu ", "computed again in each reading from the assumptions", "1 run of the group 'g'"),
    ):
        assert words in found["proven"], words
    assert "the load of the CPU" in found["only_claimed"]
    assert "nobody signed the record" in found["only_claimed"]
    assert "board, fans, disks" in found["cannot_be_known"]


def flipped(data, number, by):
    """Return the text with its digit of that number replaced by another one."""
    places = [found.start() for found in re.finditer(r"\d", data)]
    at = places[number % len(places)]
    return f"{data[:at]}{(int(data[at]) + by) % 10}{data[at + 1 :]}"


def test_a_digit_that_leaves_a_number_the_same_is_found_and_another_form_of_it_is_not_a_change():
    for text, count in (
        ("0.00029557037378048366", 0), ("0.00029557037378048363", 1), ("2.6491454232553752e-06", 0),
        ("[1.50, 1.5e0, 1E-5, 0.00001, 0.0, -0.0, 3]", 0), ('{"ended": {"a": 0.1, "b": 0.10000000000000001}}', 1),
        ('{"ended": {"a": 0.1, "a": 0.1}}', 1),
    ):  # fmt: skip
        assert len(misspelt(text.encode())[1]) == count, text


def one_flip(folder, part, number, by):
    """Change one digit in a copy of the folder."""
    for path in ("README.md", "r.json", "r.jsonl.gz"):
        shutil.copy(folder / path, path)
    if part == "record":
        Path("r.json").write_text(flipped(Path("r.json").read_text(), number, by))
    elif part == "journal":
        before = gzip.decompress(Path("r.jsonl.gz").read_bytes()).decode()
        Path("r.jsonl.gz").write_bytes(gzip.compress(flipped(before, number, by).encode(), mtime=0))
    else:
        head, block, rest = re.fullmatch(
            r"(?s)(.*?)(co2_eq_emissions:.*?)(---\n.*)", Path("README.md").read_text()
        ).groups()
        Path("README.md").write_text(head + flipped(block, number, by) + rest)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    part=st.sampled_from(["card", "record", "journal"]),
    number=st.integers(min_value=0, max_value=20_000),
    by=st.integers(min_value=1, max_value=9),
)
def test_one_flipped_digit_anywhere_is_found(measured, cli, part, number, by):
    """Of the card's block; other digits of a card are not figures. A place that only has a name is its author's."""
    one_flip(measured, part, number, by)
    code, out, _ = cli("verify", "README.md", "--record", "r.json")
    assert code != 0, out


@pytest.mark.usefixtures("files")
def test_every_digit_of_the_figure_and_of_the_hashes_is_found(measured, cli):
    before = (measured / "README.md").read_text()
    for found in re.finditer(r"(?m)^  (emissions|source): .*$", before):
        for at in range(found.start(), found.end()):
            if before[at].isdigit():
                Path("README.md").write_text(f"{before[:at]}{(int(before[at]) + 1) % 10}{before[at + 1 :]}")
                assert lists(cli)[0] == 1, before[at - 10 : at + 10]


@pytest.mark.usefixtures("files")
def test_a_figure_in_the_section_of_the_text_is_checked_too(cli):
    assert cli("card", "README.md", "--from", "r.json", "--body")[0] == 0
    code, found = lists(cli)
    assert (code, "its section Environmental Impact is the record's" in found["proven"]) == (0, True)
    before = Path("README.md").read_text()
    at = before.index("**Carbon Emitted:** ") + len("**Carbon Emitted:** ")
    Path("README.md").write_text(f"{before[:at]}{(int(before[at]) + 1) % 10}{before[at + 1 :]}")
    code, found = lists(cli)
    assert (code, "its section Environmental Impact is not the record's" in found["contradictions"]) == (1, True)


@pytest.mark.usefixtures("files")
def test_wrong_comments_of_the_section_are_reported(cli):
    assert cli("card", "README.md", "--from", "r.json", "--body")[0] == 0
    whole = Path("README.md").read_text()
    (first,) = [line for line in whole.splitlines() if line.startswith("<!-- carbon-lint")]
    last = "<!-- /carbon-lint:environmental-impact -->"
    for text, words in (
        (whole.replace(last, ""), "the opening comment on line 11 has no closing one"),
        (whole.replace(first, ""), r"the closing comment on line \d+ has no opening one"),
        (
            whole.replace(last, f"{last}\n{last}"),
            r"on line 11, the closing one on line \d+ and \d+: expected one of each",
        ),
        (whole.replace(first, "@@").replace(last, first).replace("@@", last), "stands before the opening one"),
    ):
        Path("README.md").write_text(text)
        code, _, err = cli("verify", "README.md", "--record", "r.json")
        assert (code, bool(re.search(words, err)), "was not changed" in err) == (2, True, False), err
        assert "the card was not changed: " in cli("card", "README.md", "--from", "r.json", "--body")[2]


@pytest.mark.usefixtures("files")
def test_an_invented_record_with_a_right_hash_is_not_its_journals(cli):
    """Who changes a record can hash it again; then the card or the journal contradicts it."""
    record = load_record("r.json")
    energy = record.energy_kwh
    half = replace(
        record,
        emissions_g=record.emissions_g / 2,
        energy_kwh=replace(energy, total=energy.total / 2, cpu=energy.cpu / 2, ram=energy.ram / 2),
        uncertainty=None,
    )
    write_record(half, "r.json")
    Path("README.md").write_bytes(
        card_with_record(Path("README.md").read_bytes(), "README.md", half, replace=True).after
    )
    code, found = lists(cli)
    assert code == 1
    assert "the record does not state its last reading: emissions_g" in found["contradictions"]


@pytest.mark.usefixtures("files")
def test_readings_that_are_made_up_do_not_fit_the_model(cli):
    """Even if journal and record are hashed again: the energy follows from time, load and assumptions."""
    lines = gzip.decompress(Path("r.jsonl.gz").read_bytes()).decode().splitlines()
    readings = [json.loads(line) for line in lines if line.startswith('{"elapsed_s"')]
    for reading in readings:
        reading["energy_kwh"] = {name: kwh and kwh * 0.9 for name, kwh in reading["energy_kwh"].items()}
        reading["emissions_g"] *= 0.9
    text = "".join(f"{line}\n" for line in [lines[0], *map(json.dumps, readings)])
    Path("r.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    last = readings[-1]
    document = json.loads(Path("r.json").read_text())
    document |= {"emissions_g": last["emissions_g"], "energy_kwh": last["energy_kwh"], "uncertainty": None}
    del document["record_sha256"]
    document["journal_sha256"] = journal.hash_of_journal("r.jsonl.gz")
    Path("r.json").write_text(json.dumps(document))
    code, found = lists(cli)
    assert code == 1
    assert "kWh, and the model gives" in found["contradictions"]


@pytest.mark.usefixtures("files")
def test_the_journal_of_another_run_and_one_that_is_not_there(cli):
    header = {"format": journal.FORMAT, "record": record_to_json(a_record(run_id="other"))}
    Path("other.jsonl").write_text(json.dumps(header))
    code, found = lists(cli, "--journal", "other.jsonl")
    assert code == 1
    assert "it is of another run: its run_id is other" in found["contradictions"]
    assert "and the record names the journal" in found["contradictions"]
    Path("r.jsonl.gz").unlink()
    assert lists(cli)[0] == 0
    assert "its journal is not here" in lists(cli)[1]["cannot_be_known"]
    code, _, err = cli("verify", "README.md", "--record", "r.json", "--journal", "gone.jsonl")
    assert (code, "cannot read gone.jsonl" in err) == (2, True)


def bomb(path, size):
    with gzip.open(path, "wb") as stream:
        stream.write(journal.BEGINNING + b'1"}\n')
        for _ in range(size // 2**20):
            stream.write(b"0" * 2**20)


@cases(
    ("damage", "words"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-20]), "is damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:200] + b"\0\0\0" + path.read_bytes()[203:]), "is damaged"),
        (lambda path: bomb(path, 2**25), "a line of more than 16,777,216 bytes"),
        (lambda path: path.write_bytes(gzip.compress(b'{"a": 1}\n' * 60)), "more than 512 bytes"),
    ],
)
def test_a_journal_that_is_cut_off_or_never_ends_is_refused(measured, cli, monkeypatch, damage, words):
    for path in measured.iterdir():
        shutil.copy(path, path.name)
    if words.startswith("more than"):
        monkeypatch.setattr(journal, "LARGEST", 2**9)
    damage(Path("r.jsonl.gz"))
    code, out, err = cli("verify", "README.md", "--record", "r.json")
    assert (code, out) == (2, "")
    assert words in err


@pytest.mark.usefixtures("files")
def test_a_file_that_is_not_a_journal_is_not_read_to_its_end(cli):
    Path("r.jsonl.gz").write_bytes(gzip.compress(b"x\n" * 1_000_000))
    code, found = lists(cli)
    assert code == 1
    assert "more than 100 of its lines are wrong or torn" in found["contradictions"]


@pytest.mark.usefixtures("files")
def test_hostile_strings_of_card_and_record_steer_no_terminal(cli):
    document = json.loads(Path("r.json").read_text())
    document["run_group"] = "g\x1b[2J\n::error::x"
    document["intensity"]["location_name"] = "\u202eFR##[error]"
    Path("r.json").write_text(json.dumps(document))
    text = Path("README.md").read_text()
    Path("README.md").write_text(re.sub("hardware_used: .*", 'hardware_used: "\\\\e[31m::warning::"', text))
    for form in ("text", "json"):
        code, out, err = cli("verify", "README.md", "--record", "r.json", "--format", form)
        assert code == 1
        assert not re.search("\x1b|\u202e|^\\s*::|##\\[", out + err, re.MULTILINE)


def test_a_sum_is_the_sum_of_the_records_that_it_names(cli):
    for number in (1, 2, 3):
        start, end = (f"2026-01-0{number}T0{hour}:00:00Z" for hour in (0, 1))
        write_record(a_record(run_id=f"run-{number}", started_at=start, ended_at=end), f"r{number}.json")
    named = [NamedRecord(name=f"r{number}.json", record=load_record(f"r{number}.json")) for number in (1, 2, 3)]
    whole = merge(named).record
    assert len(whole.parts_sha256) == 3
    write_record(whole, "r.json")
    Path("README.md").write_bytes(card_with_record(CARD.encode(), "README.md", whole).after)
    code, found = lists(cli)
    assert code == 0, found
    assert "the sum of the 3 records that it names" in found["proven"]
    assert "r1.json: it is as it was written" in found["proven"]

    Path("r2.json").unlink()
    assert "of which" in lists(cli)[1]["only_claimed"]
    write_record(replace(whole, parts_sha256=whole.parts_sha256[:2]), "r.json")


def test_a_run_of_the_group_that_is_missing_contradicts_the_card(cli):
    """The journal of a killed run, and an attempt whose record the card leaves out."""
    first = a_record(run_id="run-1", run_group="g")
    second = a_record(run_id="run-2", run_group="g", started_at="2026-01-02T00:00:00Z", ended_at="2026-01-02T01:00:00Z")
    write_record(first, "r.json")
    Path("README.md").write_bytes(card_with_record(CARD.encode(), "README.md", first).after)
    assert lists(cli)[0] == 0
    write_record(second, "r2.json")
    code, found = lists(cli)
    assert code == 1
    assert "it states 42.5 g, and the record comes to 85" in found["contradictions"]


def test_a_journal_that_cannot_be_compressed_costs_no_record(cli, carbon_lint, measured):
    """Another file has the name: the journal stays plain, and is what `verify` reads."""
    Path("r.jsonl.gz").write_bytes(gzip.compress(b'{"text": "a line of training data"}\n'))
    before = Path("r.jsonl.gz").read_bytes()
    Path("README.md").write_text(CARD)
    done = carbon_lint("run", "--location", "FRA", "--record", "r.json", "--card", "README.md", "--", "true")
    assert done.returncode == 0, done.stderr
    assert Path("r.jsonl.gz").read_bytes() == before
    code, found = lists(cli)
    assert code == 0, found
    assert "it is the one that the record names" in found["proven"]


def test_two_attempts_of_a_group_are_proven_together(cli, carbon_lint, measured):
    """The first one's record and journal were put aside under its name."""
    for path in measured.iterdir():
        shutil.copy(path, path.name)
    flags = ("--location", "FRA", "--record", "r.json", "--card", "README.md", "--run-group", "g")
    done = carbon_lint("run", *flags, "--", "true")
    assert done.returncode == 0, done.stderr
    code, found = lists(cli)
    assert code == 0, found
    assert "the folder holds 2 runs of the group 'g'" in found["proven"]
    first = load_record(next(path for path in Path().glob("r.*.json")))
    assert f"r.{first.run_id}.json: it is the one that the record names" in found["proven"]
    Path(f"r.{first.run_id}.json").unlink()
    code, found = lists(cli)
    assert code == 1
    assert "has no record here" in found["contradictions"]


@cases(
    ("argv", "code", "words"),
    [
        (("gone.md",), 2, "cannot read gone.md: it is not there"),
        (("README.md", "--record", "gone.json"), 2, "it is not there"),
        (("README.md", "--journal", "r.jsonl"), 2, "--journal is given without the record"),
        (("acme/m", "--record", "r.json"), 2, "--record is for a card that is a file"),
        (("bare.md",), 3, "states no emissions that are a number"),
        (("own.json",), 2, "carbon-lint verify README.md --record own.json"),
        (("README.md", "--record", "README.md"), 2, "is not JSON"),
    ],
)
def test_wrong_turns_are_one_clear_line(cli, argv, code, words):
    Path("README.md").write_text("---\nco2_eq_emissions:\n  emissions: 12\n---\n")
    Path("bare.md").write_text(CARD)
    Path("own.json").write_text('{"format": "carbon-lint/record@2"}')
    found = cli("verify", *argv)
    assert (found[0], found[1]) == (code, "")
    assert words in found[2]


def test_a_number_that_stands_twice_in_a_record_is_found(cli):
    """One reader takes the first, and another the last."""
    write_record(a_record(), "r.json")
    Path("README.md").write_bytes(card_with_record(CARD.encode(), "README.md", load_record("r.json")).after)
    assert lists(cli)[0] == 0
    Path("r.json").write_text(Path("r.json").read_text().replace("{", '{"emissions_g": 1.0,', 1))
    code, found = lists(cli)
    assert (code, "the key emissions_g comes twice" in found["contradictions"]) == (1, True)


def test_records_of_other_trainings_beside_it_are_not_read(cli):
    write_record(a_record(), "r.json")
    Path("README.md").write_bytes(card_with_record(CARD.encode(), "README.md", load_record("r.json")).after)
    Path("other.json").write_text('{"format": "carbon-lint/record@2"}')
    code, found = lists(cli)
    assert code == 0, found
    write_record(replace(a_record(), run_group="g"), "r.json")
    assert "a record beside it cannot be read" in lists(cli)[1]["contradictions"]


def test_a_gpu_that_others_used_is_reported(cli):
    gpu = Gpu(index=0, name="T4", uuid="GPU-1", energy_kwh=0.6, is_shared=True)
    write_record(replace(a_record(), hardware=Hardware(gpus=(gpu,))), "r.json")
    Path("README.md").write_bytes(card_with_record(CARD.encode(), "README.md", load_record("r.json")).after)
    code, found = lists(cli)
    assert code == 0, found
    assert "others used them too" in found["cannot_be_known"]


def test_a_card_alone_proves_nothing(cli):
    Path("README.md").write_text("---\nco2_eq_emissions:\n  emissions: 12\n---\n")
    code, out, _ = cli("verify", "README.md")
    assert code == 0
    assert "nothing contradicts the figure, and nothing proves it" in out


def test_another_program_computes_the_same_hashes():
    """The ten lines of docs/verifying.md."""
    text = (ROOT / "docs/verifying.md").read_text()
    program = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    write_record(replace(a_record(), duration_s=1e-7, job_cpu_s=1e16), "r.json")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.split() == [json.loads(Path("r.json").read_text())["record_sha256"]] * 2, done.stderr
