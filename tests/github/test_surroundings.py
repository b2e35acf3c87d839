"""What the step finds around it: GPUs of the host, owners of files, checkouts and events of every kind."""

from __future__ import annotations

import os
import subprocess

import pytest
import yaml

from carbon_lint.github import advice, ownership
from carbon_lint.github.context import StepContext
from carbon_lint.github.inputs import ActionInputs
from tests.cases import cases
from tests.github.runner import RUNNER_UID, Runner

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
GOOD = "---\nlicense: mit\n---\n# A model\n"


@pytest.fixture
def runner(tmp_path):
    started = Runner(tmp_path)
    started.write("README.md", GOOD)
    return started


def host(root, *, driver=True, device=False):
    """A host with one NVIDIA GPU, as a container sees it."""
    bus = root / "sys/bus/pci/devices/0000:00:1e.0"
    bus.mkdir(parents=True)
    (bus / "vendor").write_text("0x10de\n")
    (bus / "class").write_text("0x030200\n")
    if driver:
        (root / "proc/driver/nvidia/gpus/0000:00:1e.0").mkdir(parents=True)
    (root / "dev").mkdir()
    if device:
        (root / "dev/nvidia0").touch()
    return root


@cases("driver", [True, False])
def test_a_gpu_of_the_host_that_the_container_was_not_given_is_noticed(tmp_path, driver):
    assert advice.hidden_gpus(host(tmp_path / "a", driver=driver)) == ("0000:00:1e.0",)


def test_a_gpu_that_was_given_is_not_hidden_and_a_host_without_one_hides_nothing(tmp_path):
    assert advice.hidden_gpus(host(tmp_path / "a", device=True)) == ()
    assert advice.hidden_gpus(tmp_path) == ()


def test_an_amd_gpu_that_was_not_given_is_noticed_and_its_devices_are_named(tmp_path):
    node = tmp_path / "sys/class/kfd/kfd/topology/nodes/1"
    node.mkdir(parents=True)
    (node / "properties").write_text("cpu_cores_count 0\nsimd_count 304\ndomain 0\nlocation_id 49408\n")
    assert advice.hidden_gpus(tmp_path) == ("0000:c1:00.0",)
    job = yaml.safe_load(advice.in_job_yaml(ActionInputs(command="a"), {}, tmp_path))["jobs"]["train"]
    assert "--device=/dev/kfd --device=/dev/dri" in job["container"]["options"]
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/kfd").touch()
    assert advice.hidden_gpus(tmp_path) == ()


def test_the_yaml_for_a_gpu_is_a_workflow_and_holds_no_token():
    inputs = ActionInputs(command="a\nb", location="FRA", hf_token="hf_secret", max_emissions_g=5.0)
    text = advice.in_job_yaml(inputs, {"GITHUB_ACTION_REPOSITORY": "acme/carbon-lint", "GITHUB_ACTION_REF": "v3"})
    job = yaml.safe_load(text)["jobs"]["train"]
    assert job["container"]["options"] == "--gpus all"
    assert job["steps"][-1]["uses"] == "acme/carbon-lint/in-job@v3"
    assert job["steps"][-1]["with"] == {"command": "a\nb", "location": "FRA"}
    assert "hf_secret" not in text


@needs_root
def test_all_that_root_left_belongs_to_the_workspaces_owner(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("")
    space = tmp_path / "space"
    (space / "out/deep").mkdir(parents=True)
    (space / "out/deep/model.bin").write_text("x")
    (space / "link").symlink_to(outside)
    theirs = space / "theirs"
    theirs.write_text("")
    os.chown(theirs, 4242, 4242)
    os.chown(space, RUNNER_UID, RUNNER_UID)
    assert ownership.hand_over([], space, within_s=10)
    assert {path.lstat().st_uid for path in space.rglob("*") if path != theirs} == {RUNNER_UID}
    assert theirs.stat().st_uid == 4242
    assert outside.stat().st_uid == 0


@needs_root
def test_what_we_wrote_comes_first_when_the_time_is_short(tmp_path):
    for n in range(50):
        (tmp_path / f"a{n}").touch()
    ours = tmp_path / "z-record.json"
    ours.touch()
    os.chown(tmp_path, RUNNER_UID, RUNNER_UID)
    assert not ownership.hand_over([ours, tmp_path.parent / "elsewhere"], tmp_path, within_s=0)
    assert ours.stat().st_uid == RUNNER_UID


def test_a_workspace_that_is_gone_or_ours_is_left_alone(tmp_path):
    assert ownership.hand_over([], tmp_path / "gone", within_s=1)
    (tmp_path / "a").touch()
    assert ownership.hand_over([tmp_path / "a"], tmp_path, within_s=1)


@needs_root
def test_git_trusts_a_workspace_of_somebody_else_and_no_configuration_is_written(runner):
    subprocess.run(["git", "init", "-q", str(runner.workspace)], check=True)
    runner.own_by_runner()
    step = runner.step(command="git status --porcelain", location="FRA")
    assert step.succeeded, step.log
    assert not (runner.home / ".gitconfig").exists()


@cases("count", ["", "0", "2", "nonsense"])  # what a user's own GIT_CONFIG_COUNT may hold
def test_git_variables_of_the_user_stay(tmp_path, count):
    added = ownership.trusting_git({"GIT_CONFIG_COUNT": count} if count else {}, tmp_path)
    number = int(count) if count.isdigit() else 0
    assert added["GIT_CONFIG_COUNT"] == str(number + 1)
    assert added[f"GIT_CONFIG_KEY_{number}"] == "safe.directory"


@cases(
    "text",
    ["", "[]", "null", "{", "\x00", '{"pull_request": null}', '{"pull_request": {"number": "7"}}', "[" * 100_000],
)
def test_an_event_file_of_any_content_is_survived(tmp_path, text):
    path = tmp_path / "event.json"
    path.write_text(text)
    context = StepContext.from_environ({"GITHUB_EVENT_PATH": str(path), "GITHUB_EVENT_NAME": "pull_request"})
    assert context.pull_request is None
    assert context.base_sha is None
    assert context.labels == ()
    assert not context.may_publish
    assert context.is_fork, "a head that is not known is not trusted"


def test_a_detached_and_shallow_checkout_is_measured(runner, tmp_path):
    origin = tmp_path / "origin"
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(origin)]
    subprocess.run(["git", "init", "-q", str(origin)], check=True)
    for n in range(3):
        (origin / "README.md").write_text(GOOD + str(n))
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-qm", str(n)], check=True)
    for path in runner.workspace.iterdir():
        path.unlink()
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{origin}", str(runner.workspace)], check=True)
    subprocess.run(["git", "-C", str(runner.workspace), "checkout", "-q", "--detach"], check=True)
    assert runner.step(command="git log --oneline | wc -l", location="FRA", card="README.md").succeeded


def test_an_empty_workspace_gives_an_error_with_what_is_missing(runner):
    (runner.workspace / "README.md").unlink()
    step = runner.step()
    assert step.exit_status == 3
    assert step.annotations("error")


def test_a_card_that_is_not_there_is_made(runner):
    (runner.workspace / "README.md").unlink()
    step = runner.step(command="true", location="FRA", card="model/README.md")
    assert step.exit_status == 2, "its folder is missing, which is found out before the job"
    step = runner.step(command="true", location="FRA", card="README.md")
    assert step.succeeded, step.log
    assert step.outputs["card-changed"] == "true"


def test_a_card_that_cannot_be_written_is_reported_before_the_job(runner):
    (runner.workspace / "folder").mkdir()
    step = runner.step(command="echo never", location="FRA", card="folder")
    assert step.exit_status == 2
    assert "never" not in step.log.replace("echo never", "")


def test_a_record_that_cannot_be_written_is_reported_before_the_job(runner):
    runner.write("missing", "a file")
    step = runner.step(command="echo never", location="FRA", record="missing/r.json")
    assert step.exit_status == 2
    assert "never" not in step.log.replace("echo never", "")
    assert "missing" in step.annotations("error")[0]


@pytest.mark.slow
def test_a_summary_of_two_megabytes_is_cut_and_the_step_stays_green(runner):
    step = runner.step(command="seq 1 300000 >> $GITHUB_STEP_SUMMARY", location="FRA")
    assert step.succeeded, step.log
    assert "Cut here" in step.summary, "under 1 MiB, or the runner would drop it"
    assert "How to reproduce" in step.summary, "ours has room beside the job's"


@pytest.mark.slow
def test_ten_thousand_bad_cards_give_a_summary_that_github_takes(runner):
    for n in range(3000):
        runner.write(f"m{n}/README.md", "---\nco2_eq_emissions:\n  emissions: 17g\n---\n")
    step = runner.step()
    assert step.exit_status == 1
    assert step.summary
    assert int(step.outputs["errors"]) >= 3000
    assert len([command for command in step.commands if command.name == "error"]) <= 11


def test_a_training_that_needs_a_token_of_its_own_gets_a_message_how_to_pass_one(runner):
    step = runner.step(command="echo 'Invalid username or password.' >&2; exit 1", location="FRA")
    assert "pass-env: HF_TOKEN" in step.annotations("error")[0]
    step = runner.step(command="exit 1", location="FRA")
    assert "pass-env" not in step.annotations("error")[0]


def test_the_configuration_of_the_repository_is_used(runner):
    runner.write("carbon-lint.toml", 'location = "FRA"\nmax-emissions = "5 kg"\ntraining-type = "fine-tuning"\n')
    step = runner.step(command="true", card="README.md")
    assert step.succeeded, step.log
    assert step.outputs["verdict"] == "pass"
    assert "fine-tuning" in (runner.workspace / "README.md").read_text()


def test_a_broken_configuration_is_one_line_before_the_job(runner):
    runner.write("carbon-lint.toml", 'max-emisions = "5 kg"\n')
    step = runner.step(command="echo never", location="FRA")
    assert step.exit_status == 2
    assert "max-emissions" in step.annotations("error")[0]


def test_a_configuration_of_another_name_is_used_and_a_missing_one_is_an_error(runner):
    runner.write("ci/carbon.toml", 'location = "FRA"\n')
    assert runner.step(command="true", config="ci/carbon.toml").succeeded
    step = runner.step(command="true", config="ci/none.toml")
    assert step.exit_status == 2
    assert "'config'" in step.annotations("error")[0]


@pytest.mark.parametrize(
    "command", ["exit 0", "kill -9 $$", "exec 1>&- 2>&-; sleep 0.2", "not-a-command", "echo 'unterminated"]
)
def test_every_end_of_the_command_is_reported(runner, command):
    step = runner.step(command=command, location="FRA")
    expected = {"exit 0": 0, "kill -9 $$": 137, "not-a-command": 127}.get(command)
    if expected is not None:
        assert step.exit_status == expected
    assert step.outputs["outcome"] in {"completed", "failed"}
    assert step.outputs["record"]


def test_a_job_that_floods_its_output_loses_nothing(runner):
    step = runner.step(command="seq 1 200000; echo ::error::x >&2; seq 1 10", location="FRA")
    assert step.succeeded
    lines = step.log.splitlines()
    start = lines.index("1")
    assert lines[start : start + 200_000] == [str(n) for n in range(1, 200_001)]
    assert step.annotations("error") == []


def test_the_configuration_gives_what_no_input_does(runner):
    runner.write(
        "carbon-lint.toml",
        'location = "FRA"\nmax-emissions = "1 ug"\non-exceed = "finish"\ngrace = "1s"\nrequire = ["none"]\n',
    )
    step = runner.step(command="sleep 1.5; echo finished")
    assert "finished" in step.log
    assert step.exit_status == 1
    stopped = runner.step(command="sleep 60; echo finished", on_exceed="stop")
    assert stopped.outputs["outcome"] == "over-budget"
    assert stopped.seconds < 30


@pytest.mark.parametrize(
    "line", ['on-exceed = "explode"', 'on-modelled = "x"', 'require = ["tpu"]', 'baseline-max-age = "90"']
)
def test_an_unknown_word_of_the_configuration_is_an_error_before_the_job(runner, line):
    runner.write("carbon-lint.toml", f'location = "FRA"\nmax-emissions = "1 kg"\n{line}\n')
    step = runner.step(command="touch trained")
    assert step.exit_status == 2
    assert line.split(" ")[0] in step.annotations("error")[0]
    assert not (runner.workspace / "trained").exists()


def test_a_record_of_a_run_group_that_its_sum_would_not_find_is_refused_before_the_job(runner):
    step = runner.step(command="touch ran", location="FRA", record="out/record", run_group="r1", lint="false")
    assert not step.succeeded
    assert "of a run group must end in .json" in step.log
    assert not (runner.workspace / "ran").exists()


def test_attempts_of_a_run_group_are_summed_on_the_card(runner):
    first = runner.step(command="exit 3", location="FRA", record="records/", run_group="r1", lint="false")
    assert first.outputs["record"] == "records/4242-2-train-0.json"
    runner.github["GITHUB_RUN_ATTEMPT"] = "3"
    second = runner.step(
        command="true", location="FRA", record="records/", run_group="r1", card="README.md", lint="false"
    )
    assert second.succeeded, second.log
    total = float(first.outputs["emissions-g"]) + float(second.outputs["emissions-g"])
    front = yaml.safe_load((runner.workspace / "README.md").read_text().split("---")[1])
    assert float(front["co2_eq_emissions"]["emissions"]) == pytest.approx(total, rel=1e-3)
    assert any("sum of 2 runs" in notice for notice in second.annotations("notice"))


def test_our_git_ignores_what_an_earlier_step_configured(tmp_path):
    theirs = {"GIT_DIR": "/theirs", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor", "PATH": "/usr/bin"}
    assert ownership.our_git_environ(theirs, tmp_path) == {
        "PATH": "/usr/bin",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": str(tmp_path),
    }
