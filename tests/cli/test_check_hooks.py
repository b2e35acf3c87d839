"""The pre-commit hooks together, cards of other names, and the configuration that a user pastes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.cases import cases
from tests.conftest import ROOT

GOOD = """---
co2_eq_emissions:
  emissions: 12.5
  source: codecarbon
  training_type: fine-tuning
  geographical_location: Paris, France
  hardware_used: 1 x NVIDIA H100
---
# A model
"""
FIXABLE = GOOD.replace("12.5", "12.5 g")
HOPELESS = GOOD.replace("12.5", "-12.5")
REPOSITORY = "repos:\n  - repo: https://github.com/someone/carbon-lint\n    rev: v1\n    hooks:\n"
BOTH = REPOSITORY + "      - id: carbon-lint-fix\n      - id: carbon-lint\n"
FIX_ONLY = REPOSITORY + "      - id: carbon-lint-fix # not id: carbon-lint\n"
FENCE = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def put(name, text):
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


def hooks(cli, *paths):
    """What pre-commit runs, in order: the statuses, and all that is printed."""
    results = [cli("check", "--hook", *flags, *paths) for flags in (("--fix",), ())]
    return [status for status, _, _ in results], "".join(out for _, out, _ in results)


def test_both_hooks_print_each_finding_once(cli):
    put(".pre-commit-config.yaml", BOTH)
    put("README.md", HOPELESS)
    put("other/README.md", FIXABLE)
    statuses, out = hooks(cli, "README.md", "other/README.md")
    assert statuses == [1, 1]
    assert out.count("CL204 emissions is -12.5") == 1
    assert "fixed other/README.md\n" in out


def test_with_both_hooks_the_fixing_one_passes_when_it_changes_nothing_and_the_other_fails(cli):
    put(".pre-commit-config.yaml", BOTH)
    put("README.md", HOPELESS)
    statuses, out = hooks(cli, "README.md")
    assert statuses == [0, 1]
    assert out.count("CL204 emissions") == 1


@cases("config", [FIX_ONLY, "", None])
def test_the_fixing_hook_alone_shows_what_it_cannot_fix_and_fails(cli, config):
    if config is not None:
        put(".pre-commit-config.yaml", config)
    put("README.md", HOPELESS)
    status, out, _ = cli("check", "--hook", "--fix", "README.md")
    assert status == 1
    assert "CL204" in out


def test_a_file_that_cannot_be_read_is_shown_by_the_fixing_hook_too(cli):
    put(".pre-commit-config.yaml", BOTH)
    status, out, _ = cli("check", "--hook", "--fix", "none.md")
    assert status == 2
    assert "CL002" in out


@cases("page", ["README.md", "docs/linting.md"])
def test_the_hook_blocks_of_the_documentation_are_whole_configurations_of_pre_commit(page):
    clientlib = pytest.importorskip("pre_commit.clientlib")
    blocks = [text for text in FENCE.findall((ROOT / page).read_text(encoding="utf-8")) if "id: carbon-lint" in text]
    assert blocks
    for text in blocks:
        put(".pre-commit-config.yaml", text)
        assert clientlib.load_config(".pre-commit-config.yaml")["repos"]


def test_the_files_of_the_documentation_match_what_the_configuration_includes():
    page = (ROOT / "docs/linting.md").read_text(encoding="utf-8")
    block = next(text for text in FENCE.findall(page) if "files:" in text)
    for hook in yaml.safe_load(block)["repos"][0]["hooks"]:
        for name in ("README.md", "a/README.md", "a/model_card.md", "cards/bert.md"):
            assert re.search(hook["files"], name)
        assert not re.search(hook["files"], "docs/usage.md")


@cases("argument", [".", "models", "models/cards"])
@cases("globs", [["bert.md"], ["models/cards/*.md"], ["*.md"], ["**/bert.md"], ["models/**/cards/*.md"]])
def test_cards_of_other_names_are_found_by_the_configuration(cli, globs, argument):
    put("carbon-lint.toml", f"include = {json.dumps(globs)}\n")
    put("models/cards/bert.md", HOPELESS)
    status, out, _ = cli("check", "--format", "concise", argument)
    assert status == 1
    assert out.startswith("models/cards/bert.md:3:14: error CL204")


@cases("name", ["bert.md", "models/bert.md"])
def test_two_stars_stand_for_any_number_of_folders_also_for_none(cli, name):
    put(name, HOPELESS)
    assert cli("check", "--include", "**/bert.md", ".")[0] == 1
    put("carbon-lint.toml", 'include = ["**/bert.md"]\n')
    assert cli("check", ".")[0] == 1


def test_what_the_configuration_does_not_include_is_not_looked_at(cli):
    put("carbon-lint.toml", 'include = ["cards/*.md"]\n')
    put("README.md", GOOD)
    put("docs/bert.md", HOPELESS)
    assert cli("check", "--format", "concise", ".") == (0, "", "")
