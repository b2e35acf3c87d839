"""The in-job action's script, as a composite action's step runs it. The installation itself is tested with Docker."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.cases import cases
from tests.effort import busy
from tests.github.runner import ROOT, Runner, commit, parse_commands, parse_file_command, started_after

_SPEC = importlib.util.spec_from_file_location("install", ROOT / "in-job/install.py")
install = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(install)


FAKE_PYTHON = r"""#!/bin/sh
# Stands in for the job's Python: tells of whatever it is asked to run, and runs what makes no venv for real.
env >> "{received}"; pwd >> "{received}"; printf '%s\n' "$*" >> "{received}"
case "$*" in
  "-I -m venv "*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
  *install.py*) {install} ;;
  *entrypoint.py*) exec {start} --in-job ;;
  *) exec {python} "$@" ;;
esac
"""


@pytest.fixture
def job(tmp_path):
    """`job(inputs, **env)`: start the step in a job whose Python installs nothing, being in our own environment."""
    runner = Runner(tmp_path)
    runner.write("README.md", "---\nlicense: mit\n---\n# A model\n")
    files = runner._fresh_files()
    tools, received = tmp_path / "tools", tmp_path / "received"
    tools.mkdir()

    def python_that(install="exit 0", preamble=""):
        start = shlex.join([sys.executable, "-I", "-u", *started_after(preamble, str(ROOT / "entrypoint.py"))])
        text = FAKE_PYTHON.format(received=received, python=sys.executable, install=install, start=start)
        (tools / "python3").write_text(text)
        (tools / "python3").chmod(0o755)

    python_that()

    def start(inputs, **env):
        action = yaml.safe_load((ROOT / "in-job/action.yml").read_text())
        defaults = {name: spec["default"] for name, spec in action["inputs"].items()}
        values = {name: "" if "${{" in value else value for name, value in defaults.items()} | inputs
        environ = {
            **runner.github, **{name: str(path) for name, path in files.items()}, **env,
            "PATH": f"{tools}:{os.environ['PATH']}", "HOME": str(runner.home), "CI": "true",
            "RUNNER_TEMP": str(runner.temp),
            "GITHUB_WORKSPACE": str(runner.workspace), "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT / "in-job"), "CARBON_LINT_INPUTS": json.dumps(values),
        }  # fmt: skip
        (step,) = action["runs"]["steps"]
        assert step["env"] == {"CARBON_LINT_INPUTS": "${{ toJSON(inputs) }}"}
        script = runner.temp / "step.sh"
        script.write_text(step["run"])
        # How the runner starts `shell: bash`.
        return subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            env=environ, cwd=runner.workspace, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    start.files = files
    start.runner = runner
    start.received = received
    start.python_that = python_that
    return start


def outputs(job):
    return parse_file_command(job.files["GITHUB_OUTPUT"].read_text())


def test_the_same_inputs_give_the_same_outputs(job):
    process = job({"command": "echo in $PWD", "location": "FRA", "max-emissions": "5 g"})
    log = process.communicate(timeout=60)[0]
    assert process.returncode == 0, log
    assert f"in {job.runner.workspace}" in log
    assert outputs(job)["outcome"] == "completed"
    assert outputs(job)["verdict"] == "pass"


def test_the_jobs_python_keeps_its_path_and_is_not_given_ours(job):
    process = job(
        {"command": "echo path=$PYTHONPATH inputs=${CARBON_LINT_INPUTS:-none}", "location": "FRA"},
        PYTHONPATH="/their/packages",
    )
    log = process.communicate(timeout=60)[0]
    assert "path=/their/packages inputs=none" in log, log


def test_a_module_of_the_workspace_does_not_stand_in_for_one_of_ours(job):
    for name in ("yaml", "json", "carbon_lint", "logging", "random", "src/sitecustomize", "src/yaml"):
        job.runner.write(f"{name}.py", "raise SystemExit('hijacked')")
    process = job(
        {"command": "true", "location": "FRA"}, PYTHONPATH=f"src:{job.runner.workspace}", PYTHONHOME="/nowhere"
    )
    log = process.communicate(timeout=60)[0]
    assert process.returncode == 0, log
    assert "hijacked" not in log


def test_python_is_started_alone_without_the_inputs_and_away_from_the_workspace(job):
    secrets = {
        "HF_TOKEN": "in-the-clear-1",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "in-the-clear-2",
        "INPUT_HF-TOKEN": "in-the-clear-3",
    }
    inputs = {"command": "env", "location": "FRA", "hf-token": "in-the-clear-4"}
    process = job(inputs, PYTHONPATH="src", PYTHONSTARTUP="x.py", **secrets)
    log = process.communicate(timeout=60)[0]
    before, _, _ = job.received.read_text().rpartition("--in-job")
    starts = [line for line in before.splitlines() if line.startswith("-I ")]
    assert len(starts) == 4, "the probe, venv, the installation and the step"
    assert "in-the-clear-" not in before.partition("install.py")[0]
    assert "PYTHONSTARTUP" not in before.partition("install.py")[0]
    assert str(job.runner.workspace) not in before.partition("install.py")[0].replace("GITHUB_WORKSPACE", "").split(
        "\n"
    )
    assert "PYTHONPATH=src" in log, "the job gets its variables back"
    assert "in-the-clear-3" not in log, "an INPUT_* that GitHub did not set is nobody's input"


def test_the_python_that_an_earlier_step_names_is_not_run(job, tmp_path):
    theirs = tmp_path / "theirs"
    theirs.write_text("#!/bin/sh\ntouch hijacked\n")
    theirs.chmod(0o755)
    process = job({"command": "true", "location": "FRA"}, CARBON_LINT_PYTHON=str(theirs))
    assert process.communicate(timeout=60)[0]
    assert process.returncode == 0
    assert not (job.runner.workspace / "hijacked").exists()


def test_a_venv_that_an_earlier_step_left_is_not_used(job):
    theirs = job.runner.temp / "carbon-lint-aaaaaa" / "venv" / "bin"
    theirs.mkdir(parents=True)
    (theirs / "python").write_text("#!/bin/sh\necho hijacked\n")
    (theirs / "python").chmod(0o755)
    log = job({"command": "true", "location": "FRA"}).communicate(timeout=60)[0]
    assert "hijacked" not in log
    assert not theirs.exists(), "nor kept: it takes room"


def test_an_installation_that_fails_closes_its_fold_and_writes_the_outputs(job):
    job.python_that(install="echo no way to PyPI >&2; exit 1")
    process = job({"command": "true", "location": "FRA"})
    log = process.communicate(timeout=60)[0]
    commands = parse_commands(log)
    assert process.returncode == 2
    assert [command.name for command in commands] == ["group", "endgroup", "error"]
    assert "cannot install carbon-lint" in commands[-1].data
    assert outputs(job)["outcome"] == "unmeasured"


def test_without_a_command_nothing_is_called_unmeasured(job):
    job.python_that(install="exit 1")
    job({"command": ""}).communicate(timeout=60)
    assert outputs(job)["outcome"] == ""


def test_a_cancelled_step_gets_the_signal_through_its_shell(job):
    process = job({"command": "echo begun; sleep 60", "location": "FRA"})
    while "begun" not in process.stdout.readline():
        pass
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert time.monotonic() - started < 6 * busy()
    assert outputs(job)["outcome"] == "interrupted"


def run_with(tmp_path, **programs):
    """Run the script on a machine that has only these programs, given as shell text."""
    tools = tmp_path / "bare"
    tools.mkdir()
    for name in ("bash", "dirname", "mktemp", "rm", "env", "uname"):
        (tools / name).symlink_to(shutil.which(name))
    for name, text in programs.items():
        (tools / name).unlink(missing_ok=True)
        (tools / name).write_text(f"#!/bin/bash\n{text}\n")
        (tools / name).chmod(0o755)
    environ = {"PATH": str(tools), "RUNNER_TEMP": str(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "output")}
    done = subprocess.run(
        ["bash", str(ROOT / "in-job/run.sh")], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stdout + done.stderr
    (message,) = [command.data for command in parse_commands(done.stdout) if command.name == "error"]
    assert parse_file_command((tmp_path / "output").read_text()) == {"outcome": ""}
    return message


def test_the_error_for_a_job_without_python_names_the_step_that_gives_one(tmp_path):
    message = run_with(tmp_path)
    assert "the job has none" in message
    assert "actions/setup-python" in message


@cases(
    ("answer", "message"),
    [
        ("310 3.10 True", "the job has 3.10"),
        ("315 3.15 True", "needs Python 3.11 to 3.14, and the job has 3.15"),
        ("312 3.12 False", "3.12 without os.eventfd"),
        ("207 2.7 False", "the job has 2.7"),
    ],
)
def test_an_unsuitable_python_gets_an_error_of_one_line(tmp_path, answer, message):
    assert message in run_with(tmp_path, python3=f"echo {answer}")


def test_of_several_pythons_the_first_that_will_do_is_taken(tmp_path):
    message = run_with(tmp_path, python3="echo 315 3.15 True", **{"python3.13": '[ "$2" = -c ] && echo 313 3.13 True'})
    assert "cannot make a virtual environment" in message, "3.13 was taken, which can do nothing but answer here"


def test_another_system_than_linux_gets_an_error(tmp_path):
    message = run_with(tmp_path, uname="echo Darwin")
    assert "need Linux, and this job runs on Darwin" in message
    assert "ubuntu-24.04" in message


def test_of_the_jobs_pip_settings_only_the_way_to_the_packages_is_kept():
    listing = """global.cert='/ca.pem'
global.constraint='/etc/constraints.txt'
global.index-url='https://one.example'
install.index-url='https://two.example/a=b'
install.user='true'
:env:.target='/t'
:env:.dry-run='1'
:env:.require-hashes='1'
:env:.extra-index-url='https://x.example\\nhttps://y.example'
"""
    assert install.kept_settings(listing) == {
        "PIP_CERT": "/ca.pem",
        "PIP_INDEX_URL": "https://two.example/a=b",
        "PIP_EXTRA_INDEX_URL": "https://x.example\nhttps://y.example",
    }


@pytest.mark.slow
@cases(
    "variable",
    [
        *("CONSTRAINT=/nowhere", "REQUIRE_HASHES=1", "DRY_RUN=1", "TARGET={}", "USER=1", "NO_INDEX=1", "PREFIX={}"),
        *("ROOT={}", "REQUIRE_VIRTUALENV=1", "NO_DEPS=1", "PRE=1", "ONLY_BINARY=x", "REPORT={}", "IGNORE_INSTALLED=1"),
    ],
)
def test_a_pip_setting_of_the_job_does_not_reach_our_pip(tmp_path, monkeypatch, variable):
    name, _, value = variable.partition("=")
    monkeypatch.setenv(f"PIP_{name}", value.format(tmp_path / "elsewhere"))
    ran = []
    monkeypatch.setattr(install.subprocess, "run", recording(ran, install.subprocess.run))
    assert install.main("requirements.txt") == 0
    (environ,) = ran
    assert f"PIP_{name}" not in environ
    assert environ["PIP_CONFIG_FILE"] == os.devnull


def test_a_mirror_of_the_job_reaches_our_pip(monkeypatch):
    for name, value in (
        ("INDEX_URL", "https://mirror.example"),
        ("CERT", "/ca.pem"),
        ("TRUSTED_HOST", "mirror.example"),
    ):
        monkeypatch.setenv(f"PIP_{name}", value)
    ran = []
    monkeypatch.setattr(install.subprocess, "run", recording(ran, install.subprocess.run))
    install.main("requirements.txt")
    assert ran[0]["PIP_INDEX_URL"] == "https://mirror.example"
    assert (ran[0]["PIP_CERT"], ran[0]["PIP_TRUSTED_HOST"]) == ("/ca.pem", "mirror.example")


def recording(environs, run):
    """`subprocess.run` that asks pip for real what is configured, and only notes with which environment it installs."""

    def start(command, **options):
        if "install" not in command:
            return run(command, **options)
        environs.append(options["env"])
        return subprocess.CompletedProcess(command, 0)

    return start


def test_the_lint_only_action_takes_and_gives_a_part_of_the_same():
    whole, part = (yaml.safe_load((ROOT / name / "action.yml").read_text()) for name in ("in-job", "lint"))
    for kind, names in (
        ("inputs", ["cards", "fail-on", "config", "sarif-file", "summary"]),
        ("outputs", ["errors", "warnings"]),
    ):
        assert part[kind] == {name: whole[kind][name] for name in names}
    (step,) = part["runs"]["steps"]
    assert step["run"] == 'exec bash "$GITHUB_ACTION_PATH/../in-job/run.sh" core'
    assert step["env"] == {"CARBON_LINT_INPUTS": "${{ toJSON(inputs) }}"}


CORE_ONLY = """
import sys
sys.modules.update(dict.fromkeys({blocked!r}))
sys.path.insert(0, {root!r})
import os
from carbon_lint.github.entry import main, trusted_environ
sys.exit(main(trusted_environ(os.environ, in_job=True)))
"""


@cases("kind", ["push", "pull_request", "shallow"])
def test_linting_needs_only_the_core_and_on_a_pull_request_its_merge_base(tmp_path, kind):
    locked = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    core = re.findall(r"^([\w.-]+)==", (ROOT / "requirements-core.txt").read_text(), re.MULTILINE)
    assert set(core) < set(locked)
    blocked = {"codecarbon", "psutil", "huggingface_hub", "tenacity", "jinja2", "github", "requests", "pandas", "numpy"}
    runner = Runner(tmp_path)
    runner.write("README.md", "---\nlicense: mit\nco2_eq_emissions:\n  emissions: 17g\n---\n")
    runner.github["GITHUB_EVENT_NAME"] = "push" if kind == "push" else "pull_request"
    base = commit(runner.workspace) if kind == "pull_request" else "beef"
    runner.event["pull_request"] = {"number": 7, "base": {"sha": base}}
    files = runner._fresh_files()
    environ = {
        **runner._environ({}, {}, files), "PATH": os.environ["PATH"],
        "CARBON_LINT_INPUTS": json.dumps({"sarif-file": "lint.sarif"}),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-I", "-c", CORE_ONLY.format(blocked=blocked, root=str(ROOT))],
        env=environ, cwd=runner.workspace, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "bug in carbon-lint" not in done.stdout, done.stdout
    if kind == "shallow":
        assert done.returncode == 2, done.stdout + done.stderr
        assert "fetch-depth: 0" in done.stdout
        assert "token" not in done.stdout, "the action has no such input"
        return
    assert done.returncode == 1, done.stdout + done.stderr
    assert (runner.workspace / "lint.sarif").exists()
    assert parse_file_command(files["GITHUB_OUTPUT"].read_text())["errors"] == "1"


def test_the_script_lies_beside_the_action_that_names_it():
    assert Path(ROOT / "in-job/run.sh").is_file()
    assert 'exec bash "$GITHUB_ACTION_PATH/run.sh"' in (ROOT / "in-job/action.yml").read_text()


HF_JOB = {"JOB_ID": "6870d0", "ACCELERATOR": "a10g-small", "CPU_CORES": "1", "MEMORY": "2Gi"}
WITH_A_GPU = """
import sys
sys.path.append({root!r})
from tests.measurement.stub_nvml import from_json
sys.modules["pynvml"] = from_json('[{{"name": "NVIDIA A10G", "watts": 150}}]')
"""


def test_in_a_hugging_face_job_its_gpu_and_its_share_of_the_machine_are_counted(job):
    """Its region is not stated, so the limit is in kWh; the runner is GitHub's, so the run is too."""
    job.python_that(preamble=WITH_A_GPU.format(root=str(ROOT)))
    process = job({"command": "sleep 0.5", "max-energy": "1 kWh"}, **HF_JOB)
    log = process.communicate(timeout=60)[0]
    assert process.returncode == 0, log
    found = outputs(job)
    assert (found["outcome"], found["verdict"], found["emissions-g"]) == ("completed", "pass", "")
    record = json.loads((job.runner.workspace / found["record"]).read_text())
    assert [gpu["name"] for gpu in record["hardware"]["gpus"]] == ["NVIDIA A10G"]
    assert record["hardware"]["ram_gb"] == 2.0
    assert record["assumptions"] is None or record["assumptions"]["memory_gib"] == 2.0
    where = record["provenance"]
    assert (where["scheduler"], where["scheduler_job"], where["partition"]) == ("hf-jobs", "6870d0", "a10g-small")
    assert where["run_id"] == job.runner.github["GITHUB_RUN_ID"]


def test_a_hugging_face_job_whose_gpu_cannot_be_read_runs_nothing(job):
    process = job({"command": "touch trained", "max-energy": "1 kWh"}, **HF_JOB)
    log = process.communicate(timeout=60)[0]
    assert process.returncode == 125, log
    assert "this Hugging Face Job has the flavor a10g-small, so 1 GPU to count, and none can be read" in log
    assert not (job.runner.workspace / "trained").exists()
    assert outputs(job)["outcome"] == "unmeasured"
