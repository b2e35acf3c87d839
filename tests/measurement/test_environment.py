"""What the job is given of the environment."""

from __future__ import annotations

import os

from carbon_lint.measurement.job.environment import PRIVATE_MARK, describe_withheld, job_environ, private_prefix
from tests.cases import cases


def given(environ, pass_env=(), own_prefix=None):
    return job_environ(environ, pass_env=pass_env, own_prefix=own_prefix)


def test_everything_except_secrets_is_passed_on():
    environ = {
        "PATH": "/bin",
        "HOME": "/h",
        "CODECARBON_LOG_LEVEL": "x",
        "INPUT": "x",
        "HF_HOME": "/hf",
        "PYTHONPATH": "p",
    }
    assert given(environ) == (environ, ())


@cases(
    "name",
    [
        "HF_TOKEN",
        "HF_OIDC_RESOURCE",
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "GITHUB_STEP_SUMMARY",
        "INPUT_HF-TOKEN",
        "input_x",
    ],
)
def test_a_secret_is_withheld_and_named(name):
    assert given({name: "s", "A": "1"}) == ({"A": "1"}, (name,))
    assert given({name: "s"}, pass_env=[name]) == ({name: "s"}, ())


def test_many_inputs_are_reported_as_one():
    assert describe_withheld(("HF_TOKEN", "INPUT_A", "INPUT_B")) == "HF_TOKEN, INPUT_* (2)"


def test_our_private_venv_leaves_the_jobs_path():
    environ = {"PATH": "/opt/carbon-lint/bin:/usr/bin:/opt/carbon-lint/bin/:/bin", "VIRTUAL_ENV": "/opt/carbon-lint"}
    assert given(environ, own_prefix="/opt/carbon-lint")[0] == {"PATH": "/usr/bin:/bin"}


def test_another_venv_stays():
    environ = {"PATH": "/work/.venv/bin:/bin", "VIRTUAL_ENV": "/work/.venv"}
    assert given(environ, own_prefix="/opt/carbon-lint")[0] == environ


@cases(
    ("prefix", "is_private"),
    [
        ("/opt/carbon-lint", True),
        ("/home/ada/.local/share/pipx/venvs/carbon-lint", True),
        ("/home/ada/project/.venv", False),
        ("/home/ada/carbon-lint/.venv", False),
    ],
)
def test_a_venv_for_carbon_lint_alone_is_known_by_its_name(prefix, is_private):
    assert private_prefix(prefix, "/usr") == (prefix if is_private else None)


def test_a_venv_may_be_marked_as_private(tmp_path):
    assert private_prefix(str(tmp_path), "/usr") is None
    (tmp_path / PRIVATE_MARK).touch()
    assert private_prefix(str(tmp_path), "/usr") == str(tmp_path)


def test_the_systems_python_is_never_private():
    assert private_prefix("/opt/carbon-lint", "/opt/carbon-lint") is None


def test_a_link_to_the_venv_is_the_venv(tmp_path):
    real = tmp_path / "carbon-lint"
    real.mkdir()
    link = tmp_path / "link"
    link.symlink_to(real)
    environ = {"PATH": os.pathsep.join([f"{real}/bin", "/bin"])}
    assert given(environ, own_prefix=str(link))[0] == {"PATH": "/bin"}
