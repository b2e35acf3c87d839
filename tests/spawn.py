"""Start Python programs without the price of a start: forks of one process that has imported the program already.

`run` and `Popen` take what `subprocess` takes. A command line that is not Python's, or whose Python would start in
another way, is started as `subprocess` starts it.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

WARM = Path(__file__).with_name("warm.py")
LONGEST = 16_000
"""Characters of a command line, which must find room in that of the process that is forked."""
ROOT = str(Path(__file__).resolve().parent.parent)


class _Server:
    """The process that is forked: one for each process that runs tests."""

    def __init__(self):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._connection = ours
        self.owner = os.getpid()
        self.variables = {name: value for name, value in _of_python(os.environ).items() if name != "PYTHONPATH"}
        self._statuses = {}
        with theirs:
            number = theirs.fileno()
            self._process = subprocess.Popen(
                [sys.executable, str(WARM), str(number), "-" * LONGEST], pass_fds=(number,), cwd="/"
            )
        atexit.register(self.close)

    def start(self, request, descriptors):
        socket.send_fds(self._connection, [json.dumps(request).encode()], descriptors)
        while True:
            pid, status = self._read(None)
            if status is None:
                self._statuses.pop(pid, None)  # of an earlier process with this id
                return pid

    def status(self, pid, timeout):
        """Return the wait status of a process, or None unless it comes in time."""
        while pid not in self._statuses:
            try:
                self._read(timeout)
            except (TimeoutError, BlockingIOError):
                return None
        return self._statuses[pid]

    def _read(self, timeout):
        self._connection.settimeout(timeout)
        answer = self._connection.recv(1 << 10)
        assert answer, "tests/warm.py has ended"
        pid, status = json.loads(answer)
        if status is not None:
            self._statuses[pid] = status
        return pid, status

    def close(self):
        if os.getpid() == self.owner:
            self._connection.close()
            self._process.kill()  # a process that a test left holds our end of the connection open
            self._process.wait()

    def has_ended(self):
        """Return whether a test has ended it, as one that kills all its children does."""
        return self._process.poll() is not None


_servers: list[_Server] = []


def _server():
    if not _servers or _servers[0].owner != os.getpid() or _servers[0].has_ended():
        _servers[:] = [_Server()]
    return _servers[0]


def _of_python(environ):
    """The variables that tell Python how to start."""
    return {name: value for name, value in environ.items() if name.startswith("PYTHON")}


def _request(words, environ, cwd, *, session, has_terminal):
    """What the server is asked for, or None if it cannot stand in for this command line."""
    words = [os.fsdecode(word) for word in words]
    if words[0] != sys.executable or sum(len(os.fsencode(word)) + 1 for word in words) > LONGEST:
        return None
    flags = ""
    rest = words[1:]
    while rest and re.fullmatch("-[Iu]+", rest[0]):
        flags += rest.pop(0)[1:]
    if not rest or (rest[0].startswith("-") and rest[0] not in {"-m", "-c"}):
        return None
    reported = _of_python(environ)
    path = reported.pop("PYTHONPATH", "")
    if "I" not in flags and (path not in {"", ROOT} or reported != _server().variables):
        return None
    kind = {"-m": "module", "-c": "code"}.get(rest[0], "script")
    what, *arguments = rest if kind == "script" else rest[1:]
    return {
        "argv": words[1:],
        "flags": flags,
        "kind": kind,
        "what": what,
        "arguments": arguments,
        "env": dict(environ),
        "cwd": os.fspath(cwd or os.getcwd()),
        "path": [] if "I" in flags else path.split(os.pathsep) * bool(path),
        "session": session,
        "terminal": has_terminal,
    }


class Popen(subprocess.Popen):
    """As `subprocess.Popen`; `is_warm` says whether it was forked."""

    is_warm = False
    has_terminal = False

    def _execute_child(  # noqa: PLR0917  as it is called
        self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *others
    ):
        # others: startupinfo, creationflags, shell, six ends of pipes, ..., start_new_session, process_group
        shell, pipes, session, group = others[2], others[3:9], others[-2], others[-1]
        is_plain = not (executable or preexec_fn or pass_fds or shell or group != -1 or isinstance(args, str))
        environ = os.environ if env is None else env
        request = None
        if is_plain:
            request = _request(args, environ, cwd, session=session, has_terminal=self.has_terminal)
        if request is None:
            super()._execute_child(args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *others)
            return
        ends = (pipes[0], pipes[3], pipes[5])
        given = [end if end != -1 else number for number, end in enumerate(ends)]
        self.is_warm = True
        self.pid = _server().start(request, given)
        self._child_created = True
        self._close_pipe_fds(*pipes)

    def _internal_poll(self, *arguments, **options):
        if not self.is_warm:
            return super()._internal_poll(*arguments, **options)
        if self.returncode is None and (status := _server().status(self.pid, 0)) is not None:
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def _wait(self, timeout):
        if not self.is_warm:
            return super()._wait(timeout)
        if self.returncode is None:
            status = _server().status(self.pid, timeout)
            if status is None:
                raise subprocess.TimeoutExpired(self.args, timeout)
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def send_signal(self, sig):
        if not self.is_warm:
            super().send_signal(sig)
        elif self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, sig)


class TerminalPopen(Popen):
    """In a session of its own, whose controlling terminal is its standard input."""

    has_terminal = True

    def __init__(self, words, **options):
        super().__init__(words, start_new_session=True, **options)
        assert self.is_warm, f"cannot start {words} so"


def run(words, *, input=None, capture_output=False, timeout=None, check=False, **options):  # noqa: A002  subprocess's name
    """As `subprocess.run`."""
    if input is not None:
        options["stdin"] = subprocess.PIPE
    if capture_output:
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Popen(words, **options) as process:
        try:
            out, err = process.communicate(input, timeout=timeout)
        except BaseException:
            process.kill()
            raise
    if check and process.returncode:
        raise subprocess.CalledProcessError(process.returncode, words, out, err)
    return subprocess.CompletedProcess(words, process.returncode, out, err)
