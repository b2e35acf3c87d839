"""Recognise commands whose work runs where carbon-lint can neither count nor stop it."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A command whose work this run would miss. `why` completes "... :", `hint` says what to do instead."""

    why: str
    hint: str


_INSIDE, _RUN = "start carbon-lint where the work runs", "carbon-lint run ... -- python train.py"
_SLURM = f"{_INSIDE}: srun {_RUN}"
_CLUSTER = "runs the job on a cluster"
_CLIENTS: dict[str, tuple[frozenset[str], str, str]] = {
    # program: (its first words that start work; none: all of them), what it does, what to do instead
    "kubectl": (frozenset(), _CLUSTER, f"{_INSIDE}: kubectl exec POD -- {_RUN}"),
    "oc": (frozenset(), _CLUSTER, f"{_INSIDE}: oc exec POD -- {_RUN}"),
    "helm": (frozenset(), _CLUSTER, f"{_INSIDE}, in the image's command"),
    "srun": (frozenset(), "starts the job by Slurm", _SLURM),
    "sbatch": (frozenset(), "queues the job in Slurm", f"{_SLURM}, in the batch script"),
    "salloc": (frozenset(), "asks Slurm for another node", _SLURM),
    "qsub": (frozenset(), "queues the job", f"{_INSIDE}, in the batch script"),
    "bsub": (frozenset(), "queues the job", f"{_INSIDE}, in the batch script"),
    "ssh": (frozenset(), "runs the job on another machine", f"{_INSIDE}: ssh HOST {_RUN}"),
    "hf": (frozenset({"jobs"}), "runs the job at Hugging Face", f"{_INSIDE}: hf jobs run IMAGE {_RUN}"),
    "modal": (frozenset({"run", "deploy"}), "runs the job at Modal", _INSIDE),
    "sky": (frozenset({"launch", "exec", "jobs"}), "runs the job in a cloud", f"{_INSIDE}, in the task's `run`"),
    "ray": (frozenset({"job", "submit"}), "runs the job on a Ray cluster", f"{_INSIDE}, in the submitted command"),
}
_LOCAL_ENDPOINT = re.compile(r"(unix|npipe|fd)://|tcp://(localhost|127\.[\d.]+|\[::1\])(:|/|$)")


def find_elsewhere(words: Sequence[str]) -> Elsewhere | None:
    """Return why the work of this program runs elsewhere; `None` if it is not known to."""
    name = os.path.basename(words[0])
    if name == "systemd-run":
        return _systemd_run(words)
    if name not in _CLIENTS:
        return None
    subcommands, why, hint = _CLIENTS[name]
    if subcommands and not subcommands & set(words[1:2]):
        return None
    return Elsewhere(why=f"{name} {why}", hint=hint)


def remote_engine(words: Sequence[str], environ: Mapping[str, str]) -> Elsewhere | None:
    """Return why a container engine's client talks to another machine; `None` if it talks to this one.

    `words` are the client's program and the options before its subcommand.
    """
    name = os.path.basename(words[0])
    if name == "nerdctl":  # which knows sockets alone
        return None
    where = _podman_endpoint(words, environ) if name.startswith("podman") else _docker_endpoint(words, environ)
    if not where or _LOCAL_ENDPOINT.match(where):
        return None
    return Elsewhere(
        why=f"{name} starts its containers at {where}, which may be another machine",
        hint=f"start carbon-lint inside the container: docker run IMAGE {_RUN}",
    )


def _systemd_run(words: Sequence[str]) -> Elsewhere | None:
    options = [word for word in words[1:] if word.startswith("-")]
    is_remote = any(re.match(r"-[HM]|--(host|machine)\b", option) for option in options)
    if "--scope" in options and not is_remote:
        return None  # the program stays below us, in another control group
    return Elsewhere(
        why="systemd-run starts the job as a service, which is not stopped with its client",
        hint=f"add --scope, or start carbon-lint inside: systemd-run ... {_RUN}",
    )


def _docker_endpoint(words: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return where the Docker client finds its daemon, in its own order: -H, --context, DOCKER_HOST, the one in use."""
    host = _option(words, "-H", "--host")
    if host is not None:
        return host if "://" in host else f"tcp://{host}"
    context = _option(words, "-c", "--context")
    if context is None and environ.get("DOCKER_HOST"):
        return environ["DOCKER_HOST"]
    folder = _option(words, "--config") or environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    context = context or environ.get("DOCKER_CONTEXT") or _in_json(f"{folder}/config.json", "currentContext")
    if context in {None, "", "default"}:
        return ""
    digest = hashlib.sha256(str(context).encode()).hexdigest()
    return _in_json(f"{folder}/contexts/meta/{digest}/meta.json", "Endpoints", "docker", "Host") or ""


def _podman_endpoint(words: Sequence[str], environ: Mapping[str, str]) -> str:
    is_remote = os.path.basename(words[0]) == "podman-remote" or {"-r", "--remote"} & set(words)
    connection = _option(words, "-c", "--connection") or environ.get("CONTAINER_CONNECTION")
    url = _option(words, "--url") or environ.get("CONTAINER_HOST")
    return url or (f"connection {connection}" if connection else "a remote service" if is_remote else "")


def _option(words: Sequence[str], *names: str) -> str | None:
    """Return the last value of an option in one of its forms: `-H V`, `-HV`, `--host V`, `--host=V`."""
    found = None
    for index, word in enumerate(words[1:], start=1):
        for name in names:
            if word == name:
                found = words[index + 1] if index + 1 < len(words) else None
            elif word.startswith(f"{name}="):
                found = word.partition("=")[2]
            elif not name.startswith("--") and not word.startswith("--") and word.startswith(name):
                found = word[len(name) :]
    return found


def _in_json(path: str, *keys: str) -> str | None:
    """Return a text of a JSON file; `None` if there is none, as Docker itself then uses its default."""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None
