"""One release of each action, one owner and one major version, wherever they are named."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

from carbon_lint.project import DOCS_URL, MAJOR_TAG, OWNER, REPOSITORY, REPOSITORY_URL, is_placeholder
from carbon_lint.starter import files as starter
from tests.cases import cases
from tests.conftest import ROOT

_SPEC = importlib.util.spec_from_file_location("pins", ROOT / "tools/pins.py")
pins = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(pins)

if subprocess.run(["git", "rev-parse"], cwd=ROOT, capture_output=True, check=False).returncode:
    pytest.skip("this is no git checkout, so its files cannot be listed", allow_module_level=True)
TEXTS = pins.texts()
PINS = pins.newest(TEXTS)


def test_every_mention_of_an_action_and_of_the_owner_is_the_same():
    differing = [path for path, text in TEXTS.items() if pins.same(path, text, PINS) != text]
    assert differing == [], "run tools/pins.py"


def test_every_action_of_others_is_named_by_its_commit_and_its_version():
    used = [line for text in TEXTS.values() for line in re.findall(r"^ *(?:- )?uses: *(\S.*)$", text, re.MULTILINE)]
    others = [line for line in used if not line.startswith(("./", f"{OWNER}/carbon-lint"))]
    assert len(others) > 30
    assert [line for line in others if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d[\d.]*", line)] == []


def test_nobody_elses_carbon_lint_is_named():
    named = re.findall(r"(?:github\.com|ghcr\.io|uses:)[/ ]+([\w-]+)/carbon-lint\b", "\n".join(TEXTS.values()))
    assert set(named) == {OWNER}


def test_the_owner_is_stated_once():
    stating = [
        path for path, text in TEXTS.items() if re.search(rf'^OWNER = (?:PLACEHOLDER|"{OWNER}")$', text, re.MULTILINE)
    ]
    assert stating == [ROOT / "carbon_lint/project.py"]
    assert (f"https://github.com/{OWNER}/carbon-lint", f"{REPOSITORY_URL}/blob/main/docs") == (REPOSITORY_URL, DOCS_URL)


def test_what_init_writes_follows_the_release():
    assert f"{REPOSITORY}@{MAJOR_TAG}" == starter.DEFAULT_ACTION


@cases(
    ("repository", "expected"),
    [
        ("OWNER/carbon-lint", True),
        ("OWNER/carbon-lint/in-job@v0", True),
        ("acme/carbon-lint@v0", False),
        ("owner/x", False),
    ],
)
def test_a_placeholder_is_not_taken_for_an_owner(repository, expected):
    assert is_placeholder(repository) is expected


def test_a_newer_release_in_one_workflow_is_taken_over_everywhere():
    new = f"actions/checkout@{'a' * 40} # v99.1.0"
    workflow, page, hint = Path("w.yml"), Path("d.md"), Path("h.py")
    found = {workflow: f"- uses: {new}", page: "- uses: actions/checkout@v4", hint: "`uses: actions/checkout@v5`"}
    mended = {path: pins.same(path, text, pins.newest(found)) for path, text in found.items()}
    assert mended == {workflow: f"- uses: {new}", page: f"- uses: {new}", hint: "`uses: actions/checkout@v99`"}


def test_an_action_that_nothing_pins_by_commit_is_an_error():
    with pytest.raises(KeyError):
        pins.same(Path("w.yml"), "uses: actions/unheard-of@v1", PINS)
