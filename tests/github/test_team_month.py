"""The example workflow that keeps an issue up to date, its own script run by bash with a stand-in for `gh`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from carbon_lint.records.ledger import add
from carbon_lint.records.record import Energy
from tests.conftest import ROOT
from tests.records.builders import a_record, fitting

GH = """#!{python}
import json, os, sys
words, state = sys.argv[1:], os.environ["GH_STATE"]
known = json.load(open(state)) if os.path.exists(state) else {{"issues": [], "comments": []}}
body = open(words[words.index("--body-file") + 1]).read() if "--body-file" in words else None
if words[1] == os.environ.get("GH_FAILS"):
    sys.exit("HTTP 502")
if words[:2] == ["issue", "list"]:
    print(json.dumps(known["issues"]))
elif words[:2] == ["issue", "create"]:
    known["issues"].append({{"number": 7, "body": body}})
    print("https://github.com/acme/code/issues/7")
elif words[:2] == ["issue", "edit"]:
    next(one for one in known["issues"] if one["number"] == int(words[2]))["body"] = body
elif words[:2] == ["issue", "comment"]:
    known["comments"].append([int(words[2]), body])
json.dump(known, open(state, "w"))
"""


@pytest.fixture
def morning(tmp_path, monkeypatch):
    """Runs the script of the workflow once, in a checkout with a budget; returns its status and what GitHub holds."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "gh").write_text(GH.format(python=sys.executable))
    (tools / "carbon-lint").write_text(f'#!/bin/sh\nexec {sys.executable} -m carbon_lint "$@"\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    Path("carbon-lint.toml").write_text(
        '[[budget]]\nname = "all"\nwindow = "month"\nmax-emissions = "1 kg"\nowner = "@ann"\n'
    )
    workflow = yaml.safe_load((ROOT / "examples/workflows/team-month.yml").read_text())
    (script,) = [step["run"] for step in workflow["jobs"]["month"]["steps"] if step.get("name") == "report"]
    state = tmp_path / "github.json"

    def run(**environ):
        given = {"PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "GH_STATE": str(state)}
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script], check=False, capture_output=True, text=True,
            env={**given, "CARBON_LINT_LEDGER": "ledger", "GITHUB_STEP_SUMMARY": "summary.md", **environ},
        )  # fmt: skip
        return done.returncode, json.loads(state.read_text())

    return run


def spend(number, emissions_g):
    ended = datetime.now(UTC) - timedelta(seconds=30 * (5 - number))  # apart: time that two runs share counts once
    energy = Energy(total=emissions_g / 100, gpu=emissions_g / 100)
    stamp = f"{ended:%Y-%m-%dT%H:%M:%SZ}"
    one = a_record(run_id=f"run-{number}", ended_at=stamp, emissions_g=emissions_g, energy_kwh=energy, duration_s=1.0)
    add(fitting(one), "ledger")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("jq") is None, reason="there is no jq, which GitHub's runners have")
def test_one_issue_is_kept_and_mentions_the_owner_once_at_each_threshold(morning):
    spend(1, 100.0)
    code, github = morning()
    assert (code, len(github["issues"]), github["comments"]) == (0, 1, [])
    assert "all used 100 g of 1 kg (10 %)" in github["issues"][0]["body"]
    spend(2, 750.0)
    code, github = morning(GH_FAILS="comment")  # the API is down just then: the issue must not record a mention
    assert (code != 0, github["comments"]) == (True, [])
    for _ in range(2):
        _, github = morning()
        assert [(number, body.split(".")[0]) for number, body in github["comments"]] == [
            (7, "@ann: the budget all has reached 80 %")
        ]
    spend(3, 300.0)
    for _ in range(2):
        code, github = morning()
        assert (code, len(github["issues"]), len(github["comments"])) == (0, 1, 2)
    assert github["comments"][1][1].startswith("@ann: the budget all is used up")
    assert "all used 1.15 kg of 1 kg" in github["issues"][0]["body"]
