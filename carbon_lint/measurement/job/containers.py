"""Find the containers that a command starts, stop them with the job, and say which processes they are.

Stopping the client of Docker or Podman does not stop what it started. Each container gets a label, by which it is found
again: without any state of our own, each of our processes can end it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from carbon_lint.errors import MeasurementError
from carbon_lint.measurement.job import remote
from carbon_lint.measurement.job.remote import Elsewhere
from carbon_lint.measurement.job.wrappers import Program, after_options, programs, script_index, word_set

LABEL = "carbon-lint.run"
ANSWER_S = 3.0
"""How long the engine may take to answer. A client that hangs must not keep us from ending the job."""

CLIENTS = ("docker", "podman", "nerdctl", "docker-compose", "podman-remote")
GLOBAL_VALUED = word_set(
    "-c --context -H --host -l --log-level --config --tlscacert --tlscert --tlskey --connection --url --identity "
    "--root --runroot --storage-driver --storage-opt --cgroup-manager -n --namespace --runtime --ssh --tmpdir "
    "--conmon --network-config-dir --network-cmd-path --events-backend --hooks-dir --module --volumepath --imagestore "
    "-a --address --data-root --cni-path --cni-netconfpath --snapshotter --hosts-dir "
    "-f --file -p --project-name --profile --env-file --project-directory --ansi --parallel --progress"
)
_RUN_FLAGS = word_set(
    # Those of `run` without a value; all others take the next word.
    "--detach --interactive --tty --rm --privileged --init --no-healthcheck --oom-kill-disable --publish-all "
    "--read-only --quiet --disable-content-trust --use-aliases --service-ports --no-deps --no-TTY --no-tty --build "
    "--remove-orphans --replace --tls-verify --no-hosts --env-host --http-proxy --rmi --read-only-tmpfs "
    "--unsetenv-all --sig-proxy --use-api-socket --quiet-pull --quiet-build"
)
_SHORT_RUN_FLAGS = frozenset("ditPqT")
NOT_OURS = {"exec", "start", "restart", "attach", "up", "service", "stack", "play"}
"""Subcommands whose work goes on in containers that this command did not make."""


_NO_WORK = word_set(
    ". source cd pushd popd export set unset shift eval true false : echo printf pwd test [ [[ mkdir touch rm cp mv "
    "cat tee sleep wait trap ulimit umask date env exit return fi done esac } ) for case function local read"
)
"""Words of a script that begin no work of their own."""
_BLANKS = r"(?:[ \t]|\\\n)"  # between two words of a script


class EngineError(Exception):
    """The container engine did not answer, or not as expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Containers:
    """The containers of one job, which carry `label`.

    `engines` are how to call each engine: its client with the options that the user gave, behind `sudo` if they did.
    """

    engines: tuple[tuple[str, ...], ...]
    label: str
    environ: Mapping[str, str] = field(repr=False)  # for each engine's client
    relays: frozenset[str]  # names of processes that pass a signal to a container: each must arrive there once
    leaves_detached: bool = False  # what was started with `-d` is left running when the job has ended by itself

    def running(self) -> tuple[str, ...]:
        """Return the ids of those that run. Raises EngineError."""
        return tuple(name for ids in self._by_engine().values() for name in ids)

    def attached(self) -> tuple[str, ...]:
        """Return the ids of those that run and whose client waits for their end. Raises EngineError."""
        configs = self._inspect("{{json .Config}}")
        return tuple(name for name, config in configs.items() if not _says_detached(config))

    def processes(self) -> dict[str, int]:
        """Return the first process of each that runs, by id. Raises EngineError."""
        pids = self._inspect("{{.State.Pid}}")
        return {name: int(pid) for name, pid in pids.items() if pid.isdecimal() and int(pid) > 0}

    def send(self, signum: int, *, only_attached: bool = False) -> tuple[str, ...]:
        """Send a signal to the first process of each; return the ids of those it was for. Raises EngineError."""
        wanted = set(self.attached()) if only_attached else None
        sent: list[str] = []
        for engine, running in self._by_engine().items():
            ids = [name for name in running if wanted is None or name in wanted]
            try:
                if ids:
                    _call(engine, self.environ, "kill", "--signal", str(signum), *ids)
            except EngineError:
                if {*self.running()} & {*ids}:  # else it has ended meanwhile
                    raise
            sent += ids
        return tuple(sent)

    def _by_engine(self) -> dict[tuple[str, ...], list[str]]:
        """Return the ids of those that run, each once: two of the calls may reach one engine, by its name and path."""
        found: dict[tuple[str, ...], list[str]] = {}
        for engine in self.engines:
            ids = _call(engine, self.environ, "ps", "-q", "--no-trunc", "--filter", f"label={self.label}").split()
            found[engine] = [name for name in ids if not any(name in known for known in found.values())]
        return found

    def _inspect(self, template: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for engine, ids in self._by_engine().items():
            lines = _call(engine, self.environ, "inspect", "--format", template, *ids).splitlines() if ids else []
            found |= zip(ids, lines, strict=False)
        return found


Find = Callable[[], Containers | None]
"""How to find the containers that a job has started so far."""


def _says_detached(config: str) -> bool:
    """Tell by a container's `.Config` whether its client returned at once. Podman attaches none, but keeps the call."""
    try:
        found = json.loads(config)
    except ValueError:
        return False
    call = found.get("CreateCommand")
    if isinstance(call, list) and "run" in call:
        return _is_detached([str(word) for word in call], call.index("run") + 1)
    return found.get("AttachStdout") is False


def _call(engine: tuple[str, ...], environ: Mapping[str, str], *words: str) -> str:
    """Call an engine's client and return its output. Raises EngineError."""
    client = next(os.path.basename(word) for word in engine if os.path.basename(word) in CLIENTS)
    try:
        done = subprocess.run(
            [*engine, *words],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ANSWER_S,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise EngineError(f"{client} did not answer within {ANSWER_S:g} s") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines() or [f"status {error.returncode}"]
        raise EngineError(f"{client}: {lines[0]}") from None
    except OSError as error:
        raise EngineError(f"{client}: {os.strerror(error.errno or 0)}") from None
    return done.stdout.decode(errors="replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCommand:
    """The command of a job, and what it is known to start beside its own processes."""

    words: tuple[str, ...]  # with a label for the containers that it starts
    containers: Containers | None = None
    elsewhere: Elsewhere | None = None  # why some of its work can neither be counted nor stopped here
    is_whole: bool = True  # that is all it does; False for a script that does other work here
    is_client: bool = False  # the command itself is the client of an engine, and no script

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what a reader of the figures should know."""
        if self.elsewhere is None:
            return ()
        what = "only the client was measured" if self.is_whole else "a part of the script's work was not measured"
        return (f"{what}: {self.elsewhere.why}",)


def job_command(command: Sequence[str], environ: Mapping[str, str], run_id: str, *, is_remote_ok: bool) -> JobCommand:
    """Read a command as `read_command` does. Raises MeasurementError if its work would be missed and must not be."""
    found = read_command(command, environ, run_id)
    if found.elsewhere is not None and found.is_whole and not is_remote_ok:
        raise MeasurementError(
            f"{found.elsewhere.why}: only the client would be measured",
            hint=f"{found.elsewhere.hint}; or measure the client alone",
            suggest=(("remote-ok", ""),),
        )
    return found


def read_command(command: Sequence[str], environ: Mapping[str, str], run_id: str) -> JobCommand:
    """Read a command as far as it can be read without running it: a script in a file is not looked into."""
    command = tuple(command)
    label = f"{LABEL}={run_id}"
    containers: Containers | None = None
    elsewhere: Elsewhere | None = None
    is_whole = True
    labelled: set[tuple[str, ...]] = set()
    for found in programs(command):
        run_at, why = _read_client(found, environ) if found.name in CLIENTS else (None, None)
        why = why or remote.find_elsewhere(found.words)
        elsewhere = elsewhere or why
        is_whole = is_whole and (why is not None or found.name in CLIENTS or found.name in _NO_WORK)
        if run_at is None or (head := found.words[: run_at + 1]) in labelled:
            continue
        labelled.add(head)
        mine = Containers(
            engines=((*found.prefix, *engine_of(found.words[:run_at])),),
            label=label,
            environ=environ,
            relays=frozenset({*found.wrappers, found.name, "docker-compose"}) - {"exec", "command"},
        )
        changed = _labelled(command, found, run_at, label)
        if changed is None or (containers is not None and mine.engines != containers.engines):
            elsewhere = elsewhere or Elsewhere(
                why=f"the script's call of {found.name} run cannot be read, so that its container would not be stopped",
                hint=f"write it plainly: -- {found.name} run IMAGE python train.py",
            )
        else:
            command, containers = changed, mine
    return JobCommand(
        words=command,
        containers=containers,
        elsewhere=elsewhere,
        is_whole=is_whole or elsewhere is None,
        is_client=containers is not None and found.start is not None,
    )


def _read_client(found: Program, environ: Mapping[str, str]) -> tuple[int | None, Elsewhere | None]:
    """Return where the client's word `run` is, `None` if it starts no container; and why it cannot be handled."""
    words = found.words
    at = after_options(words, 1, GLOBAL_VALUED)
    is_compose = found.name == "docker-compose" or words[at : at + 1] == ("compose",)
    if words[at : at + 1] in {("compose",), ("container",), ("kube",)}:
        at = after_options(words, at + 1, GLOBAL_VALUED)
    verb = words[at] if at < len(words) else ""
    given = {**environ, **dict(word.split("=", 1) for word in found.prefix if re.match(r"[A-Za-z_]\w*=", word))}
    elsewhere = remote.remote_engine(words[:at], given) if verb in {"run", *NOT_OURS} else None
    if elsewhere is None and verb in NOT_OURS:
        elsewhere = Elsewhere(
            why=f"{found.name} {verb} works in containers that this command does not make, and that stay when it ends",
            hint=f"use `{found.name} {'compose ' if is_compose else ''}run`, or start carbon-lint inside the container",
        )
    if elsewhere is None and verb == "run" and _is_detached(words, at + 1):
        elsewhere = Elsewhere(
            why=f"{found.name} run -d returns at once, while its container goes on",
            hint="leave -d out, so that the command lasts as long as its work",
        )
    return (at if verb == "run" and elsewhere is None else None), elsewhere


def _is_detached(words: Sequence[str], index: int) -> bool:
    """Tell whether one of the options of `run`, up to the image, is `-d`."""
    while index < len(words) and words[index].startswith("-") and words[index] != "--":
        name, equals, value = words[index].partition("=")
        if name == "--detach" and value.lower() not in {"false", "0", "f"}:
            return True
        if name.startswith("--"):
            index += 1 if equals or name in _RUN_FLAGS else 2
            continue
        letters = name[1:]
        flags = re.match(f"[{''.join(_SHORT_RUN_FLAGS)}]*", letters)
        plain = letters[: flags.end()] if flags else ""
        if "d" in plain and not (equals and value.lower() in {"false", "0", "f"}):
            return True
        # What follows the flags is an option with a value, in this word (-eX=1) or in the next one.
        index += 2 if len(plain) == len(letters) - 1 and not equals else 1
    return False


def engine_of(words: Sequence[str]) -> tuple[str, ...]:
    """Return how to call the engine of a client, by the client and the words before its `run`."""
    if os.path.basename(words[0]) == "docker-compose":
        return ("docker",)
    # `compose` or `container` and its options are not for `ps`.
    return (words[0], *words[1 : after_options(words, 1, GLOBAL_VALUED)])


def _labelled(command: tuple[str, ...], found: Program, run_at: int, label: str) -> tuple[str, ...] | None:
    """Return the command with the label after `run`; `None` if its place in a script cannot be found."""
    if found.start is not None:
        at = found.start + run_at + 1
        return (*command[:at], "--label", label, *command[at:])
    # In a script, textually: the words as they stand, unless quotes or variables hide them.
    head = rf"{_BLANKS}+".join(re.escape(word) for word in found.words[: run_at + 1])
    pattern = re.compile(rf"(?<![\w./-]){head}(?={_BLANKS})")
    scripts = ((start, script_index(command[start:])) for start in range(len(command)))
    index = next((start + at for start, at in scripts if at is not None), None)
    text = "" if index is None else command[index]
    lines = ((hit, text[: hit.start()].rpartition("\n")[2]) for hit in pattern.finditer(text))
    hits = [hit.end() for hit, before in lines if not before.lstrip().startswith("#")]
    wanted = sum(1 for other in programs(command) if other.words[: run_at + 1] == found.words[: run_at + 1])
    if index is None or len(hits) != wanted:
        return None
    for end in reversed(hits):
        text = f"{text[:end]} --label {label}{text[end:]}"
    return (*command[:index], text, *command[index + 1 :])
