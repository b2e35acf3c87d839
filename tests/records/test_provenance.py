"""Where a run took place, from the CI's environment."""

from __future__ import annotations

from carbon_lint.records.provenance import provenance_from_environ
from carbon_lint.records.record import Provenance

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_REPOSITORY": "team/model",
    "GITHUB_SHA": "a" * 40,
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_RUN_ID": "123",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_JOB": "train",
}


def test_github_actions_says_it_all():
    assert provenance_from_environ(GITHUB) == Provenance(
        repository="team/model",
        commit="a" * 40,
        ref="refs/heads/main",
        run_url="https://github.example/team/model/actions/runs/123/attempts/2",
        run_id="123",
        run_attempt=2,
        job="train",
    )


def test_gitlab_ci_says_it_too():
    environ = {
        "GITLAB_CI": "true",
        "CI_PROJECT_PATH": "team/model",
        "CI_COMMIT_SHA": "b" * 40,
        "CI_COMMIT_REF_NAME": "main",
        "CI_JOB_URL": "https://gitlab.example/team/model/-/jobs/9",
        "CI_PIPELINE_ID": "77",
        "CI_JOB_NAME": "train",
        "CI_NODE_INDEX": "3",
    }
    assert provenance_from_environ(environ) == Provenance(
        repository="team/model",
        commit="b" * 40,
        ref="main",
        run_url="https://gitlab.example/team/model/-/jobs/9",
        run_id="77",
        job="train",
        job_index=3,
    )


def test_elsewhere_nothing_is_made_up():
    assert provenance_from_environ({"GITHUB_REPOSITORY": "left over", "CI": "true"}) == Provenance()


def test_what_is_missing_or_odd_is_left_out():
    odd = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ATTEMPT": "\u0663", "GITHUB_REPOSITORY": ""}
    assert provenance_from_environ(odd) == Provenance()
