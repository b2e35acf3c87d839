"""Every format over every real card: valid, harmless, and no faster way out than through the schema."""

from __future__ import annotations

import json
import re
import tarfile
from itertools import pairwise

import jsonschema
import pytest

from carbon_lint.config import Settings
from carbon_lint.lint.batch import lint_paths
from carbon_lint.lint.engine import LintRequest
from carbon_lint.report.findings.reporters import REPORTERS, RenderOptions
from tests.report.test_formats import sarif_schema
from tests.schemas import load_schema

STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def folder(shared, tmp_path_factory):
    """The real cards, unpacked, beside the edge cases."""
    folder = tmp_path_factory.mktemp("cards")
    with tarfile.open(shared / "cards" / "real.tar.xz") as archive:
        archive.extractall(folder / "real", filter="data")
    (folder / "edge").symlink_to(shared / "cards" / "edge")
    return folder


@pytest.fixture(scope="module")
def found(folder):
    """What the linter finds in all of them, with every rule on."""
    paths = (str(folder / "real"), str(folder / "edge"))
    report, _ = lint_paths(LintRequest(paths, include=("*.md",), settings=Settings()))
    assert len(report.diagnostics) > 300
    return report


@pytest.mark.parametrize("name", REPORTERS)
def test_no_format_lets_a_real_card_steer_anything(found, folder, name):
    rendered = REPORTERS[name](found, RenderOptions(base=str(folder), folder=str(folder)))

    assert not STEERING.search(rendered)
    assert "##[" not in rendered
    if name != "github":
        assert "::" not in rendered
    assert rendered.endswith("\n")


def test_the_whole_report_fits_the_official_schema_of_sarif_and_our_own(found, folder):
    options = RenderOptions(base=str(folder), folder=str(folder))

    jsonschema.Draft7Validator(sarif_schema()).validate(json.loads(REPORTERS["sarif"](found, options)))
    jsonschema.Draft202012Validator(load_schema("report")).validate(json.loads(REPORTERS["json"](found, options)))


def test_every_caret_stands_below_what_was_found(found):
    """If the line is plain, the carets cut exactly the span out of the source line."""
    checked = 0
    for diagnostic in found.diagnostics:
        text = found.sources.get(diagnostic.path)
        span = text[diagnostic.start : diagnostic.end] if text else ""
        if not span.isascii() or not span.isprintable() or not 0 < len(span) < 60 or "::" in span:
            continue
        one = type(found)(diagnostics=(diagnostic,), files_checked=1, sources={diagnostic.path: text})
        block = REPORTERS["text"](one, RenderOptions(width=200)).split("\n\n")[0].splitlines()
        line, carets = next((a, b) for a, b in pairwise(block) if re.fullmatch(r" +\| +\^+", b))
        if line.isascii():
            assert line[carets.index("^") : carets.rindex("^") + 1] == span.rstrip()
            checked += 1
    assert checked > 100
