"""GitHub's runner for one container action step, as far as a step can notice: environment, mounts, file commands,
workflow commands, cancellation. After actions/runner v2.336: ContainerActionHandler.cs, FileCommandManager.cs,
ActionCommand.cs, ActionCommandManager.cs, ProcessInvoker.cs.

`Runner(folder)` starts `entrypoint.py` as a child of its own, `Runner(folder, image=…)` the image by `docker run`.
"""

from __future__ import annotations

import functools
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from carbon_lint.records.record import Provenance
from carbon_lint.records.store import write_record
from tests import spawn
from tests.effort import busy
from tests.hub.records import record

ROOT = Path(__file__).resolve().parent.parent.parent
REGISTERED = {
    "debug", "notice", "warning", "error", "group", "endgroup", "add-mask", "add-matcher", "remove-matcher", "echo",
    "stop-commands", "set-output", "save-state", "set-env", "add-path", "internal-set-repo-path",
}  # fmt: skip
MAX_SUMMARY_BYTES = 1_048_576
RUNNER_UID = 1001


@dataclass
class Command:
    name: str
    properties: dict[str, str]
    data: str


@dataclass
class Step:
    """What the runner has of a step when it has ended."""

    exit_status: int
    log: str
    seconds: float
    commands: list[Command]
    outputs: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)
    summary: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def succeeded(self):
        return self.exit_status == 0 and not self.problems

    def annotations(self, level):
        """Messages of `level` that the page would show: ten at most."""
        return [command.data for command in self.commands if command.name == level][:10]

    @property
    def masks(self):
        return [command.data for command in self.commands if command.name == "add-mask"]


@functools.cache
def _defaults():
    """Return what each input of `action.yml` is if a workflow leaves it out."""
    action = yaml.load((ROOT / "action.yml").read_text(), yaml.CSafeLoader)
    return {name: spec.get("default", "") for name, spec in action["inputs"].items()}


class Runner:
    """One job on one runner: a workspace of user 1001, and the folders that the runner keeps beside it."""

    def __init__(self, folder: Path, *, image: str | None = None, network: str | None = None):
        self.image = image
        self.network = network
        self.work = folder / "_work"
        self.workspace = self.work / "model" / "model"
        self.temp = self.work / "_temp"
        self.home = self.temp / "_github_home"
        self.workflow = self.temp / "_github_workflow"
        self.file_commands = self.temp / "_runner_file_commands"
        for path in (self.workspace, self.home, self.workflow, self.file_commands):
            path.mkdir(parents=True, exist_ok=True)
        self.github = {
            "GITHUB_ACTOR": "octocat",
            "GITHUB_API_URL": "http://127.0.0.1:9",
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_JOB": "train",
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_REPOSITORY": "octo/model",
            "GITHUB_RUN_ATTEMPT": "2",
            "GITHUB_RUN_ID": "4242",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_SHA": "c0ffee0000000000000000000000000000000000",
            "GITHUB_WORKFLOW": "train",
        }
        self.event: dict = {"repository": {"default_branch": "main", "full_name": "octo/model"}}
        self.actions = {"ACTIONS_RUNTIME_TOKEN": "runtime-token", "ACTIONS_RUNTIME_URL": "https://pipelines.example"}
        self.token = "ghs_job"
        self.job_index = "0"
        self.mounts: list[str] = []  # more `-v …`, to make a host of another kind
        self.is_impatient = False  # a person at the keyboard, not the runner
        self.preamble = ""  # Python that runs in the step's process before it: what stands in for the world
        self.workspace_mode = ""  # ":ro" for a workspace that cannot be written to

    @property
    def provenance(self):
        """The provenance in a record of this run."""
        repository, run_id = self.github["GITHUB_REPOSITORY"], self.github["GITHUB_RUN_ID"]
        return {
            "repository": repository,
            "commit": self.github["GITHUB_SHA"],
            "run_id": run_id,
            "run_url": f"https://github.com/{repository}/actions/runs/{run_id}/attempts/1",
        }

    def write(self, name, text):
        path = self.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def on_pull_request(self, api_url):
        """The event of pull request 7, from a branch of the same repository."""
        self.github |= {
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_API_URL": api_url,
            "GITHUB_REF": "refs/pull/7/merge",
        }
        self.event["pull_request"] = {
            "number": 7,
            "labels": [],
            "base": {"sha": "beef", "repo": {"full_name": "octo/model"}},
            "head": {"sha": "c0ffee", "repo": {"full_name": "octo/model"}},
        }

    def hand_over(self, name="r.json", **changes):
        """Write the record that an earlier job of this very run left."""
        write_record(record(provenance=Provenance(**self.provenance), **changes), self.workspace / name)

    def own_by_runner(self):
        """Make the workspace the runner user's, as `actions/checkout` leaves it."""
        for path in (self.workspace, *self.workspace.rglob("*")):
            os.chown(path, RUNNER_UID, RUNNER_UID, follow_symlinks=False)

    def step(self, *, env=None, cancel_after_s=None, cancel_when=None, unset=(), timeout_s=100, **inputs):
        """Run the step with `inputs` (`max_emissions` for `max-emissions`) as `with:`."""
        with_ = {name.replace("_", "-"): value for name, value in inputs.items()}
        return self.step_with(
            with_, env=env, cancel_after_s=cancel_after_s, cancel_when=cancel_when, unset=unset, timeout_s=timeout_s
        )

    def step_with(
        self, with_, *, env=None, cancel_after_s=None, cancel_when=None, unset=(), timeout_s=100, override=None
    ):
        files = self._fresh_files()
        environ = self._environ(with_, env or {}, files)
        environ |= override or {}
        for name in unset:
            environ.pop(name, None)
        argv, client = self._command_line(environ)
        started = time.monotonic()
        process = spawn.Popen(
            argv, env=client, cwd=self.workspace, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        reader = _Reader(process)
        try:
            self._wait(process, reader, cancel_after_s, cancel_when, started + timeout_s)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
        seconds = time.monotonic() - (reader.cancelled_at or started)
        reader.thread.join(30)
        log = reader.data.decode("utf-8", "replace")
        step = Step(process.returncode, log, seconds, parse_commands(log))
        self._read_file_commands(step, files)
        return step

    def _fresh_files(self):
        token = secrets.token_hex(16)
        files = {}
        for name, kind in (
            ("GITHUB_OUTPUT", "set_output"), ("GITHUB_ENV", "set_env"), ("GITHUB_PATH", "add_path"),
            ("GITHUB_STATE", "save_state"), ("GITHUB_STEP_SUMMARY", "step_summary"),
        ):  # fmt: skip
            files[name] = self.file_commands / f"{kind}_{token}"
            files[name].touch()
        return files

    def _environ(self, with_, env, files):
        """Later wins: step env, INPUT_*, HOME, GITHUB_* and RUNNER_*, ACTIONS_*."""
        environ = dict(env)
        environ.update(self._inputs(with_))
        environ["HOME"] = str(self.home)
        (self.workflow / "event.json").write_text(json.dumps(self.event))
        environ.update(self.github)
        environ.update({name: str(path) for name, path in files.items()})
        environ["GITHUB_EVENT_PATH"] = str(self.workflow / "event.json")
        environ["GITHUB_WORKSPACE"] = str(self.workspace)
        environ["RUNNER_TEMP"] = str(self.temp)
        environ["RUNNER_WORKSPACE"] = str(self.workspace.parent)
        environ["RUNNER_OS"] = "Linux"
        environ.update(self.actions)
        return environ

    def _inputs(self, with_):
        values = _defaults()
        expressions = {"${{ github.token }}": self.token, "${{ strategy.job-index }}": self.job_index}
        values = {name: expressions.get(value, value) for name, value in values.items()}
        values.update(with_)
        return {"INPUT_" + name.upper().replace(" ", "_"): value for name, value in values.items()}

    def _mounts(self):
        return {
            self.temp: "/github/runner_temp",
            self.home: "/github/home",
            self.workflow: "/github/workflow",
            self.file_commands: "/github/file_commands",
            self.workspace: "/github/workspace",
        }

    def _command_line(self, environ):
        if self.image is None:
            path = os.environ["PATH"]
            environ = {**environ, "PATH": path, "GITHUB_ACTIONS": "true", "CI": "true"}
            return [sys.executable, "-I", "-u", *started_after(self.preamble, str(ROOT / "entrypoint.py"))], environ
        environ = {name: self._translated(name, value) for name, value in environ.items()}
        name = f"{re.sub('[^a-z0-9]', '', self.image)}_{secrets.token_hex(3)}"
        argv = ["docker", "run", "--name", name, "--label", secrets.token_hex(3)]
        argv += ["--workdir", "/github/workspace", "--rm"]
        for key in environ:
            argv += ["-e", key]
        argv += ["-e", "GITHUB_ACTIONS=true", "-e", "CI=true"]
        argv += self.mounts
        argv += ["--network", self.network] if self.network else []
        argv += ["-v", "/var/run/docker.sock:/var/run/docker.sock"]
        for host, inside in self._mounts().items():
            argv += ["-v", f"{host}:{inside}{self.workspace_mode if host == self.workspace else ''}"]
        self.container = name
        return [*argv, self.image], {**os.environ, **environ}

    def _translated(self, name, value):
        if name == "RUNNER_WORKSPACE":
            return value
        # The longest path first: the temporary folder holds three of the others.
        for host, inside in sorted(self._mounts().items(), key=lambda pair: -len(str(pair[0]))):
            if value == str(host) or value.startswith(f"{host}/"):
                return inside + value[len(str(host)) :]
        return value

    def _wait(self, process, reader, cancel_after_s, cancel_when, deadline):
        """
        The runner's cancellation: SIGINT to the client, after 7.5 s SIGTERM, after 2.5 s more SIGKILL.

        A machine that is busy has as many times longer.
        """
        started = time.monotonic()
        while process.poll() is None:
            assert time.monotonic() < deadline, (
                f"the step hangs; its log so far:\n{reader.data.decode(errors='replace')}"
            )
            is_due = cancel_after_s is not None and time.monotonic() - started >= cancel_after_s
            if is_due or (cancel_when is not None and cancel_when in reader.data):
                reader.cancelled_at = time.monotonic()
                times = busy()
                for signum, wait_s in ((signal.SIGINT, 7.5), (signal.SIGTERM, 2.5), (signal.SIGKILL, 5)):
                    process.send_signal(signum)
                    while self.is_impatient and process.poll() is None:
                        time.sleep(0.03)
                        process.send_signal(signal.SIGTERM)
                    try:
                        process.wait(wait_s * times)
                    except subprocess.TimeoutExpired:
                        continue
                    return
            time.sleep(0.02)

    def _read_file_commands(self, step, files):
        for name, target in (("GITHUB_OUTPUT", step.outputs), ("GITHUB_ENV", step.env)):
            try:
                target.update(parse_file_command(files[name].read_bytes().decode()))
            except ValueError as error:
                step.problems.append(f"Unable to process file command for {name}: {error}")
        if "NODE_OPTIONS" in step.env:
            step.problems.append("Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.")
        step.path = [line for line in files["GITHUB_PATH"].read_text().splitlines() if line]
        if files["GITHUB_STEP_SUMMARY"].stat().st_size <= MAX_SUMMARY_BYTES:
            step.summary = files["GITHUB_STEP_SUMMARY"].read_bytes().decode()


def git(folder, *arguments):
    base = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    return subprocess.run([*base, *arguments], check=True, capture_output=True, text=True).stdout.strip()


def commit(folder, message="a change"):
    """Commit whatever the checkout in `folder` holds, and return the commit."""
    if not (folder / ".git").exists():
        git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", message, "--allow-empty")
    return git(folder, "rev-parse", "HEAD")


def started_after(preamble, script):
    """Arguments for a Python that runs `preamble` and then `script`."""
    if not preamble:
        return [script]
    return [
        "-c",
        f"{preamble}\nimport runpy, sys\nsys.argv[0] = {script!r}\nrunpy.run_path(sys.argv[0], run_name='__main__')",
    ]


class _Reader:
    """Reads the step's output as it comes."""

    def __init__(self, process):
        self.data = b""
        self.cancelled_at = None
        self._process = process
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        while chunk := self._process.stdout.read1(65536):
            self.data += chunk
        self._process.stdout.close()


def parse_file_command(text):
    """Entries of GITHUB_OUTPUT or GITHUB_ENV. Raises ValueError in the runner's words; each one fails the step."""
    entries = {}
    lines = re.findall(r"([^\r\n]*)(\r?\n|\Z)", text)
    lines = iter(lines[:-1] if lines and lines[-1] == ("", "") else lines)
    for line, _ in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, value = line.split("=", 1)
        elif heredoc >= 0:
            name, delimiter = line.split("<<", 1)
            if not delimiter:
                raise ValueError(f"Invalid format '{line}'. Name must not be empty and delimiter must not be empty")
            value = _heredoc(lines, delimiter)
        else:
            raise ValueError(f"Invalid format '{line}'")
        if not name:
            raise ValueError(f"Invalid format '{line}'. Name must not be empty")
        entries[name] = value
    return entries


def _heredoc(lines, delimiter):
    value = ""
    for line, end in lines:
        if line == delimiter:
            return value.removesuffix("\n").removesuffix("\r")
        if not end:
            raise ValueError("Invalid value. EOF marker missing new line.")
        value += line + end
    raise ValueError(f"Invalid value. Matching delimiter not found '{delimiter}'")


def parse_commands(log):
    """The workflow commands that the runner would act on, in order, in either of its two notations."""
    commands = []
    resume = None
    for line in re.split(r"\r\n|\n|\r", log):
        if resume is not None:
            if line.strip() == f"::{resume}::":
                resume = None
            continue
        command = _newer(line) or _older(line)
        if command is None or command.name not in REGISTERED:
            continue
        if command.name == "stop-commands":
            resume = command.data
        commands.append(command)
    return commands


def _newer(line):
    line = line.strip()
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, rest = line[2:end].partition(" ")
    command = Command(name.lower(), _properties(rest, ","), _unescape(line[end + 2 :]))
    return command if command.name in REGISTERED else None


def _older(line):
    start = line.find("##[")
    end = line.find("]", start)
    if start < 0 or end < 0:
        return None
    name, _, rest = line[start + 3 : end].partition(" ")
    return Command(name.lower(), _properties(rest, ";"), _unescape(line[end + 1 :]))


def _properties(text, separator):
    pairs = (part.split("=", 1) for part in text.split(separator) if "=" in part)
    return {key.strip(): _unescape(value).replace("%3A", ":").replace("%2C", ",") for key, value in pairs}


def _unescape(text):
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
