"""The documentation's site builds without a warning, and what its first page tells a new user to do works."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys

import pytest
import yaml

from tests.conftest import ROOT


@pytest.mark.slow
def test_the_site_builds_strictly_and_each_page_is_plain_markdown_too(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pages = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    assert {path.relative_to(tmp_path / "site") for path in (tmp_path / "site").rglob("*.md")} == pages
    page = (tmp_path / "site/ci-elsewhere/index.html").read_text(encoding="utf-8")
    assert "/blob/main/examples/elsewhere/slurm.sh" in page
    assert 'href="../examples' not in page
    home = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    loaded = re.findall(r"<(?:script|link)[^>]*(?:src|href)=\"(https?://[^\"]+\.(?:js|css|woff2?))", home)
    assert loaded == []  # a reader's browser asks nobody else


def test_the_start_page_works_as_it_is_written(tmp_path):
    """The laptop's commands run; the workflow and the hook are what their readers expect."""
    page = (ROOT / "docs/start.md").read_text(encoding="utf-8")
    commands = [shlex.split(line) for line in re.findall(r"^ *\$ (carbon-lint .*)$", page, re.MULTILINE)]
    assert [command[1] for command in commands] == ["run", "check"]
    for command in commands:
        line = [sys.executable, "-m", "carbon_lint", *command[1:]]
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "r.json").exists()
    workflow, hook = (
        yaml.safe_load("\n".join(line[4:] for line in block.splitlines()))
        for block in re.findall(r"^    ```yaml\n(.*?)^    ```$", page, re.MULTILINE | re.DOTALL)
    )
    step = workflow["jobs"]["train"]["steps"][1]
    inputs = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    assert set(step["with"]) <= set(inputs)
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["repos"][0]["hooks"][0]["id"] in {one["id"] for one in hooks}
