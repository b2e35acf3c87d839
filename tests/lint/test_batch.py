"""Many files: over the cores, in order, one bad file among many, and no more memory for more cards."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import psutil
import pytest

from carbon_lint.config import Settings
from carbon_lint.errors import ConfigError, InputError
from carbon_lint.lint import batch
from carbon_lint.lint.batch import check_all, lint_paths
from carbon_lint.lint.discover import CardFile, find_cards
from carbon_lint.lint.engine import Checker, LintRequest

CARD = "---\nlicense: mit\nco2_eq_emissions:\n  emissions: {value}\n---\n# A model\n"
VALUES = ["12.5", "17g", "0", "[", "-1"]


def put_cards(count, folder="cards"):
    for number in range(count):
        path = f"{folder}/{number:05}/README.md"
        os.makedirs(os.path.dirname(path))
        with open(path, "w") as stream:
            stream.write(CARD.format(value=VALUES[number % len(VALUES)]))
    return folder


@pytest.fixture
def in_parallel(monkeypatch):
    monkeypatch.setattr(batch, "PAYS_FROM", 20)
    monkeypatch.setattr(batch, "_BATCH", 7)
    monkeypatch.setattr(batch, "_WARM", 3)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1}, raising=False)


def checked(folder, **options):
    request = LintRequest((folder,), settings=Settings(), **options)
    return [(one.path, one.diagnostics) for one in check_all(Checker(request), find_cards(request.paths))]


def test_two_processes_give_what_one_gives_in_the_same_order(in_parallel, monkeypatch):
    folder = put_cards(100)
    parallel = checked(folder)
    monkeypatch.setattr(batch, "PAYS_FROM", 10**9)
    assert parallel == checked(folder)
    assert len(parallel) == 100


def test_the_report_is_the_same_however_many_processes_there_are(in_parallel, monkeypatch):
    folder = put_cards(60)
    request = LintRequest((folder,), settings=Settings())
    parallel, _ = lint_paths(request)
    monkeypatch.setattr(batch, "PAYS_FROM", 10**9)
    alone, _ = lint_paths(request)
    assert parallel.diagnostics == alone.diagnostics
    assert parallel.files_checked == alone.files_checked == 60
    assert list(parallel.diagnostics) == sorted(parallel.diagnostics)


def test_a_file_that_goes_away_while_others_are_judged_stops_nothing(in_parallel):
    folder = put_cards(60)
    request = LintRequest((folder,), settings=Settings())
    found = list(find_cards(request.paths))
    os.unlink(found[30].path)
    results = list(check_all(Checker(request), iter(found)))
    assert len(results) == 60
    assert [one.code for one in results[30].diagnostics] == ["CL002"]
    assert results[31].diagnostics


def test_a_wrong_configuration_met_by_a_worker_is_a_usage_error(in_parallel):
    folder = put_cards(60)
    with open(f"{folder}/00050/carbon-lint.toml", "w") as stream:
        stream.write('ignor = ["CL2"]\n')
    with pytest.raises(ConfigError) as caught:
        lint_paths(LintRequest((folder,)))
    assert "unknown key 'ignor'" in caught.value.message
    assert caught.value.hint == "did you mean 'ignore'?"


def children():
    """Return the processes that this one has started and not waited for, but the one that `tests.spawn` forks."""
    return [each for each in psutil.Process().children() if not any("warm.py" in word for word in each.cmdline())]


@pytest.mark.parametrize("end", [lambda: os._exit(9), lambda: os.kill(os.getpid(), 9)])
def test_a_worker_that_ends_is_reported_and_no_process_is_left(in_parallel, monkeypatch, end, capfd):
    folder = put_cards(60)
    parent = os.getpid()
    real = Checker.check

    def check(self, found):
        if os.getpid() != parent and "00040" in found.path:
            end()
        return real(self, found)

    monkeypatch.setattr(Checker, "check", check)
    with pytest.raises(InputError, match="a worker process ended"):
        lint_paths(LintRequest((folder,), settings=Settings()))
    assert children() == []
    capfd.readouterr()


def test_no_process_is_left_when_the_reader_stops_early(in_parallel):
    folder = put_cards(60)
    request = LintRequest((folder,), settings=Settings())
    results = check_all(Checker(request), find_cards(request.paths))
    for _ in range(30):
        next(results)
    del results
    assert children() == []


def test_fixes_are_made_by_the_workers_too(in_parallel):
    folder = put_cards(60)
    report, diffs = lint_paths(LintRequest((folder,), settings=Settings(), fix="safe"))
    assert len(report.fixed) == 12
    assert len(diffs) == 12
    with open(f"{folder}/00001/README.md") as stream:
        assert "emissions: 17\n" in stream.read()


def test_what_goes_to_a_worker_can_be_sent():
    checker = Checker(
        LintRequest(("a",), settings=Settings().with_values({"max-emissions": "1 kg"}, "test"), fix="safe")
    )
    again = pickle.loads(pickle.dumps(checker))
    assert again.request.paths == ("a",)
    assert again.request.settings.max_emissions_g == 1000
    result = pickle.loads(pickle.dumps(again.check(CardFile("none.md", is_named=True))))
    assert [one.code for one in result.diagnostics] == ["CL002"]


def peak_kb(folder):
    """The most memory that one process of a check of `folder` holds, in kB, as the kernel counts it."""
    command = [sys.executable, "-m", "carbon_lint", "check", "--format", "concise", "--select", "CL2", folder]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    assert process.returncode == 0
    return usage.ru_maxrss


@pytest.mark.slow
def test_ten_times_the_cards_take_no_more_memory(monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "VALUES", ["12.5"])
    few, many = put_cards(500, "few"), put_cards(5000, "many")
    assert peak_kb(many) < 1.1 * peak_kb(few)
