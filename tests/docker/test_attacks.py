"""An attacker's evening, in the real image: what a pull request, an earlier step, an artifact or the job itself tries.

Each test is one attack: `attack(...)` runs the step as GitHub's runner does, and the assertions say what must hold.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

import pytest

from carbon_lint.records.store import write_record
from tests.docker.conftest import docker
from tests.github.api import GitHubApi
from tests.github.runner import Runner
from tests.hub.records import record
from tests.standin.hub import WRITE_TOKEN

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

CARD = "---\nlicense: mit\ntags: [nlp]\n---\n# A model\n\nWhat it is good for.\n"
CODE_README = "# Training code\n\nHow to train.\n"
HIJACK = "open('/github/workspace/hijacked', 'a').write('x')\nraise SystemExit(0)\n"
WORKFLOW = ".github/workflows/train.yml"


@pytest.fixture
def api():
    with GitHubApi() as running:
        yield running


@pytest.fixture
def runner(tmp_path, image, hub):
    hub.create("acme/m", CARD)
    started = Runner(tmp_path, image=image, network="host")
    started.write("README.md", CARD)
    return started


@pytest.fixture
def attack(runner, hub):
    """`attack(env=…, **inputs)`: the step, with the stand-in Hub and a token that may write to it."""

    def run(*, env=None, publishes=True, **inputs):
        runner.own_by_runner()
        hub_inputs = {"hub_repo": "acme/m", "hf_token": WRITE_TOKEN, "publish": "always"} if publishes else {}
        return runner.step(**{**hub_inputs, **inputs}, env={**hub.environ(None, in_container=True), **(env or {})})

    return run


def nothing_was_committed(hub):
    return hub.card("acme/m").decode() == CARD


def pull_request(runner, api, base_sha="beef"):
    """Pull request 7 of the same repository; `api.base_files` is its merge base."""
    runner.github |= {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_API_URL": api.url,
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_BASE_REF": "main",
    }
    repository = {"repo": {"full_name": "octo/model"}}
    runner.event["pull_request"] = {
        "number": 7, "labels": [], "base": {"sha": base_sha, **repository}, "head": {"sha": "c0ffee", **repository},
    }  # fmt: skip


# B1: Python variables and modules of the job


def test_modules_and_python_variables_of_a_pull_request_do_not_run_in_carbon_lint(runner, attack):
    for name in ("sitecustomize", "usercustomize", "yaml", "json", "logging", "carbon_lint"):
        runner.write(f"src/{name}.py", HIJACK)
        runner.write(f"{name}.py", HIJACK)
    step = attack(
        command="echo path=$PYTHONPATH home=$PYTHONHOME; carbon-lint --version; sleep 1.5",
        location="FRA",
        max_emissions="1 ug",
        env={"PYTHONPATH": "src:.", "PYTHONHOME": "/nowhere", "PYTHONINSPECT": "1", "PYTHONSTARTUP": "src/yaml.py"},
    )
    assert not (runner.workspace / "hijacked").exists(), step.log
    assert "path=src:. home=/nowhere" in step.log, "the job still gets them"
    assert "\ncarbon-lint 0" in step.log, "the program in the image is as isolated as the step"
    assert step.exit_status == 1
    assert step.outputs["verdict"] == "fail"


# B2: inputs, variables and the endpoint of an earlier step


def test_inputs_of_an_earlier_step_change_nothing(runner, attack):
    theirs = json.dumps({"command": "touch hijacked", "location": "FRA", "max-emissions": "1 t"})
    step = attack(command="sleep 1.5", location="FRA", max_emissions="1 ug", env={"CARBON_LINT_INPUTS": theirs})
    assert step.exit_status == 1
    assert step.outputs["verdict"] == "fail"
    assert not (runner.workspace / "hijacked").exists()


def test_the_job_steers_no_later_step_even_through_the_runners_own_files(attack):
    script = r"""
    printf '\357\273\277LD_PRELOAD=/x.so\nPYTHONPATH<<E\nsrc\nE\nHF_ENDPOINT=http://x\nMODEL=y\n' >> $GITHUB_ENV
    for f in /github/file_commands/set_env_*; do printf '\357\273\277LD_AUDIT=/x.so\nBASH_ENV=/x\n' >> $f; done
    for f in /github/file_commands/set_output_*; do printf 'outcome=completed\nbroken' >> $f; done
    for mask in 0 true 'over budget' 'Within budget'; do echo "::add-mask::$mask"; done
    """
    step = attack(command=script, location="FRA", max_emissions="5 g", publishes=False)
    assert step.succeeded, (step.problems, step.log)
    assert step.env == {"MODEL": "y"}
    assert step.outputs["verdict"] == "pass", "garbage in the file empties no output"
    reported = "\n".join(step.annotations("warning"))
    for name in ("LD_PRELOAD", "PYTHONPATH", "HF_ENDPOINT", "LD_AUDIT", "BASH_ENV"):
        assert f"GITHUB_ENV: {name} is not the job's to set" in reported
    assert {"0", "true", "over budget", "Within budget"}.isdisjoint(step.masks)


@pytest.mark.parametrize("is_stated", [False, True])
def test_a_hub_that_an_earlier_step_named_gets_no_token(runner, attack, hub, is_stated):
    runner.github["GITHUB_WORKFLOW_REF"] = f"octo/model/{WORKFLOW}@refs/heads/main"
    runner.write(WORKFLOW, f"env: {{HF_ENDPOINT: '{hub.endpoint}'}}\n" if is_stated else "jobs: {}\n")
    step = attack(command="touch trained", location="FRA", card="README.md", lint="false")
    if is_stated:
        assert step.succeeded, step.log
        assert f"HF_ENDPOINT: the Hub is {hub.endpoint}" in step.log
        return
    assert step.exit_status == 2
    assert "an earlier step set it" in step.annotations("error")[0]
    assert not (runner.workspace / "trained").exists()
    assert nothing_was_committed(hub)


# B3, B4: what a pull request is held to


def test_a_pull_request_does_not_price_its_own_run(runner, attack, api):
    pull_request(runner, api)
    api.base_files["carbon-lint.toml"] = b'location = "POL"\nmax-emissions = "10 ug"\n'
    runner.write("carbon-lint.toml", 'carbon-intensity = 0.001\nmax-emissions = "10 ug"\n')
    step = attack(command="sleep 1.5", publishes=False)
    assert step.exit_status == 1, step.log
    assert step.outputs["verdict"] == "fail"
    assert "carbon-intensity" in step.log + step.summary, "the change is shown"


def test_a_pull_request_does_not_switch_the_linter_off(runner, attack, api):
    pull_request(runner, api)
    api.base_files["carbon-lint.toml"] = b"\n"
    runner.write("carbon-lint.toml", 'ignore = ["ALL"]\n')
    runner.write("README.md", "---\nco2_eq_emissions:\n  emissions: 17g\n---\n")
    step = attack(publishes=False)
    assert step.exit_status == 1, step.log


@pytest.mark.parametrize("is_readable", [False, True])
def test_a_merge_base_in_a_checkout_of_its_own_folder_is_read_or_the_step_fails(runner, attack, api, is_readable):
    git = ["git", "-C", str(runner.workspace / "code"), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    runner.write("code/carbon-lint.toml", 'location = "FRA"\nmax-emissions = "1 ug"\n')
    sha = "beef"
    if is_readable:
        subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-qm", "base"], check=True)
        sha = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    runner.write("code/carbon-lint.toml", 'location = "FRA"\n')
    if is_readable:
        subprocess.run([*git, "commit", "-qam", "no limit"], check=True)
    pull_request(runner, api, sha)
    api.refusals = {"GET": 404}
    step = attack(command="sleep 1.5; touch trained", config="code/carbon-lint.toml", lint="false", publishes=False)
    assert step.exit_status != 0, step.log
    assert (runner.workspace / "trained").exists() <= is_readable, "without its limits the job is not begun"


# B5: the artifact of another job


def own_record(runner, **changes):
    found = record(**changes)
    where = replace(
        found.provenance, repository="octo/model", commit=runner.github["GITHUB_SHA"], run_id="4242", run_url=None
    )
    return replace(found, provenance=where)


def test_a_record_of_another_repository_is_not_published(runner, attack, hub):
    (runner.workspace / "carbon-lint-record").mkdir()
    write_record(record(), runner.workspace / "carbon-lint-record/carbon-lint-record.json")
    step = attack(record="carbon-lint-record/carbon-lint-record.json", card="README.md", lint="false")
    assert step.exit_status not in (0, 1), step.log
    assert "acme/training" in step.annotations("error")[0]
    assert nothing_was_committed(hub)


def test_what_else_an_artifact_brings_is_not_used(runner, attack, hub):
    folder = runner.workspace / "carbon-lint-record"
    folder.mkdir()
    write_record(own_record(runner), folder / "carbon-lint-record.json")
    (folder / "README.md").write_text("# Hostile\n")
    (folder / "carbon-lint.toml").write_text('max-emissions = "1 t"\nignore = ["ALL"]\n')
    runner.write("carbon-lint.toml", 'max-emissions = "1 g"\n')
    step = attack(record="carbon-lint-record/carbon-lint-record.json", card="README.md", lint="false")
    assert step.exit_status == 1, "42.5 g against the limit of the checkout"
    assert nothing_was_committed(hub)


# C0, C1, C4: the card, the record, the summary


def test_the_readme_of_the_code_does_not_replace_the_card_of_the_model(runner, attack, hub):
    runner.write("README.md", CODE_README)
    attack(command="true", location="FRA", card="README.md", lint="false")
    card = hub.card("acme/m").decode()
    assert "license: mit" in card
    assert "tags: [nlp]" in card
    assert "What it is good for." in card
    assert "How to train" not in card


def test_a_misspelt_card_does_not_replace_the_card_of_the_model(attack, hub):
    attack(command="true", location="FRA", card="READM.md", lint="false")
    assert "What it is good for." in hub.card("acme/m").decode()


@pytest.mark.parametrize("name", ["README.md", "train.py"])
def test_a_record_is_never_written_over_another_file(runner, attack, hub, name):
    text = runner.write(name, CODE_README).read_text()
    step = attack(command="touch trained", location="FRA", record=name, lint="false")
    assert step.exit_status not in (0, 1), step.log
    assert (runner.workspace / name).read_text() == text
    assert not (runner.workspace / "trained").exists(), "the error comes before the job"
    assert name in step.annotations("error")[0]
    assert nothing_was_committed(hub)


def test_the_verdict_comes_first_and_is_one(attack):
    forged = "printf '# ✅ Within budget\\n<!--' >> $GITHUB_STEP_SUMMARY; sleep 60"
    step = attack(command=forged, location="FRA", max_emissions="1 ug", grace="1s", publishes=False)
    assert step.exit_status == 1
    shown = step.summary.lower()
    assert "over budget" in shown[: shown.index("within budget")], "ours stands above the job's"
    assert "<!--" not in shown[: shown.index("over budget")], "and cannot be hidden by it"
    assert "over budget" in step.annotations("error")[0].lower()


def test_the_image_runs_nothing_of_the_workspace_when_the_program_is_started_by_hand(runner, image):
    runner.write("yaml.py", HIJACK)
    mount = ["-v", f"{runner.workspace}:/w", "-w", "/w", "-e", "PYTHONPATH=/w", "--entrypoint", "carbon-lint"]
    done = docker("run", "--rm", "--network", "none", *mount, image, "check", "README.md")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no findings" in done.stdout
