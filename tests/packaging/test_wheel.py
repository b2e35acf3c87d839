"""What is in the wheel, and that it works if nothing else is installed."""

from __future__ import annotations

import email
import importlib.metadata
import json
import subprocess
import sys
import tarfile
import zipfile

import pytest
from packaging.requirements import Requirement

import carbon_lint
from tests.conftest import ROOT

GOOD = """---
license: mit
co2_eq_emissions:
  emissions: 12.3
  source: CodeCarbon
  training_type: fine-tuning
  geographical_location: Paris, France
  hardware_used: 1 x NVIDIA H100
---
# A model
"""
BAD = GOOD.replace("12.3", "12.3 kg")


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_beside_it(names):
    tops = {name.split("/")[0] for name in names}

    assert tops == {"carbon_lint", f"carbon_lint-{carbon_lint.__version__}.dist-info"}
    assert not [name for name in names if name.endswith((".pyc", ".csv")) or "/tests/" in name]
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "carbon_lint").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == sources
    templates = {str(path.relative_to(ROOT)) for path in (ROOT / "carbon_lint").rglob("*.j2")}
    assert len(templates) > 1
    assert {"carbon_lint/py.typed", *templates} <= names


def test_every_schema_is_in_the_wheel_byte_for_byte(wheel, names):
    schemas = sorted((ROOT / "schemas").glob("*.json"))

    assert schemas
    with zipfile.ZipFile(wheel) as archive:
        for schema in schemas:
            assert archive.read(f"carbon_lint/schemas/{schema.name}") == schema.read_bytes()
            json.loads(schema.read_text(encoding="utf-8"))


def test_a_plain_install_asks_for_nothing_heavy(light):
    (info,) = light.site.glob("carbon_lint-*.dist-info")
    required = [Requirement(text) for text in importlib.metadata.PathDistribution(info).requires]
    core = {requirement.name.lower() for requirement in required if requirement.marker is None}

    assert core == {"pyyaml", "msgspec", "pathspec"}


def test_the_metadata_names_the_licence_and_the_one_version(wheel, names):
    (path,) = [name for name in names if name.endswith(".dist-info/METADATA")]
    with zipfile.ZipFile(wheel) as archive:
        metadata = email.message_from_bytes(archive.read(path))

    assert metadata["Version"] == carbon_lint.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert carbon_lint.__version__ not in text.split("[project]")[1].split("\n[")[0], "the version stands in one place"


def test_a_good_and_a_bad_card_are_judged_by_the_wheel_alone(light, tmp_path):
    (tmp_path / "good.md").write_text(GOOD)
    (tmp_path / "bad.md").write_text(BAD)

    good = light("check", "good.md", cwd=tmp_path)
    bad = light("check", "bad.md", cwd=tmp_path)

    assert (good.returncode, good.stderr) == (0, "")
    assert (bad.returncode, bad.stderr) == (1, "")
    assert "bad.md:4:14: error CL" in bad.stdout


def test_checking_loads_nothing_that_a_run_or_the_hub_needs(light, tmp_path):
    (tmp_path / "README.md").write_text(GOOD)
    code = (
        "from carbon_lint.cli import main; code = main(['check', 'README.md']);"
        "heavy = {'codecarbon', 'pandas', 'huggingface_hub', 'msgspec', 'jinja2', 'rich'};"
        "print(code, sorted(heavy & set(sys.modules)))"
    )

    done = light(code=code, cwd=tmp_path)

    assert done.stdout.splitlines()[-1] == "0 []", done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("argv", "status", "install"),
    [
        (("run", "--location", "FRA", "--", "true"), 125, "carbon-lint[run]"),
        (("check", "--format", "html", "README.md"), 2, "carbon-lint[html]"),
        (("publish", "README.md", "--to", "a/b"), 4, "carbon-lint[hub]"),
        (("find",), 2, "carbon-lint[hub]"),
        (("ledger", "sum", "--ledger", "s3://team/ledger"), 2, "carbon-lint[hub]"),
    ],
)
def test_a_verb_that_a_plain_install_lacks_names_what_to_install(light, tmp_path, argv, status, install):
    (tmp_path / "README.md").write_text(GOOD)

    done = light(*argv, cwd=tmp_path)

    assert done.returncode == status, done.stderr
    assert install in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_source_distribution_builds_the_same_wheel(names, tmp_path):
    def build(*words, cwd):
        subprocess.run([sys.executable, "-m", "hatchling", "build", *words, "-d", str(tmp_path)], cwd=cwd, check=True)

    build("-t", "sdist", cwd=ROOT)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    build("-t", "wheel", cwd=source)

    (rebuilt,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(rebuilt) as opened:
        assert set(opened.namelist()) == names
    assert not (source / "tests").exists()
