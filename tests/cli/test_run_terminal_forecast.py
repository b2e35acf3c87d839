"""`run --forecast` on a terminal: the job has one of its own, which nobody can tell from the real one."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import pytest
import tqdm

from tests.cli.test_run_terminal import FORECAST, Terminal
from tests.conftest import ROOT
from tests.waiting import wait_until

PACKAGES = str(Path(tqdm.__file__).parents[1])
IMPORT = f"import os, sys, time\nsys.path.append({PACKAGES!r})\nfrom tqdm import tqdm\n"
BAR = IMPORT + "for step in tqdm(range(2000), dynamic_ncols=True):\n"
BAR += "    time.sleep(0.02)\n    if os.path.exists('enough'): break\n"
# The beginning of a bar whose whole would take 40 s and, at the 1 kW of the fake meter, 11 Wh.
LIMIT = ("--forecast", "--max-energy", "8 Wh", "--tick", "200ms")


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    opened = []

    def start(*arguments, **options):
        opened.append(Terminal(*arguments, **options))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


class ShellTerminal(Terminal):
    """A script in a terminal of its own."""

    def __init__(self, script):
        self.text = ""
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._start([sys.executable, "-c", f"import os; os.execl('/bin/sh', 'sh', '-c', {script!r})"], environ, 24, 80)


@pytest.mark.slow
def test_a_bar_is_forecast_in_the_live_line_and_warned_of(terminal):
    screen = terminal(BAR, *LIMIT, columns=120)
    live = r"heading for \d+ % \(its bar, \d+/2000\)"
    warning = r"carbon-lint: heading for \d+% of the budget .* going by its bar, \d+/2000\r+\n"
    wait_until(lambda: all(re.search(message, screen.read()) for message in (live, warning)))
    Path("enough").touch()

    assert screen.wait() == 0


def test_a_bar_is_as_wide_as_the_terminal_and_follows_it(terminal):
    screen = terminal(BAR, *LIMIT, columns=100)

    def widths():
        bars = re.findall(r"\r( *\d+%\|[^\r\n\x1b]*\])", screen.read())
        return [len(bar) for bar in bars]

    wait_until(widths)
    screen.resize(24, 60)
    wait_until(lambda: widths()[-1] < 61)
    assert widths()[0] in range(90, 101)
    assert widths()[-1] in range(50, 61)


def test_a_resize_while_suspended_is_known_afterwards():
    """The shell is in the foreground then, and it alone gets the signal."""
    source = "import os, time\nwhile True: print('size', *os.get_terminal_size(1), flush=True); time.sleep(0.1)\n"
    words = [sys.executable, "-m", "tests.measurement.run_fake", *FORECAST, "--", sys.executable, "-S", "-c", source]
    Path("run.sh").write_text(f"exec {shlex.join(words)}\n")
    screen = ShellTerminal("exec bash --norc -i")
    try:
        screen.type("sh run.sh\n")
        screen.wait_for("size 80 24")
        screen.type("\x1a")
        screen.wait_for("Stopped")
        screen.resize(30, 100)
        screen.type("fg\n")
        screen.wait_for("size 100 30")
        screen.type("\x03")
        screen.wait_for("SIGINT")
        screen.type("exit\n")
        screen.wait()
    finally:
        screen.close()


STANDING = (
    "import os, sys, termios\n"
    "for n in (0, 1, 2): print(n, os.isatty(n), *os.get_terminal_size(n))\n"
    "print(os.path.sameopenfile(1, 2))\n"
)


def test_all_three_are_terminals_of_one_size(terminal):
    screen = terminal(STANDING, *FORECAST, rows=30, columns=90)
    assert screen.wait() == 0
    for number in (0, 1, 2):
        assert f"{number} True 90 30\r\n" in screen.text
    assert "True\r\n" in screen.text.split("2 True 90 30\r\n")[1]


PRINTED = (
    "import os\n"
    "os.write(1, b'a\\nb\\r\\nc\\rd\\te\\x1b[31mf\\x1b[0m\\a\\x08g\\xe2\\x94\\x81\\xff\\n')\n"
    "os.write(2, b'half a line')\n"
)


def test_what_is_shown_is_the_same_to_the_last_control(terminal):
    shown = []
    for flags in (FORECAST, FORECAST[1:]):
        screen = terminal(PRINTED, *flags)
        assert screen.wait() == 0
        shown.append(screen.text.partition("carbon-lint: ")[0])
    assert shown[0] == shown[1]
    assert shown[0] == "a\r\nb\r\r\nc\rd\te\x1b[31mf\x1b[0m\x07\x08g━\ufffd\r\nhalf a line"


def test_where_one_goes_to_a_pipe_the_other_stays_a_terminal():
    job = "import os; print(os.isatty(1), os.isatty(2)); os.write(2, b'to the terminal')"
    words = [sys.executable, "-m", "tests.measurement.run_fake", *FORECAST, "--", sys.executable, "-S", "-c", job]
    screen = ShellTerminal(f"{shlex.join(words)} | cat > piped")
    try:
        assert screen.wait() == 0
        assert Path("piped").read_text() == "False True\n"
        assert "to the terminal" in screen.text
    finally:
        screen.close()


def test_a_job_that_reads_from_its_output_gets_an_error_and_does_not_wait(terminal):
    source = "import os\ntry: os.read(2, 1)\nexcept OSError as error: print('no:', error.strerror)\n"
    screen = terminal(source, *FORECAST)
    assert screen.wait() == 0
    assert "no: Bad file descriptor" in screen.text


def test_an_editing_prompt_works(terminal):
    """With readline, which wants a terminal on both sides, Python asks by it."""
    source = "import readline\nprint('got', repr(input('name? ')))\n"
    screen = terminal(source, *FORECAST)
    screen.wait_for("name? ")
    screen.type("Adx\x7fa\x01X\r")  # a backspace, and Ctrl-A to the front
    assert screen.wait() == 0
    assert "got 'XAda'" in screen.text


def test_a_terminal_that_hangs_up_ends_the_run(terminal):
    mark = Path("ended")
    source = (
        "import signal, sys, time\n"
        f"signal.signal(signal.SIGHUP, lambda *a: (open({str(mark.resolve())!r}, 'w').close(), sys.exit(1)))\n"
        "print('ready')\n"
        "for _ in range(600): time.sleep(0.1)\n"  # a signal just before a sleep is handled when that sleep ends
    )
    screen = terminal(source, *FORECAST)
    screen.wait_for("ready")
    os.close(screen.descriptor)
    screen.descriptor = os.open(os.devnull, os.O_RDONLY)
    wait_until(mark.exists)
    wait_until(lambda: screen.process.poll() is not None)
