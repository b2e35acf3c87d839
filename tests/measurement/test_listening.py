"""`run --forecast` reads the job's output, and neither the job nor its reader notices that."""

from __future__ import annotations

import fcntl
import os
import re
import resource
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from carbon_lint.measurement.forecast.listening import empty
from carbon_lint.measurement.forecast.printed_progress import KEPT_BYTES
from tests import spawn
from tests.cases import cases
from tests.conftest import ROOT
from tests.measurement.processes import a_mark, marked
from tests.waiting import wait_until

# The beginning of a bar whose whole would take 40 s and, at the 1 kW of the fake meter, 11 Wh.
BAR = (
    "import os, sys, time\n"
    "from tqdm import tqdm\n"
    "for step in tqdm(range(2000)):\n"
    "    time.sleep(0.02)\n"
    "    if os.path.exists('enough'): break\n"
)
WARNED = re.compile(rb"carbon-lint: heading for \d+% of the budget by the end of the job, going by its bar, \d+/2000\n")
LIMIT = ("--max-energy", "8 Wh", "--tick", "200ms")
NO_LIMIT = ("--max-energy", "1 MWh")


def command(source, *flags, forecast=True):
    start = [sys.executable, "-m", "tests.measurement.run_fake", *(["--forecast"] if forecast else []), *flags, "--"]
    return [*start, *([sys.executable, "-c", source] if isinstance(source, str) else source)]


def environ():
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def start(source, *flags, forecast=True, **options):
    options = {"stdin": subprocess.DEVNULL, "env": environ(), **options}
    return spawn.Popen(command(source, *flags, forecast=forecast), **options)


def finished(source, *flags, **options):
    """(exit status, stdout, stderr) through two pipes."""
    with start(source, *flags, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def until_warned(stream):
    """What the stream gives; the job may end when it holds the warning."""
    message = b""
    while data := os.read(stream.fileno(), 1 << 16):
        message += data
        if WARNED.search(message):
            Path("enough").touch()
    return message


def unread(pipe):
    """Bytes that wait in the pipe, which holds 65,536."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def of_the_job(text):
    """Without our own lines."""
    return b"".join(re.split(rb"carbon-lint: .*\n(?:  .*\n)*", text))


@pytest.mark.slow
def test_a_bar_through_a_pipe_is_forecast():
    with start(BAR, *LIMIT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        err = until_warned(process.stderr)
        assert process.stdout.read() == b""
    assert process.returncode == 0
    assert len(WARNED.findall(err)) == 1, err.decode()
    assert b"it/s]\ncarbon-lint: heading" in err, "on a line of its own"


def test_a_bar_through_one_pipe_for_both_is_forecast():
    with start(BAR, *LIMIT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert WARNED.search(until_warned(process.stdout))


@pytest.mark.slow
def test_a_bar_in_a_file_is_forecast_and_the_job_writes_to_the_file_itself():
    Path("log").write_bytes(b"step 500/1000\n")
    before = os.stat("log").st_ino
    source = "import os\nwith open('stood', 'w') as f: print(os.fstat(1).st_ino, os.fstat(2).st_ino, file=f)\n" + BAR
    with open("log", "ab") as log:
        process = start(source, *LIMIT, stdout=log, stderr=subprocess.STDOUT)
        wait_until(lambda: WARNED.search(Path("log").read_bytes()))
        Path("enough").touch()
        process.wait(60)
    assert b"it/s]\ncarbon-lint: heading" in Path("log").read_bytes()
    assert Path("stood").read_text() == f"{before} {before}\n"


@pytest.mark.slow
def test_a_bar_that_goes_to_dev_null_is_forecast():
    with start(BAR.replace("tqdm(", "tqdm(file=sys.stdout, iterable="), *LIMIT, stdout=subprocess.DEVNULL,
               stderr=subprocess.PIPE) as process:  # fmt: skip
        assert WARNED.search(until_warned(process.stderr))


def test_without_a_forecast_the_job_has_our_own_stdout_and_stderr():
    source = "import os\nfor n in (0, 1, 2): print(os.fstat(n).st_ino)"
    with start(source, *NO_LIMIT, forecast=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        own = [
            os.stat(os.devnull).st_ino,
            os.fstat(process.stdout.fileno()).st_ino,
            os.fstat(process.stderr.fileno()).st_ino,
        ]
        assert [int(line) for line in process.stdout.read().split()] == own


LINES = (
    "import sys\n"
    "for start in range(0, 200_000, 1000):\n"
    "    sys.stdout.write(''.join(f'step {n} of it\\n' for n in range(start, start + 1000)))\n"
)
NOISE = (
    "import random, sys\n"
    "random.seed(1)\n"
    "sys.stdout.buffer.write(random.randbytes(3_000_001))\n"
    "sys.stderr.buffer.write(random.randbytes(70_001))\n"
)
ODD_ENDS = (
    "import os\n"
    "for n in range(500): os.write(1 + n % 2, b'%d\\r\\x00\\xff' % n)\n"
    "os.write(2, b'\\n'); os.write(1, b'no newline at the end')\n"
)


@cases("source", [LINES, NOISE, ODD_ENDS], ids=["many lines", "binary", "no newline at the end"])
def test_not_a_byte_is_changed(source):
    plain = finished(source, *NO_LIMIT, forecast=False)
    heard = finished(source, *NO_LIMIT)
    assert heard[0] == plain[0] == 0
    assert heard[1] == plain[1]
    if source is not NOISE:
        assert of_the_job(heard[2]) == of_the_job(plain[2])
    else:
        assert heard[2][:70_001] == plain[2][:70_001]


def test_where_both_go_to_one_pipe_their_order_is_kept():
    source = "import os\nfor n in range(3000): os.write(1 + n % 2, b'%d\\n' % n)"
    with start(source, *NO_LIMIT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        message = process.stdout.read()
    assert message.startswith(b"".join(b"%d\n" % n for n in range(3000)))
    assert message[message.index(b"2999\n") + 5 :].startswith(b"carbon-lint: "), "and what we say comes after it"


def test_each_byte_is_passed_on_at_once():
    source = "import os, sys\nos.write(1, b'a'); sys.stdin.readline(); os.write(2, b'b'); sys.stdin.readline()"
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with start(source, *NO_LIMIT, **options) as process:
        assert os.read(process.stdout.fileno(), 10) == b"a"
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert os.read(process.stderr.fileno(), 10) == b"b"
        process.stdin.close()
        process.stdout.read()
        process.stderr.read()
    assert process.returncode == 0


@cases("is_forecast", [False, True])
def test_a_reader_that_goes_away_ends_the_job_as_ever(is_forecast):
    with start(["yes"], *NO_LIMIT, forecast=is_forecast, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert os.read(process.stdout.fileno(), 4) == b"y\ny\n"
        process.stdout.close()
        assert b"exit status 141" in process.stderr.read()
    assert process.returncode == 141


def test_a_reader_that_goes_away_from_one_stream_leaves_the_other():
    source = (
        "import os\nfor n in range(1000):\n"
        "    try: os.write(1, b'x' * 1000)\n"
        "    except BrokenPipeError: os.write(2, b'broken'); break\n"
    )
    source = "import signal; signal.signal(signal.SIGPIPE, signal.SIG_IGN)\n" + source
    with start(source, *NO_LIMIT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read().startswith(b"broken")
    assert process.returncode == 0


def test_a_reader_that_reads_one_stream_to_its_end_first_is_not_blocked_by_the_other():
    """With room for 64 KiB in each pipe, the job can end its stderr while its stdout waits; so it must through us."""
    source = "import os\nos.write(1, b'o' * 60_000)\nos.write(2, b'e' * 300_000)\nos.write(1, b'O' * 300_000)"
    with start(source, *NO_LIMIT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        err = b""
        while len(err) < 300_000:
            err += os.read(process.stderr.fileno(), 65536)
        assert process.stdout.read() == b"o" * 60_000 + b"O" * 300_000
        process.stderr.read()


def test_a_slow_reader_gets_everything_after_the_job_has_ended():
    source = "import os\nos.write(1, b'x' * 200_000)\nopen('done', 'w').close()"
    with start(source, *NO_LIMIT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        os.read(process.stdout.fileno(), 100_000)
        wait_until(Path("done").exists)
        rest = process.stdout.read()
        assert 100_000 <= len(rest) < 200_000
        assert process.stderr.read().startswith(b"carbon-lint: Within budget")
    assert process.returncode == 0


def test_a_cancelled_run_does_not_wait_for_a_reader_that_never_reads():
    source = "import os, time\nos.write(2, b'ready')\nwhile True: os.write(1, b'x' * 4096)"
    with start(source, *NO_LIMIT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert os.read(process.stderr.fileno(), 5) == b"ready"
        wait_until(lambda: unread(process.stdout) > 60_000)
        process.send_signal(signal.SIGTERM)
        assert b"SIGTERM" in process.stderr.read()
        assert process.wait(60) == 143
        process.stdout.close()


def test_a_daemon_that_the_job_left_with_its_stdout_does_not_hang_the_run():
    mark = a_mark()
    source = (
        "import subprocess, sys\n"
        f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)', {mark!r}], start_new_session=True)\n"
        "print('the job is over', flush=True)\n"
    )
    began = time.monotonic()
    status, out, _ = finished(source, *NO_LIMIT)
    assert time.monotonic() - began < 30
    assert (status, out) == (0, b"the job is over\n")
    wait_until(lambda: not marked(mark))


def test_a_process_outside_the_job_may_keep_the_pipe():
    """A descriptor handed to it over a socket: the pipe has no end, and silence ends the wait."""
    holder = (
        "import array, os, socket, sys\n"
        "s = socket.socket(socket.AF_UNIX); s.bind('held'); s.listen(); print('ready', flush=True)\n"
        "c, _ = s.accept(); c.recvmsg(1, socket.CMSG_LEN(4)); c.sendall(b'x'); sys.stdin.read()\n"
    )
    source = (
        "import array, socket\n"
        "s = socket.socket(socket.AF_UNIX); s.connect('held')\n"
        "s.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [1]))]); s.recv(1)\n"
        "print('the job is over', flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as keeps:
        assert keeps.stdout.readline() == b"ready\n"
        status, out, _ = finished(source, *NO_LIMIT)
        assert (status, out) == (0, b"the job is over\n")
        keeps.stdin.close()


def test_a_flood_is_passed_on_and_kept_small():
    source = "import os\nfor _ in range(1500): os.write(1, b'y' * 65536)"
    with start(source, *NO_LIMIT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        grown = 0
        seen = 0
        while data := os.read(process.stdout.fileno(), 1 << 16):
            seen += len(data)
            if seen > 64 * KEPT_BYTES and not grown:
                grown = resident_kb(process.pid)
            last = resident_kb(process.pid) or grown
        process.stderr.read()
    assert seen == 1500 * 65536
    assert last - grown < 8000


def resident_kb(pid):
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) if found else 0


def test_a_command_that_cannot_be_run_is_reported_and_leaves_nothing_open():
    status, out, err = finished(["./no-such-program"], *NO_LIMIT)
    assert (status, out) == (127, b"")
    assert b"command not found" in err


def test_closed_outputs_do_not_fail_the_run():
    line = f"exec {' '.join(map(repr, command('print(1)', *NO_LIMIT)))} >&- 2>&-"
    assert subprocess.run(["sh", "-c", line], env=environ(), check=False, stdin=subprocess.DEVNULL).returncode == 0


def test_if_nothing_can_be_put_between_the_job_runs_as_ever_with_a_note():
    script = (
        "import runpy, sys\n"
        "from carbon_lint.measurement.forecast import listening\n"
        "def refuse(*arguments): raise OSError(24, 'Too many open files')\n"
        "listening._Passage.__init__ = refuse\n"
        "runpy.run_module('tests.measurement.run_fake', run_name='__main__', alter_sys=True)\n"
    )
    line = [sys.executable, "-c", script, *command("import os; print(os.fstat(1).st_ino)", *NO_LIMIT)[3:]]
    with subprocess.Popen(line, env=environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        own = os.fstat(process.stdout.fileno()).st_ino
        out, err = process.communicate(timeout=60)
    assert (process.returncode, int(out)) == (0, own)
    assert b"carbon-lint: the job's progress is not read from its stderr: Too many open files\n" in err


@pytest.fixture
def many_descriptors():
    """Room for numbers beyond those that `select` can look at."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1100:
        pytest.skip("no more than 1024 descriptors here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1100), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_descriptors")
@pytest.mark.parametrize("is_end", [True, False], ids=["its end", "silence"])
def test_a_descriptor_beyond_1024_is_emptied_until_its_end_or_silence(is_end):
    """As in a trainer with a thousand shards open: if the thread died, the job's next write would end it."""
    near, write_end = os.pipe()
    read_end, is_over = fcntl.fcntl(near, fcntl.F_DUPFD_CLOEXEC, 1050), os.eventfd(1)
    taken = []
    os.write(write_end, b"hello")
    if is_end:
        os.close(write_end)
    empty(read_end, is_over, taken.append, 2)
    assert taken == [b"he", b"ll", b"o"]
    for descriptor in (near, read_end, is_over, *([] if is_end else [write_end])):
        os.close(descriptor)
