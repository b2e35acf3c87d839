"""The main job, end to end on this machine: measure -> gate -> write card -> lint -> publish.

Everything is real but the Hub, which is the project's stand-in: a small server on 127.0.0.1 that speaks the Hub's
protocol and keeps its repositories in git. Each step is shown as you would type it.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OUT = ROOT / "demo-out"
MODEL = "acme/digits-mlp"

# 56 g/kWh in France; the training takes some ten seconds, so these are milligrams.
BUDGET, SMALL_BUDGET = "200 mg", "1 mg"


def main() -> int:
    """Run the demo; 0 when every step ended as it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--over-budget", action="store_true", help="a budget that is too small: the job is stopped")
    options = parser.parse_args()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    shutil.copy(HERE / "card.md", OUT / "README.md")
    return over_budget() if options.over_budget else the_whole_way()


def the_whole_way() -> int:
    """Train within the budget and publish the card to the stand-in Hub."""
    sys.path.insert(0, str(ROOT))
    from tests.standin.hub import StandInHub  # noqa: PLC0415  needs the path above

    say("1  train, measured and within a budget; then write the card")
    measure(BUDGET, expected=0)
    say("2  hold the record against a budget once more, as a later job would")
    step("gate", "record.json", "--max-emissions", BUDGET)
    say("3  lint the card")
    step("check", "README.md")
    say(f"4  publish it. The Hub of this demo is LOCAL: {OUT.name}/hub, nothing leaves this machine")
    with StandInHub(OUT / "hub") as hub:
        hub.create(MODEL, (HERE / "card.md").read_bytes())
        step("publish", "README.md", "--to", MODEL, env=hub.environ())
        step("publish", "README.md", "--to", MODEL, env=hub.environ())
        log = ["git", f"--git-dir={next((OUT / 'hub' / 'repos').rglob('*.git'))}", "log", "--format=%h %s", "main"]
        commits = subprocess.run(log, check=True, capture_output=True, text=True).stdout
        if hub.card(MODEL) != (OUT / "README.md").read_bytes():
            sys.exit("demo: the card on the local Hub is not the one that is here")
    say(f"the card, as it is now in {OUT.name}/README.md and on the local Hub")
    print((OUT / "README.md").read_text(encoding="utf-8"))
    print(f"record   {OUT.name}/record.json\ncard     {OUT.name}/README.md\nmodel    {OUT.name}/model.joblib")
    print(f"commits  on the local Hub's {MODEL}, {OUT.name}/hub:")
    print("".join(f"         {line}\n" for line in commits.splitlines()), end="")
    return 0


def over_budget() -> int:
    """Train under a budget that is too small, and show that the job is stopped and nothing is lost."""
    say(f"train under a budget of {SMALL_BUDGET}: the job is stopped, the build fails, the record stays")
    measure(SMALL_BUDGET, expected=1)
    say("the record says what was emitted all the same")
    step("gate", "record.json", "--max-emissions", SMALL_BUDGET, expected=1)
    return 0


def measure(budget: str, *, expected: int) -> None:
    """`carbon-lint run` on the training, in France."""
    flags = ["--location", "FRA", "--max-emissions", budget, "--record", "record.json"]
    flags += ["--card", "README.md", "--training-type", "pre-training"]
    train = [sys.executable, str(HERE / "train.py")]
    step("run", *flags, "--grace", "2s", "--", *train, expected=expected)


def step(*arguments: str, expected: int = 0, env: dict[str, str] | None = None) -> None:
    """Show a command, run it, and end the demo where it did not exit as it should."""
    shown = shlex.join(Path(word).name if word.startswith("/") else word for word in arguments)
    print(f"\x1b[1m$ carbon-lint {shown}\x1b[0m" if sys.stdout.isatty() else f"$ carbon-lint {shown}", flush=True)
    command = [sys.executable, "-m", "carbon_lint", *arguments]
    status = subprocess.run(command, cwd=OUT, env={**os.environ, **(env or {})}, check=False).returncode
    if status != expected:
        sys.exit(f"demo: carbon-lint {arguments[0]} exited {status}, expected {expected}")
    if expected:
        print(f"(exit {status}, as it should)")


def say(text: str) -> None:
    """A heading."""
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
