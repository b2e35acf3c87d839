"""A run that was measured once, with its card, record and journal, and what `verify` lists of it."""

from __future__ import annotations

import json
import os
import shutil
import sys

import pytest

from tests import spawn
from tests.conftest import ROOT

CARD = "---\nlicense: apache-2.0\n---\n# A model of 2026\n"


@pytest.fixture(scope="session")
def measured(tmp_path_factory):
    """A folder with a card, its record and its journal, as a run left them."""
    folder = tmp_path_factory.mktemp("measured")
    (folder / "README.md").write_text(CARD)
    until_read = "import time\nwhile open('r.jsonl').read().count('\\n') < 6: time.sleep(0.02)"
    job = [sys.executable, "-c", until_read]
    flags = ["--location", "FRA", "--tick", "100ms", "--record", "r.json", "--card", "README.md", "--run-group", "g"]
    flags += ["--max-emissions", "1 kg", "--forecast", "--expected-duration", "1s"]
    done = spawn.run(
        [sys.executable, "-m", "carbon_lint", "run", *flags, "--", *job],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def files(measured):
    """The same in the folder of this test."""
    for path in measured.iterdir():
        shutil.copy(path, path.name)


def lists(cli, *argv):
    """Return the exit status and what `verify` lists, by kind."""
    code, out, err = cli("verify", "README.md", "--record", "r.json", *argv, "--format", "json")
    assert not err
    found = json.loads(out)
    assert (code == 1) == (found["verdict"] == "contradicted") == bool(found["contradictions"])
    kinds = ("contradictions", "proven", "only_claimed", "cannot_be_known")
    return code, {kind: " | ".join(each["statement"] for each in found[kind]) for kind in kinds}
