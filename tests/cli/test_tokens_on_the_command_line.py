"""A token on the command line of a run is in nothing that the run leaves or prints."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from carbon_lint.records.hashes import sealed
from carbon_lint.records.store import load_record, record_to_json
from carbon_lint.report.run import comment, summary
from carbon_lint.report.run.run_report import RunReport
from tests.journals import journal_text

A = "0123456789abcdefghij0123456789abcdefghij"
TOKENS = {
    "--hf": f"hf_{A[:34]}",
    "--gh": f"ghp_{A[:36]}",
    "--installation": f"ghs_{A}.{A}.{A}",
    "--fine": f"github_pat_{A}",
    "--lab": f"glpat-{A[:20]}",
    "--cloud": "AKIA0123456789ABCDEF",
    "--ai": f"sk-{A}",
    "--chat": f"xoxb-{A}",
    "--maps": f"AIza{A[:35]}",
    "--api-key": "plain-1",
    "--name": "value-of-the-variable",
}


@pytest.fixture
def run(carbon_lint):
    """A measured run with all those tokens on its command line; what it printed."""
    words = [word for pair in TOKENS.items() for word in pair]
    environ = {**os.environ, "WANDB_API_KEY": "value-of-the-variable", "DB_PASSWORD": "hunter2"}
    script = "exit 0 # MY_SECRET=plain-2 hunter2 https://me:plain-3@example.org"
    return carbon_lint("run", "--energy-only", "--record", "r.json", "--", "sh", "-c", script, *words, env=environ)


def secrets():
    return [
        *(token.partition("_")[2] or token for token in TOKENS.values()),
        "plain-1",
        "plain-2",
        "plain-3",
        "hunter2",
    ]


def test_the_record_the_journal_and_the_log_hold_none(run):
    assert run.returncode == 0, run.stderr
    left = {"stdout": run.stdout, "stderr": run.stderr, "record": Path("r.json").read_text()}
    left |= {path.name: journal_text(path) for path in Path().glob("r.jsonl*")}
    assert "r.jsonl.gz" in left
    assert {(where, secret) for where, text in left.items() for secret in secrets() if secret in text} == set()
    assert "exit 0" in json.loads(left["record"])["command"][2]


def test_no_report_of_a_record_shows_one(run, cli):
    assert run.returncode == 0
    for form in ("text", "markdown", "comment", "cyclonedx", "spdx"):
        bill = ("--model", "m", "--activity", "training") if form in {"cyclonedx", "spdx"} else ()
        code, out, err = cli("report", "r.json", "--format", form, *bill)
        assert code == 0, err
        assert [secret for secret in secrets() if secret in out + err] == []


def test_a_record_that_was_written_elsewhere_shows_none_either(run):
    assert run.returncode == 0
    document = record_to_json(load_record("r.json"))
    document["command"] = ["train", *(word for pair in TOKENS.items() if pair[0] != "--name" for word in pair)]
    Path("theirs.json").write_text(json.dumps(sealed(document)))
    record = load_record("theirs.json")
    shown = summary.render(RunReport(record=record)) + comment.render(RunReport(record=record), key="k")
    assert [secret for secret in secrets() if secret in shown] == []


@pytest.mark.parametrize("words", [("HF_TOKEN=plain-1", "python"), ("glpat-" + A,)])
def test_a_command_that_is_not_there_is_named_without_its_token(carbon_lint, words):
    done = carbon_lint("run", "--energy-only", "--", *words)
    assert done.returncode == 127
    assert "command not found" in done.stderr
    assert "plain-1" not in done.stderr
    assert A not in done.stderr


def test_a_flag_that_is_not_known_is_named_without_its_value(carbon_lint):
    done = carbon_lint("check", "--api-key=plain-1", "--token", "plain-2")
    assert done.returncode == 2
    assert "--api-key" in done.stderr
    assert "plain-" not in done.stderr
