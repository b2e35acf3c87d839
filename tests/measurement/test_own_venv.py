"""The job does not run in the environment that carbon-lint alone lives in, however carbon-lint was started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.errors import CommandNotRunnableError
from carbon_lint.measurement.job.environment import OwnVenv, describe_program, job_environ, own_venv
from tests.conftest import ROOT

SHOW = ("python", "-c", "import sys; print(sys.prefix)")
SITE = sysconfig.get_path("purelib")


def a_venv(path, *packages):
    """A real venv in which carbon-lint and what it needs are installed, and `packages`."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(path)], check=True)
    (site,) = Path(path).glob("lib/python*/site-packages")
    (site / "ours.pth").write_text(f"{ROOT}\n{SITE}\n")
    for name in ("carbon-lint", *packages):
        (site / f"{name}-1.0.dist-info").mkdir()
        (site / f"{name}-1.0.dist-info/METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    program = Path(path) / "bin/carbon-lint"
    program.write_text(f"#!{Path(path).resolve()}/bin/python\nfrom carbon_lint.cli import console\nconsole()\n")
    program.chmod(0o755)
    return Path(path).resolve()


def prefix_of_job(program, *, path, **environ):
    """(`sys.prefix` of the job's Python, what carbon-lint said)."""
    kept = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "CONDA_PREFIX"}}
    path = os.pathsep.join([*(str(folder) for folder in path), os.environ["PATH"]])
    done = subprocess.run(
        [str(part) for part in program] + ["run", "--location", "FRA", "--", *SHOW],
        env={**kept, "PATH": path, **environ},
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return done.stdout.strip(), done.stderr


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """A project's folder, and the venv of its job, which comes first on PATH."""
    monkeypatch.chdir(tmp_path / "work")
    project = tmp_path / "elsewhere"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(project)], check=True)
    return project.resolve()


@pytest.mark.slow
def test_a_plain_venv_that_is_on_path_and_not_active_is_not_the_jobs(tmp_path, outside):
    tool = a_venv(tmp_path / "tools")
    prefix, message = prefix_of_job([tool / "bin/carbon-lint"], path=[tool / "bin", outside / "bin"])
    assert prefix == str(outside)
    assert f"python is {outside}/bin/python, not that of carbon-lint's own environment" in message


@pytest.mark.slow
def test_a_venv_that_is_called_by_its_path_leaves_the_jobs_python_as_it_is(tmp_path, outside):
    tool = a_venv(tmp_path / "tools")
    prefix, message = prefix_of_job([tool / "bin/carbon-lint"], path=[outside / "bin"])
    assert prefix == str(outside)
    assert "python is" not in message


def test_an_active_venv_is_the_jobs(tmp_path):
    tool = a_venv(tmp_path / "tools")
    prefix, message = prefix_of_job([tool / "bin/carbon-lint"], path=[tool / "bin"], VIRTUAL_ENV=str(tool))
    assert prefix == str(tool)
    assert "python is" not in message


def test_the_projects_own_venv_is_the_jobs_even_if_it_is_not_active(tmp_path):
    tool = a_venv(tmp_path / "work/.venv")
    prefix, message = prefix_of_job([tool / "bin/carbon-lint"], path=[tool / "bin"])
    assert prefix == str(tool)
    assert "python is" not in message


def test_a_venv_that_holds_the_jobs_packages_too_stays_with_a_note(tmp_path, outside):
    """As in an image with `ENV PATH=/venv/bin:$PATH`."""
    both = a_venv(tmp_path / "image", "torch")
    prefix, message = prefix_of_job([both / "bin/carbon-lint"], path=[both / "bin", outside / "bin"])
    assert prefix == str(both)
    assert "of the environment that carbon-lint is installed in; activate another one" in message


def test_a_program_that_only_our_own_venv_has_is_not_found_and_the_hint_has_a_way_out(tmp_path):
    tool = a_venv(tmp_path / "tools")
    path = f"{tool}/bin:{tmp_path}"
    environ = {**os.environ, "PATH": path}
    done = subprocess.run(
        [str(tool / "bin/carbon-lint"), "run", "--location", "FRA", "--", "python", "-c", ""],
        env={name: value for name, value in environ.items() if name != "VIRTUAL_ENV"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 127
    assert "the only one is in carbon-lint's own environment" in done.stderr
    assert "activate the project's environment, or name its program: -- .venv/bin/python train.py" in done.stderr


@pytest.fixture(scope="module")
def uv():
    """uv as PyPI has it."""
    found = shutil.which("uv", path=os.path.join(sys.prefix, "bin")) or shutil.which("uv")
    if found is None:
        pytest.skip("uv is not installed: pip install uv")
    return found


@pytest.fixture
def wheel(tmp_path):
    """A wheel that is named carbon-lint and finds the code in this checkout: uv needs no network for it."""
    path = tmp_path / "carbon_lint-0.1.0-py3-none-any.whl"
    info = "carbon_lint-0.1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ours.pth", f"{ROOT}\n{SITE}\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: carbon-lint\nVersion: 0.1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/entry_points.txt", "[console_scripts]\ncarbon-lint = carbon_lint.cli:console\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def uv_environ(tmp_path):
    names = {"UV_CACHE_DIR": "cache", "UV_TOOL_DIR": "tools", "UV_TOOL_BIN_DIR": "bin"}
    return {**{name: str(tmp_path / "uv" / folder) for name, folder in names.items()}, "UV_OFFLINE": "1"}


@pytest.mark.slow
def test_uvx_runs_the_job_under_the_python_of_its_project(uv, wheel, uv_environ, outside):
    uvx = [uv, "tool", "run", "--python", sys.executable, "--from", wheel, "carbon-lint"]
    prefix, message = prefix_of_job(uvx, path=[outside / "bin"], **uv_environ)
    assert prefix == str(outside)
    assert "not that of carbon-lint's own environment" in message

    active, _ = prefix_of_job(uvx, path=[outside / "bin"], VIRTUAL_ENV=str(outside), **uv_environ)
    assert active == str(outside)


def test_an_installed_uv_tool_does_so_too(uv, wheel, uv_environ, outside, tmp_path):
    install = [uv, "tool", "install", "--python", sys.executable, str(wheel)]
    subprocess.run(install, env={**os.environ, **uv_environ}, check=True, capture_output=True)
    tool = tmp_path / "uv/tools/carbon-lint/bin"
    prefix, _ = prefix_of_job([tmp_path / "uv/bin/carbon-lint"], path=[tool, outside / "bin"], **uv_environ)
    assert prefix == str(outside)


def test_uv_run_with_carbon_lint_keeps_the_environment_that_it_made_for_the_project(uv, wheel, uv_environ):
    Path("pyproject.toml").write_text('[project]\nname = "p"\nversion = "0"\nrequires-python = ">=3.11"\n')
    run = [uv, "run", "--python", sys.executable, "--with", wheel, "carbon-lint"]
    prefix, message = prefix_of_job(run, path=[], **uv_environ)
    assert "python is" not in message
    assert prefix.startswith(uv_environ["UV_CACHE_DIR"]), "it sees the project's packages and those of --with"


def test_a_pipx_venv_is_the_tools(tmp_path, outside):
    tool = a_venv(tmp_path / "pipx/venvs/lint", "torch")
    (tool / "pipx_metadata.json").write_text("{}")
    prefix, _ = prefix_of_job([tool / "bin/carbon-lint"], path=[tool / "bin", outside / "bin"])
    assert prefix == str(outside)


@given(
    place=st.sampled_from(["venvs/tool", "project/.venv", "project/venv", "archive-v0/x", "carbon-lint"]),
    active=st.booleans(),
    other=st.booleans(),
    mark=st.booleans(),
)
def test_only_an_active_or_a_projects_venv_is_ever_left_on_path_if_it_holds_nothing_else(
    tmp_path_factory, place, active, other, mark
):
    root = tmp_path_factory.mktemp("root")
    prefix = root / place
    site = prefix / "lib/python3.11/site-packages"
    for name in ("carbon_lint", *(["torch"] if other else [])):
        (site / f"{name}-1.dist-info").mkdir(parents=True)
        (site / f"{name}-1.dist-info/METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    if mark:
        (prefix / "carbon-lint-private").touch()
    (root / "project").mkdir(exist_ok=True)
    environ = {"VIRTUAL_ENV": str(prefix)} if active else {}

    own = own_venv(str(prefix), "/usr", environ, str(root / "project"))

    is_known_tool = place in {"archive-v0/x", "carbon-lint"}
    is_jobs = not mark and (active or place.startswith("project/") or (other and not is_known_tool))
    assert own.prefix == (None if is_jobs else str(prefix))
    path = f"{prefix}/bin:/usr/bin"
    kept = job_environ({"PATH": path}, pass_env=(), own_prefix=own.prefix)[0]["PATH"]
    assert kept == (path if is_jobs else "/usr/bin")


def test_a_venv_with_packages_of_its_own_leaves_path_if_another_one_is_active(tmp_path):
    tool = a_venv(tmp_path / "tool", "torch")
    for environ, is_left in (
        ({}, False),
        ({"VIRTUAL_ENV": str(tmp_path / "project/.venv")}, True),
        ({"CONDA_PREFIX": "/opt/conda/envs/ml", "CONDA_DEFAULT_ENV": "ml"}, True),
        ({"CONDA_PREFIX": "/opt/conda", "CONDA_DEFAULT_ENV": "base"}, False),
        ({"VIRTUAL_ENV": str(tool), "CONDA_PREFIX": "/opt/conda"}, False),
    ):
        own = own_venv(str(tool), "/usr", environ, str(tmp_path))
        assert own.prefix == (str(tool) if is_left else None), environ


def test_a_program_that_is_not_ours_gets_no_message():
    assert describe_program("sh", os.environ, OwnVenv(prefix="/opt/none"), "/opt/none") is None
    assert describe_program("/bin/sh", os.environ, OwnVenv(prefix="/opt/none"), "/opt/none") is None
    path = {"PATH": os.path.dirname(sys.executable)}
    with pytest.raises(CommandNotRunnableError, match="the only one is in"):
        describe_program(os.path.basename(sys.executable), path, OwnVenv(prefix=sys.prefix), sys.prefix)
