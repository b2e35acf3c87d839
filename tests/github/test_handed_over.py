"""Whatever of ours hands a record from one job to another does it safely: examples, documents, what `init` writes."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import yaml

from tests.cases import cases
from tests.conftest import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "guides").glob("*.md"))]
FILES = [*sorted((ROOT / "examples").rglob("workflows/*.yml")), *sorted((ROOT / ".github/workflows").glob("*.yml"))]


def steps_in(value):
    """Every step, wherever it stands in a piece of YAML."""
    if isinstance(value, dict):
        if "uses" in value:
            yield value
        for inner in value.values():
            yield from steps_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from steps_in(inner)


def shown(path):
    """The YAML of a file, or of a page's code blocks."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yml":
        return [yaml.safe_load(text)]
    blocks = re.findall(r"^ *```ya?ml\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    return [yaml.safe_load(textwrap.dedent(block)) for block in blocks]


def steps_using(path, action):
    return [step for found in shown(path) for step in steps_in(found) if f"{action}@" in step["uses"]]


@cases("path", [*PAGES, *FILES], ids=lambda path: path.name)
def test_an_artifact_is_unpacked_into_a_folder_of_its_own(path):
    for step in steps_using(path, "actions/download-artifact"):
        folder = step["with"].get("path", ".")
        assert Path(folder).parts, f"{path.name}: {step} may replace files of the checkout"
        assert not folder.startswith(("/", "..")), step


@cases("path", [*PAGES, *FILES], ids=lambda path: path.name)
def test_a_record_is_uploaded_by_a_fixed_name_and_its_absence_is_not_a_second_failure(path):
    for step in steps_using(path, "actions/upload-artifact"):
        if "record" in str(step["with"]):
            assert "${{ steps." not in step["with"]["path"], step
            assert step["with"]["if-no-files-found"] == "ignore", step


@cases("path", FILES, ids=lambda path: path.name)
def test_a_record_of_another_job_is_read_from_the_folder_of_its_artifact(path):
    for found in shown(path):
        for job in found["jobs"].values():
            used = list(steps_in(job))
            folders = [step["with"].get("path", ".") for step in used if "download-artifact@" in step["uses"]]
            read = [step["with"]["record"] for step in used if "command" not in step.get("with", {"command": ""})
                    and "record" in step["with"]]  # fmt: skip
            assert all(any(record.startswith(f"{folder}/") for folder in folders) for record in read), path.name


def test_these_tests_see_the_examples():
    path = ROOT / "examples/workflows/train-and-publish.yml"
    assert len(steps_using(path, "actions/download-artifact")) == 1
    assert len(steps_using(path, "actions/upload-artifact")) == 1
