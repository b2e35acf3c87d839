"""Each small repository in `examples/` is complete, and does what its README says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pre_commit.clientlib import load_config

from carbon_lint.config import load_file
from carbon_lint.project import OWNER
from tests.conftest import ROOT
from tests.docs.blocks import blocks
from tests.github.runner import Runner, commit
from tests.schemas import check_jsonschema

EXAMPLES = ROOT / "examples"
REPOSITORIES = sorted(path.parent.name for path in EXAMPLES.glob("*/carbon-lint.toml"))
NEED_TORCH = {"lightning", "torchrun", "trainer"}
TRAINER_PYTHON = ROOT / ".ci-cache" / "trainer-venv" / "bin" / "python"
ACTIONS = {"": "action.yml", "/in-job": "in-job/action.yml", "/lint": "lint/action.yml"}


def steps(name):
    """Every step of ours in the workflows of an example, once for each value of its job's matrix: action, inputs."""
    for path in sorted((EXAMPLES / name / ".github" / "workflows").glob("*.yml")):
        for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values():
            matrix = job.get("strategy", {}).get("matrix", {"none": [""]})
            ((key, values),) = matrix.items()
            for value in values:
                for step in job["steps"]:
                    owner, _, action = step.get("uses", "").partition("/carbon-lint")
                    if owner == OWNER and action.startswith(("@", "/in-job@", "/lint@")):
                        given = {k: v.replace(f"${{{{ matrix.{key} }}}}", value) for k, v in step["with"].items()}
                        yield action.partition("@")[0], given


def test_these_are_all_of_them():
    assert set(REPOSITORIES) == {"cards-only", "lightning", "monorepo", "scikit-learn", "torchrun", "trainer"}
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(f"]({name})" in page for name in REPOSITORIES)


def test_each_is_complete_and_each_of_its_files_is_valid(cli):
    every = sorted(EXAMPLES.glob("*/.github/workflows/*.yml"))
    code, output = check_jsonschema("--builtin-schema", "vendor.github-workflows", *every)
    assert code == 0, output
    for name in REPOSITORIES:
        folder = EXAMPLES / name
        readme = (folder / "README.md").read_text(encoding="utf-8")
        for path in folder.rglob("carbon-lint.toml"):
            load_file(str(path))
        for path in folder.glob(".pre-commit-config.yaml"):
            load_config(str(path))
        workflows = sorted((folder / ".github" / "workflows").glob("*.yml"))
        assert all(f".github/workflows/{path.name}" in readme for path in workflows), name
        found = list(steps(name))
        assert found, name
        for action, given in found:
            known = yaml.safe_load((ROOT / ACTIONS[action]).read_text(encoding="utf-8"))["inputs"]
            assert set(given) <= set(known), (name, action)
        code, output, error = cli("check", folder)
        assert code == 0, (name, output, error)
        assert "no model card" not in error, name


def start_of_path(name):
    """The folder of the Python that the training needs."""
    if name not in NEED_TORCH:
        return str(Path(sys.executable).parent)
    assert TRAINER_PYTHON.exists(), "-m examples was asked for: tools/trainer_env.sh makes the environment with torch"
    return str(TRAINER_PYTHON.parent)


@pytest.mark.examples
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [name for name in REPOSITORIES if name != "cards-only"])
def test_the_workflow_trains_and_writes_the_card(name, tmp_path, monkeypatch, cli):
    """Each step of ours runs as GitHub runs it, in a copy; what `setup` installs is installed already."""
    monkeypatch.setenv("PATH", f"{start_of_path(name)}:{os.environ['PATH']}")
    for number, (_, given) in enumerate(steps(name)):
        runner = Runner(tmp_path / str(number))
        shutil.copytree(EXAMPLES / name, runner.workspace, dirs_exist_ok=True)
        commit(runner.workspace)
        step = runner.step_with({**given, "setup": ""}, timeout_s=200)
        assert step.exit_status == 0, step.log
        record = json.loads((runner.workspace / given["record"]).read_text(encoding="utf-8"))
        assert (record["outcome"], record["over_budget"]) == ("completed", False)
        assert 0 < record["emissions_g"] < 1
        card = (runner.workspace / given["card"]).read_text(encoding="utf-8")
        assert "co2_eq_emissions:\n" in card
        assert card.startswith("---\nlicense: apache-2.0\n"), "the rest of the card stays"
        monkeypatch.chdir(runner.workspace)
        code, output, _ = cli("check", given["card"], "--record", given["record"])
        assert code == 0, output
        changed = subprocess.run(["git", "diff", "--name-only"], capture_output=True, text=True, check=True).stdout
        assert changed.split() == [given["card"]]


@pytest.mark.examples
def test_two_processes_count_once(tmp_path, monkeypatch):
    """torchrun's two workers are in one record: its job's CPU time is that of both, its energy one machine's."""
    monkeypatch.setenv("PATH", f"{start_of_path('torchrun')}:{os.environ['PATH']}")
    shutil.copytree(EXAMPLES / "torchrun", tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    line = ["run", "--record", "records/", "--", "torchrun", "--standalone", "--nproc-per-node", "2", "train.py"]
    done = subprocess.run([sys.executable, "-m", "carbon_lint", *line], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = Path("records").glob("*.json")
    assert json.loads(path.read_text(encoding="utf-8"))["energy_kwh"]["total"] > 0


def test_a_wrong_card_in_the_repository_of_cards_is_found(tmp_path, monkeypatch, cli):
    shutil.copytree(EXAMPLES / "cards-only", tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    ((_, given),) = steps("cards-only")
    assert cli("check", given["cards"])[0] == 0
    card = Path("models/large/README.md")
    card.write_text(card.read_text(encoding="utf-8").replace("12500   # grams", "25000"), encoding="utf-8")
    code, output, _ = cli("check", given["cards"])
    assert code == 1
    assert "CL401" in output


@pytest.mark.examples
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", REPOSITORIES)
def test_the_commands_of_the_readme_work(name, tmp_path):
    """As a reader types them into one shell, in a copy; what pip would install is installed already."""
    page = f"examples/{name}/README.md"
    lines = [command for block in blocks() if block.page == page for command, _ in block.commands]
    assert any(line.startswith("carbon-lint ") for line in lines)
    shutil.copytree(EXAMPLES / name, tmp_path / "copy")
    path = os.pathsep.join((start_of_path(name), str(Path(sys.executable).parent), os.environ["PATH"]))
    script = "\n".join(line for line in lines if not line.startswith("pip install "))
    environ = {**os.environ, "PATH": path}
    command = ["bash", "-euc", script]
    done = subprocess.run(command, cwd=tmp_path / "copy", env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
