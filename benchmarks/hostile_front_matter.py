"""Checks random small front matters, and fails if `check` takes a second over one of them.

    python benchmarks/hostile_front_matter.py --count 1000000 --seed 1

The pieces are what YAML readers stumble over: quotes, `&` and `*`, brackets, comments, TABs, block scalars, tags, odd
line breaks, long lines. A front matter is judged and fixed as `check --fix --unsafe-fixes` would, in this process.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import time

from carbon_lint.card.read import read_card
from carbon_lint.config import Settings
from carbon_lint.lint.card_linter import examine
from carbon_lint.lint.fix import fix_card
from carbon_lint.lint.policy import Policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

MOST_S = 1.0
PIECES = (
    *("a: ", "b:", "c : ", "- ", "-", "? ", ": ", ":", "x", "y z", "7", "1e-5", "no", "~", "=", "<<: ", "2024-01-01"),
    *("\n", "\n", "\n", "\r\n", "\r", "\n  ", "\n    ", "\n\n", " ", "  ", "\t", "\n\t", "\n- ", "\n-\t", "\n  - "),
    *("'", '"', "''", '\\"', "\\", '"Q&A *bold*"s', '"the *best"model', "'a &b'c", "`", "|", "|\n  ", ">-\n  ", ">"),
    *("&a", "&a.b ", "&a ", "*a", "*a.b", "*bold*", "&", "*", "&'", "&a:", "!", "!!str ", "!x ", "!<t> ", "%TAG ! x"),
    *("[", "]", "{", "}", ",", "[a, b]", "{a: 1}", "[*a,", "{? ", "#", " # c", " # carbon-lint: ignore[CL206] why"),
    *(
        "\\ud83e\\udd17",
        "\\ud83e",
        "\\x",
        "\u00e9",
        "\u4e2d",
        "\U0001f917",
        "\x85",
        "\u2028",
        "\ufeff",
        "\u200b",
        "\x7f",
    ),
    *(
        "\0",
        "\a",
        "---",
        "--- x",
        "...",
        "co2_eq_emissions: ",
        "co2_eq_emissions:\n  emissions: 5\n",
        "emissions: 5 kg",
    ),
    *(
        "co2_emissions: 5\n",
        "  source: <x>\n",
        "@",
        "k" * 40,
        "k" * 1030,
        "- x\n" * 20,
        "-\tx\n" * 20,
        "[" * 30,
        "a: &b.c 1\n",
    ),
)


def front_matters(seed: int, count: int) -> Iterator[tuple[int, str]]:
    """Numbered texts: the same for the same seed."""
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        yield number, "".join(chance.choices(PIECES, k=chance.randint(1, 24)))


def judge(matter: str, policy: Policy) -> list[str]:
    """The codes that are found, after the fixes were tried."""
    card = read_card(f"---\n{matter}\n---\n# A model\n".encode("utf-8", "surrogatepass"), "README.md")
    found, _ = examine(card, policy)
    fix_card(card, policy, allow_unsafe=True)
    return [one.code for one in found]


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError


def main() -> int:
    """Run, and print each text that took too long."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000, help="how many front matters (default: 100,000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other front matters (default: 1)")
    arguments = parser.parse_args()
    policy = Policy(Settings())
    signal.signal(signal.SIGVTALRM, _interrupt)
    slow, longest_s, began = 0, 0.0, time.monotonic()
    for number, matter in front_matters(arguments.seed, arguments.count):
        start = time.process_time()
        signal.setitimer(signal.ITIMER_VIRTUAL, 10 * MOST_S)  # a hang costs ten seconds, not the whole run
        try:
            judge(matter, policy)
        except TimeoutError:
            pass
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        took_s = time.process_time() - start
        longest_s = max(longest_s, took_s)
        if took_s > MOST_S:
            slow += 1
            sys.stdout.write(f"number {number} took {took_s:.1f} s: {matter!r}\n")
    sys.stdout.write(
        f"{arguments.count} front matters in {time.monotonic() - began:.0f} s, the longest {longest_s:.3f} s, "
        f"{slow} over {MOST_S:g} s\n"
    )
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
