"""The process between carbon-lint and the job: starts it, reaps it, and sees to it that nothing of it outlives us.

It is forked before the meter starts, so it has no threads, and it does nothing but wait. As a process of its own it

* ends the job when carbon-lint itself is killed: its end of the socket closes;
* is the subreaper of the job, so daemons that left the job's session are still its descendants, and `waitpid(-1)`
  steals no child that CodeCarbon waits for;
* survives in carbon-lint's place when a job kills its parent.

Messages, one a packet. To the guardian: `go`, `signal N`, `end GRACE_S`, `cancel N GRACE_S`.
From it: `started PID`, `failed ERRNO`, `exited STATUS`, `left NAMES`, `survived NAMES`, `gone`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from carbon_lint.measure.job import descendants

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence
    from types import FrameType

SETTLE_S = 0.5  # what the job left behind may still end by itself: a log pipe, a resource tracker
STRAGGLER_GRACE_S = 5.0  # and is then asked, and then killed
ORPHAN_GRACE_S = 6.0  # the job's time to end when carbon-lint itself was killed
_POLL_S = 0.05  # while something is being ended
_HELD_OFF = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGTSTP,
    signal.SIGUSR1,
    signal.SIGUSR2,
)


def guard(
    channel: socket.socket, command: Sequence[str], environ: Mapping[str, str], pass_fds: Sequence[int] = ()
) -> None:
    """Wait for `go`, run the command, report on `channel`; return when nothing of the job is left.

    `pass_fds`: descriptors that the job inherits beside its stdio; they are closed here once it has them.
    """
    os.setsid()
    descendants.become_subreaper()
    for signum in _HELD_OFF:
        # A handler and not SIG_IGN, which the job would inherit; what was ignored from the start stays ignored.
        if signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, _hold_off)
    if channel.recv(64) != b"go":
        return
    guardian = _Guardian(channel)
    if guardian.start(command, environ, pass_fds):
        guardian.watch()


class _Guardian:
    """The state of one job."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._leader: int | None = None
        self._group = 0
        self._kill_at: float | None = None
        self._ask_at: float | None = None
        self._is_orphaned = False
        self._wakeup, wakeup_writer = os.pipe()
        os.set_blocking(self._wakeup, False)
        os.set_blocking(wakeup_writer, False)
        signal.signal(signal.SIGCHLD, _hold_off)
        signal.set_wakeup_fd(wakeup_writer, warn_on_full_buffer=False)

    def start(self, command: Sequence[str], environ: Mapping[str, str], pass_fds: Sequence[int]) -> bool:
        """Start the job in a session of its own; report and return False where it cannot be run."""
        try:
            process = subprocess.Popen(
                command,
                env=dict(environ),
                start_new_session=True,
                pass_fds=pass_fds,
                preexec_fn=descendants.die_with_parent,  # noqa: PLW1509  there is one thread
            )
        except OSError as error:
            self._tell(f"failed {error.errno or errno.ENOEXEC}")
            return False
        self._leader = self._group = process.pid
        process.returncode = 0  # reaped below with all the others; Popen must not wait for it
        _let_go_of_stdio()
        for descriptor in pass_fds:
            os.close(descriptor)
        self._tell(f"started {process.pid}")
        return True

    def watch(self) -> None:
        """Obey and reap until the job and all that it started have ended."""
        poller = select.poll()
        poller.register(self._wakeup, select.POLLIN)
        poller.register(self._channel, select.POLLIN)
        while True:
            for descriptor, _ in poller.poll(self._timeout_ms()):
                if descriptor == self._wakeup:
                    os.read(self._wakeup, 4096)
                elif not self._obey(self._receive()):
                    poller.unregister(self._channel)
            if not self._reap():
                break
            self._press()
        self._tell("gone")

    def _timeout_ms(self) -> int | None:
        return int(_POLL_S * 1000) if self._kill_at is not None or self._leader is None else None

    def _receive(self) -> str:
        try:
            return self._channel.recv(64).decode()
        except ConnectionError:
            return ""

    def _obey(self, message: str) -> bool:
        """Do what carbon-lint says; False where carbon-lint is gone."""
        verb, *arguments = message.split() or ["orphaned"]
        if verb == "signal":
            self._send_to_group(int(arguments[0]))
        elif verb == "cancel":
            self._send_to_group(int(arguments[0]))
            self._hasten(float(arguments[1]))
        elif verb == "end":
            self._ask_everything()
            self._hasten(float(arguments[0]))
        else:
            self._is_orphaned = True
            self._ask_everything()
            self._hasten(ORPHAN_GRACE_S)
            return False
        return True

    def _reap(self) -> bool:
        """Collect every child that has ended; False where none is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._leader:
                self._leader = None
                self._ask_at = time.monotonic() + SETTLE_S
                self._tell(f"exited {shell_status(status)}")

    def _press(self) -> None:
        """Go on with ending what is to be ended: ask stragglers once, kill when the time has come."""
        now = time.monotonic()
        if self._leader is None and self._ask_at is not None and now >= self._ask_at:
            self._ask_at = None
            names = self._ask_everything()
            self._tell(f"left {names}")
            self._hasten(STRAGGLER_GRACE_S)
        if self._kill_at is not None and now >= self._kill_at:
            survivors = descendants.kill_all()
            if survivors and self._leader is None:
                self._tell(f"survived {_names(survivors)}")
                self._tell("gone")
                os._exit(1)

    def _hasten(self, grace_s: float) -> None:
        moment = time.monotonic() + grace_s
        self._kill_at = moment if self._kill_at is None else min(self._kill_at, moment)

    def _ask_everything(self) -> str:
        """SIGTERM to the group and to every descendant outside it. Returns their names."""
        self._send_to_group(signal.SIGTERM)
        found = descendants.living()
        outside = [pid for pid, _ in found if self._group_of(pid) != self._group]
        descendants.send(signal.SIGTERM, outside)
        descendants.send(signal.SIGCONT, outside)
        return _names(found)

    def _send_to_group(self, signum: int) -> None:
        """To the job's group. Its number cannot have been given away: we hold its leader, or ask who is in it."""
        if self._leader is None and not any(self._group_of(pid) == self._group for pid, _ in descendants.living()):
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._group, signum)
            if signum in {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT}:
                os.killpg(self._group, signal.SIGCONT)  # a stopped job hears nothing until it goes on

    def _group_of(self, pid: int) -> int | None:
        try:
            return os.getpgid(pid)
        except ProcessLookupError:
            return None

    def _tell(self, message: str) -> None:
        if not self._is_orphaned:
            with contextlib.suppress(ConnectionError, BlockingIOError):
                self._channel.send(message.encode(errors="replace")[:4000])


def shell_status(status: int) -> int:
    """A wait status as a shell says it: the exit status, or 128+n for signal n."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _names(found: Sequence[tuple[int, str]]) -> str:
    shown = [f"{name.replace(' ', '_')}({pid})" for pid, name in found[:8]]
    return " ".join([*shown, *([f"and_{len(found) - 8}_more"] if len(found) > len(shown) else [])])


def _let_go_of_stdio() -> None:
    """Close the job's stdin, stdout and stderr here, or who reads our output would wait for the guardian too."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)


def _hold_off(_signum: int, _frame: FrameType | None) -> None:
    """Carbon-lint hears the signal too and says what is to be done."""
