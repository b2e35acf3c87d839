"""No verb that writes a file takes the place of one that is something else: a card, a script, the job's results."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbon_lint.records.ledger import add_all
from carbon_lint.records.store import load_record, record_to_json, write_record
from carbon_lint.report.earlier import check_replaceable
from tests.cases import cases
from tests.effort import examples
from tests.records.builders import a_record

CARD = "---\nlicense: mit\nco2_eq_emissions:\n  emissions: 70.05\n---\n# A model\n"
FILES = {
    "README.md": CARD,
    "train.py": "import torch\n",
    "carbon-lint.toml": 'location = "FRA"\n',
    "results.json": '{"accuracy": 0.9}\n',
    "log.jsonl": '{"loss": 1}\n',
    "broken.json": '{"format": "carbon-lint/rec',
    "run.sh": "#!/bin/sh\n",
    "data.csv": "a,b\n1,2\n",
    "weights.bin": "\x00\x01",
}
BILL = ("--model", "me/m", "--activity", "fine-tuning")
VERBS = {
    "run --record": ("run", "--location", "FRA", "--record", "{}", "--", "true"),
    "merge -o": ("merge", "in/one.json", "in/two.json", "-o", "{}"),
    "ledger list -o": ("ledger", "list", "--ledger", "ledger", "--format", "csv", "-o", "{}"),
    "ledger report -o": ("ledger", "report", "--ledger", "ledger", "-o", "{}"),
    "recover -o": ("recover", "killed/r.jsonl", "-o", "{}"),
    **{
        f"report --format {name}": ("report", "in/one.json", "--format", name, *BILL, "--output", "{}")
        for name in ("text", "json", "markdown", "comment", "cyclonedx", "spdx")
    },
    **{
        f"check --output {name}": ("check", "in/README.md", "--output", f"{name}={{}}")
        for name in ("text", "concise", "json", "github", "gitlab", "sarif", "markdown", "html")
    },
    **{
        f"audit --format {name}": ("audit", "--from", "in/cards.jsonl", "--format", name, "--output", "{}")
        for name in ("text", "json", "html", "sarif")
    },
}
QUICK = sorted(set(VERBS) - {"run --record"})
NEVER = ("ledger list -o", "recover -o")
"""Their earlier output is a record, or a list like any other: only --force overwrites it."""


def argv(verb, path):
    return [word.replace("{}", path) for word in VERBS[verb]]


def a_folder(folder):
    """Files of other kinds, and what the verbs read."""
    (folder / "in").mkdir(parents=True)
    (folder / "killed").mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    write_record(a_record(run_id="one"), folder / "in/one.json")
    list(add_all([a_record(run_id="one")], str(folder / "ledger")))
    write_record(a_record(run_id="two", started_at="2026-11-25T10:00:00Z"), folder / "in/two.json")
    (folder / "in/README.md").write_text(CARD)
    (folder / "in/cards.jsonl").write_text(json.dumps({"id": "a/b", "card": CARD}) + "\n")
    header = {"format": "carbon-lint/journal@1", "record": record_to_json(a_record(run_id="killed")), "limits": {}}
    energy = {"total": 0.1, "cpu": 0.05, "gpu": None, "ram": 0.05}
    reading = {"elapsed_s": 600.0, "energy_kwh": energy, "emissions_g": 5.604}
    (folder / "killed/r.jsonl").write_text("".join(json.dumps(line) + "\n" for line in (header, reading)))
    return folder


def contents(folder):
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@cases("name", FILES)
@cases("verb", ["run --record", "merge -o"])
def test_a_record_takes_the_place_of_no_other_file(cli, verb, name):
    here = a_folder(Path("here"))
    os.chdir(here)
    before = contents(Path())
    code, _, err = cli(*argv(verb, name))
    assert code == 2
    assert f"{name} exists and is not a carbon-lint record" in err
    assert "name a file of its own" in err if verb.startswith("run") else "--force overwrites it" in err
    assert contents(Path()) == before


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(verb=st.sampled_from(QUICK), name=st.sampled_from(sorted(FILES)), link=st.booleans())
def test_whatever_writes_leaves_whatever_is_not_its_own(cli, tmp_path_factory, verb, name, link):
    os.chdir(a_folder(tmp_path_factory.mktemp("any") / "here"))
    if link:
        Path("link").symlink_to(name)
    before = contents(Path())
    code, _, err = cli(*argv(verb, "link" if link else name))
    assert code == 2
    assert re.search(" exists and is not .*\n  --force overwrites it\n", err)
    assert contents(Path()) == before


@cases("verb", QUICK)
def test_with_force_the_named_file_is_overwritten_and_no_other(cli, verb):
    os.chdir(a_folder(Path("here")))
    before = contents(Path())
    code, _, err = cli(*argv(verb, "train.py"), "--force")
    assert (code, err) in {(0, ""), (1, "")}, err
    after = contents(Path())
    assert after.pop("train.py") != before.pop("train.py")
    assert after == before


@cases("verb", sorted(set(QUICK) - set(NEVER)))
def test_an_earlier_output_of_its_own_is_replaced(cli, verb):
    os.chdir(a_folder(Path("here")))
    Path("empty").touch()
    for path in ("out", "out", "empty"):
        code, _, err = cli(*argv(verb, path))
        assert (code, err) in {(0, ""), (1, "")}, err
        assert Path(path).exists()
    if verb.startswith(("report", "check", "audit")) and verb != "report --format json":
        code, _, err = cli(*argv(verb, "in/one.json"))
        assert "in/one.json exists and is not an earlier report" in err
        assert load_record("in/one.json").run_id == "one"


def test_a_report_of_one_kind_does_not_take_the_place_of_one_of_another():
    Path("x").write_text('{"format": "carbon-lint/record@1"}')
    for name in ("text", "concise", "json", "github", "gitlab", "sarif", "html", "markdown", "comment", "spdx"):
        with pytest.raises(Exception, match="exists and is not"):
            check_replaceable("x", name)


@cases("name", sorted(set(FILES) - {"README.md"}))
def test_a_file_that_is_not_a_card_stays_as_it_is(cli, name):
    os.chdir(a_folder(Path("here")))
    before = contents(Path())
    for arguments in (
        ("card", name, "--from", "in/one.json"),
        ("run", "--location", "FRA", "--card", name, "--", "true"),
    ):
        code, _, err = cli(*arguments)
        assert code == 2
        assert f"{name} is not a model card" in err
    assert contents(Path()) == before


def test_the_card_and_the_record_are_two_files(cli):
    code, _, err = cli("run", "--location", "FRA", "--card", "new.md", "--record", "./new.md", "--", "touch", "ran")
    assert code == 2
    assert "new.md is to be the card and the record" in err
    assert not Path("ran").exists()


def test_an_input_of_a_merge_is_not_its_output(cli):
    os.chdir(a_folder(Path("here")))
    code, _, err = cli("merge", "in/one.json", "in/two.json", "-o", "in/one.json")
    assert code == 2
    assert "in/one.json is one of the records: its own figures would be lost" in err
    assert load_record("in/one.json").run_id == "one"


def test_no_record_of_an_earlier_run_is_dropped_however_many_there_were(carbon_lint):
    ids = []
    for _ in range(4):
        assert carbon_lint("run", "--location", "FRA", "--record", "out/r.json", "--", "true").returncode == 0
        ids.append(load_record("out/r.json").run_id)
    kept = [load_record(path).run_id for path in Path("out").iterdir() if ".jsonl" not in path.name]
    assert sorted(kept) == sorted(ids)
