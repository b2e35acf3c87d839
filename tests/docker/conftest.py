"""The image, built once for all its tests. Marker `docker`: .ci/run asks for them, `make test` does not."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
IMAGE = "carbon-lint:test"


def docker(*arguments, **options):
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, **options)


@pytest.fixture(scope="session")
def image():
    """The name of the image; CARBON_LINT_TEST_IMAGE names one that is there. Built as the runner builds it."""
    if given := os.environ.get("CARBON_LINT_TEST_IMAGE"):
        return given
    assert shutil.which("docker"), "-m docker was asked for, and there is no docker"
    # The runner gives no --network; a machine whose daemon has no bridge needs the host's.
    built = docker("build", "--network=host", "-t", IMAGE, "-f", str(ROOT / "Dockerfile"), str(ROOT), timeout=900)
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    return IMAGE
