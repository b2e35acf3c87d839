"""`carbon-lint init`: what is proposed for which repository, and that nothing is written without a yes."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from carbon_lint.github.starter import proposed_budget
from carbon_lint.units import parse_emissions_g

WORKFLOW = ".github/workflows/carbon-lint.yml"
FILES = [WORKFLOW, ".pre-commit-config.yaml", "carbon-lint.toml"]
CARD = "---\nlicense: mit\n---\n# A model\n"
PLAIN = "import torch\n\nfor batch in data:\n    optimizer.step()\n"
PUSHING = """from transformers import Trainer, TrainingArguments

Trainer(model, TrainingArguments("out", push_to_hub=True, hub_model_id="me/m")).train()
"""


@pytest.fixture
def repository():
    """A repository in the current folder: `repository(train=..., requirements=...)`."""

    def make(**files):
        names = {"train": "train.py", "card": "README.md", "requirements": "requirements.txt", "hooks": FILES[1]}
        for name, text in files.items():
            Path(names.get(name, name)).write_text(text)
        subprocess.run(["git", "init", "-q"], check=True)

    return make


def jobs():
    return yaml.safe_load(Path(WORKFLOW).read_text())["jobs"]


def test_without_a_yes_there_is_a_diff_and_no_file(repository, cli):
    repository(train=PLAIN, card=CARD)
    code, out, err = cli("init", "--location", "FRA", "--to", "me/m")
    assert code == 0
    assert [line for line in out.splitlines() if line.startswith("+++")] == [f"+++ b/{name}" for name in FILES]
    assert "nothing was written" in err
    assert not any(Path(name).exists() for name in FILES)


def test_the_diff_can_be_applied_by_git(repository, cli):
    repository(train=PLAIN, card=CARD, hooks="repos:\n- repo: local\n  hooks: []")
    _, out, _ = cli("init", "--location", "FRA", "--to", "me/m")
    subprocess.run(["git", "apply"], input=out, text=True, check=True)
    assert all(Path(name).exists() for name in FILES)
    assert len(yaml.safe_load(Path(FILES[1]).read_text())["repos"]) == 2


def test_two_jobs_with_least_permissions_and_pinned_actions(repository, cli):
    repository(train=PLAIN, card=CARD, requirements="torch\n")
    assert cli("init", "--location", "FRA", "--to", "me/m", "--yes")[0] == 0
    document = yaml.safe_load(Path(WORKFLOW).read_text())
    assert document["permissions"] == {}
    train, publish = jobs()["train"], jobs()["publish"]
    assert train["permissions"] == {"contents": "read"}
    assert publish["permissions"] == {"contents": "read", "id-token": "write"}
    step = train["steps"][1]
    assert step["with"]["command"] == "python train.py"
    assert step["with"]["setup"] == "pip install -r requirements.txt"
    assert "secrets." not in str(train)
    assert publish["steps"][-1]["with"] == {
        "record": "carbon-lint-record.json",
        "card": "README.md",
        "hub-repo": "me/m",
    }
    used = [step["uses"] for job in jobs().values() for step in job["steps"] if "uses" in step]
    assert all(len(name.partition("@")[2]) == 40 for name in used if "carbon-lint" not in name)
    assert tomllib.loads(Path(FILES[2]).read_text()) == {"location": "FRA"}


@pytest.mark.parametrize("train", [PLAIN, PUSHING])
def test_the_workflow_is_valid_for_github(repository, cli, train):
    repository(train=train, card=CARD)
    cli("init", "--yes", "--location", "FRA", "--to", "me/m", "--action", "acme/carbon-lint@" + "a" * 40)
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", WORKFLOW]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "unpinned" not in Path(WORKFLOW).read_text()


def test_the_inputs_that_are_written_are_inputs_of_the_action(repository, cli):
    from tests.github.test_inputs import NAMES

    repository(train=PUSHING, card=CARD)
    cli("init", "--yes", "--to", "me/m")
    for job in jobs().values():
        for step in job["steps"]:
            if "carbon-lint" in step.get("uses", ""):
                assert set(step["with"]) <= set(NAMES)


def test_a_trainer_that_pushes_is_given_a_draft_to_push_to(repository, cli):
    repository(train=PUSHING, card=CARD)
    _, _, err = cli("init", "--yes", "--location", "FRA")
    step = jobs()["train"]["steps"][1]
    assert step["with"]["pass-env"] == "HF_TOKEN"
    assert "publish --stage --to me/m" in step["with"]["setup"]
    assert "--merge" in jobs()["publish"]["steps"][-1]["run"]
    assert "hub_revision" in err


def test_without_a_model_nothing_is_published(repository, cli):
    repository(train=PLAIN)
    _, _, err = cli("init", "--yes")
    assert list(jobs()) == ["train"]
    assert "--to owner/model names it" in err
    assert tomllib.loads(Path(FILES[2]).read_text()) == {}, "an unknown location is a comment, not a guess"


def test_a_location_that_the_runner_is_asked_for_is_written_as_that(repository, cli):
    code, _, err = cli("init", "--yes", "--location", "Auto")
    assert code == 0
    assert tomllib.loads(Path(FILES[2]).read_text()) == {"location": "auto"}
    assert "when the job runs" in err


def test_twice_is_once(repository, cli):
    repository(train=PLAIN, card=CARD)
    cli("init", "--yes")
    before = [Path(name).read_bytes() for name in FILES]
    code, out, err = cli("init", "--yes")
    assert (code, out) == (0, "")
    assert "nothing to do" in err
    assert [Path(name).read_bytes() for name in FILES] == before


def test_after_the_first_record_a_budget_is_proposed(repository, cli, carbon_lint):
    repository(train=PLAIN, card=CARD)
    cli("init", "--yes", "--location", "FRA")
    assert carbon_lint("run", "--location", "FRA", "--record", "r.json", "--", "true").returncode == 0
    code, _, _ = cli("init", "--yes", "--record", "r.json")
    assert code == 0
    written = tomllib.loads(Path(FILES[2]).read_text())
    assert written["location"] == "FRA"
    assert parse_emissions_g(written["max-emissions"]) > 0
    assert cli("init", "--yes", "--record", "r.json")[1] == "", "a budget that stands is left as it is"


@pytest.mark.parametrize(
    ("measured_g", "budget"),
    [(123.4, "160 g"), (0.8, "1 g"), (800, "1 kg"), (0.00001, "13 ug"), (1e7, "13 t"), (81, "110 g")],
)
def test_a_budget_is_the_measured_figure_with_a_quarter_on_top(measured_g, budget):
    assert proposed_budget(measured_g) == budget
    assert 1.25 * measured_g <= parse_emissions_g(budget) * (1 + 1e-9)
    assert parse_emissions_g(budget) <= 1.25 * measured_g * 1.1


@pytest.mark.parametrize(
    "hooks",
    [
        "repos:\n  - repo: https://x\n    rev: v1\n    hooks:\n      - id: a\n",
        "# why\nrepos:\n- repo: https://x\n  rev: v1\n  hooks: [{id: a}]",
        "ci: {}\nrepos:\n    -   repo: https://x\n        rev: v1\n        hooks:\n        -   id: a\n",
    ],
)
def test_the_hook_is_added_to_what_is_there(repository, cli, hooks):
    repository(hooks=hooks)
    cli("init", "--yes")
    text = Path(FILES[1]).read_text()
    assert text.startswith(hooks.rstrip("\n"))
    assert yaml.safe_load(text)["repos"][-1]["hooks"] == [{"id": "carbon-lint"}]


def test_a_hook_configuration_that_is_no_list_of_repositories_is_left_alone(repository, cli):
    repository(hooks="repos: []\n")
    assert cli("init", "--yes")[0] == 0
    assert Path(FILES[1]).read_text() == "repos: []\n"


def test_a_workflow_that_uses_us_already_is_left_alone(repository, cli):
    repository()
    Path(".github/workflows").mkdir(parents=True)
    Path(".github/workflows/mine.yml").write_text("jobs: {a: {steps: [{uses: acme/carbon-lint@v1}]}}\n")
    cli("init", "--yes")
    assert not Path(WORKFLOW).exists()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["nowhere"], "nowhere"), (["--location", "Frnace"], "Frnace"), (["--to", "datasets/a/b"], "dataset"),
        (["--action", "carbon-lint"], "--action"), (["--record", "none.json"], "none.json"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_line(repository, cli, arguments, word):
    repository()
    code, out, err = cli("init", *arguments)
    assert code in {2, 125}
    assert out == ""
    assert word in err
    assert "Traceback" not in err


def test_the_best_script_is_found_and_tests_are_not_trainings(repository, cli):
    Path("tests").mkdir()
    Path("tests/train.py").write_text(PLAIN)
    Path("src").mkdir()
    Path("src/finetune.py").write_text(PLAIN)
    repository(**{"util.py": "x.fit(1)\n", "main.py": "print(1)\n"})
    _, _, err = cli("init")
    assert "training script: src/finetune.py" in err


@pytest.mark.parametrize(("answer", "is_written"), [("y\n", True), ("\n", False), ("no\n", False)])
def test_at_a_terminal_it_asks(repository, answer, is_written):
    repository(train=PLAIN)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "carbon_lint", "init"], stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
    )
    os.close(theirs)
    shown = b""
    while b"[y/N]" not in shown:
        shown += os.read(ours, 1000)
    os.write(ours, answer.encode())
    drain(ours)
    assert process.wait(20) == 0
    os.close(ours)
    assert Path(WORKFLOW).exists() == is_written


def drain(descriptor):
    try:
        while os.read(descriptor, 1000):
            pass
    except OSError:
        return
