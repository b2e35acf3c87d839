"""`--output FORMAT=PATH`."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from carbon_lint.errors import OutputError, UsageError
from carbon_lint.report.findings.outputs import parse_outputs, write_outputs
from carbon_lint.report.findings.reporters import RenderOptions
from tests.cases import cases
from tests.report.samples import CARD, diagnostic, report


def test_each_report_is_written_to_its_own_file_without_colour():
    outputs = parse_outputs(["sarif=lint.sarif", "text=lint=1.txt"])

    write_outputs(report(diagnostic(CARD, "17g")), outputs, RenderOptions(colour=True))

    assert json.loads(Path("lint.sarif").read_text())["version"] == "2.1.0"
    assert "\x1b" not in Path("lint=1.txt").read_text()
    assert "CL201" in Path("lint=1.txt").read_text()


@cases("value", ["sarif", "sarif=", "=x", "", "sariff=x.sarif"])
def test_what_is_not_format_and_path_is_refused_with_the_formats_named(value):
    with pytest.raises(UsageError, match="is not FORMAT=PATH") as caught:
        parse_outputs([value])

    assert "formats: text, concise, json, github, gitlab, sarif, markdown, html" in caught.value.hint
    assert ("did you mean sarif?" in caught.value.hint) == (value == "sariff=x.sarif")


@cases(("value", "meant"), [("c2.txt", "text=c2.txt"), ("lint.sarif", "sarif=lint.sarif"), ("a/b", "sarif=lint.sarif")])
def test_a_path_alone_is_answered_with_what_was_expected(value, meant):
    with pytest.raises(UsageError) as caught:
        parse_outputs([value])

    assert caught.value.hint.startswith(f"write FORMAT=PATH, like {meant}; ")


def test_one_path_cannot_hold_two_reports():
    with pytest.raises(UsageError, match=r"x\.json is named twice"):
        parse_outputs(["json=x.json", "sarif=x.json"])


def test_a_place_that_cannot_be_written_is_an_error_before_anything_is_checked():
    Path("folder").mkdir()

    with pytest.raises(OutputError, match=r"nowhere/x\.json: its folder is not there"):
        parse_outputs(["json=nowhere/x.json"])
    with pytest.raises(OutputError, match="folder: it is a folder"):
        parse_outputs(["json=folder"])


def test_a_pipe_is_written_to_and_not_replaced():
    os.mkfifo("pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_text()))
    reader.start()

    write_outputs(report(), [("concise", "pipe"), ("text", "other.txt")], RenderOptions())
    reader.join(timeout=10)

    assert read == [""]
    assert Path("pipe").is_fifo()
