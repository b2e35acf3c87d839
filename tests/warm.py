"""Serve forks of a Python that has imported what the program imports: `tests.spawn` asks for them.

Started as `python tests/warm.py FD PADDING`, with one end of a socket pair as descriptor FD. Each request
is a line of JSON and three descriptors; each answer is a line with the process id, and later one with its wait status.
"""

from __future__ import annotations

import atexit
import ctypes
import fcntl
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import sys
import tempfile
import termios
import threading
import time

# Callbacks import a framework that is not here.
LEFT_OUT = ("carbon_lint.__main__", "carbon_lint.callbacks", "carbon_lint.hub.audit.ray_engine")
BEYOND = (
    *("codecarbon.core.emissions", "codecarbon.emissions_tracker", "codecarbon.core.hardware_cache"),
    *("codecarbon.core.resource_tracker", "psutil", "tests.measurement.fake_meter", "_strptime", "_asyncio"),
)
READS_ENVIRONMENT = "huggingface_hub.constants"
"""The module that turns variables into constants as it is imported; the others ask it each time."""


def warm_up():
    """Import the package and what a run of it imports."""
    package = importlib.import_module("carbon_lint")
    for module in pkgutil.walk_packages(package.__path__, "carbon_lint."):
        if not module.name.startswith(LEFT_OUT):
            importlib.import_module(module.name)
    for name in BEYOND:
        importlib.import_module(name)
    fill_caches()
    importlib.import_module("carbon_lint.hub.client.http").FIRST_WAIT_S = 0.01  # between tries, as `tests/hub` has it
    gc.freeze()  # no fork looks through what all of them have, neither now nor as it ends
    assert len(os.listdir("/proc/self/task")) == 1, "a fork would lose a thread"


def fill_caches():
    """Compile the patterns and read the tables and packages that a run needs, or each fork would."""
    from carbon_lint import places, redact, text, units
    from carbon_lint.measurement.job import environment

    redact.command(["true"])
    redact.secrets_of(os.environ)
    text.markdown_message(text.terminal("a"))
    places.find_place("FRA")
    units.parse_emissions_g("1 g")
    units.parse_energy_kwh("1 kWh")
    units.parse_duration_s("1s")
    environment.own_venv(sys.prefix, sys.base_prefix, {}, "/")
    environment.job_environ(os.environ, pass_env=(), own_prefix=None)


def serve(connection):
    """Fork a child for each request until the other end is closed; return a request in that child."""
    selector = selectors.DefaultSelector()
    selector.register(connection, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is not connection:
                selector.unregister(key.fd)
                os.close(key.fd)
                answer(connection, key.data, os.waitpid(key.data, 0)[1])
                continue
            message, descriptors, _, _ = socket.recv_fds(connection, 1 << 20, 3)
            if not message:
                os._exit(0)
            pid = os.fork()
            if not pid:
                selector.close()
                connection.close()
                return json.loads(message), descriptors
            for descriptor in descriptors:
                os.close(descriptor)
            answer(connection, pid, None)
            selector.register(os.pidfd_open(pid), selectors.EVENT_READ, pid)


def answer(connection, pid, status):
    connection.send(json.dumps([pid, status]).encode())


def show(words):
    """Make `ps` and /proc show these words as the command line: they take the place of our own and its padding."""
    start, end = map(int, open("/proc/self/stat").read().rpartition(")")[2].split()[45:47])  # noqa: SIM115
    data = b"\0".join(os.fsencode(word) for word in words) + b"\0"
    ctypes.memset(start, 0, end - start)
    ctypes.memmove(start, data, len(data))


def become(request, descriptors):
    """Set this process up as if Python had been started as the request says."""
    for target, descriptor in enumerate(descriptors):
        os.dup2(descriptor, target)
    for descriptor in descriptors:
        os.close(descriptor)
    if request["session"]:
        os.setsid()
    if request["terminal"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    tempfile.tempdir = None  # found again, by this environment
    importlib.reload(sys.modules[READS_ENVIRONMENT])
    os.chdir(request["cwd"])
    sys.orig_argv = [sys.executable, *request["argv"]]
    show(sys.orig_argv)
    is_unbuffered = "u" in request["flags"]
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        was = getattr(sys, name)
        raw = open(number, "wb" if number else "rb", 0, closefd=False)  # noqa: SIM115
        if not (number and is_unbuffered):
            raw = io.BufferedWriter(raw) if number else io.BufferedReader(raw)
        stream = io.TextIOWrapper(
            raw,
            encoding=was.encoding,
            errors=was.errors,
            line_buffering=name == "stderr" or raw.isatty(),
            write_through=bool(number) and is_unbuffered,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def run_and_exit(request):
    """Run what the request names and exit as Python does, but let no object go: that takes five times as long.

    An exception other than SystemExit, and output that cannot be written, end this process the ordinary way.
    """
    status = 0
    try:
        run(request)
    except SystemExit as exit_:
        if exit_.code is not None and not isinstance(exit_.code, int):
            raise
        status = exit_.code or 0
    threading._shutdown()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.exit(status)
    os._exit(status & 0xFF)


def run(request):
    """Run the module, the code or the script that the request names, as `__main__`."""
    kind, what, arguments = request["kind"], request["what"], request["arguments"]
    sys.path[:0] = request["path"]
    if kind == "script":
        sys.argv = [what, *arguments]
        if "I" not in request["flags"]:
            sys.path.insert(0, os.path.dirname(os.path.abspath(what)))
        runpy.run_path(what, run_name="__main__")
        return
    if "I" not in request["flags"]:
        sys.path.insert(0, os.getcwd() if kind == "module" else "")
    sys.argv = ["-m" if kind == "module" else "-c", *arguments]
    if kind == "module":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a signal to the group of a fork is not for the process that is forked
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    warm_up()
    del sys.path[0]
    asked = serve(socket.socket(fileno=int(sys.argv[1])))
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    become(*asked)
    run_and_exit(asked[0])
