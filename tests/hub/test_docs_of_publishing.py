"""The page "Publish from CI without a secret", done step by step against the stand-in Hub."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.hub.records import write_record

PAGE = (ROOT / "docs" / "publishing.md").read_text(encoding="utf-8")
MODEL = "my-org/my-model"


def job():
    section = PAGE.split("## Publish from CI without a secret")[1].split("\n## ")[0]
    return yaml.safe_load(re.search(r"```yaml\n(.*?)```", section, re.DOTALL)[1])["jobs"]["publish"]


@pytest.fixture
def environ(hub):
    """What GitHub gives that job: its `env`, and the id token's variables because of `id-token: write`."""
    publish = job()
    assert publish["permissions"]["id-token"] == "write"
    hub.create(MODEL, "---\nlicense: mit\n---\n# Theirs\n")
    given = hub.oidc_environ("replaced below", "my-org/training", workflow="release.yml", branch="main")
    program = Path(sys.executable).parent
    return {**given, **publish["env"], "PATH": f"{program}:{os.environ['PATH']}", "HOME": os.environ["HOME"]}


def run_steps(environ):
    folder = Path(next(step["with"]["path"] for step in job()["steps"] if "download" in step.get("uses", "")))
    folder.mkdir()
    write_record(folder / "r.json")
    done = None
    for step in job()["steps"]:
        if step.get("run", "").startswith("carbon-lint"):
            command = ["bash", "-euo", "pipefail", "-c", step["run"]]
            done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done is not None
    return done


def test_the_steps_of_the_page_publish_without_a_secret(hub, environ):
    hub.trust(MODEL, "my-org/training", workflow="release.yml", branch="main")
    done = run_steps(environ)
    assert done.returncode == 0, done.stderr
    assert b"emissions: 42.5" in hub.card(MODEL)
    assert hub.state.repos[MODEL].git.log("main")[0].author == "[OIDC]"


def test_without_the_first_step_of_the_page_it_names_what_is_missing(hub, environ):
    done = run_steps(environ)
    assert done.returncode == 4
    assert "trusted publisher" in done.stderr


def test_every_flag_that_the_page_names_exists(cli):
    ours = "".join(line for line in PAGE.splitlines(keepends=True) if not line.startswith("$ hf "))
    flags = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours))
    helps = "".join(cli(verb, "--help")[1] for verb in ("publish", "run"))
    assert flags <= set(re.findall(r"--[a-z][a-z-]+", helps)) | {"--hub"}


def test_main_is_put_back_as_the_page_describes(hub):
    hub.state.organisations["acme"] = ["my-org"]
    git = hub.create(MODEL, "---\nlicense: mit\n---\n# Good\n").git
    before = hub.commit(MODEL, {"model.safetensors": b"good"})
    hub.commit(MODEL, {"README.md": b"half", "model.safetensors": b"half", "training_args.bin": b"1"})
    lines = [line.removeprefix("$ ") for line in PAGE.splitlines() if line.startswith("$ hf ")]
    assert len(lines) == 2
    named = re.search(r"--revision ([0-9a-f]{40})", lines[0])[1]
    environ = {**os.environ, **hub.environ(), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for line in lines:
        subprocess.run(["bash", "-c", line.replace(named, before)], env=environ, check=True, capture_output=True)
    assert git.tree(git.tip("main")) == git.tree(before)
    assert hub.titles(MODEL)[0] == "Back to cf4694f0"
