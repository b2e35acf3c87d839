"""The job's output on its way to the runner."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.github.commands import Console
from carbon_lint.github.pump import MAX_HELD_BYTES, Filter, JobOutput
from tests.cases import cases
from tests.github.runner import parse_commands
from tests.waiting import wait_until

HONOURED = {"add-mask", "group", "endgroup"}


def passed(data, size=1 << 18):
    """`data` through a filter, in pieces of `size`."""
    job_output = Filter()
    pieces = [job_output.feed(data[start : start + size]) for start in range(0, len(data), size)]
    return b"".join(pieces) + job_output.finish()


def acting(data):
    return [command.name for command in parse_commands(data.decode("utf-8", "replace")) if command.name not in HONOURED]


ACTING = [
    b"::error::x",
    b"  ::warning file=a::x",
    b"\t::set-output name=outcome::completed",
    b"\r::stop-commands::t",
    b"progress 10 %\r::error::x",
    b"##[error]x",
    b"loss 0.1 ##[error]x",
    b"loss ##[set-output name=a]x",
    b"###[error]x",
    b"##[notice]##[error]x",
    b"::add-mask\n::error::x",
    b":::error::x",
    "\u00a0::error::x".encode(),
    "\u3000\u2028::error::x".encode(),
    b"\x85::error::x",
    b"::ERROR::x",
    b"::add-matcher::/tmp/m.json",
    b"::save-state name=x::y",
    b"::echo::on",
    b"::debug::x",
    b"::group::##[error]x",
    b"\x0b\x0c::error::x",
]


@cases("data", ACTING)
@cases("size", [1, 2, 3, 1000])
def test_no_command_of_the_job_acts(data, size):
    assert acting(passed(data + b"\nnext\n", size)) == []


def test_most_of_these_would_act_without_the_filter():
    assert sum(bool(acting(data + b"\n")) for data in ACTING) > len(ACTING) - 5


@cases("data", ACTING)
def test_the_text_of_a_command_can_still_be_read(data):
    shown = passed(data).decode("utf-8", "replace").replace("\u200b", "")
    assert shown.removesuffix("\n::endgroup::\n") == data.decode("utf-8", "replace")


@cases(
    "data",
    [
        b"",
        b"plain\n",
        b"std::vector<int> a::b\n",
        b"10 % |###       |\r20 % |####      |\r",
        b"\x00\xff\xfe\x80 binary \n\n\r\r\n",
        b"no newline at the end: ##",
        b"a colon at the end:",
        "\u00e4\u00f6\u00fc \u4e2d\u6587\n".encode(),
        b"# ## ### heading [link]\n",
    ],
)
@cases("size", [1, 3, 1000])
def test_output_that_is_not_a_command_passes_byte_for_byte(data, size):
    assert passed(data, size) == data


@given(
    st.lists(
        st.sampled_from(
            [
                b"::",
                b":",
                b"#",
                b"##",
                b"##[",
                b"[",
                b"]",
                b"error",
                b"add-mask",
                b"group",
                b"endgroup",
                b" ",
                b"\n",
                b"\r",
                b"\r\n",
                b"abc",
                b"stop-commands",
                b"\xc2\xa0",
                b"\xe2\x80\x8b",
                b"\x1b[0m",
                b" k=v",
                b"%0A",
            ]
        ),
        max_size=20,
    ).map(b"".join),
    st.integers(1, 7),
)
def test_no_mixture_acts_however_it_is_cut(data, size):
    whole = passed(data)
    assert acting(whole) == []
    assert passed(data, size) == whole


@given(st.binary(max_size=200), st.integers(1, 9))
def test_any_bytes_lose_nothing(data, size):
    shown = passed(data, size)
    # All that is ever added is a zero-width space, or an end for a fold; only a command that is honoured is re-worded.
    if not parse_commands(data.decode("utf-8", "replace")):
        assert shown.replace("\u200b".encode(), b"") == data.replace("\u200b".encode(), b"")


@cases(
    "line",
    [
        b"::add-mask::s3cret-words",
        b"  ::add-mask::s3cret-words",
        b"##[add-mask]s3cret-words",
        b"::ADD-MASK::s3cret-words",
    ],
)
@cases("size", [1, 5, 1000])
def test_the_jobs_own_mask_is_honoured(line, size):
    commands = parse_commands(passed(line + b"\nrest\n", size).decode())
    assert [(command.name, command.data) for command in commands] == [("add-mask", "s3cret-words")]


def test_a_mask_in_the_middle_of_a_line_gets_a_line_of_its_own():
    shown = passed(b"token: ##[add-mask]abcd%3Befgh\n")
    assert shown == b"token: \n::add-mask::abcd;efgh\n"


def test_an_empty_mask_is_dropped_as_it_would_mask_everything():
    assert b"add-mask" not in passed(b"::add-mask::  \nx\n")


def test_a_fold_is_honoured_and_closed_when_the_job_forgets_to():
    commands = parse_commands(passed(b"::group::Epoch 1\nloss\n").decode())
    assert [command.name for command in commands] == ["group", "endgroup"]


def test_a_fold_that_the_job_closed_is_not_closed_again():
    assert passed(b"::group::a\n::endgroup::\n").count(b"endgroup") == 1


def test_output_passes_at_once_unless_a_command_may_be_beginning():
    job_output = Filter()
    assert job_output.feed(b"epoch 1") == b"epoch 1"
    assert job_output.feed(b"\n::err") == b"\n"
    assert job_output.feed(b"or::x") == b""
    assert job_output.feed(b"\n") == ":\u200b:error::x\n".encode()


def test_an_endless_line_is_not_held_forever():
    job_output = Filter()
    held = 0
    for _ in range(40):
        held += 10_000
        held -= len(job_output.feed(b"::group::" + b"x" * 9_991 if held == 10_000 else b"y" * 10_000))
        assert held <= MAX_HELD_BYTES
    assert acting(passed(b"::error::" + b"x" * (3 * MAX_HELD_BYTES))) == []


class Collected:
    def __init__(self):
        self.data = bytearray()

    def __call__(self, data):
        self.data += data


def test_both_streams_of_a_child_arrive_in_order_and_ours_come_back():
    seen = Collected()
    before = os.fstat(1).st_ino, os.fstat(2).st_ino
    script = "import os\nfor n in range(3000): os.write(1 + n % 2, b'%d\\n' % n)"
    with JobOutput(seen, Collected()) as output:
        output.start()
        subprocess.run([sys.executable, "-c", script], check=True)
    assert bytes(seen.data) == b"".join(b"%d\n" % n for n in range(3000))
    assert (os.fstat(1).st_ino, os.fstat(2).st_ino) == before


def test_the_listener_gets_what_the_job_wrote_unchanged():
    seen, heard = Collected(), Collected()
    with JobOutput(seen, heard) as output:
        output.start()
        subprocess.run([sys.executable, "-c", "print('::error::x'); print('step 40/1000')"], check=True)
    assert bytes(heard.data) == b"::error::x\nstep 40/1000\n"
    assert b"::error" not in seen.data


def test_a_process_left_behind_does_not_hold_the_step():
    seen = Collected()
    started = time.monotonic()
    with JobOutput(seen, Collected()) as output:
        output.start()
        left = subprocess.Popen([sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)"])
        wait_until(lambda: b"here" in seen.data)
    assert time.monotonic() - started < 30
    left.kill()
    left.wait()


def test_a_log_that_nobody_reads_any_more_does_not_stop_the_job():
    read_end, write_end = os.pipe()
    os.close(read_end)
    with JobOutput(Console(write_end).write, Collected()) as output:
        output.start()
        done = subprocess.run([sys.executable, "-c", "print('x' * 1_000_000)"], check=False)
    os.close(write_end)
    assert done.returncode == 0


def test_a_million_lines_pass_fast_in_order_and_without_growing():
    line = b"epoch 1 step %07d loss=0.1234 std::vector lr=1e-5 and so on for eighty characters\n"
    block = b"".join(line % n for n in range(20_000))
    job_output = Filter()
    started = time.process_time()
    lengths = 0
    for _ in range(50):
        for start in range(0, len(block), 65536):
            lengths += len(job_output.feed(block[start : start + 65536]))
    seconds = time.process_time() - started
    copy_started = time.process_time()
    for _ in range(50):
        for start in range(0, len(block), 65536):
            bytes(bytearray(block[start : start + 65536]))
    assert lengths == 50 * len(block)
    # As a ratio to copying the same bytes: a figure in MB/s depends on what else this machine does.
    assert seconds < 400 * (time.process_time() - copy_started), f"{50 * len(block) / 1e6 / seconds:.0f} MB/s"


def test_random_cuts_of_a_log_change_nothing():
    random.seed(7)
    data = b"".join(random.choice(ACTING) + random.choice([b"\n", b"\r\n", b"\r"]) for _ in range(300))
    whole = passed(data)
    for _ in range(5):
        job_output, start, out = Filter(), 0, b""
        while start < len(data):
            size = random.randint(1, 40)
            out += job_output.feed(data[start : start + size])
            start += size
        assert out + job_output.finish() == whole
