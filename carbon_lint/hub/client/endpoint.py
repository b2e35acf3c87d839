"""Find which Hub to use. `HF_ENDPOINT` decides where the token goes, so in a workflow it must be the workflow's own.

A step cannot tell what `env:` gave from what an earlier step wrote to GITHUB_ENV, a training's code perhaps. The file
of the workflow can: a variable that no `env:` of it names came from somewhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from carbon_lint.errors import UsageError
from carbon_lint.hub.client.target import PUBLIC_HUB, parse_endpoint

VARIABLE = "HF_ENDPOINT"
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


def endpoint_of(environ: Mapping[str, str]) -> str:
    """Return the Hub that HF_ENDPOINT names, else the public one.

    Raises UsageError if it cannot be read, or was set in a workflow that does not name it.
    """
    endpoint = parse_endpoint(environ.get(VARIABLE))
    reference = environ.get("GITHUB_WORKFLOW_REF")
    if endpoint != PUBLIC_HUB and reference and not _is_stated(environ, reference, environ[VARIABLE]):
        raise UsageError(
            f"HF_ENDPOINT is {endpoint}, and no `env:` of {_file_of(reference)} says so: an earlier step set it",
            hint=f"if it is meant, check the repository out and write `env: {{{VARIABLE}: {endpoint}}}` in that file",
        )
    return endpoint


def notes_on(endpoint: str) -> list[str]:
    """Return what to tell of a Hub that is not the public one: a token over http can be read on the way."""
    if endpoint == PUBLIC_HUB:
        return []
    parts = urlsplit(endpoint)
    is_open = parts.scheme == "http" and parts.hostname not in _THIS_MACHINE
    warning = f"warning: HF_ENDPOINT is {endpoint}: the token travels in clear text"
    return [f"HF_ENDPOINT: the Hub is {endpoint}, not {PUBLIC_HUB}", *([warning] if is_open else [])]


def _file_of(reference: str) -> str:
    """Return `.github/workflows/x.yml` for `owner/name/.github/workflows/x.yml@refs/heads/main`."""
    return reference.partition("@")[0].split("/", 2)[-1]


def _is_stated(environ: Mapping[str, str], reference: str, value: str) -> bool:
    try:
        text = Path(environ.get("GITHUB_WORKSPACE") or ".", _file_of(reference)).read_text(encoding="utf-8")
        stated = list(_values(yaml.safe_load(text)))
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return False
    # What an expression gives cannot be known here; its author wanted it so.
    return any("${{" in found or found.strip() == value.strip() for found in stated)


def _values(document: Any) -> Iterator[str]:
    """Yield every value of the variable in an `env:` of the workflow, of a job, of its container or of a step.

    Nowhere else: an output or an input of the name `env` is not a variable, and an expression there may be a job's.
    """
    jobs = _part(document, "jobs")
    for job in jobs.values() if isinstance(jobs, dict) else ():
        steps = _part(job, "steps")
        for holder in (job, _part(job, "container"), *(steps if isinstance(steps, list) else ())):
            yield from _in_env(holder)
    yield from _in_env(document)


def _part(holder: Any, name: str) -> Any:
    return holder.get(name) if isinstance(holder, dict) else None


def _in_env(holder: Any) -> Iterator[str]:
    env = _part(holder, "env")
    if isinstance(env, str):
        yield env  # `env: ${{ fromJSON(…) }}`
    elif isinstance(env, dict) and VARIABLE in env:
        yield str(env[VARIABLE])
