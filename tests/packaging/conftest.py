"""The wheel, built once, and an environment that holds only it and what it requires."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The path of a wheel built from this checkout, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*command, "--no-build-isolation", "-w", str(folder), str(ROOT)], check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def core_requirements(requirements):
    """The names of the distributions that a plain installation without extras brings, and theirs."""
    wanted = [Requirement(text) for text in requirements]
    closure = {}
    while wanted:
        requirement = wanted.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name not in closure:
            closure[name] = importlib.metadata.distribution(name)
            wanted += [Requirement(text) for text in closure[name].requires or ()]
    return closure


@pytest.fixture(scope="session")
def light(wheel, tmp_path_factory):
    """A Python that sees the standard library, the wheel and its core requirements: `light("check", "README.md")`."""
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    metadata = next(site.glob("*.dist-info")) / "METADATA"
    requirements = importlib.metadata.PathDistribution(metadata.parent).requires
    for distribution in core_requirements(requirements).values():
        for top in {file.parts[0] for file in distribution.files if file.parts[0] not in {"..", "__pycache__"}}:
            (site / top).symlink_to(Path(distribution.locate_file(top)).resolve())

    def run(*argv, code=None, **options):
        start = f"import sys; sys.path.insert(0, {str(site)!r}); "
        code = code or f"from carbon_lint.cli import main; sys.exit(main({[str(word) for word in argv]!r}))"
        environ = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "PYTHONWARNINGS": "error"}
        return subprocess.run(
            [sys.executable, "-I", "-S", "-c", start + code],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=environ,
            **options,
        )

    run.site = site
    return run
