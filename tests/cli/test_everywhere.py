"""The verbs that measure nothing, in a process without the modules and the parts of `os` that only Linux has.

This is neither macOS nor Windows: paths, terminals and file locks of those systems are not tested here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

from carbon_lint.records.store import write_record
from tests.conftest import ROOT
from tests.records.builders import RECORD, fitting

ELSEWHERE = """
import json, os, platform, signal, sys

LINUX_ONLY = {"fcntl", "termios", "resource", "pwd", "grp", "tty", "pty"}

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in LINUX_ONLY:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

for name in LINUX_ONLY:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Missing())
for name in "eventfd sched_getaffinity geteuid getuid fork statvfs killpg tcgetpgrp fchown O_CLOEXEC".split():
    delattr(os, name)
for name in "SIGPIPE SIGHUP SIGTSTP SIGCONT SIGWINCH SIGCHLD SIGUSR1 pthread_sigmask".split():
    delattr(signal, name)
platform.system = lambda: "FreeBSD"

from carbon_lint.cli import main

said = sys.stdout
for argv in json.load(sys.stdin):
    sys.stdout = sys.stderr
    code = main(argv)
    print(json.dumps([argv[0], code, sorted(LINUX_ONLY & set(sys.modules))]), file=said, flush=True)
"""

CARD = "---\nco2_eq_emissions:\n  emissions: 17g\n---\n# A model\n"
CALLS = {  # argv -> exit status
    ("check", "README.md"): 1,
    ("check", "--fix", "README.md"): 1,
    ("card", "README.md", "--from", "records/r.json"): 0,
    ("gate", "records/r.json", "--max-emissions", "1 g"): 1,
    ("report", "records/r.json", "-o", "page.html"): 0,
    ("report", "records/r.json", "-o", "record.md"): 0,
    ("merge", "records", "-o", "sum.json"): 0,
    ("ledger", "add", "records/r.json", "--ledger", "ledger"): 0,
    ("ledger", "sum", "--ledger", "ledger"): 0,
    ("verify", "README.md", "--record", "records/r.json"): 0,
    ("recover", "nothing.jsonl"): 2,
    ("publish", "README.md", "--record", "records/r.json", "--to", "acme/m"): 0,
    ("find", "--max", "1 kg"): 0,
    ("audit", "--author", "acme"): 0,
    ("rules", "CL201"): 0,
    ("init", ".", "--owner", "me"): 0,
    ("run", "--energy-only", "--", "true"): 125,
    ("doctor",): 125,
}


def test_all_verbs_but_run_and_doctor_work_without_anything_of_linux(tmp_path, hub):
    (tmp_path / "records").mkdir()
    write_record(fitting(replace(RECORD, emissions_g=70.0)), tmp_path / "records/r.json")
    (tmp_path / "README.md").write_text(CARD)
    hub.create("acme/m", "---\nlicense: mit\n---\n# Old\n")
    environ = {**os.environ, "PYTHONPATH": str(ROOT), **hub.environ()}
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        input=json.dumps(list(CALLS)), cwd=tmp_path, env=environ, capture_output=True, text=True, check=False,
        timeout=100,
    )  # fmt: skip
    found = [tuple(json.loads(line)) for line in done.stdout.splitlines()]
    wanted = [(argv[0], code, []) for argv, code in CALLS.items()]
    assert [one for one in zip(found, wanted, strict=False) if one[0] != one[1]] == [], done.stderr
    assert len(found) == len(wanted)
    assert "Traceback" not in done.stderr
    assert done.stderr.count("a job can be measured on Linux only") == 2
