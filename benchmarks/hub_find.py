"""`carbon-lint find --max 100g` and huggingface_hub's `emissions_thresholds` on the same stand-in Hub, side by side.

    python benchmarks/hub_find.py [--cards 2000] [--rounds 5]

The Hub lists cards in every shape that real cards have (docs/finding.md), each with a figure that is known because it
was made here. An answer is right where a card is found exactly if its figure is 100 g or less. The built-in filter ends
with KeyError at the first block without `emissions`, so it is asked once more without those cards. Run from the root.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.standin.hub import StandInHub

MAX_G = 100.0
# shape -> (weight, how a figure in grams is written; None: no figure can be told from it). Weights as real cards have
# it, but for the rare shapes, of which there are more here: each must show.
SHAPES = {
    "map, number": (60, lambda g: f"\n  emissions: {g!r}\n  source: codecarbon"),
    "number": (30, lambda g: f" {g!r}"),
    "number with exponent": (6, lambda g: f" {g:.3e}"),
    "text in kg": (6, lambda g: f" '{g / 1000:.6f} kg'"),
    "text in grams": (4, lambda g: f"\n  emissions: '{g:.2f} in grams of CO2'"),
    "decimal comma": (2, lambda g: f" '{g:.2f} g'".replace(".", ",")),
    "zero": (3, lambda _: " 0"),
    "no emissions": (2, None),
    "unit only": (2, None),
    "a rate": (2, None),
    "a sentence": (2, None),
    "a list": (2, None),
    "null": (2, None),
    "negative": (2, None),
}
WITHOUT = {
    "no emissions": "\n  source: codecarbon",
    "unit only": " Kg",
    "a rate": " 5 g/kWh",
    "a sentence": " 'trained for 3 hours, 120 g'",
    "a list": "\n- emissions: 1.2g CO2",
    "null": "",
    "negative": " -5",
}


def fill(hub: StandInHub, count: int) -> dict[str, float | None]:
    """List `count` cards and return the true grams of each; None where none can be told."""
    dice = random.Random(0)
    truth: dict[str, float | None] = {}
    names = [name for name, (weight, _) in SHAPES.items() for _ in range(weight)]
    for index in range(count):
        shape = names[index % len(names)]
        grams = 10 ** dice.uniform(-5, 7)
        write = SHAPES[shape][1]
        value = WITHOUT[shape] if write is None else write(grams)
        known = None if write is None else 0.0 if shape == "zero" else grams
        repo_id = f"bench/{shape.replace(' ', '-').replace(',', '')}-{index}"
        hub.state.list_card(repo_id, f"---\nlicense: mit\nco2_eq_emissions:{value}\n---\n", downloads=index)
        truth[repo_id] = known
    return truth


BUILTIN = """
import json, sys, time
from huggingface_hub import HfApi
start = time.perf_counter()
found, error = [], None
try:
    for model in HfApi().list_models(filter="co2_eq_emissions", cardData=True, emissions_thresholds=(None, 100)):
        found.append(model.id)
except Exception as raised:
    error = type(raised).__name__
print(json.dumps({"found": found, "error": error}))
"""


def ours(environ: dict[str, str]) -> tuple[set[str], str | None]:
    command = [sys.executable, "-m", "carbon_lint", "find", "--max", "100g", "--format", "json"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    return {model["id"] for model in json.loads(done.stdout)["models"]}, None


def builtin(environ: dict[str, str]) -> tuple[set[str], str | None]:
    done = subprocess.run([sys.executable, "-c", BUILTIN], env=environ, capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    return set(answer["found"]), answer["error"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cards", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print("| what | right | found wrongly | missed | ended with | requests | seconds (median) |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, StandInHub(Path(folder) / "hub") as hub:
        truth = fill(hub, arguments.cards)
        environ = {**os.environ, **hub.environ(None), "HOME": folder, "HF_HOME": folder}
        asked = (environ, truth, hub, arguments.rounds)
        all_right = score("carbon-lint find", ours, *asked)
        score("emissions_thresholds", builtin, *asked)
        for repo_id in [name for name in truth if "/no-emissions" in name]:
            del hub.state.listed[repo_id], truth[repo_id]
        score("emissions_thresholds, without what ends it", builtin, *asked)
        score("carbon-lint find, the same cards", ours, *asked)
    return 0 if all_right else 1


def score(name, ask, environ, truth, hub, rounds) -> bool:  # noqa: PLR0917  one row of the table
    wanted = {repo_id for repo_id, grams in truth.items() if grams is not None and grams <= MAX_G}
    times = []
    ask(environ)  # the server describes its cards once
    before = len(hub.requests)
    for _ in range(rounds):
        start = time.perf_counter()
        found, error = ask(environ)
        times.append(time.perf_counter() - start)
    requests = (len(hub.requests) - before) / rounds
    wrong, missed = len(found - wanted), len(wanted - found)
    right = len(truth) - wrong - missed
    median = statistics.median(times)
    print(f"| {name} | {right} of {len(truth)} | {wrong} | {missed} | {error or '-'} | {requests:g} | {median:.2f} |")
    return right == len(truth)


if __name__ == "__main__":
    raise SystemExit(main())
