"""The three tabs of Start, done as they are written, each in an empty folder: on a laptop, in a workflow, as a hook."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

from carbon_lint import __version__
from carbon_lint.project import REPOSITORY_URL
from tests.conftest import ROOT
from tests.docs.blocks import blocks
from tests.github.runner import Runner

TRAINING = "print('trained')\n"
BAD_CARD = '---\nlicense: mit\nco2_eq_emissions:\n  emissions: "17g"\n---\n# A model\n'
PUBLISHED = f"{REPOSITORY_URL}@v{__version__}"


def _blocks(language):
    return [block.text for block in blocks() if block.page == "docs/start.md" and block.language == language]


def laptop(folder, *, environ=None):
    """Type the commands of the first tab, up to its check, into one shell; the package is built from this checkout."""
    install, run, check, _own_training = _blocks("console")[:4]
    lines = [line.removeprefix("$ ") for block in (install, run, check) for line in block.splitlines()]
    script = "\n".join(lines).replace(f"git+{PUBLISHED}", f"file://{ROOT}")
    assert f"file://{ROOT}" in script, "the tab installs what is published"
    return _shell(script, folder, environ)


def workflow(folder):
    """Run the step of the second tab as GitHub's runner would, in a repository that holds the training alone."""
    text = next(text for text in _blocks("yaml") if "jobs:" in text)
    step = yaml.safe_load(text)["jobs"]["train"]["steps"][-1]
    runner = Runner(Path(folder))
    runner.write("train.py", TRAINING)
    return runner, runner.step_with(step["with"])


def hook(folder, *, repository, revision, environ=None):
    """Write the hook of the third tab, and type its commands, in a repository with one wrong card."""
    folder = Path(folder)
    text = next(text for text in _blocks("yaml") if "repos:" in text)
    assert f"repo: {REPOSITORY_URL}\n" in text
    text = text.replace(f"repo: {REPOSITORY_URL}", f"repo: {repository}").replace(f"v{__version__}", revision)
    (folder / ".pre-commit-config.yaml").write_text(text, encoding="utf-8")
    (folder / "README.md").write_text(BAD_CARD, encoding="utf-8")
    commands = next(text for text in _blocks("console") if "pre-commit run" in text).replace("$ ", "")
    return _shell(f"git init -q\n{commands}", folder, environ)


def _shell(script, folder, environ):
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        env={**os.environ, "PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
    )
