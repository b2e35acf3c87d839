"""Reading alone: `read_card` and the bare floor over the same bytes in one process, side by side, medians.

    python benchmarks/read_cards.py FOLDER [--rounds 7]

FOLDER holds cards as `*.md` at any depth. The floor finds the front matter by the Hub's regular expression and composes
its YAML with PyYAML's C loader. `read_card` also finds duplicate keys; `.root` builds every value with its span, which
the linter needs only for cards that speak of emissions. Limit: reading takes no longer than the floor.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import statistics
import sys
import time
from pathlib import Path

import yaml

from carbon_lint.card.read import read_card

MATTER = re.compile(r"^(\s*---(?:\r\n|\r|\n))([\S\s]*?)((?:\r\n|\r|\n)---[ \t]*(\r\n|\n|$))")


def floor(cards: list[bytes]) -> None:
    for data in cards:
        match = MATTER.search(data.decode("utf-8-sig", "replace"))
        if match:
            with contextlib.suppress(yaml.YAMLError):
                yaml.compose(match[2], Loader=yaml.CSafeLoader)


def read(cards: list[bytes]) -> None:
    for data in cards:
        read_card(data, "README.md")


def read_where_needed(cards: list[bytes]) -> None:
    for data in cards:
        card = read_card(data, "README.md")
        if card.mentions_carbon:
            _ = card.root


def read_all_values(cards: list[bytes]) -> None:
    for data in cards:
        _ = read_card(data, "README.md").root


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    cards = [path.read_bytes() for path in sorted(Path(arguments.folder).rglob("*.md"))]
    if not cards:
        parser.error(f"no *.md below {arguments.folder}")
    ways = {
        "floor": floor,
        "read_card": read,
        "with values where needed": read_where_needed,
        "all values": read_all_values,
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(arguments.rounds):
        for name, way in ways.items():
            start = time.process_time()
            way(cards)
            times[name].append(time.process_time() - start)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        print(f"{name:<26}{median:7.3f} s  {1e6 * median / len(cards):7.1f} us/card  x {median / medians['floor']:.2f}")
    return 0 if medians["with values where needed"] <= medians["floor"] else 1


if __name__ == "__main__":
    sys.exit(main())
