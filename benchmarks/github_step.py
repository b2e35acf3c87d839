"""What the actions cost: until the job's first line, from SIGINT to the exit, through the pump, in size.

    python benchmarks/github_step.py [--image carbon-lint:test] [--tries 20] > benchmarks/results/github_step.json
    python benchmarks/github_step.py --pump-only
    python benchmarks/github_step.py --in-job

Starts the image as GitHub's runner does (tests/github/runner.py). `--in-job` measures the action that runs inside the
job instead, in a container without Docker and with the variables of a Hugging Face Job: cold, with every package from
the package index, and warm, with the packages on the disk. Each time it makes its virtual environment. All but
`--pump-only` need a Docker daemon: `bash tools/ci_docker.sh` starts one.
"""

from __future__ import annotations

import argparse
import json
import os
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

JOB_IMAGE = "python:3.12-slim"
ROOT = Path(__file__).resolve().parent.parent
LINES = 1_000_000
CARD = "---\nlicense: mit\n---\n# A model\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", default="carbon-lint:test")
    parser.add_argument("--tries", type=int, default=20)
    parser.add_argument("--pump-only", action="store_true")
    parser.add_argument("--in-job", action="store_true")
    arguments = parser.parse_args()
    if not arguments.pump_only and subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        parser.error("no Docker daemon answers: start one with `bash tools/ci_docker.sh`, or use --pump-only")
    if arguments.in_job:
        print(json.dumps(in_job(min(arguments.tries, 5)), indent=2))
        return
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


def in_job(tries):
    """Return the seconds until the job's first line in a re-enacted Hugging Face Job, cold and warm."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as wheels:
        cold = [in_job_once(wheels) for _ in range(tries)]
        index_of(wheels)
        warm = [in_job_once(wheels, "-e", "PIP_INDEX_URL=file:///wheels/simple") for _ in range(tries)]
        mb = sum(wheel.stat().st_size for wheel in Path(wheels).glob("*.whl")) / 1e6
    busy = {"load_before": round(load, 1), "load_after": round(os.getloadavg()[0], 1), "cores": os.cpu_count()}
    return {"cold_s": spread(cold), "warm_s": spread(warm), "packages_mb": round(mb), **busy}


def in_job_once(wheels, *more):
    inputs = json.dumps({"command": "date +begun%s.%N", "max-energy": "1 kWh", "lint": "false"})
    job = {"JOB_ID": "6870d0", "ACCELERATOR": "none", "CPU_CORES": "2", "MEMORY": "8Gi"}
    variables = {"GITHUB_ACTIONS": "true", "RUNNER_ENVIRONMENT": "self-hosted", "CARBON_LINT_INPUTS": inputs, **job}
    given = [argument for name, value in variables.items() for argument in ("-e", f"{name}={value}")]
    began = time.time()
    log = in_container(wheels, *given, *more, command=("bash", "-e", "/action/in-job/run.sh"))
    return float(next(line for line in log.splitlines() if line.startswith("begun"))[5:]) - began


def in_container(wheels, *options, command):
    mounts = ("-v", f"{ROOT}:/action:ro", "-v", f"{wheels}:/wheels")
    argv = ["docker", "run", "--rm", "--network=host", *mounts, "-w", "/tmp", *options, JOB_IMAGE, *command]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def index_of(wheels):
    """Download the locked packages into a folder, and make an index of it."""
    lock = ("--require-hashes", "--only-binary", ":all:", "--requirement", "/action/requirements.txt")
    in_container(wheels, command=("python3", "-m", "pip", "download", "--quiet", "--dest", "/wheels", *lock))
    for wheel in Path(wheels).glob("*.whl"):
        page = Path(wheels, "simple", wheel.name.partition("-")[0].lower().replace("_", "-").replace(".", "-"))
        page.mkdir(parents=True, exist_ok=True)
        with (page / "index.html").open("a") as out:
            out.write(f'<a href="file:///wheels/{wheel.name}">{wheel.name}</a>\n')


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
