"""`.pre-commit-hooks.yaml`: which files the hooks take, and that their entries are calls the program understands."""

from __future__ import annotations

import re
import shlex

import yaml

from carbon_lint.cli.check import quick_arguments
from tests.cases import cases
from tests.conftest import ROOT

HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}


def test_the_ids_are_the_two_that_are_promised():
    assert set(HOOKS) == {"carbon-lint", "carbon-lint-fix"}


@cases("name", HOOKS)
def test_an_entry_is_a_call_of_check_that_skips_files_that_are_not_cards(name):
    program, verb, *flags = shlex.split(HOOKS[name]["entry"])
    assert (program, verb) == ("carbon-lint", "check")
    arguments = quick_arguments(flags)
    assert arguments.hook
    assert arguments.fix == name.endswith("-fix")


@cases("name", HOOKS)
def test_a_hook_installs_into_an_environment_of_its_own_and_asks_for_nothing_heavy(name):
    assert HOOKS[name]["language"] == "python"
    assert "additional_dependencies" not in HOOKS[name]
    assert HOOKS[name]["require_serial"]


@cases("name", HOOKS)
@cases(
    ("path", "is_taken"),
    [
        ("README.md", True),
        ("models/a/README.md", True),
        ("a b/ü/README.md", True),
        ("readme.md", False),
        ("README.md.bak", False),
        ("XREADME.md", False),
        ("README.rst", False),
        ("README.md/notes.md", False),
        ("docs/model-card.md", False),
    ],
)
def test_a_hook_takes_the_files_that_the_hub_reads(name, path, is_taken):
    assert (re.search(HOOKS[name]["files"], path) is not None) == is_taken


def test_the_core_that_a_hook_installs_is_light():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    core = re.search(r"^dependencies = \[(.*)\]$", text, re.MULTILINE)[1]
    assert {re.match(r"[\w-]+", word.strip(' "'))[0] for word in core.split(",")} <= {
        "PyYAML",
        "msgspec",
        "pathspec",
    }
