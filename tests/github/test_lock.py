"""The lock of the image and of the in-job action."""

from __future__ import annotations

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.github.runner import ROOT


def locked():
    """Name -> versions; several if they differ by Python."""
    found = {}
    for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def wanted():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    texts = [*project["dependencies"], *(text for name in ("run", "hub", "html", "github") for text in extras[name])]
    return [Requirement(text) for text in texts]


def test_everything_that_the_package_needs_is_locked_in_a_version_that_it_accepts():
    for requirement in wanted():
        versions = locked()[canonicalize_name(requirement.name)]
        assert all(version in requirement.specifier for version in versions), requirement


def test_every_package_has_hashes():
    for name in ("requirements.txt", "requirements-build.txt"):
        blocks = re.split(r"^(?=[\w.-]+==)", (ROOT / name).read_text(), flags=re.MULTILINE)[1:]
        assert blocks
        assert all("--hash=sha256:" in block for block in blocks)


def test_no_address_of_a_package_index_is_in_the_lock():
    assert "://" not in (ROOT / "requirements.txt").read_text()
