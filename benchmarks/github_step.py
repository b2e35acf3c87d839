"""What the container action costs: until the job's first line, from SIGINT to the exit, through the pump, in size.

    python benchmarks/github_step.py [--image carbon-lint:test] [--tries 20] > benchmarks/results/github_step.json
    python benchmarks/github_step.py --pump-only

Starts the image as GitHub's runner does (tests/github/runner.py). Without Docker only the pump is measured.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from carbon_lint.github.pump import JobOutput
from tests.github.runner import Runner

LINES = 1_000_000
CARD = "---\nlicense: mit\n---\n# A model\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", default="carbon-lint:test")
    parser.add_argument("--tries", type=int, default=20)
    parser.add_argument("--pump-only", action="store_true")
    arguments = parser.parse_args()
    found = {"pump": pump()}
    if not arguments.pump_only:
        found["first_line_s"] = spread([first_line(arguments.image) for _ in range(5)])
        found["bare_container_s"] = spread([bare(arguments.image) for _ in range(5)])
        found["cancel_s"] = spread([cancel(arguments.image) for _ in range(arguments.tries)])
        found["image_layers_mb"] = layers(arguments.image)
    print(json.dumps(found, indent=2))


def spread(values):
    return {"n": len(values), "median": round(statistics.median(values), 3), "max": round(max(values), 3)}


def runner(image):
    started = Runner(Path(tempfile.mkdtemp()), image=image, network="host")
    started.write("README.md", CARD)
    return started


def first_line(image):
    """From `docker run` to the job's first line, which states the time."""
    began = time.time()
    step = runner(image).step(command="date +begun%s.%N", location="FRA")
    assert step.succeeded, step.log
    return float(next(line for line in step.log.splitlines() if line.startswith("begun"))[5:]) - began


def bare(image):
    """The same without us: what Docker itself takes."""
    began = time.time()
    argv = ["docker", "run", "--rm", "--network", "host", "--entrypoint", "date", image, "+%s.%N"]
    return float(subprocess.run(argv, capture_output=True, text=True, check=True).stdout) - began


def cancel(image):
    """From SIGINT to the client's exit, with a job that saves a checkpoint for a second; outputs must be there."""
    job = "trap 'sleep 1; echo saved; exit 0' INT TERM; echo begun; while :; do sleep 0.1; done"
    step = runner(image).step(command=job, location="FRA", card="README.md", cancel_when=b"begun")
    assert step.outputs["outcome"] == "interrupted", step.log
    assert "saved" in step.log
    assert step.summary
    return step.seconds


def layers(image):
    argv = ["docker", "history", "--human=false", "--format", "{{.Size}} {{.CreatedBy}}", image]
    rows = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    sizes = [(int(row.split(" ", 1)[0]), row.split(" ", 1)[1][:60]) for row in rows]
    return [[round(size / 1e6, 1), what] for size, what in sizes if size > 100_000]


class Sink:
    """Counts what comes out, and looks at the order of its first and last lines."""

    def __init__(self):
        self.bytes = 0
        self.first = b""
        self.last = b""

    def __call__(self, data):
        self.bytes += len(data)
        self.first = self.first or data[:64]
        self.last = data[-100:] if data else self.last


def pump():
    """A million lines from a child through the pump, beside the same through `cat`."""
    line = r"epoch 1 step %07d loss=0.1234 std::vector lr=1e-5 and so on up to eighty characters\n"
    script = f"import sys\nfor n in range({LINES}):\n    sys.stdout.write('{line}' % n)"
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        subprocess.run([sys.executable, "-c", script], stdout=log, check=True)
        size = Path(log.name).stat().st_size
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sink = Sink()
        began = time.perf_counter()
        with JobOutput(sink) as output:
            output.start()
            subprocess.run(["cat", log.name], check=True)
        seconds = time.perf_counter() - began
        began = time.perf_counter()
        subprocess.run(f"cat {log.name} | cat > /dev/null", shell=True, check=True)
        cat_seconds = time.perf_counter() - began
    assert sink.bytes == size, "nothing may be lost"
    assert b"step 0000000" in sink.first
    assert b"step 0999999" in sink.last
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    return {
        "lines": LINES,
        "mb": round(size / 1e6, 1),
        "mb_per_s": round(size / 1e6 / seconds, 1),
        "cat_mb_per_s": round(size / 1e6 / cat_seconds, 1),
        "memory_grown_mb": round(grown_kb / 1024, 1),
    }


if __name__ == "__main__":
    main()
