"""The pages that are written from the code say what the code says."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib

import pytest

from carbon_lint.config import load_file
from carbon_lint.config_keys import KEYS
from carbon_lint.errors import ExitCode
from carbon_lint.verbs import VERBS
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "tools" / "generate_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_page_has_drifted_from_the_code(generator):
    wanted = generator.pages()
    if sys.version_info[:2] != generator.HELP_PYTHON:
        del wanted[next(path for path in wanted if path.name == "cli.md")]

    drifted = [str(path) for path in generator.changed(wanted) if path in wanted or path.parent.name == "rules"]

    assert drifted == [], "run tools/generate_docs.py"


def test_every_exit_code_is_explained(generator):
    assert set(generator.EXIT_CODE_WORDS) == set(ExitCode)
    text = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    assert [int(code) for code in re.findall(r"^\| (\d+) ", text, re.MULTILINE)] == [code.value for code in ExitCode]


def test_every_verb_has_its_help_in_the_page(generator):
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")

    assert re.findall(r"^## carbon-lint (\S+)$", text, re.MULTILINE) == list(VERBS)
    assert text.count("usage: carbon-lint ") == len(VERBS) + 1


def test_the_example_of_the_configuration_is_a_configuration(generator, tmp_path):
    path = tmp_path / "carbon-lint.toml"
    path.write_text(generator.CONFIG_EXAMPLE, encoding="utf-8")

    settings = load_file(str(path))

    assert set(tomllib.loads(generator.CONFIG_EXAMPLE)) <= set(KEYS)
    assert settings.max_emissions_g == 5000
    text = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([\w-]+)` ", text, re.MULTILINE) == list(KEYS)


def test_the_exception_in_the_page_on_budgets_is_one(tmp_path):
    text = (ROOT / "docs" / "budgets.md").read_text(encoding="utf-8")
    example = re.search(r"```toml\n(.*?)```", text, re.DOTALL)[1]
    path = tmp_path / "carbon-lint.toml"
    path.write_text(example, encoding="utf-8")

    (exception,) = load_file(str(path)).exception

    assert str(exception).startswith("max-emissions: excepted by ann@example.org until 2026-12-31: ")


def test_every_format_is_in_the_page_on_reports():
    from carbon_lint.report.findings.reporters import REPORTERS

    text = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")

    of_findings = text.partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", of_findings, re.MULTILINE)) == set(REPORTERS)
