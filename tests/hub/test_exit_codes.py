"""Every verb through the table of docs/exit-codes.md: what happened decides, not the class of an error."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from carbon_lint.card.from_record import card_with_record
from carbon_lint.records.record import Energy, Outcome
from carbon_lint.records.store import write_record
from tests import spawn
from tests.conftest import ROOT
from tests.hub.records import record
from tests.records.test_emissions_csv import table as emissions_csv

GOOD = "---\nlicense: mit\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n---\n# A model\n"
BAD = GOOD.replace("12.5", "17 kg")
RUN = ("--energy-only", "--record", "new.json", "--")
OF_HUB = ("--baseline", "hub:acme/m", "--max-increase", "5%")
LIMIT = ("--max-energy", "1 mWh")
OFFLINE = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_TOKEN": "hf_x"}
JOB = ("--gpu", "A100", "--hours", "1h")


@pytest.fixture(scope="module")
def table():
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "tools" / "generate_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.EXIT_CODES_BY_VERB


@pytest.fixture(autouse=True)
def files():
    """What the commands below name."""
    Path("README.md").write_text(GOOD)
    Path("bad.md").write_text(BAD)
    Path("empty").mkdir()
    Path("repository").mkdir()
    whole = record(emissions_g=0.7583 * 56.04, energy_kwh=Energy(total=0.7583, gpu=0.6, cpu=0.1, ram=0.0583))
    write_record(whole, "r.json")
    Path("carded.md").write_bytes(card_with_record(GOOD.encode(), "carded.md", whole).after)
    Path("emissions.csv").write_text(emissions_csv({}))
    Path("figureless.md").write_text("---\nlicense: mit\n---\n")
    none = replace(
        whole,
        run_id="other",
        outcome=Outcome.UNMEASURED,
        emissions_g=None,
        energy_kwh=Energy(total=None),
        uncertainty=None,
    )
    write_record(none, "none.json")


PUBLISH = ("publish", "README.md", "--to", "acme/m", "--record", "r.json")
# What happened -> verb -> the command that makes it happen.
COMMANDS = {
    "nothing to object to": {
        "run": ("run", *RUN, "true"),
        "gate": ("gate", "r.json", "--max-emissions", "1 t"),
        "card": ("card", "README.md", "--from", "r.json", "--replace"),
        "check": ("check", "README.md"),
        "doctor": ("doctor", "--location", "FRA"),
        "estimate": ("estimate", *JOB, "--location", "FRA"),
        "publish": (*PUBLISH, "--dry-run"),
        "find": ("find", "--max", "1 kg"),
        "audit": ("audit", "--author", "acme"),
        "verify": ("verify", "carded.md", "--record", "r.json"),
        "merge": ("merge", "r.json", "-o", "sum.json"),
        "recover": ("recover", "empty"),
        "ledger": ("ledger", "add", "r.json", "--ledger", "ledger"),
        "report": ("report", "r.json"),
        "init": ("init", "repository", "--yes", "--to", "acme/m", "--location", "FRA", "--owner", "acme"),
        "rules": ("rules",),
    },
    "findings, or over a limit": {
        "run": ("run", *LIMIT, *RUN, "sleep", "1"),
        "gate": ("gate", "r.json", "--max-emissions", "1 ug"),
        "check": ("check", "bad.md"),
        "publish": ("publish", "bad.md", "--to", "acme/m", "--whole-card"),
        "audit": ("audit", "--author", "kilograms"),
        "verify": ("verify", "README.md", "--record", "r.json"),
        "ledger": ("ledger", "sum", "--ledger", "ledger", "--max-emissions", "1 ug"),
    },
    "`carbon-lint.toml` is wrong": {
        "run": ("run", *RUN, "true"),
        "gate": ("gate", "r.json", "--max-emissions", "1 t"),
        "card": ("card", "README.md", "--from", "r.json", "--replace"),
        "check": ("check", "README.md"),
        "doctor": ("doctor",),
        "estimate": ("estimate", *JOB),
        "publish": PUBLISH,
        "audit": ("audit", "--author", "acme"),
        "ledger": ("ledger", "report", "--ledger", "ledger"),
        "report": ("report", "r.json"),
        "init": ("init", ".", "--yes"),
    },
    "a file that was named is not there": {
        "run": ("run", "--baseline", "record:gone", *RUN, "true"),
        "gate": ("gate", "gone", "--max-emissions", "1 t"),
        "card": ("card", "README.md", "--from", "gone"),
        "check": ("check", "gone.md"),
        "estimate": ("estimate", "--from-record", "gone"),
        "publish": ("publish", "gone.md", "--to", "acme/m", "--whole-card"),
        "audit": ("audit", "--models", "gone"),
        "verify": ("verify", "gone.md"),
        "merge": ("merge", "gone", "-o", "sum.json"),
        "recover": ("recover", "gone.jsonl"),
        "ledger": ("ledger", "add", "gone", "--ledger", "ledger"),
        "report": ("report", "gone"),
        "init": ("init", "gone", "--yes"),
    },
    "no card, no model or no run was found": {
        "check": ("check", "empty"),
        "audit": ("audit", "--author", "nobody"),
        "verify": ("verify", "figureless.md"),
        "ledger": ("ledger", "sum", "--ledger", "ledger", "--month", "1999-01"),
    },
    "the location is not known": {
        "run": ("run", "--location", "XXX", "--", "true"),
        "doctor": ("doctor", "--location", "XXX"),
        "card": ("card", "README.md", "--from", "r.json", "--location", "XXX"),
        "check": ("check", "README.md", "--emissions-csv", "emissions.csv", "--location", "XXX"),
        "estimate": ("estimate", *JOB, "--location", "XXX"),
        "init": ("init", "repository", "--yes", "--location", "XXX"),
    },
    "a quantity or a carbon intensity cannot be read": {
        "run": ("run", "--carbon-intensity", "-5", "--", "true"),
        "gate": ("gate", "r.json", "--max-emissions", "5"),
        "card": ("card", "README.md", "--from", "r.json", "--carbon-intensity", "abc"),
        "check": ("check", "README.md", "--emissions-csv", "emissions.csv", "--carbon-intensity", "0"),
        "doctor": ("doctor", "--carbon-intensity", "-5"),
        "estimate": ("estimate", *JOB, "--carbon-intensity", "nan"),
        "publish": (*PUBLISH, "--timeout", "5"),
        "find": ("find", "--max", "5"),
        "audit": ("audit", "--author", "acme", "--timeout", "5"),
        "verify": ("verify", "acme/m", "--timeout", "5"),
        "ledger": ("ledger", "sum", "--ledger", "ledger", "--max-emissions", "5"),
        "report": ("report", "r.json", "--max-emissions", "5"),
    },
    "a record without a figure": {
        "gate": ("gate", "none.json", "--max-emissions", "1 t"),
        "ledger": ("ledger", "sum", "--ledger", "unmeasured", "--max-emissions", "1 t"),
        "card": ("card", "README.md", "--from", "none.json"),
        "merge": ("merge", "none.json", "r.json", "-o", "sum.json"),
        "publish": ("publish", "README.md", "--to", "acme/m", "--record", "none.json"),
        "estimate": ("estimate", "--from-record", "none.json"),
        "init": ("init", "repository", "--yes", "--record", "none.json"),
    },
    "the Hub cannot be reached": {
        "run": ("run", *OF_HUB, *RUN, "true"),
        "report": ("report", "r.json", *OF_HUB),
        "publish": ("publish", "README.md", "--to", "acme/m", "--whole-card", "--timeout", "1s"),
        "find": ("find", "--max", "1 kg", "--timeout", "1s"),
        "audit": ("audit", "--author", "acme", "--timeout", "1s"),
        "verify": ("verify", "acme/m", "--timeout", "1s"),
        "gate": ("gate", "r.json", *OF_HUB),
    },
    "the extra `hub` is not installed": {
        "run": ("run", *OF_HUB, *RUN, "true"),
        "gate": ("gate", "r.json", *OF_HUB),
        "report": ("report", "r.json", *OF_HUB),
        "publish": PUBLISH,
        "find": ("find", "--max", "1 kg"),
        "audit": ("audit", "--author", "acme"),
        "verify": ("verify", "acme/m"),
    },
    "the job exits with 7": {"run": ("run", *RUN, "sh", "-c", "exit 7")},
    "the job's command is not there": {"run": ("run", *RUN, "no-such-program")},
}


@pytest.mark.parametrize("what", COMMANDS)
def test_each_verb_ends_with_the_tables_status(what, table, cli, carbon_lint, hub, at, monkeypatch, lose_the_extra):  # noqa: PLR0917
    at(hub)
    hub.create("acme/m", GOOD)
    hub.create("kilograms/m", BAD)
    assert cli("ledger", "add", "r.json", "--ledger", "ledger")[0] == 0
    assert cli("ledger", "add", "none.json", "--ledger", "unmeasured")[0] == 0
    if what == "`carbon-lint.toml` is wrong":
        Path("carbon-lint.toml").write_text('pue = "much"\n')
    if what == "the Hub cannot be reached":
        for name, value in OFFLINE.items():
            monkeypatch.setenv(name, value)
    if what == "the extra `hub` is not installed":
        lose_the_extra()
    wrong = {}
    for verb, argv in COMMANDS[what].items():
        # A job needs a process around it; what is refused before it needs what the test has changed in this one.
        has_job = verb == "run" and table[what][verb] != 2
        code = carbon_lint(*argv).returncode if has_job else cli(*argv)[0]
        if code != table[what][verb]:
            wrong[verb] = code
    assert wrong == {}, f"expected {table[what]}"


UNWRITABLE = "what it prints on stdout cannot be written"
# What it takes to start the program with such an output, and why it says that it cannot write.
OUTPUTS = {
    "full": ("", "No space left on device"),
    "closed": ("import os, sys; os.close(1); sys.stdout = None; ", "it is not open for writing"),
}
MORE_OUTPUT = [
    ("--help",), ("--version",), ("check", "--help"), ("check", "bad.md"), ("check", "--fix", "bad.md"),
    ("check", "bad.md", "--format", "json"), ("card", "bad.md", "--from", "r.json", "--replace", "--diff"),
    ("gate", "r.json", "--max-emissions", "1 ug"), ("report", "r.json", "--format", "html"),
    ("ledger", "sum", "--ledger", "ledger"), ("ledger", "list", "--ledger", "ledger"),
    ("ledger", "report", "--ledger", "ledger"), ("rules", "CL201"), ("verify", "README.md", "--record", "r.json"),
    ("publish", "bad.md", "--to", "acme/m", "--whole-card", "--dry-run"),
]  # fmt: skip


@pytest.mark.parametrize("kind", OUTPUTS)
def test_a_full_or_closed_output_is_one_line_for_every_verb(kind, table, cli, hub, at):
    at(hub)
    hub.create("acme/m", GOOD)
    assert cli("ledger", "add", "r.json", "--ledger", "ledger")[0] == 0
    before, why = OUTPUTS[kind]
    words = [sys.executable, "-c", f"{before}from carbon_lint.cli import console; console()"]
    wrong = {}
    with open("/dev/full", "w") as full:
        for argv in [*COMMANDS["nothing to object to"].values(), *MORE_OUTPUT]:
            done = spawn.run([*words, *argv], stdout=full, stderr=subprocess.PIPE, text=True, timeout=100)
            said = [line for line in done.stderr.splitlines() if "stdout" in line or line.startswith("Traceback")]
            is_job, is_refused = argv[0] == "run", argv[:2] == ("publish", "bad.md")
            code = 0 if is_job else 1 if is_refused else table[UNWRITABLE].get(argv[0], 2)
            if (done.returncode, said) != (code, [f"carbon-lint: cannot write to stdout: {why}"] * (not is_job)):
                wrong[argv] = (done.returncode, done.stderr[-300:])
    assert wrong == {}


@pytest.mark.parametrize("what", ["nothing to object to", "a file that was named is not there"])
def test_messages_that_cannot_be_written_change_no_status(what, table, hub, at):
    at(hub)
    hub.create("acme/m", GOOD)
    wrong = {}
    with open("/dev/full", "w") as full:
        for verb, argv in COMMANDS[what].items():
            words = [sys.executable, "-m", "carbon_lint", *argv]
            code = spawn.run(words, stdout=subprocess.DEVNULL, stderr=full, timeout=100).returncode
            if code != table[what][verb]:
                wrong[verb] = code
    assert wrong == {}, f"expected {table[what]}"


def test_every_cell_of_the_table_is_tried(table, cli):
    tried_otherwise = {"an option that does not exist", UNWRITABLE}
    assert {what: sorted(codes) for what, codes in table.items() if what not in tried_otherwise} == {
        what: sorted(commands) for what, commands in COMMANDS.items()
    }
    for verb, code in table["an option that does not exist"].items():
        assert cli(verb, "--no-such-option")[0] == code, verb
