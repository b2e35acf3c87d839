"""No page tells a user to install carbon-lint by its bare name: whoever registers that name would get the tokens."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from carbon_lint import __version__, project
from tests.cases import cases
from tests.conftest import ROOT

INSTALLER = re.compile(
    r"""\b(?:uvx|(?:pip3?|pipx|uv|poetry|pdm|rye|conda|mamba)\b[^\n|;]*?\b(?:install|run|add|inject|spec|from|with))\b
        [^\n|;]*?                                                                  # an installer and what it does
        (?<![\w/.@:-])carbon[-_]lint(?:\[[\w, {}]*\])?+(?![\w/.:-])                  # the bare name as one word of it
        (?!\s*@\s)                                                                # not NAME @ URL""",
    re.VERBOSE,
)
COMMAND = re.compile(r"""(--(?:spec|from)[ =](?:'[^']*'|"[^"]*"|\S+))\s+carbon-lint""")
OURS = {"tests/packaging/test_installing.py", "tests/measurement/test_own_venv.py"}
"""The examples here, and a test that installs from a wheel by its path."""


def bare_installs(text):
    """Lines that install by the bare name. In `--spec 'carbon-lint @ git+…' carbon-lint` the second is a command."""
    lines = text.replace("\\\n", " ").splitlines()
    return [line for line in lines if INSTALLER.search(COMMAND.sub(r"\1", line))]


@cases(
    "line",
    [
        "pip install carbon-lint",
        "pipx run --spec 'carbon-lint[hub]==0.1.0' carbon-lint publish",
        "uvx carbon-lint run",
        '    - /opt/x/bin/pip install --quiet "carbon-lint[all]"',
        "uv tool install carbon_lint",
        "hint=\"pip install 'carbon-lint[ray]'\"",
        "pip install \\\n  carbon-lint",
    ],
)
def test_a_bare_name_is_seen(line):
    assert bare_installs(line)


@cases(
    "line",
    [
        "pip install 'carbon-lint[all] @ git+https://github.com/a/carbon-lint@v1'",
        "pipx run --spec 'carbon-lint @ git+https://x/carbon-lint@v1' carbon-lint publish",
        "pip install /src/carbon-lint",
        "pip install -e .",
    ],
)
def test_another_way_is_not_taken_for_it(line):
    assert not bare_installs(line)


def test_nothing_in_the_repository_installs_by_the_bare_name():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout.decode()
    names = [name for name in listed.split("\0") if name and name not in OURS]
    if not names:
        pytest.skip("this is no git checkout")
    found = []
    for name in names:
        text = (ROOT / name).read_bytes().decode("utf-8", "replace") if (ROOT / name).is_file() else ""
        found += [f"{name}: {line.strip()}" for line in bare_installs(text)]
    assert found == []


def test_documents_name_the_version_that_this_is():
    for name in ("README.md", "docs/ci-elsewhere.md", "docs/reports.md", "examples/elsewhere/gitlab-ci.yml"):
        text = (ROOT / name).read_text()
        urls = re.findall(r"git\+https://github.com/(\S+?/carbon-lint)@(v[\d.]+\d)", text)
        assert urls, name
        assert set(urls) == {(project.REPOSITORY, f"v{__version__}")}, name


@cases(
    ("came_from", "command"),
    [
        (None, f"pip install 'carbon-lint[hub] @ git+{project.REPOSITORY_URL}@v{__version__}'"),
        ("no JSON", f"pip install 'carbon-lint[hub] @ git+{project.REPOSITORY_URL}@v{__version__}'"),
        (
            {"url": "https://git.example/c", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}},
            "pip install 'carbon-lint[hub] @ git+https://git.example/c@c0ffee'",
        ),
        ({"url": "file:///src/c", "dir_info": {}}, "pip install 'carbon-lint[hub] @ file:///src/c'"),
    ],
)
def test_a_hint_installs_from_where_this_installation_came(monkeypatch, came_from, command):
    class Found:
        def read_text(self, name):
            assert name == "direct_url.json"
            return came_from if isinstance(came_from, str) or came_from is None else json.dumps(came_from)

    monkeypatch.setattr("importlib.metadata.distribution", lambda name: Found())
    assert project.install_hint("hub") == command
