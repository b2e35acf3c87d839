"""Start, follow and end the job. A guardian process holds it (see `guardian`); this file talks to the guardian."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import NoReturn

from carbon_lint import redact
from carbon_lint.errors import CommandNotRunnableError
from carbon_lint.measurement.job import descendants
from carbon_lint.measurement.job.containers import EngineError, Find
from carbon_lint.measurement.job.cpu_time import JobCpu
from carbon_lint.measurement.job.guardian import guard
from carbon_lint.records.record import StoppedBy
from carbon_lint.text import quoted
from carbon_lint.units import format_duration

_STDERR = 2
CANCEL_GRACE_S = 6.0
"""GitHub's runner sends SIGINT, and SIGTERM 7.5 s later: the record must be written in between."""


_NOTICES = {
    "left": "the job ended but had left processes running, which were ended too",
    "crashed": "the process that watched over the job failed",
    "survived": "processes of the job could not be ended",
    "unsure": "a container of the job may still run",
    "detached": "the job left detached containers running, which are not counted from here on",
}
"""What a message of the guardian's means to the person who watches."""


class JobState(StrEnum):
    """Tell how far the job is. `ending`: the command itself has ended, something that it started has not."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDING = "ending"
    GONE = "gone"


class Job:
    """Runs one command in a session of its own, with stdin, stdout, stderr and `pass_fds` inherited.

    Forks at once; the command runs from `start()`. `fileno()` is readable when `poll()` has something new. If
    carbon-lint itself is killed, the guardian removes `folders`, the run's temporary ones. `find_containers` returns
    what the job has started beside its own processes so far.
    """

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        pass_fds: Sequence[int] = (),
        find_containers: Find = lambda: None,
        *,
        folders: Sequence[str] = (),
    ) -> None:
        check_runnable(command[0], environ)
        self.command = tuple(command)
        self.cpu_s: float | None = None  # of all processes of the job, once it is gone
        self.find_containers = find_containers
        self.state = JobState.WAITING
        self.exit_status: int | None = None
        self.notices: list[str] = []
        descendants.become_subreaper()
        self._others = descendants.children()
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()  # the guardian's: every process of the job is below it
        if self.pid == 0:
            _become_guardian(
                lambda: guard(theirs, command, environ, pass_fds, find_containers), theirs, pass_fds, folders
            )
        theirs.close()

    def start(self) -> None:
        """Run the command. Raises CommandNotRunnableError."""
        self._send("go")
        verb, _, rest = self._channel.recv(4096).decode().partition(" ")
        if verb == "failed":
            self.close()
            raise not_runnable(self.command[0], int(rest), is_there=True)
        self.state = JobState.RUNNING

    def fileno(self) -> int:
        """Return the descriptor for select and poll."""
        return self._channel.fileno()

    def poll(self) -> JobState:
        """Read what the guardian has sent, without waiting."""
        while self.state is not JobState.GONE:
            try:
                message = self._channel.recv(4096, socket.MSG_DONTWAIT).decode()
            except BlockingIOError:
                break
            except ConnectionError:
                message = ""
            self._take_in(message)
        return self.state

    def signal(self, signum: int) -> None:
        """Forward a signal to the job's process group."""
        self._send(f"signal {signum}")

    def cancel(self, signum: int, grace_s: float) -> None:
        """Forward a signal that is meant to end the job; kill what is left after `grace_s`."""
        self._send(f"cancel {signum} {grace_s}")

    def end(self, grace_s: float, _reason: StoppedBy) -> str:
        """Send SIGTERM to all of the job, and SIGKILL to what is left after `grace_s`. Return what to tell the user."""
        self._send(f"end {grace_s}")
        return f"the job is stopped; it has {format_duration(grace_s)} to end"

    def watch_cpu(self) -> JobCpu:
        """Return the count of the job's CPU seconds."""
        return JobCpu(self.pid, self.find_containers)

    def close(self) -> None:
        """Let the guardian go. It ends whatever still runs."""
        self._channel.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        descendants.become_subreaper(is_wanted=False)
        self.state = JobState.GONE

    def _send(self, message: str) -> None:
        with contextlib.suppress(ConnectionError):  # the guardian has gone: poll() finds that out
            self._channel.send(message.encode())

    def _take_in(self, message: str) -> None:
        verb, _, rest = message.partition(" ")
        if verb == "exited":
            self.exit_status = int(rest)
            self.state = JobState.ENDING
        elif verb == "cpu":
            self.cpu_s = float(rest)
        elif verb == "gone":
            self.state = JobState.GONE
        elif verb in _NOTICES:
            self.notices.append(f"{_NOTICES[verb]}: {rest.strip()}".removesuffix(": "))
        elif not message:
            self._guardian_died()

    def _guardian_died(self) -> None:
        """End the job in the guardian's place, which the job or the kernel killed: its descendants are ours now."""
        self.notices.append("the process that watched over the job was killed; the job was ended with it")
        survivors = descendants.kill_all(excluding=self._others)
        for pid in descendants.children() - self._others:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        if survivors:
            self.notices.append(f"{len(survivors)} processes of the job could not be ended")
        containers = self.find_containers()
        if containers is not None:
            try:
                containers.send(signal.SIGKILL)
            except EngineError as error:
                self.notices.append(f"{_NOTICES['unsure']}: {error}")
        if self.exit_status is None:
            self.exit_status = 128 + signal.SIGKILL
        self.state = JobState.GONE


def _become_guardian(
    run: Callable[[], bool], channel: socket.socket, pass_fds: Sequence[int], folders: Sequence[str]
) -> NoReturn:
    """Run the guardian in the forked process and never return. `run`: tells whether carbon-lint itself was gone."""
    try:
        signal.set_wakeup_fd(-1)
        # A lock on a record must not be held by the guardian too.
        for descriptor in range(3, 1 + max(map(int, os.listdir("/dev/fd")))):
            if descriptor not in {channel.fileno(), *pass_fds}:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
        if run():
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)
    finally:
        error = sys.exc_info()[1]
        if error is not None:
            channel.send(f"crashed {error!r}"[:4000].encode(errors="replace"))
        os._exit(error is not None)


def inherited_descriptors() -> tuple[int, ...]:
    """Return the descriptors beside stdin, stdout and stderr that our starter left open for the program that is run.

    An MPI launcher talks to each process through one (PMI_FD), make to its recipes. Call it before anything opens
    descriptors of that kind itself, as a driver's library may.
    """
    return tuple(descriptor for descriptor in sorted(map(int, os.listdir("/dev/fd"))) if _is_inherited(descriptor))


def _is_inherited(descriptor: int) -> bool:
    try:
        return descriptor > _STDERR and os.get_inheritable(descriptor)
    except OSError:  # the one that listed them
        return False


def check_runnable(name: str, environ: Mapping[str, str]) -> None:
    """Find out before any meter starts that there is no such command. Raises CommandNotRunnableError."""
    path = environ.get("PATH", os.defpath)
    if shutil.which(name, path=path) is not None:
        return
    candidates = [name] if os.sep in name else [os.path.join(folder, name) for folder in path.split(os.pathsep)]
    is_there = any(os.path.exists(candidate) for candidate in candidates)
    raise not_runnable(name, errno.EACCES if is_there else errno.ENOENT)


def not_runnable(name: str, number: int, *, is_there: bool = False) -> CommandNotRunnableError:
    """Return the error of `errno` `number`, with what to do.

    `is_there`: the file was found, but its interpreter may be missing.
    """
    name = redact.command([name])[0]
    if number == errno.ENOENT and not is_there:
        return CommandNotRunnableError(
            f"command not found: {quoted(name)}",
            found=False,
            hint="the command comes after `--`, as a program and its arguments; for shell syntax: -- bash -c '...'",
        )
    hints = {
        errno.ENOENT: "its first line (#!...) names an interpreter that is not there",
        errno.EACCES: "make the file executable (chmod +x), or name its interpreter: -- python train.py",
        errno.ENOEXEC: "a script needs a first line like #!/bin/sh, or name its interpreter: -- bash train.sh",
        errno.E2BIG: "the arguments and the environment are too long for the system",
    }
    return CommandNotRunnableError(
        f"cannot run {quoted(name)}: {os.strerror(number)}", found=True, hint=hints.get(number)
    )
