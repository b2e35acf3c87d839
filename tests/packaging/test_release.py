"""The release workflow's own shell, in a clone: what gets the tag, and what is refused."""

from __future__ import annotations

import os
import subprocess

import pytest
import yaml

from carbon_lint import __version__
from tests.conftest import ROOT

WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
REFERENCE = f"docker://ghcr.io/acme/carbon-lint@sha256:{'ab' * 32}"


def script(job, start):
    (found,) = [step for step in WORKFLOW["jobs"][job]["steps"] if step.get("name", "").startswith(start)]
    return found["run"]


def git(folder, *arguments):
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    """A clone with what the release reads, and its origin."""
    origin = tmp_path / "origin.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(origin)], check=True)
    work = tmp_path / "work"
    subprocess.run(["git", "init", "-q", "-b", "main", str(work)], check=True)
    (work / "carbon_lint").mkdir()
    for name in ("action.yml", "carbon_lint/__init__.py", "carbon_lint/project.py"):
        (work / name).write_text((ROOT / name).read_text())
    git(work, "remote", "add", "origin", str(origin))
    git(work, "add", ".")
    git(work, "commit", "-qm", "main")
    git(work, "push", "-q", "origin", "main")
    return work


def run(checkout, text, **environ):
    environ = {"PATH": os.environ["PATH"], "HOME": str(checkout.parent), "VERSION": __version__, **environ}
    return subprocess.run(["bash", "-e", "-o", "pipefail", "-c", text], cwd=checkout, env=environ, check=False)


def test_the_tag_and_the_branch_of_the_major_version_name_the_image_by_digest(checkout):
    origin = checkout.parent / "origin.git"
    main = git(origin, "rev-parse", "main")
    assert run(checkout, script("action", "The tag"), REFERENCE=REFERENCE).returncode == 0
    for reference in (f"v{__version__}", f"v{__version__.split('.')[0]}"):
        action = yaml.safe_load(git(origin, "show", f"{reference}:action.yml"))
        assert action["runs"] == {"using": "docker", "image": REFERENCE}
    assert git(origin, "rev-parse", "main") == main, "main keeps its Dockerfile"
    assert "image: Dockerfile" in git(origin, "show", "main:action.yml")


def test_a_tag_is_never_moved(checkout):
    origin = checkout.parent / "origin.git"
    git(checkout, "push", "-q", "origin", f"main:refs/tags/v{__version__}")
    before = git(origin, "rev-parse", f"v{__version__}")
    assert run(checkout, script("action", "The tag"), REFERENCE=REFERENCE).returncode
    assert git(origin, "rev-parse", f"v{__version__}") == before
    assert git(origin, "branch", "--list", "v*") == "", "nor the branch, without it"


@pytest.mark.parametrize("wrong", ["version", "tag", "owner", None])
def test_a_release_that_contradicts_itself_is_refused(checkout, wrong):
    project = checkout / "carbon_lint/project.py"
    stated = 'OWNER = "acme"' if wrong != "owner" else "OWNER = PLACEHOLDER"
    lines = [stated if line.startswith("OWNER = ") else line for line in project.read_text().splitlines()]
    project.write_text("\n".join(lines) + "\n")
    if wrong == "tag":
        git(checkout, "tag", f"v{__version__}")
    version = "9.9.9" if wrong == "version" else __version__
    done = run(checkout, script("image", "The version"), VERSION=version, GITHUB_REPOSITORY_OWNER="acme")
    assert (done.returncode == 0) == (wrong is None)


def test_the_image_is_built_for_both_kinds_of_machine_and_pulled_by_nobody_in_particular():
    steps = WORKFLOW["jobs"]["image"]["steps"]
    (build,) = [step["with"] for step in steps if "build-push-action" in step.get("uses", "")]
    assert build["platforms"] == "linux/amd64,linux/arm64"
    assert "docker logout" in script("image", "Everybody can pull")
