"""Where a run takes place, as the CI says in its environment. Pure: the doors hand the environment in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint.records.record import Provenance

if TYPE_CHECKING:
    from collections.abc import Mapping


def provenance_from_environ(environ: Mapping[str, str]) -> Provenance:
    """Repository, commit and run as GitHub Actions or GitLab CI states them; all `None` elsewhere."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return _from_github(environ)
    if environ.get("GITLAB_CI") == "true":
        return _from_gitlab(environ)
    return Provenance()


def _from_github(environ: Mapping[str, str]) -> Provenance:
    """https://docs.github.com/en/actions/reference/workflows-and-actions/variables."""
    repository, run_id = _text(environ, "GITHUB_REPOSITORY"), _text(environ, "GITHUB_RUN_ID")
    attempt = _number(environ, "GITHUB_RUN_ATTEMPT")
    url = None
    if repository and run_id:
        server = _text(environ, "GITHUB_SERVER_URL") or "https://github.com"
        url = f"{server}/{repository}/actions/runs/{run_id}" + (f"/attempts/{attempt}" if attempt else "")
    return Provenance(
        repository=repository,
        commit=_text(environ, "GITHUB_SHA"),
        ref=_text(environ, "GITHUB_REF"),
        run_url=url,
        run_id=run_id,
        run_attempt=attempt,
        job=_text(environ, "GITHUB_JOB"),
    )


def _from_gitlab(environ: Mapping[str, str]) -> Provenance:
    """https://docs.gitlab.com/ci/variables/predefined_variables/."""
    return Provenance(
        repository=_text(environ, "CI_PROJECT_PATH"),
        commit=_text(environ, "CI_COMMIT_SHA"),
        ref=_text(environ, "CI_COMMIT_REF_NAME"),
        run_url=_text(environ, "CI_JOB_URL"),
        run_id=_text(environ, "CI_PIPELINE_ID"),
        job=_text(environ, "CI_JOB_NAME"),
        job_index=_number(environ, "CI_NODE_INDEX"),
    )


def _text(environ: Mapping[str, str], name: str) -> str | None:
    return environ.get(name) or None


def _number(environ: Mapping[str, str], name: str) -> int | None:
    value = environ.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else None
