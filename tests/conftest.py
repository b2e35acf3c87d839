"""What every test gets: a clean environment, its own folder, no network beyond this machine."""

from __future__ import annotations

import functools
import gc
import inspect
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

# If bytecode may not be written, each process compiles all that it imports again: half of what the suite takes.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.pop("PYTHONUNBUFFERED", None)  # a user's Python has it off, and some tests are about what is buffered
sys.dont_write_bytecode = False

import pytest  # noqa: E402

from tests import effort, spawn  # noqa: E402

effort.load_profile()

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
AUTHORITY = ROOT / "tests/standin/authority.pem"
"""One certificate that signed nothing. Without it each client reads the 140 of the machine, which takes 30 ms."""

_AMBIENT = (
    *("GITHUB_", "RUNNER_", "INPUT_", "ACTIONS_", "CODECARBON_", "HF_", "HUGGING", "SLURM_", "CARBON_LINT_"),
    "ELECTRICITYMAPS_",
)
_AMBIENT_NAMES = {"CI", "NO_COLOR", "FORCE_COLOR", "RANK", "LOCAL_RANK", "WORLD_SIZE", "CUDA_VISIBLE_DEVICES"}


def pytest_addoption(parser):
    parser.addoption(
        "--update-expected", action="store_true", help="rewrite expected files, then fail: review the diff"
    )


def pytest_configure():
    # A shell starts what it puts in the background with SIGINT ignored, nohup ignores SIGHUP, and every child would
    # inherit that.
    for signum, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(signum) is signal.SIG_IGN:
            signal.signal(signum, handler)


# By these names a test starts a process, a terminal, a server or a thread, or looks at the clock; the last are verbs.
_STARTS = {"spawn", "subprocess", "threading", "Popen", "StandInHub", "measure", "Job", "sleep", "monotonic"}
_STARTS |= {"in_order", "lint_paths", "run", "audit"}


def _starts_something(functions):
    """Return whether these functions, or what they use of the tests, name one of `_STARTS`."""
    waiting, seen = list(functions), set()
    while waiting:
        what = waiting.pop()
        what = inspect.unwrap(getattr(what, "one_case", what))
        if what in seen or not what.__module__.startswith("tests."):
            continue
        seen.add(what)
        names, used = _used(what)
        if names & _STARTS:
            return True
        waiting += [each for each in used if isinstance(each, type) or inspect.isfunction(each)]
    return False


@functools.cache
def _used(what):
    """Return the names and the words in the code of a function or a class, and what the names are."""
    if isinstance(what, type):
        return frozenset(), (*vars(what).values(), *what.__bases__)
    codes, names = [what.__code__], set()
    while codes:
        code = codes.pop()
        names.update(code.co_names, (constant for constant in code.co_consts if isinstance(constant, str)))
        codes += [constant for constant in code.co_consts if inspect.iscode(constant)]
    return frozenset(names), tuple(what.__globals__.get(name) for name in names)


def pytest_collection_modifyitems(items):
    """Mark what depends on the machine's speed `process`, and what tries examples `property`."""
    for item in items:
        definitions = item._fixtureinfo.name2fixturedefs
        functions = [item.function, *(each.func for name in definitions for each in definitions[name])]
        if _starts_something(functions):
            item.add_marker("process")
        if getattr(item.function, "is_hypothesis_test", False) or "sample" in vars(item.module):
            item.add_marker("property")


def pytest_collection_finish():
    """Spare each collection of garbage the hundred thousands of objects that stay to the end."""
    gc.freeze()


@pytest.fixture
def update_expected(request):
    """Whether expected files are to be rewritten."""
    return request.config.getoption("--update-expected")


@pytest.fixture(autouse=True)
def clean_room(tmp_path, monkeypatch):
    """A scrubbed environment, a folder of its own as cwd, a private HOME."""
    for name in list(os.environ):
        if name.startswith(_AMBIENT) or name in _AMBIENT_NAMES:
            monkeypatch.delenv(name)
    home = tmp_path / ".home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("HF_HOME", str(home / "hf"))
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Any connection that leaves this machine fails the test that made it."""
    real_connect = socket.socket.connect

    def guarded(self, address):
        host = address[0] if isinstance(address, tuple) else None
        if host is not None and host not in {"127.0.0.1", "localhost", "::1"}:
            raise AssertionError(f"a test tried to connect to {address!r}")
        return real_connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def cli(capsys):
    """Run a verb in this process: `code, out, err = cli("check", "README.md")`."""
    from carbon_lint.cli import main

    def run(*argv):
        code = main([str(argument) for argument in argv])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def carbon_lint():
    """Run the console program as a process of its own: `carbon_lint("run", ..., timeout=30).returncode`."""

    def run(*argv, timeout=100, check=False, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("text", True)
        return spawn.run(
            [sys.executable, "-m", "carbon_lint", *map(str, argv)],
            capture_output=True,
            timeout=timeout,
            check=check,
            **options,
        )

    return run


@pytest.fixture(scope="session")
def shared():
    """The folder of third-party cards and traces beside the checkout. Tests that need it skip if it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not here: third-party cards and traces are never part of this repository")
    return SHARED


@pytest.fixture
def hub(tmp_path):
    """A stand-in Hub of this test's own, speaking http. `tests.standin.hub` says what it can do."""
    from tests.standin.hub import StandInHub

    with StandInHub(tmp_path / ".hub") as running:
        yield running


@pytest.fixture
def tls_hub(tmp_path):
    """As `hub`, over https; clients trust it through `SSL_CERT_FILE`, which `environ()` names."""
    from tests.standin.hub import StandInHub

    with StandInHub(tmp_path / ".tls-hub", tls=True) as running:
        yield running
