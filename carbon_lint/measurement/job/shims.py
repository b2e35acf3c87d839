"""Label the containers that a job's scripts and programs start, by a shim of each engine's client on the job's PATH.

A shim is a shell script of a few lines. It adds our label to `run` and `create`, notes the call, and becomes the real
client with all arguments unchanged. A client that is called by its path, or behind a `sudo` with a PATH of its own, is
missed.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from carbon_lint import debug
from carbon_lint.measurement.job import remote
from carbon_lint.measurement.job.containers import (
    CLIENTS,
    GLOBAL_VALUED,
    LABEL,
    NOT_OURS,
    Containers,
    Find,
    engine_of,
)
from carbon_lint.measurement.unchanged import Unchanged

ENGINE_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "CONTAINER_HOST", "CONTAINER_CONNECTION")
"""Variables that choose the engine; a script may set them for one call."""
_MOST_CALLS = 10_000  # a folder of more is not read again and again
_END = "end"
_MAKES = frozenset({"run", "create"})
_STARTS = frozenset({"start", "restart"})
_SCRIPT = """\
#!/bin/sh
# Made by carbon-lint for one run, and removed after it. It labels the containers that `{name} run` makes, so that they
# can be counted and stopped with the run, and hands everything on to the client.
_cl_at=0 _cl_skip= _cl_compose={is_compose}
for _cl_word do
  _cl_at=$((_cl_at + 1))
  if [ "$_cl_skip" ]; then _cl_skip= && continue; fi
  case $_cl_word in
    {valued}) _cl_skip=1 ;;
    compose) _cl_compose=1 ;;
    -* | container | kube) ;;
    run | create | {others})
      if [ -w {calls} ]; then
        (
          umask 077
          printf '%s\\0' env {variables}
          printf '%s\\0' {client}
          for _cl_head do [ $((_cl_at -= 1)) -gt 0 ] && printf '%s\\0' "$_cl_head" || break; done
          printf '%s\\0' "$_cl_word" end
        ) >{calls}/$$ 2>/dev/null
      fi
      case $_cl_compose$_cl_word in run | create | 1run) ;; *) break ;; esac
      _cl_left=$# _cl_at=$((_cl_at))
      while [ "$_cl_left" -gt 0 ]; do
        set -- "$@" "$1"
        shift
        [ $((_cl_at -= 1)) -ne 0 ] || set -- "$@" --label {label}
        _cl_left=$((_cl_left - 1))
      done
      break ;;
    *) break ;;
  esac
done
exec {client} "$@"
"""


class Shims(AbstractContextManager["Shims"]):
    """The shims of one run, in a folder of their own, which is removed at the end."""

    def __init__(self, folder: Path, label: str, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self._calls = folder / "calls"
        self._label = label
        self._environ = environ
        self._is_unchanged = Unchanged(self._calls)
        self._known: list[_Call] | None = None  # all calls, each noted in full

    def on_path(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the environment with the shims first on its PATH."""
        return {**environ, "PATH": os.pathsep.join((os.fspath(self.folder), environ["PATH"]))}

    def containers(self) -> Containers | None:
        """Return what was started so far; `None` if no shim was called to start a container of the job's own."""
        calls = self._read_calls()
        has_starts = any(call.verb in _STARTS for call in calls)
        made = [call for call in calls if call.verb == "run" or (call.makes_one and has_starts)]
        if not made:
            return None
        engines = tuple(dict.fromkeys((*call.variables, *engine_of(call.client)) for call in made))
        relays = frozenset({*(os.path.basename(call.client[0]) for call in calls), "docker-compose"})
        return Containers(
            engines=engines, label=self._label, environ=self._environ, relays=relays, leaves_detached=True
        )

    def elsewhere(self, environ: Mapping[str, str]) -> tuple[str, ...]:
        """Return why the work of some of them could neither be counted nor stopped here."""
        calls = self._read_calls()
        has_own = any(call.makes_one for call in calls)
        whys = []
        for call in calls:
            far = remote.remote_engine(
                call.client, {**environ, **dict(word.split("=", 1) for word in call.variables[1:])}
            )
            if far is not None:
                whys.append(far.why)
            elif call.verb not in _MAKES and not (call.verb in _STARTS and has_own):
                whys.append(
                    f"a script of the job called `{call.shown}`: what runs in those containers is not counted as the "
                    "job's, and is not stopped with it"
                )
        return tuple(dict.fromkeys(whys))

    def __exit__(self, *exception: object) -> None:
        self._known = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read_calls(self) -> list[_Call]:
        """Return each call that was noted in full."""
        if self._known is not None and self._is_unchanged():
            return self._known
        self._is_unchanged()
        try:
            names = sorted(os.listdir(self._calls))[:_MOST_CALLS]
        except OSError:
            return []
        calls = []
        for name in names:
            try:
                words = (self._calls / name).read_bytes().decode(errors="surrogateescape").split("\0")
            except OSError:  # the job removed it, as it may remove all of its temporary files
                continue
            if words[-2:] == [_END, ""]:
                assigned = [word for word in words[1:] if word.partition("=")[0] in ENGINE_VARIABLES and "=" in word]
                variables = ("env", *assigned) if assigned else ()
                client = tuple(words[1 + len(assigned) : -3])
                calls.append(_Call(variables=variables, client=client, verb=words[-3]))
        self._known = calls if len(calls) == len(names) else None
        return calls


class _Call(NamedTuple):
    """One call of a client: `env` and its variables if any are given, the client and the words before its verb."""

    variables: tuple[str, ...]
    client: tuple[str, ...]
    verb: str

    @property
    def is_compose(self) -> bool:
        """Return whether it is Compose's, which takes our label for `run` alone."""
        return "compose" in self.client[1:] or os.path.basename(self.client[0]) == "docker-compose"

    @property
    def makes_one(self) -> bool:
        """Return whether it made a container with our label."""
        return self.verb == "run" or (self.verb == "create" and not self.is_compose)

    @property
    def shown(self) -> str:
        """Return the call without its options."""
        name = os.path.basename(self.client[0])
        between = ["compose"] if "compose" in self.client[1:] else []
        return " ".join((name, *between, self.verb))


def finder(own: Containers | None, shims: Shims | None) -> Find:
    """Return a function that finds the containers that a job has by then: those of its command, and of its scripts."""
    if shims is None:
        return lambda: own

    def find() -> Containers | None:
        found = shims.containers()
        if found is None or own is None:
            return found or own
        engines = tuple(dict.fromkeys((*own.engines, *found.engines)))
        return replace(found, engines=engines, relays=found.relays | own.relays)

    return find


def open_shims(environ: Mapping[str, str], run_id: str) -> Shims | None:
    """Make the shims of those clients that are on the job's PATH; `None` if none can be run (logged)."""
    found = {name: shutil.which(name, path=environ.get("PATH", "")) for name in CLIENTS}
    clients = {name: os.path.abspath(path) for name, path in found.items() if path is not None}
    if not clients or not shutil.which("sh", path=environ["PATH"]):
        return None
    label = f"{LABEL}={run_id}"
    with contextlib.ExitStack() as undo:
        try:
            folder = Path(tempfile.mkdtemp(prefix="carbon-lint-"))
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
            (folder / "calls").mkdir()
            for name, client in clients.items():
                (folder / name).write_text(_script(name, client, label, folder / "calls"), encoding="utf-8")
                (folder / name).chmod(0o700)
        except (OSError, UnicodeEncodeError) as error:
            debug.log("containers", "%s, so those that scripts start are not seen: %s", sorted(clients), error)
            return None
        if not all(os.access(folder / name, os.X_OK) for name in clients):
            debug.log("containers", "nothing can be run in %s, so those that scripts start are not seen", folder)
            return None
        undo.pop_all()
    return Shims(folder, label, environ)


def _script(name: str, client: str, label: str, calls: Path) -> str:
    return _SCRIPT.format(
        name=name,
        valued=" | ".join(sorted(GLOBAL_VALUED)),
        calls=shlex.quote(os.fspath(calls)),
        variables=" ".join(f'${{{variable}+"{variable}=${variable}"}}' for variable in ENGINE_VARIABLES),
        client=shlex.quote(client),
        label=shlex.quote(label),
        others=" | ".join(sorted(NOT_OURS)),
        is_compose="1" if name == "docker-compose" else "",
    )
