"""Each tab of Start gives a new user what it says, from an empty folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from carbon_lint.project import is_placeholder
from tests.conftest import ROOT
from tests.docs import tabs
from tests.docs.blocks import blocks
from tests.packaging.test_hook import hook_repository  # noqa: F401  a fixture

NOTE = "`OWNER` stands for the account that will publish carbon-lint"


def test_the_workflow_tab_measures_in_a_repository_with_a_training_alone(tmp_path):
    runner, step = tabs.workflow(tmp_path)
    assert step.succeeded, step.log
    assert float(step.outputs["emissions-g"]) > 0
    assert step.outputs["verdict"] == "pass"
    assert "500 g" in step.summary
    assert (runner.workspace / step.outputs["record"]).exists()


def test_the_first_commands_of_the_laptop_tab_need_nothing_that_is_there(cli):
    """The whole tab is tried with `-m hook`; here without the installation, which needs a package index."""
    lines = [
        " ".join(command.split())
        for block in blocks()
        if block.page == "docs/start.md"
        for command, _ in block.commands
        if command.startswith("carbon-lint")
    ]
    assert lines[0].startswith("carbon-lint run --location FRA --record r.json --card README.md -- ")
    assert lines[1] == "carbon-lint check README.md"


@pytest.mark.hook
@pytest.mark.timeout(600)
def test_the_laptop_tab_gives_a_figure_and_a_card_in_an_empty_folder(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    done = tabs.laptop(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    made = folder / "first-figure"
    assert json.loads((made / "r.json").read_text(encoding="utf-8"))["emissions_g"] > 0
    assert "co2_eq_emissions:" in (made / "README.md").read_text(encoding="utf-8")


@pytest.mark.hook
@pytest.mark.timeout(600)
def test_the_hook_tab_finds_a_wrong_card(tmp_path, hook_repository):  # noqa: F811  the fixture
    folder = tmp_path / "cards"
    folder.mkdir()
    done = tabs.hook(
        folder, repository=hook_repository, revision="HEAD", environ={"PRE_COMMIT_HOME": str(tmp_path / "cache")}
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "README.md:4:14: error CL201" in done.stdout


def test_a_reader_learns_what_to_do_as_long_as_nobody_has_published_it():
    """When OWNER is set, the note must go (RELEASING.md)."""
    for page in ("README.md", "docs/start.md"):
        assert (NOTE in " ".join((ROOT / page).read_text(encoding="utf-8").split())) is is_placeholder(), page


def test_every_page_is_two_clicks_from_the_front_page():
    """By the links in the text, so for readers of the plain Markdown too."""
    import re

    docs = ROOT / "docs"
    reached, last = {docs / "index.md"}, {docs / "index.md"}
    for _ in range(2):
        last = {
            (page.parent / link).resolve()
            for page in last
            for link in re.findall(r"\]\(([^)#\s]+\.md)", page.read_text(encoding="utf-8"))
            if (page.parent / link).exists()
        } - reached
        reached |= last
    far = sorted(str(path.relative_to(docs)) for path in set(docs.rglob("*.md")) - reached)
    assert far == [], "name them in docs/guides/README.md, docs/reference.md or docs/explained.md"
    assert Path(docs / "rules/CL201.md") in reached
