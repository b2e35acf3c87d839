"""`carbon-lint init`: what is proposed for which repository, and that nothing is written without a yes."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import textwrap
import tomllib
import types
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from carbon_lint.measurement.forecast.job_files import read_done_fraction
from carbon_lint.records.store import write_record
from carbon_lint.starter.files import proposed_line
from carbon_lint.starter.trainings import CALLBACK
from carbon_lint.units import parse_emissions_g
from tests.cases import cases
from tests.records.builders import RECORD
from tests.schemas import check_jsonschema

WORKFLOW = ".github/workflows/carbon-lint.yml"
FILES = [WORKFLOW, ".pre-commit-config.yaml", "carbon-lint.toml"]
CARD = "---\nlicense: mit\n---\n# A model\n"
PLAIN = "import torch\n\nfor batch in data:\n    optimizer.step()\n"
PUSHING = """from transformers import Trainer, TrainingArguments

Trainer(model, TrainingArguments("out", push_to_hub=True, hub_model_id="me/m")).train()
"""


@pytest.fixture
def cli(cli):
    """`init` of a carbon-lint that somebody has published."""

    def run(*argv):
        named = {"--owner", "--action"} & set(argv)
        return cli(*argv, *([] if named or argv[0] != "init" else ["--owner", "acme"]))

    return run


@pytest.fixture
def repository():
    """A repository in the current folder: `repository(train=..., requirements=...)`."""

    def make(**files):
        names = {"train": "train.py", "card": "README.md", "requirements": "requirements.txt", "hooks": FILES[1]}
        for name, text in files.items():
            path = Path(names.get(name, name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        subprocess.run(["git", "init", "-q", "-b", "main"], check=True)

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


def test_the_workflow_names_how_many_jobs_it_has(repository, cli):
    repository(train=PLAIN)
    for flags, message in (((), "# Measures the training and keeps"), (("--to", "me/m"), "# Two jobs: ")):
        _, out, _ = cli("init", *flags)
        assert f"+{message}" in out


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
        "record": "carbon-lint-record/carbon-lint-record.json",
        "card": "README.md",
        "hub-repo": "me/m",
    }
    used = [step["uses"] for job in jobs().values() for step in job["steps"] if "uses" in step]
    assert all(len(name.partition("@")[2]) == 40 for name in used if "carbon-lint" not in name)
    assert tomllib.loads(Path(FILES[2]).read_text()) == {"location": "FRA"}


@pytest.mark.parametrize("flags", [[], ["--attest"]])
@pytest.mark.parametrize("train", [PLAIN, PUSHING])
def test_the_workflow_is_valid_for_github(repository, cli, train, flags):
    repository(train=train, card=CARD)
    cli("init", "--yes", "--location", "FRA", "--to", "me/m", "--action", "acme/carbon-lint@" + "a" * 40, *flags)
    code, output = check_jsonschema("--builtin-schema", "vendor.github-workflows", WORKFLOW)
    assert code == 0, output
    assert "unpinned" not in Path(WORKFLOW).read_text()


def test_the_inputs_that_are_written_are_inputs_of_the_action(repository, cli):
    from tests.github.test_inputs import NAMES

    repository(train=PUSHING, card=CARD)
    cli("init", "--yes", "--to", "me/m", "--attest")
    for job in jobs().values():
        for step in job["steps"]:
            if "carbon-lint" in step.get("uses", ""):
                assert set(step["with"]) <= set(NAMES)


@pytest.mark.parametrize(
    ("train", "flags", "job"), [(PLAIN, ["--to", "me/m"], "publish"), (PUSHING, [], "publish"), (PLAIN, [], "sign")]
)
def test_the_record_is_signed_by_a_job_that_runs_no_training(repository, cli, train, flags, job):
    repository(train=train, card=CARD)
    assert cli("init", "--yes", "--location", "FRA", "--attest", *flags)[0] == 0
    training, signing = jobs()["train"], jobs()[job]
    assert training["permissions"] == {"contents": "read"}
    assert signing["permissions"] == {"contents": "read", "id-token": "write", "attestations": "write"}
    assert "carbon-lint-record.jsonl*" in training["steps"][-1]["with"]["path"]
    assert "command" not in str([step.get("with") for step in signing["steps"]])
    judged, attest, copied, last = signing["steps"][2:]
    record = "carbon-lint-record/carbon-lint-record.json"
    assert (judged["id"], judged["with"]["record"], judged["with"]["attestations"]) == ("carbon", record, "true")
    assert attest["uses"].startswith("actions/attest@")
    outputs = {
        "subject-path": "record",
        "predicate-type": "attestation-type",
        "predicate-path": "attestation-predicate",
    }
    assert attest["with"] == {name: f"${{{{ steps.carbon.outputs.{output} }}}}" for name, output in outputs.items()}
    assert (attest["if"], copied["if"]) == ("github.event_name == 'push'",) * 2
    assert copied["run"] == 'cp "$BUNDLE" carbon-lint-record/carbon-lint.sigstore.json'
    published = {"publish": "with-evidence" in str(last), "sign": "carbon-lint.sigstore.json" in str(last)}
    assert published[job]


def test_a_signature_that_no_workflow_would_make_is_refused(repository, cli):
    repository(card=CARD)
    _, _, err = cli("init", "--attest")
    assert "no training script was found" in err
    repository(train=PLAIN, **{WORKFLOW: "# carbon-lint\n"})
    code, out, err = cli("init", "--attest")
    assert (code, out) == (2, "")
    assert "names carbon-lint already" in err


def test_a_trainer_that_pushes_is_given_a_draft_to_push_to(repository, cli):
    repository(train=PUSHING, card=CARD)
    _, _, err = cli("init", "--yes", "--location", "FRA")
    step = jobs()["train"]["steps"][1]
    assert step["with"]["pass-env"] == "HF_TOKEN"
    assert "publish --stage --to me/m" in step["with"]["setup"]
    assert "--merge" in jobs()["publish"]["steps"][-1]["run"]
    assert "hub_revision" in err


def test_the_record_goes_by_one_name_and_the_artifact_into_a_folder_of_its_own(repository, cli):
    for train in (PLAIN, PUSHING):
        repository(train=train, card=CARD)
        Path(WORKFLOW).unlink(missing_ok=True)
        cli("init", "--yes", "--to", "me/m")
        upload, download = jobs()["train"]["steps"][-1]["with"], jobs()["publish"]["steps"][1]["with"]
        assert upload["path"] == jobs()["train"]["steps"][1]["with"]["record"] == "carbon-lint-record.json"
        assert upload["if-no-files-found"] == "ignore"
        assert (download["name"], download["path"]) == (upload["name"], "carbon-lint-record")
        read = jobs()["publish"]["steps"][2]["with"]["record"]
        assert read == f"{download['path']}/{upload['path']}"


def test_the_merge_is_installed_from_the_repository_of_the_action(repository, cli):
    repository(train=PUSHING, card=CARD)
    cli("init", "--yes", "--action", f"acme/carbon-lint/in-job@{'a' * 40}")
    command = jobs()["publish"]["steps"][-1]["run"]
    assert (
        f"--spec 'carbon-lint[hub] @ git+https://github.com/acme/carbon-lint@{'a' * 40}' carbon-lint publish" in command
    )
    assert "--record carbon-lint-record/carbon-lint-record.json" in command


@pytest.mark.parametrize(
    ("branches", "remote", "expected"),
    [
        (["main"], None, "main"), (["master"], None, "master"), (["trunk"], None, "trunk"), ([], None, "main"),
        (["master", "topic"], None, "master"), (["topic"], "refs/remotes/origin/develop", "develop"),
        (["main"], "refs/remotes/origin/release/1.x", "release/1.x"), (["on"], None, "on"), (["1.0"], None, "1.0"),
    ],
)  # fmt: skip
def test_the_workflow_runs_on_the_repositorys_own_default_branch(repository, cli, branches, remote, expected):
    if branches:
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "init", "-q", "-b", branches[0]], check=True)
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
        for name in branches[1:]:
            subprocess.run(["git", "checkout", "-q", "-b", name], check=True)
        if remote:
            subprocess.run(["git", "symbolic-ref", "refs/remotes/origin/HEAD", remote], check=True)
    Path("train.py").write_text(PLAIN)
    cli("init", "--yes")
    document = yaml.safe_load(Path(WORKFLOW).read_text())
    assert document[True]["push"]["branches"] == [expected]


def test_a_repository_of_cards_alone_is_linted_and_trains_nothing(repository, cli):
    repository(**{"models/a/README.md": CARD, "models/b/README.md": CARD})
    _, _, err = cli("init", "--yes", "--to", "me/m")
    assert not Path(WORKFLOW).exists()
    written = yaml.safe_load(Path(".github/workflows/lint.yml").read_text())["jobs"]
    assert list(written) == ["lint"]
    assert "command" not in str(written)
    assert written["lint"]["steps"][-1]["uses"].startswith("acme/carbon-lint/lint@")
    assert written["lint"]["steps"][0]["with"]["fetch-depth"] == 0
    assert "so the workflow lints the cards" in err


def test_a_lint_workflow_of_the_repositorys_own_is_not_written_over(repository, cli):
    repository(**{"models/a/README.md": CARD, ".github/workflows/lint.yml": "name: ruff\n"})
    cli("init", "--yes")
    assert Path(".github/workflows/lint.yml").read_text() == "name: ruff\n"
    assert list(jobs()) == ["lint"]


def test_what_has_to_be_edited_is_there(repository, cli):
    repository()
    _, _, err = cli("init", "--yes")
    assert f"set `command` in {WORKFLOW}, which says `python train.py`" in err
    assert jobs()["train"]["steps"][1]["with"]["command"] == "python train.py"


OWN = "from mypkg.data import load\nfor b in load():\n    optimizer.step()\n"
RELATIVE = "from .data import load\nfor b in load():\n    optimizer.step()\n"
SETUP_PY = "from setuptools import setup; setup(name='mypkg')\n"
PYPROJECT = "[project]\nname = 'mypkg'\n"


@pytest.mark.parametrize(
    ("files", "setup", "command"),
    [
        ({"train.py": PLAIN, "requirements.txt": ""}, "pip install -r requirements.txt", "python train.py"),
        (
            {"mypkg/train.py": OWN, "mypkg/__init__.py": "", "setup.py": SETUP_PY, "requirements.txt": ""},
            "pip install -r requirements.txt && pip install .", "python -m mypkg.train",
        ),
        (
            {"src/mypkg/train.py": RELATIVE, "src/mypkg/__init__.py": "", "pyproject.toml": PYPROJECT},
            "pip install .", "python -m mypkg.train",
        ),
        ({"scripts/train.py": OWN, "pyproject.toml": PYPROJECT}, "pip install .", "python scripts/train.py"),
        ({"mypkg/train.py": OWN, "mypkg/__init__.py": ""}, None, "python -m mypkg.train"),
        ({"lib/mypkg/train.py": RELATIVE, "lib/mypkg/__init__.py": ""}, None, "python lib/mypkg/train.py"),
        ({"scripts/train.py": OWN, "mypkg/data.py": ""}, None, "python -m scripts.train"),
        ({"scripts/train.py": OWN, "mypkg.py": ""}, None, "python -m scripts.train"),
        ({"scripts/train.py": OWN, "mypkg/data.py": "", "scripts/mypkg/data.py": ""}, None, "python scripts/train.py"),
        (
            {"scripts/train.py": OWN, "mypkg/data.py": "", "setup.py": SETUP_PY},
            "pip install .", "python scripts/train.py",
        ),
        ({"train.py": PLAIN, "pyproject.toml": "[tool.poetry]\nname = 'x'\n"}, "pip install .", "python train.py"),
        ({"train.py": PLAIN, "pyproject.toml": "[tool.ruff]\n"}, None, "python train.py"),
        ({"a.py": "xgb.train({}, data)\n", "train.py": ""}, None, "python a.py"),
        ({"a.py": "accelerator.backward(loss)\n", "trainers.py": "import sys\nsys.argv\n"}, None, "python a.py"),
        ({"train.py": "import sys\nmain(sys.argv)\n"}, None, "python train.py"),
        ({"train.py": PLAIN, "uv.lock": ""}, "pip install uv && uv sync", "uv run python train.py"),
        (
            {"a b/train.py": PLAIN, "a b/requirements.txt": "", "requirements.txt": ""},
            "pip install -r requirements.txt -r 'a b/requirements.txt'", "python 'a b/train.py'",
        ),
    ],
)  # fmt: skip
def test_what_a_training_needs_is_installed_and_it_finds_its_own_package(repository, cli, files, setup, command):
    repository(**files)
    cli("init", "--yes")
    step = jobs()["train"]["steps"][1]["with"]
    assert step.get("setup") == setup
    assert step["command"] == command


def test_every_training_of_a_monorepo_gets_its_jobs_requirements_and_card(repository, cli):
    repository(
        **{
            "requirements.txt": "numpy\n",
            "models/a/train.py": PLAIN + 'model.push_to_hub("me/a")\n',
            "models/a/requirements.txt": "torch\n", "models/a/README.md": CARD,
            "models/b/finetune.py": PLAIN, "models/b/uv.lock": "", "models/b/README.md": CARD,
            "models/b/lib/train_utils.py": PLAIN,
        }
    )  # fmt: skip
    _, _, err = cli("init", "--yes", "--to", "me/m")
    assert list(jobs()) == ["train-models-a-train", "publish-models-a-train", "train-models-b-finetune"]
    first, second = (jobs()[name]["steps"][1]["with"] for name in ("train-models-a-train", "train-models-b-finetune"))
    assert first["setup"] == "pip install -r requirements.txt -r models/a/requirements.txt"
    assert second["setup"] == "pip install uv && uv sync --project models/b"
    assert second["command"] == "uv run --project models/b python models/b/finetune.py"
    published = jobs()["publish-models-a-train"]
    assert published["needs"] == "train-models-a-train"
    assert published["steps"][-1]["with"]["card"] == "models/a/README.md"
    assert published["steps"][-1]["with"]["hub-repo"] == "me/a"
    names = {job["steps"][-1]["with"]["name"] for name, job in jobs().items() if name.startswith("train")}
    assert len(names) == 2
    assert "--to me/m was left out: there are 2 trainings" in err


def test_trainings_beyond_the_eighth_are_named(repository, cli):
    repository(**{f"m{number}/train.py": PLAIN for number in range(10)})
    _, _, err = cli("init", "--yes")
    assert len(jobs()) == 8
    assert "left out, add their jobs by hand: m8/train.py, m9/train.py" in err


def test_a_card_that_two_trainings_share_is_written_by_neither(repository, cli):
    pushing = PLAIN + 'model.push_to_hub("me/{}")\n'
    repository(card=CARD, **{"a/train.py": pushing.format("a"), "b/train.py": pushing.format("b")})
    cli("init", "--yes")
    assert all("card" not in job["steps"][-1]["with"] for job in jobs().values())


def test_cards_of_other_names_are_found_linted_and_hooked(repository, cli):
    repository(**{"model_card.md": "# A model\n", "nets/MODEL-CARD.md": CARD, "README.md": "# This code\n"})
    cli("init", "--yes")
    lint = yaml.safe_load(Path(".github/workflows/lint.yml").read_text())["jobs"]["lint"]
    assert lint["steps"][-1]["with"]["cards"].splitlines() == ["model_card.md", "nets/MODEL-CARD.md"]
    pattern = yaml.safe_load(Path(FILES[1]).read_text())["repos"][0]["hooks"][0]["files"]
    assert all(re.search(pattern, name) for name in ("model_card.md", "nets/MODEL-CARD.md", "x/README.md"))
    assert not re.search(pattern, "notes.md")


@pytest.mark.parametrize(
    ("metadata", "is_card"),
    [
        ("sdk: gradio\napp_file: app.py", False), ("dataset_info:\n  features: []", False), ("license: mit", True),
        ("size_categories: [n<1K]\nlicense: mit", False), ("pipeline_tag: fill-mask\nconfigs: []", True),
    ],
)  # fmt: skip
def test_the_readme_of_a_space_or_data_set_is_not_a_model_card(repository, cli, metadata, is_card):
    repository(train=PLAIN, card=f"---\n{metadata}\n---\n# X\n")
    _, _, err = cli("init")
    assert ("model cards: README.md" in err) == is_card


@pytest.mark.parametrize(
    ("config", "location"),
    [
        ("[codecarbon]\ncountry_iso_code = FRA\n", "FRA"),
        ("[codecarbon]\ncountry_iso_code=USA\nregion=virginia\n", "USA/virginia"),
        ("[codecarbon]\ncloud_provider = gcp\ncloud_region = us-central1\n", "gcp/us-central1"),
        ("[codecarbon]\ncountry_iso_code = 'DEU'\nregion = nowhere\n", "DEU"),
        ("[codecarbon]\nproject_name = x\n", None),
        ("not an ini file", None), ("[codecarbon]\ncountry_iso_code = %(x)s\n", None),
    ],
)  # fmt: skip
def test_what_a_codecarbon_configuration_sets_is_taken_over(repository, cli, config, location):
    repository(train=PLAIN, **{".codecarbon.config": config})
    code, _, err = cli("init", "--yes")
    assert code == 0
    assert tomllib.loads(Path(FILES[2]).read_text()).get("location") == location
    assert (".codecarbon.config" in err) == config.startswith("[")
    assert cli("init", "--location", "POL")[0] == 0


def test_the_place_that_is_typed_comes_before_that_of_codecarbon_and_its_file_is_named(repository, cli):
    config = "[codecarbon]\ncountry_iso_code = FRA\noutput_dir = out\noutput_file = co2.csv\n"
    repository(train=PLAIN, **{".codecarbon.config": config})
    _, _, err = cli("init", "--yes", "--location", "POL")
    assert tomllib.loads(Path(FILES[2]).read_text()) == {"location": "POL"}
    assert "carbon-lint card CARD --from out/co2.csv" in err
    assert "taken over from" not in err


def test_a_placeholder_is_never_written(repository, carbon_lint):
    from carbon_lint.project import is_placeholder

    if not is_placeholder():
        pytest.skip("this carbon-lint has an owner")
    repository(train=PLAIN, card=CARD)
    shown = carbon_lint("init", "--location", "FRA")
    assert shown.returncode == 0
    assert "nothing was written" in shown.stderr
    assert "--owner NAME" in shown.stderr
    refused = carbon_lint("init", "--location", "FRA", "--yes")
    assert refused.returncode == 2
    assert not any(Path(name).exists() for name in FILES)


@pytest.mark.parametrize("train", [PLAIN, PUSHING])
def test_a_workflow_of_several_trainings_is_valid_for_github(repository, cli, train):
    repository(**{"a-b/train.py": train, "a_b/train.py": train, "c/train.py": PLAIN, "c/README.md": CARD})
    cli("init", "--yes")
    assert len(jobs()) >= 4
    code, output = check_jsonschema("--builtin-schema", "vendor.github-workflows", WORKFLOW)
    assert code == 0, output


def test_without_a_model_nothing_is_published(repository, cli):
    repository(train=PLAIN)
    _, _, err = cli("init", "--yes")
    assert list(jobs()) == ["train"], "and there is no card to lint"
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


@cases(
    ("measured_g", "budget"),
    [(123.4, "160 g"), (0.8, "1 g"), (800, "1 kg"), (0.00001, "13 ug"), (1e7, "13 t"), (81, "110 g")],
)
def test_a_budget_is_the_measured_figure_with_a_quarter_on_top(measured_g, budget):
    line = proposed_line(measured_g, None)
    assert line.startswith(f'max-emissions = "{budget}" # 1.25 x the ')
    assert line.isascii()
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


def test_a_hook_configuration_that_is_not_a_list_of_repositories_is_left_alone(repository, cli):
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
        (["--action", "a/b", "--owner", "c"], "--owner"),
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


def test_a_trainer_is_shown_the_callback_of_the_docs(repository, cli, tmp_path, monkeypatch):
    repository(train=PUSHING)
    _, out, err = cli("init", "--owner", "acme")
    shown = textwrap.dedent(err.partition("needs no guess:\n\n")[2].partition("\ncarbon-lint: ")[0])
    assert CALLBACK in shown
    assert f"```python\n{CALLBACK}```" in (Path(__file__).parents[2] / "docs/running.md").read_text()
    assert CALLBACK.splitlines()[0] not in out  # what is piped into `git apply` is a diff and nothing else

    names = {}
    monkeypatch.setitem(sys.modules, "transformers", types.SimpleNamespace(TrainerCallback=object))
    monkeypatch.setenv("CARBON_LINT_PROGRESS", str(tmp_path / "progress"))
    exec(shown[: shown.index(CALLBACK) + len(CALLBACK)], names)
    state = types.SimpleNamespace(global_step=3, max_steps=10, is_world_process_zero=True)
    names["TellProgress"]().on_step_begin(None, state, None)
    assert read_done_fraction(tmp_path / "progress") == 0.3

    Path("train.py").write_text(f"{PUSHING}\n# writes CARBON_LINT_PROGRESS\n")
    assert "TellProgress" not in cli("init")[2]


@pytest.mark.parametrize(("answer", "is_written"), [("y\n", True), ("\n", False), ("no\n", False)])
def test_at_a_terminal_it_asks(repository, answer, is_written):
    repository(train=PLAIN)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "carbon_lint", "init", "--owner", "acme"],
        stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True,
    )  # fmt: skip
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


@pytest.mark.parametrize("train", [PLAIN, PUSHING])
def test_a_training_on_a_hugging_face_job_uses_the_in_job_action_and_an_energy_limit(repository, cli, train):
    repository(train=train, card=CARD)
    code, _, err = cli("init", "--yes", "--runner", "hf-jobs-a10g-small", "--to", "me/m")
    assert code == 0, err
    assert check_jsonschema("--builtin-schema", "vendor.github-workflows", WORKFLOW)[0] == 0
    written = yaml.safe_load(Path(WORKFLOW).read_text())
    train_job, publish_job = written["jobs"].values()
    assert train_job["runs-on"] == "hf-jobs-a10g-small"
    assert train_job["steps"][1]["uses"] == "acme/carbon-lint/in-job@v0"
    assert publish_job["runs-on"] == "ubuntu-24.04"
    assert publish_job["steps"][-1].get("uses", "acme/carbon-lint@v0") == "acme/carbon-lint@v0"
    assert "pull_request" not in written[True], "strangers do not get a rented GPU"
    assert tomllib.loads(Path(FILES[2]).read_text()) == {"max-energy": "1 kWh"}
    assert "a Hugging Face Job states none" in err
    assert cli("init", "--runner", "two words")[0] == 2
    assert "did you mean hf-jobs-a10g-small" in cli("init", "--runner", "hf-jobs-a10g-smal")[2]


def test_another_place_than_the_configured_one_is_named_and_left_out(repository, cli):
    repository(train=PLAIN)
    Path(FILES[2]).write_text('location = "DEU"\n')
    code, _, err = cli("init", "--yes", "--location", "FRA")
    assert code == 0, err
    assert "location: FRA was left out: carbon-lint.toml:1 says location = DEU" in err
    assert Path(FILES[2]).read_text() == 'location = "DEU"\n'
    assert "location:" not in cli("init", "--location", "DEU")[2]


def test_a_record_without_grams_proposes_an_energy_budget(repository, cli):
    repository(train=PLAIN)
    write_record(replace(RECORD, emissions_g=None, intensity=None), "r.json")
    assert cli("init", "--yes", "--record", "r.json")[0] == 0
    assert tomllib.loads(Path(FILES[2]).read_text()) == {"max-energy": "1.6 kWh"}


def test_the_container_action_on_a_hugging_face_job_is_warned_of(repository, cli):
    repository(
        **{
            ".github/workflows/a.yml": "jobs: {t: {runs-on: hf-jobs-t4-small, steps: [{uses: acme/carbon-lint@v0}]}}",
            ".github/workflows/b.yml": "jobs: {t: {runs-on: [hf-jobs-l4x1], steps: [{uses: a/carbon-lint/in-job@v0}]}}",
            ".github/workflows/c.yml": "jobs: [",
            ".github/workflows/d.yml": "jobs: {t: {runs-on: ubuntu-24.04, steps: [{uses: acme/carbon-lint@v0}, 1]}}",
        }
    )
    _, _, err = cli("init")
    (warning,) = [line for line in err.splitlines() if "no Docker" in line]
    assert "a.yml: job t runs on hf-jobs-t4-small" in warning
    assert warning.endswith("write `uses: acme/carbon-lint/in-job@v0`")
