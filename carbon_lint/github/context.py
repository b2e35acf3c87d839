"""Describe where the step runs: what `GITHUB_*` and the event file state. Nothing here uses the network or git."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carbon_lint.github.inputs import ALL_INPUTS

_PULL_REQUEST_EVENTS = frozenset(
    {"pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext:
    """`None` means "not stated": the step may run on another kind of runner, or on a laptop."""

    workspace: Path
    temporary: Path | None
    output_file: Path | None
    env_file: Path | None
    path_file: Path | None
    summary_file: Path | None
    api_url: str
    repository: str | None
    ref: str | None
    event_name: str | None
    event: Mapping[str, Any]
    event_problem: str | None
    job: str | None
    workflow: str | None
    in_job: bool

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> StepContext:
        """Read the runner's variables. Never raises: what is missing is `None`, what is broken in `event_problem`."""
        event, event_problem = _event(environ.get("GITHUB_EVENT_PATH"))
        return cls(
            workspace=Path(environ.get("GITHUB_WORKSPACE") or "."),
            temporary=_path(environ, "RUNNER_TEMP"),
            output_file=_path(environ, "GITHUB_OUTPUT"),
            env_file=_path(environ, "GITHUB_ENV"),
            path_file=_path(environ, "GITHUB_PATH"),
            summary_file=_path(environ, "GITHUB_STEP_SUMMARY"),
            api_url=environ.get("GITHUB_API_URL") or "https://api.github.com",
            repository=environ.get("GITHUB_REPOSITORY") or None,
            ref=environ.get("GITHUB_REF") or None,
            event_name=environ.get("GITHUB_EVENT_NAME") or None,
            event=event,
            event_problem=event_problem,
            job=environ.get("GITHUB_JOB") or None,
            workflow=environ.get("GITHUB_WORKFLOW") or None,
            in_job=ALL_INPUTS in environ,
        )

    @property
    def is_pull_request(self) -> bool:
        """True if a pull request set this run off, or a review of one: each checks out what is not merged."""
        return self.event_name in _PULL_REQUEST_EVENTS

    @property
    def pull_request(self) -> int | None:
        """Number of the pull request, if there is one."""
        number = _at(self.event, "pull_request", "number")
        return number if isinstance(number, int) and not isinstance(number, bool) else None

    @property
    def is_fork(self) -> bool:
        """True if the pull request comes from another repository: it has no secrets and a token that only reads."""
        head = _at(self.event, "pull_request", "head", "repo", "full_name")
        return self.is_pull_request and (head is None or head != self.repository)

    @property
    def base_sha(self) -> str | None:
        """Tip of the branch that the pull request is to be merged into."""
        sha = _at(self.event, "pull_request", "base", "sha")
        return sha if isinstance(sha, str) else None

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the pull request when the event was made."""
        labels = _at(self.event, "pull_request", "labels")
        named = labels if isinstance(labels, list) else []
        return tuple(str(label["name"]) for label in named if isinstance(label, dict) and "name" in label)

    @property
    def may_publish(self) -> bool:
        """What `publish: auto` commits on: a push to the default branch, or a schedule, which only ever runs on it."""
        default = _at(self.event, "repository", "default_branch")
        is_default_branch = isinstance(default, str) and self.ref == f"refs/heads/{default}"
        return self.event_name == "schedule" or (self.event_name == "push" and is_default_branch)


def _event(path: str | None) -> tuple[Mapping[str, Any], str | None]:
    if not path:
        return {}, "GITHUB_EVENT_PATH is not set"
    try:
        document = json.loads(Path(path).read_bytes())
    except OSError as error:
        return {}, f"the event file {path} cannot be read: {error.strerror}"
    except (ValueError, RecursionError) as error:
        return {}, f"the event file {path} is not JSON: {error}"
    return (document, None) if isinstance(document, dict) else ({}, f"the event file {path} holds no object")


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    return Path(environ[name]) if environ.get(name) else None


def _at(document: object, *keys: str) -> object:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document
