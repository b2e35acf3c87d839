"""Run the process between carbon-lint and the job: it starts the job, reaps it, and lets nothing of it outlive us.

It is forked before the meter starts, so it has no threads, and it only waits. As a process of its own it

* ends the job when carbon-lint itself is killed: its end of the socket closes;
* is the subreaper of the job, so daemons that left the job's session are still its descendants, and `waitpid(-1)`
  steals no child that CodeCarbon waits for;
* survives in carbon-lint's place when a job kills its parent.

Messages, one a packet. To the guardian: `go`, `signal N`, `end GRACE_S`, `cancel N GRACE_S`.
From it: `started PID`, `failed ERRNO`, `exited STATUS`, `left NAMES`, `detached NAMES`, `survived NAMES`, `unsure WHY`,
`cpu SECONDS`, `gone`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import select
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from types import FrameType

from carbon_lint.measurement.job import descendants
from carbon_lint.measurement.job.containers import ANSWER_S, Find
from carbon_lint.measurement.job.ender import Ender
from carbon_lint.measurement.job.signals import CANCELLING

SETTLE_S = 0.5  # what the job left behind may still end by itself: a log pipe, a resource tracker
STRAGGLER_GRACE_S = 5.0  # and is then asked, and then killed
ORPHAN_GRACE_S = 6.0  # the job's time to end when carbon-lint itself was killed
_POLL_S = 0.05  # while something is being ended
_READERS = frozenset({"tee"})  # they end when their input does; before it, the job's next line would break its pipe
_HELD_OFF = (*CANCELLING, signal.SIGTSTP, signal.SIGUSR1, signal.SIGUSR2)


def guard(
    channel: socket.socket,
    command: Sequence[str],
    environ: Mapping[str, str],
    pass_fds: Sequence[int],
    find_containers: Find,
) -> bool:
    """Wait for `go`, run the command, report on `channel`; return when nothing of the job is left.

    Returns whether carbon-lint itself was gone before that. The job inherits `pass_fds` beside its stdio, and they are
    closed here once it has them. What `find_containers` returns ends with the job.
    """
    os.setsid()
    descendants.become_subreaper()
    for signum in _HELD_OFF:
        # A handler and not SIG_IGN, which the job would inherit; what was ignored from the start stays ignored.
        if signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, _hold_off)
    message = channel.recv(64)
    if message != b"go":
        return not message
    guardian = _Guardian(channel, find_containers)
    if guardian.start(command, environ, pass_fds):
        guardian.watch()
    return guardian.is_orphaned


class _Guardian:
    """Holds one job."""

    def __init__(self, channel: socket.socket, find_containers: Find) -> None:
        self._channel = channel
        self._ender = Ender(find_containers, self._tell)
        self._leader: int | None = None
        self._group = 0
        self._kill_at: float | None = None
        self._ask_at: float | None = None
        self.is_orphaned = False
        self._was_killed = False
        self._asked: set[int] = set()  # they are not asked again: that could break off a checkpoint
        self._has_told_left = False
        self._wakeup, wakeup_writer = os.pipe()
        os.set_blocking(self._wakeup, False)
        os.set_blocking(wakeup_writer, False)
        signal.signal(signal.SIGCHLD, _hold_off)
        signal.set_wakeup_fd(wakeup_writer, warn_on_full_buffer=False)

    def start(self, command: Sequence[str], environ: Mapping[str, str], pass_fds: Sequence[int]) -> bool:
        """Start the job in a session of its own; report and return False if it cannot be run."""
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
            is_ending = self._kill_at is not None or self._leader is None
            for descriptor, _ in poller.poll(_POLL_S * 1000 if is_ending else None):
                if descriptor == self._wakeup:
                    os.read(self._wakeup, 4096)
                elif not self._obey(self._receive()):
                    poller.unregister(self._channel)
            if not self._reap():
                break
            self._advance_ending()
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._tell(f"cpu {usage.ru_utime + usage.ru_stime}")
        self._tell("gone")

    def _receive(self) -> str:
        try:
            return self._channel.recv(64).decode()
        except ConnectionError:
            return ""

    def _obey(self, message: str) -> bool:
        """Do what carbon-lint says; return False if carbon-lint is gone."""
        verb, *arguments = message.split() or ["orphaned"]
        if verb == "signal":
            self._pass_on(int(arguments[0]))
        elif verb == "cancel":
            self._ask_group(int(arguments[0]))
            self._kill_within(float(arguments[1]))
        elif verb == "end":
            self._ask_everything()
            self._kill_within(float(arguments[0]))
        else:
            self.is_orphaned = True
            self._ask_everything()
            self._kill_within(ORPHAN_GRACE_S)
            return False
        return True

    def _reap(self) -> bool:
        """Collect every child that has ended; return False if no child is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._leader:
                self._take_leave(status)
            else:
                self._tell_relays(self._ender.take_back(pid, status))

    def _take_leave(self, status: int) -> None:
        """Note that the command itself has ended; what it started may still run."""
        self._leader = None
        self._ask_at = time.monotonic() + SETTLE_S
        self._tell(f"exited {shell_status(status)}")
        if self._ender.has_containers:
            left_s = STRAGGLER_GRACE_S if self._kill_at is None else self._kill_at - time.monotonic()
            self._ender.end_leftovers(max(left_s, 0.0))

    def _advance_ending(self) -> None:
        """Ask stragglers once to end, and kill when the time has come."""
        now = time.monotonic()
        if self._leader is None and self._ask_at is not None and now >= self._ask_at:
            self._ask_at = None
            self._end_stragglers()
        if self._kill_at is not None and now >= self._kill_at:
            if self._ender.has_containers and not self._was_killed:
                self._ender.kill()
            elif not self._was_killed and self._leader is None:
                self._tell_left(descendants.living())
            self._was_killed = True
            # Podman's monitors tell it what became of a container: they end by themselves once that is killed.
            spared = self._monitors() if now < self._kill_at + ANSWER_S else set()
            survivors = descendants.kill_all(excluding={*self._ender.pids, *spared})
            if survivors and self._leader is None:
                self._tell(f"survived {_names(survivors)}")
                self._tell("gone")
                os._exit(1)

    def _end_stragglers(self) -> None:
        """Ask what outlives the command. What was asked already keeps its time, and what it has started since.

        A shell ends at SIGTERM while a training that it started saves a checkpoint.
        """
        if self._ender.has_containers and not descendants.living(excluding=self._ender.pids):
            return  # we wait for the engine's answer only
        if self._kill_at is not None:
            saving = set(self._asked)
            for process in descendants.below(os.getpid()):  # parents come first
                if process.parent in saving:
                    saving.add(process.pid)
            self._send_to([pid for pid in self._without_relays() if pid not in saving], signal.SIGTERM)
            return
        self._tell_left(self._ask_everything())
        self._kill_within(STRAGGLER_GRACE_S)

    def _tell_left(self, found: Sequence[tuple[int, str]]) -> None:
        """Tell once what outlived the command and does not end by itself."""
        if found and not self._has_told_left:
            self._has_told_left = True
            self._tell(f"left {_names(found)}")

    def _kill_within(self, grace_s: float) -> None:
        moment = time.monotonic() + grace_s
        self._kill_at = moment if self._kill_at is None else min(self._kill_at, moment)

    def _ask_everything(self) -> Sequence[tuple[int, str]]:
        """Send SIGTERM to the group and to every descendant outside it. Returns each process with its name."""
        self._ask_group(signal.SIGTERM)
        found = descendants.living(excluding=self._ender.pids)
        if not self._ender.has_containers:
            outside = (pid for pid, _ in found if self._group_of(pid) != self._group)
            self._send_to([pid for pid in outside if not self._leads_another_group(pid)], signal.SIGTERM)
        return found

    def _ask_group(self, signum: int) -> None:
        """Send the job the signal that is to end it, and to each of its containers once.

        In a session of its own, a process is asked by the launcher that started it; in a group of its own, as that of
        `timeout`, it is not.
        """
        if not self._ender.has_containers:
            found = descendants.living()
            self._send_to_group(signum)
            self._send_to([pid for pid, _ in found if self._leads_another_group(pid)], signum)
            return
        self._send_to(self._without_relays(), signum)
        if signum != signal.SIGTERM or not self._ender.was_asked:
            self._ender.ask(signum)

    def _without_relays(self) -> list[int]:
        """Return the job's processes, except those that pass a signal on, `tee`, and what is inside a container."""
        relays = self._ender.relays | _READERS
        outside = descendants.living(excluding={*self._ender.pids, *self._monitors()})
        return [pid for pid, name in outside if name not in relays]

    def _monitors(self) -> set[int]:
        """Return the processes by which Podman watches the job's containers, which are below them."""
        if not self._ender.has_containers:
            return set()
        return {pid for pid, name in descendants.living(excluding=self._ender.pids) if name == "conmon"}

    def _tell_relays(self, signum: int) -> None:
        """Send a signal that the engine did not deliver to its clients, as if we knew nothing of containers."""
        if signum:
            found = descendants.living(excluding=self._ender.pids)
            self._send_to([pid for pid, name in found if name in self._ender.relays], signum)

    def _send_to(self, pids: Sequence[int], signum: int) -> None:
        self._note_asked(pids, signum)
        descendants.send(signum, pids)
        descendants.send(signal.SIGCONT, pids)  # a stopped process acts on no signal until it continues

    def _pass_on(self, signum: int) -> None:
        """Pass on a signal that is not to end the job. All of it is suspended or continued."""
        if signum in {signal.SIGSTOP, signal.SIGCONT}:
            descendants.send(signum, [pid for pid, _ in descendants.living(excluding=self._ender.pids)])
        else:
            self._send_to_group(signum)

    def _send_to_group(self, signum: int) -> None:
        """Send to the job's group. Its number cannot have been reused: we hold its leader, or ask who is in it."""
        members = [(pid, name) for pid, name in descendants.living() if self._group_of(pid) == self._group]
        others = [pid for pid, name in members if name not in _READERS]
        if signum in CANCELLING and len(others) < len(members):
            self._send_to(others, signum)
            return
        if self._leader is None and not members:
            return
        self._note_asked(others, signum)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._group, signum)
            if signum in CANCELLING:
                os.killpg(self._group, signal.SIGCONT)  # a stopped job acts on no signal until it continues

    def _note_asked(self, pids: Sequence[int], signum: int) -> None:
        if signum in CANCELLING:
            self._asked.update(pid for pid in pids if not descendants.ignores(pid, signum))

    def _leads_another_group(self, pid: int) -> bool:
        with contextlib.suppress(ProcessLookupError):
            return pid == os.getpgid(pid) != self._group and os.getsid(pid) == self._group
        return False

    def _group_of(self, pid: int) -> int | None:
        try:
            return os.getpgid(pid)
        except ProcessLookupError:
            return None

    def _tell(self, message: str) -> None:
        if not self.is_orphaned:
            with contextlib.suppress(ConnectionError, BlockingIOError):
                self._channel.send(message.encode(errors="replace")[:4000])


def shell_status(status: int) -> int:
    """Return a wait status as a shell states it: the exit status, or 128+n for signal n."""
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
    """Do nothing: carbon-lint gets the signal too and says what is to be done."""
