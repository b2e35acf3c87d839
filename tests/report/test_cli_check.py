"""The formats through `carbon-lint check`, as CI runs it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from carbon_lint.report.findings.reporters import REPORTERS
from tests.cases import cases

BAD = "---\nco2_eq_emissions:\n  emissions: 17g\n  source: 日本 ::error::x\n---\n"


@pytest.fixture
def repository(monkeypatch):
    """A card in a folder of a repository, that folder being the working one."""
    Path(".git").mkdir()
    Path("models/a b").mkdir(parents=True)
    Path("models/a b/README.md").write_text(BAD)
    monkeypatch.chdir("models")


def test_a_forge_is_given_paths_from_the_root_of_the_repository(cli, repository):
    code, out, _ = cli(
        "check", "a b", "--format", "github", "--output", "sarif=lint.sarif", "--output", "gitlab=cq.json"
    )

    assert code == 1
    assert "::error file=models/a b/README.md,line=3," in out
    result = json.loads(Path("lint.sarif").read_text())["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "models/a%20b/README.md"
    assert json.loads(Path("cq.json").read_text())[0]["location"]["path"] == "models/a b/README.md"
    assert "a b/README.md:3:14: error" in cli("check", "a b")[1]


def test_on_github_the_root_is_the_workspace(cli, repository, monkeypatch):
    monkeypatch.setenv("GITHUB_WORKSPACE", os.path.dirname(os.path.dirname(os.getcwd())))

    assert "::error file=work/models/a b/README.md,line=3," in cli("check", "a b", "--format", "github")[1]


@cases("name", REPORTERS)
def test_the_exit_status_never_depends_on_the_format(cli, name):
    Path("bad.md").write_text(BAD)
    Path("good.md").write_text("---\nlicense: mit\nco2_eq_emissions: 12.5\n---\n")

    assert cli("check", "bad.md", "--format", name)[0] == 1
    assert cli("check", "good.md", "--format", name)[0] == 0


@pytest.mark.parametrize("name", REPORTERS)
def test_a_terminal_with_ascii_only_gets_escapes_and_no_crash(carbon_lint, name):
    Path("bad.md").write_text(BAD, encoding="utf-8")
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}

    done = carbon_lint("check", "bad.md", "--format", name, env=environ)

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.isascii()


def test_a_wrong_output_is_an_error_before_anything_is_linted(cli):
    code, out, err = cli("check", "--output", "sarf=x", "nothing.md")

    assert (code, out) == (2, "")
    assert "did you mean sarif?" in err
