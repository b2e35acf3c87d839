"""What `carbon-lint publish` does under each fault: exit code, commits and pull requests on the server, seconds.

    python benchmarks/hub_faults.py [--scheme http] [--quick]

Each row is one whole program against a stand-in Hub of its own, with the program's real waits and time limits (20 s a
call, `--timeout 60s`). The table is Markdown, as docs/publishing.md holds it. Run it from the root of the checkout.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.standin.faults import Fault, html_502
from tests.standin.hub import StandInHub

OLD = "---\nlicense: mit\n---\n# Old\n"
NEW = """---
license: mit
co2_eq_emissions:
  emissions: 12.5
  source: codecarbon
  training_type: fine-tuning
  geographical_location: France
  hardware_used: 1 x Tesla T4
---
# New
"""
TIMEOUT_S = 60
STALL_S = 90


def faults(where: str, hub: StandInHub) -> dict[str, Fault | None]:
    def somebody(path: str, data: bytes):
        return lambda: hub.commit("acme/m", {path: data})

    return {
        "none": None,
        "500, once": Fault(matches=where, status=500),
        "500, for ever": Fault(matches=where, status=500, times=99),
        "429 with Retry-After: 3": Fault(matches=where, status=429, headers={"Retry-After": "3"}),
        "429 with Retry-After: 3600": Fault(matches=where, status=429, headers={"Retry-After": "3600"}, times=99),
        "HTML 502, once": html_502(where),
        "answer 2 s late": Fault(matches=where, delay_s=2),
        "stall before it is done, once": Fault(matches=where, delay_s=STALL_S, status=504),
        "stall after it is done, once": Fault(matches=where, stall_s=STALL_S),
        "stall, for ever": Fault(matches=where, delay_s=STALL_S, status=504, times=99),
        "reset before, once": Fault(matches=where, reset_before=True),
        "reset in the middle of the request, once": Fault(matches=where, read_only=60),
        "reset after it landed, once": Fault(matches=where, reset_after=True),
        "reset after it landed, for ever": Fault(matches=where, reset_after=True, times=99),
        "answer cut in its body, once": Fault(matches=where, answer_bytes=150),
        "somebody else commits another file first": Fault(matches=where, first=somebody("x.bin", b"x")),
        "somebody else edits the card first": Fault(
            matches=where, first=somebody("README.md", OLD.encode() + b"more\n")
        ),
    }


def run(name: str, scheme: str, how: str) -> tuple[int, int, int, str, float]:
    with tempfile.TemporaryDirectory() as folder, StandInHub(Path(folder) / "hub", tls=scheme == "https") as hub:
        hub.create("acme/m", OLD)
        card = Path(folder) / "README.md"
        card.write_text(NEW)
        where = "POST .*/commit/" if how == "commit" else "POST .*/discussions$"
        fault = faults(where, hub)[name]
        if fault is not None:
            hub.faults.add(fault)
        command = [
            sys.executable,
            "-m",
            "carbon_lint",
            "publish",
            card,
            "--whole-card",
            "--to",
            "acme/m",
            "--timeout",
            f"{TIMEOUT_S}s",
        ]
        command += ["--create-pr"] if how == "pull request" else []
        environ = {**os.environ, **hub.environ(), "HOME": folder, "HF_HOME": folder}
        start = time.monotonic()
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        took = time.monotonic() - start
        repo = hub.state.repos["acme/m"]
        pulls = [it for it in repo.discussions.values() if it.status in {"open", "draft"}]
        refs = ["main"] if how == "commit" else [it.ref for it in pulls]
        commits = sum(hub.titles("acme/m", ref).count("State the carbon emissions: 12.5 g CO2eq") for ref in refs)
        card_there = hub.card("acme/m", refs[0] if refs else "main")
        state = "new" if card_there == NEW.encode() else "old" if card_there == OLD.encode() else "theirs"
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, commits, len(pulls), state, took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scheme", choices=("http", "https"), action="append")
    parser.add_argument("--quick", action="store_true", help="without the stalls and what lasts for ever")
    arguments = parser.parse_args()
    print("| fault | how | scheme | exit | commits | pull requests | card there | seconds |")
    print("|---|---|---|---|---|---|---|---|")
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        names = list(faults("", StandInHub(Path(folder))))
    for name in names:
        if arguments.quick and ("stall" in name or "for ever" in name):
            continue
        for how in ("commit", "pull request"):
            for scheme in arguments.scheme or ("http", "https"):
                code, commits, pulls, state, took = run(name, scheme, how)
                print(
                    f"| {name} | {how} | {scheme} | {code} | {commits} | {pulls} | {state} | {took:.1f} |", flush=True
                )
                failed |= commits > 1 or pulls > 1 or took > TIMEOUT_S + 2
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
