"""`docs/card.md` says what the program does: its examples run, its flags exist."""

from __future__ import annotations

import re

from carbon_lint.records.store import write_record
from tests.conftest import ROOT
from tests.records.builders import a_record
from tests.records.test_emissions_csv import QUEBEC, table

PAGE = (ROOT / "docs" / "card.md").read_text(encoding="utf-8")


def without_hash(text):
    """The hash changes with each field that a record gets."""
    return re.sub(r"\brecord [0-9a-f]{16}\b", "record HASH", text)


def test_the_examples_run_and_print_what_the_page_shows(carbon_lint, tmp_path):
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n")
    write_record(a_record(), tmp_path / "r.json")
    (tmp_path / "emissions.csv").write_text(table(QUEBEC))
    examples = re.findall(r"```console\n\$ carbon-lint ([^\n]*)\n(.*?)```", PAGE, re.DOTALL)
    assert len(examples) == 3
    (section,) = re.findall(r"```markdown\n(.*?)```", PAGE, re.DOTALL)
    for command, shown in examples:
        done = carbon_lint(*command.split(), cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert not shown or without_hash(done.stdout) == without_hash(shown)
        assert "--body" not in command or (tmp_path / "README.md").read_text().endswith(f"\n{section}")


def test_every_flag_of_the_page_is_a_flag_of_a_verb_and_every_flag_is_on_the_page(cli):
    flags = set(re.findall(r"--[a-z][a-z-]+", PAGE))
    offered = set(re.findall(r"--[a-z][a-z-]+", cli("card", "--help")[1])) - {"--help", "--verbose"}
    others = {flag for verb in ("run", "check") for flag in re.findall(r"--[a-z][a-z-]+", cli(verb, "--help")[1])}
    assert flags <= offered | others
    assert offered <= flags
