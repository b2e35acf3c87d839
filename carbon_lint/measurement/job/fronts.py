"""Label the containers that a job's scripts and programs start, by a front of each engine's client on the job's PATH.

A front is a shell script of a few lines. It adds our label to `run`, notes that it did so, and becomes the real client
with all arguments unchanged. A client that is called by its path, or behind a `sudo` with a PATH of its own, is missed.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import tempfile
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint import debug
from carbon_lint.measurement.job import remote
from carbon_lint.measurement.job.containers import CLIENTS, GLOBAL_VALUED, LABEL, Containers, engine_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbon_lint.measurement.job.containers import Find

ENGINE_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "CONTAINER_HOST", "CONTAINER_CONNECTION")
"""Variables that choose the engine; a script may set them for one call."""
_MOST_CALLS = 10_000  # a folder of more is not read again and again
_END = "run"
_SCRIPT = """\
#!/bin/sh
# Made by carbon-lint for one run, and removed after it. It labels the containers that `{name} run` makes, so that they
# can be counted and stopped with the run, and hands everything on to the client.
_cl_at=0 _cl_skip=
for _cl_word do
  _cl_at=$((_cl_at + 1))
  if [ "$_cl_skip" ]; then _cl_skip= && continue; fi
  case $_cl_word in
    {valued}) _cl_skip=1 ;;
    -* | compose | container) ;;
    run)
      if [ -w {calls} ]; then
        (
          umask 077
          printf '%s\\0' env {variables}
          printf '%s\\0' {client}
          for _cl_head do [ $((_cl_at -= 1)) -gt 0 ] && printf '%s\\0' "$_cl_head" || break; done
          printf '%s\\0' run
        ) >{calls}/$$ 2>/dev/null
      fi
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


class Fronts(AbstractContextManager["Fronts"]):
    """The fronts of one run, in a folder of their own, which is removed at the end."""

    def __init__(self, folder: Path, label: str) -> None:
        self.folder = folder
        self._calls = folder / "calls"
        self._label = label

    def on_path(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the environment with the fronts first on its PATH."""
        return {**environ, "PATH": os.pathsep.join((os.fspath(self.folder), environ["PATH"]))}

    def containers(self) -> Containers | None:
        """Return what was started so far; `None` if no front was called to run a container."""
        calls = self._heads()
        if not calls:
            return None
        engines = tuple(dict.fromkeys((*_variables(words), *engine_of(_client(words))) for words in calls))
        names = {os.path.basename(_client(words)[0]) for words in calls}
        relays = frozenset({*names, "docker-compose"})
        return Containers(engines=engines, label=self._label, relays=relays, leaves_detached=True)

    def elsewhere(self, environ: Mapping[str, str]) -> tuple[str, ...]:
        """Return why the work of some of them could neither be counted nor stopped here."""
        found = (
            remote.remote_engine(_client(words), {**environ, **_assigned(_variables(words))}) for words in self._heads()
        )
        return tuple(dict.fromkeys(one.why for one in found if one is not None))

    def __exit__(self, *exception: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _heads(self) -> list[list[str]]:
        """Return `env`, the variables, the client and the words before `run` of each call that was noted in full."""
        try:
            names = sorted(os.listdir(self._calls))[:_MOST_CALLS]
        except OSError:
            return []
        heads = []
        for name in names:
            try:
                words = (self._calls / name).read_bytes().decode(errors="surrogateescape").split("\0")
            except OSError:  # the job removed it, as it may remove all of its temporary files
                continue
            if words[-2:] == [_END, ""]:
                heads.append(words[:-2])
        return heads


def finder(own: Containers | None, fronts: Fronts | None) -> Find:
    """Return a function that finds the containers that a job has by then: those of its command, and of its scripts."""
    if fronts is None:
        return lambda: own

    def find() -> Containers | None:
        found = fronts.containers()
        if found is None or own is None:
            return found or own
        engines = tuple(dict.fromkeys((*own.engines, *found.engines)))
        return replace(found, engines=engines, relays=found.relays | own.relays)

    return find


def open_fronts(environ: Mapping[str, str], run_id: str) -> Fronts | None:
    """Make the fronts of those clients that are on the job's PATH; `None` if none is, or none can be run (logged)."""
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
    return Fronts(folder, label)


def _script(name: str, client: str, label: str, calls: Path) -> str:
    return _SCRIPT.format(
        name=name,
        valued=" | ".join(sorted(GLOBAL_VALUED)),
        calls=shlex.quote(os.fspath(calls)),
        variables=" ".join(f'${{{variable}+"{variable}=${variable}"}}' for variable in ENGINE_VARIABLES),
        client=shlex.quote(client),
        label=shlex.quote(label),
    )


def _variables(words: list[str]) -> list[str]:
    """Return `env` and its assignments; nothing if there are none."""
    assigned = [word for word in words[1:] if word.partition("=")[0] in ENGINE_VARIABLES and "=" in word]
    return ["env", *assigned] if assigned else []


def _client(words: list[str]) -> list[str]:
    """Return the client and the words after it."""
    return words[max(1, len(_variables(words))) :]


def _assigned(words: list[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words[1:])
