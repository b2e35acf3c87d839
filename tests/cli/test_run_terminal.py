"""`carbon-lint run` on a terminal: the job reads it, Ctrl-C and resizes arrive once, the live line keeps to its row."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import termios
import time
from pathlib import Path

import psutil
import pyte
import pytest

from carbon_lint.measurement.progress import Occasion, RunProgress
from carbon_lint.report.run.progress import LiveLine, LogLines, render_line
from tests import spawn
from tests.cases import cases
from tests.measurement.processes import fake_run
from tests.waiting import wait_until


class Terminal:
    """carbon-lint with the fake meter in a pseudo-terminal of its own."""

    def __init__(self, source, *flags, rows=24, columns=80):
        self.text = ""
        command, environ = fake_run(source, *flags, python=("-S", "-u"))
        self._start(command, {**environ, "TERM": "xterm"}, rows, columns)

    def _start(self, command, environ, rows, columns):
        self.descriptor, theirs = os.openpty()
        self.resize(rows, columns)
        self.process = spawn.TerminalPopen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ)
        os.close(theirs)

    def resize(self, rows, columns):
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.descriptor, text.encode())

    def read(self, wait_s=0.05):
        while select.select([self.descriptor], [], [], wait_s)[0]:
            try:
                data = os.read(self.descriptor, 65536)
            except OSError:  # the other side has closed
                break
            if not data:
                break
            self.text += data.decode(errors="replace")
        return self.text

    def wait_for(self, text):
        wait_until(lambda: text in self.read())

    def wait(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            self.read(0.02)
            if self.process.poll() is not None:
                self.read()
                return self.process.returncode
        raise AssertionError(f"still running; said {self.text!r}")

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.descriptor)
        print(f"the terminal showed {self.text[-2000:]!r}")  # pytest prints it if the test failed


FORECAST = ("--forecast", "--max-energy", "1 MWh")


@pytest.fixture(params=[(), FORECAST], ids=["as it is", "with a listener between"])
def terminal(request):
    opened = []

    def start(source, *flags, **options):
        opened.append(Terminal(source, *request.param, *flags, **options))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def test_the_job_reads_what_is_typed(terminal):
    screen = terminal("import sys; print('tty', sys.stdin.isatty()); print('hello', input('name? '))")
    screen.wait_for("name? ")
    screen.type("Ada\n")

    assert screen.wait() == 0
    assert "tty True" in screen.text
    assert "hello Ada" in screen.text


def test_ctrl_c_reaches_the_job_once(terminal):
    screen = terminal(
        "import signal, sys, time\n"
        "count = 0\n"
        "def note(*a):\n"
        "    global count\n"
        "    count += 1\n"
        "signal.signal(signal.SIGINT, note)\n"
        "print('ready')\n"
        "while not count: time.sleep(0.05)\n"
        "time.sleep(0.5)\n"
        "print('heard', count)\n"
    )
    screen.wait_for("ready")
    screen.type("\x03")

    assert screen.wait() == 130
    assert "heard 1" in screen.text
    assert "Traceback" not in screen.text


@pytest.mark.slow
def test_a_resize_reaches_the_job(terminal):
    screen = terminal(
        "import os, signal, time\n"
        "seen = []\n"
        "signal.signal(signal.SIGWINCH, lambda *a: seen.append(os.get_terminal_size()))\n"
        "print('ready')\n"
        "while not seen: time.sleep(0.01)\n"
        "print('size', *seen[0])\n"
    )
    screen.wait_for("ready")
    screen.resize(30, 100)
    screen.wait_for("size 100 30")

    assert screen.wait() == 0


@pytest.mark.slow
def test_ctrl_z_stops_the_job_too_and_it_goes_on_afterwards(terminal):
    source = "import time\nprint('ready')\nfor i in range(30): print('tick', i); time.sleep(0.1)\n"
    screen = terminal(source)
    screen.wait_for("ready")
    screen.type("\x1a")
    ours = psutil.Process(screen.process.pid)
    wait_until(lambda: ours.status() == psutil.STATUS_STOPPED)
    (job,) = (child for child in ours.children(recursive=True) if child.ppid() != ours.pid)
    wait_until(lambda: job.status() == psutil.STATUS_STOPPED)
    assert "tick 29" not in screen.read()
    screen.process.send_signal(signal.SIGCONT)

    assert screen.wait() == 0
    assert "tick 29" in screen.text


def test_the_live_line_is_cleared_and_the_terminal_left_as_it_was(terminal):
    source = (
        "import os, time\nfor i in range(8): print('line', i)\nwhile not os.path.exists('enough'): time.sleep(0.01)\n"
    )
    source += "for i in range(8, 16): print('line', i)\n"
    screen = terminal(source, "--tick", "100ms", "--max-energy", "1 kWh")
    screen.wait_for("% of budget")
    Path("enough").touch()

    assert screen.wait() == 0
    assert "% of budget" in screen.text
    assert "\x1b[1;23r" in screen.text, "the job's output scrolls above the last row"
    assert screen.text.rindex("\x1b[r") > screen.text.rindex("\x1b[1;23r"), "and the region is given back"
    # The live line may be drawn within a line of the job.
    output = re.sub(r"(?:\x1bD\x1b\[1A)?\x1b7.*?\x1b8", "", screen.text, flags=re.DOTALL)
    for number in range(16):
        assert re.search(rf"line {number}\r?\n", output)


def progress(**changes):
    values = {
        "occasion": Occasion.RUNNING,
        "elapsed_s": 75.0,
        "emissions_g": 12.34,
        "energy_kwh": 0.5,
        "power_w": 312.0,
        "used_share": 0.42,
        **changes,
    }
    return RunProgress(**values)


def test_the_line_shows_grams_share_elapsed_and_watts():
    assert render_line(progress(), 80) == ("carbon-lint  12.3 g  42 % of budget  1 min 15 s  312 W  [####......]")
    assert render_line(progress(emissions_g=None, used_share=None), 80) == "carbon-lint  500 Wh  1 min 15 s  312 W"
    line = render_line(progress(forecast_share=1.2, forecast_by="its bar, 420/1000"), 120)
    assert line.endswith("heading for 120 % (its bar, 420/1000)")


@cases("width", range(1, 90))
def test_the_line_fits_any_width(width):
    line = render_line(progress(), width)
    assert 0 < len(line) <= width
    assert line[0] in "c1"


def test_a_forecast_over_the_limit_is_printed_at_once_in_a_log_and_on_a_terminal():
    warned = progress(forecast_share=1.2, forecast_warning="heading for 120% of the budget\x1b[2J", notices=("first",))
    for show, end in ((LogLines, "\n"), (lambda write: LiveLine(write, lambda: os.terminal_size((0, 0))), "\r\n")):
        written = []
        show(written.append)(warned)
        message = "".join(written)
        assert message.startswith(f"carbon-lint: first{end}carbon-lint: heading for 120% of the budget")
        assert "\x1b[2J" not in message


def test_a_message_begins_a_new_line_if_the_job_has_left_one_open():
    for show, end in ((LogLines, "\n"), (lambda write: LiveLine(write, lambda: os.terminal_size((0, 0))), "\r\n")):
        written = []
        show(written.append)(progress(elapsed_s=1.0, notices=("first", "second"), is_line_open=True))
        assert "".join(written) == f"{end}carbon-lint: first{end}carbon-lint: second{end}"


def test_a_log_gets_a_line_a_minute_and_every_notice_at_once():
    written = []
    show = LogLines(written.append)
    for second in range(1, 181):
        notices = ("80 % is used ::error::no\x1b[2J",) if second == 90 else ()
        show(progress(elapsed_s=float(second), notices=notices))

    assert len(written) == 4
    assert written[0].startswith("carbon-lint: 12.3 g")
    assert "\x1b" not in written[1]
    assert "::error::" not in written[1]


@cases("size", [(80, 3), (0, 0)])
def test_a_terminal_without_a_row_to_spare_shows_notices_only(size):
    written = []
    show = LiveLine(written.append, lambda: os.terminal_size(size))
    show(progress())
    assert written == []
    show(progress(notices=("over budget",)))
    assert written == ["carbon-lint: over budget\r\n"]


@cases("environ", [{}, {"NO_COLOR": "1"}])
def test_the_live_line_is_dim_unless_no_color_is_set(monkeypatch, environ):
    from carbon_lint.cli import run

    written = []
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in {"TERM": "xterm", **environ}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr(run, "_write", written.append)
    monkeypatch.setattr(run, "_terminal_size", lambda: os.terminal_size((80, 24)))
    run._show()(progress())
    assert ("\x1b[2m" in written[0]) == (not environ)
    assert ("\x1b[0m" in written[0]) == (not environ)


def test_a_draw_is_one_write_and_a_resize_sets_the_region_again():
    written = []
    sizes = [os.terminal_size((80, 24))]
    show = LiveLine(written.append, lambda: sizes[0])
    show(progress())
    show(progress())
    sizes[0] = os.terminal_size((40, 10))
    show(progress())
    show(progress(occasion=Occasion.ENDED))

    assert len(written) == 4
    assert ["r" in text and "\x1b[1;" in text for text in written] == [True, False, True, False]
    assert "\x1b[1;9r" in written[2]
    assert "\x1b[r" in written[3]


@cases("rows_above", [0, 5, 30])
def test_a_question_that_the_job_asked_stays_where_it_is(rows_above):
    screen = pyte.Screen(60, 10)
    stream = pyte.Stream(screen)
    stream.feed("above\r\n" * rows_above + "name? ")
    # what a terminal does with the newlines that we write
    show = LiveLine(lambda text: stream.feed(text.replace("\n", "\r\n")), lambda: os.terminal_size((60, 10)))
    show(progress())
    show(progress())
    stream.feed("Ada")

    question = screen.display[screen.cursor.y].rstrip()
    assert question == "name? Ada"
    assert screen.display[9].startswith("carbon-lint  12.3 g")

    show(progress(occasion=Occasion.ENDED))
    stream.feed("!")
    assert screen.display[screen.cursor.y].rstrip() == "name? Ada!"
    assert screen.display[9].strip() in {"", "name? Ada!"}
