"""Time from an empty folder to the first figure, by each tab of Start.

    python benchmarks/first_figure.py [--times 5]

Machine time: nobody reads or types. The laptop tab makes the virtual environment and installs the package with all that
it needs, so it depends on the package index and on pip's cache (`--cold` empties the cache each time). The workflow tab
is the step alone, as GitHub's runner starts it, without fetching the image. The hook tab includes pre-commit's own
environment. Prints the median, the least, the most, and how busy the machine was. `--site` times the site instead.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import spawn  # noqa: E402  from the checkout
from tests.docs import tabs  # noqa: E402

spawn.Popen = subprocess.Popen  # the tests fork a warm Python, whose start would be missing here


def laptop(folder: str, home: str) -> bool:
    done = tabs.laptop(folder, environ={"PIP_CACHE_DIR": home})
    return done.returncode == 0 and Path(folder, "first-figure", "r.json").exists()


def workflow(folder: str, _home: str) -> bool:
    return tabs.workflow(folder)[1].succeeded


def hook(folder: str, _home: str) -> bool:
    place = {"PRE_COMMIT_HOME": f"{folder}/.cache"}
    done = tabs.hook(folder, repository=ROOT, revision="HEAD", environ=place)
    return done.returncode == 1 and "CL201" in done.stdout


def site(folder: str, _home: str) -> bool:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder]
    return (
        subprocess.run(command, cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, check=False).returncode == 0
    )


def timed(way, times: int, *, cold: bool) -> list[float]:
    seconds = []
    with tempfile.TemporaryDirectory() as kept:
        for _ in range(times):
            with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as fresh:
                began = time.perf_counter()
                assert way(folder, fresh if cold else kept), f"{way.__name__} gave no figure"
                seconds.append(time.perf_counter() - began)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--site", action="store_true")
    parser.add_argument("--only", choices=["laptop", "workflow", "hook"])
    options = parser.parse_args()
    ways = [site] if options.site else [way for way in (laptop, workflow, hook) if options.only in (None, way.__name__)]
    for way in ways:
        found = timed(way, options.times, cold=options.cold)
        load = os.getloadavg()[0]
        print(
            f"{way.__name__:10} median {statistics.median(found):6.1f} s, {min(found):.1f} to {max(found):.1f} s, "
            f"n={len(found)}, load {load:.1f} on {os.cpu_count()} cores",
            flush=True,
        )


if __name__ == "__main__":
    main()
