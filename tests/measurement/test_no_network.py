"""A run makes no connection, whatever the repository's files and the environment say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOSTILE = """[codecarbon]
emissions_endpoint = http://192.0.2.1/collect
electricitymaps_api_token = x
co2_signal_api_token = x
output_methods = api,prometheus
save_to_api = true
"""
# Every attempt of any thread, before it is made; the job is another program and not ours to forbid.
WATCHED = """
import sys
seen = []
def hook(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        seen.append((event, str(arguments[1:])))
sys.addaudithook(hook)
from carbon_lint.cli import main
code = main(["run", "--location", "FRA", "--tick", "100ms", "--", "sleep", "0.5"])
print(code, seen)
"""


@pytest.fixture
def hostile(monkeypatch):
    """Everything that could send CodeCarbon to the network."""
    for folder in (Path.cwd(), Path(os.environ["HOME"])):
        (folder / ".codecarbon.config").write_text(HOSTILE)
    monkeypatch.setenv("CODECARBON_EMISSIONS_ENDPOINT", "http://192.0.2.1/collect")
    monkeypatch.setenv("CODECARBON_ELECTRICITYMAPS_API_TOKEN", "x")
    monkeypatch.setenv("CODECARBON_CO2_SIGNAL_API_TOKEN", "x")


def run(argv, **options):
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, **options)


def test_no_socket_is_opened_and_no_name_is_looked_up(hostile):
    done = run([sys.executable, "-c", WATCHED])
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr


@pytest.mark.slow
def test_the_kernel_counts_no_connection(hostile, tmp_path):
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    log = tmp_path / "strace"
    argv = [strace, "-f", "-qq", "-e", "trace=network,execve", "-o", log, sys.executable, "-m", "carbon_lint", "run"]
    done = run([*argv, "--location", "FRA", "--", "true"])
    assert done.returncode == 0, done.stderr
    lines = log.read_text().splitlines()
    assert [line for line in lines if re.search(r"(connect|send\w*)\(.*(AF_INET|AF_PACKET)", line)] == []
    assert any("execve(" in line for line in lines)


def test_it_works_without_any_network(hostile):
    alone = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or run([*alone, "true"]).returncode != 0:
        pytest.skip("this machine lets no one leave its network")
    done = run(
        [*alone, sys.executable, "-m", "carbon_lint", "run", "--location", "FRA", "--record", "r.json", "--", "true"]
    )
    assert done.returncode == 0, done.stderr
    assert Path("r.json").exists()
