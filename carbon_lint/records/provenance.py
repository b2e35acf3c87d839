"""Find where a run takes place: as the CI states it in the environment, else as the git checkout does."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace

from carbon_lint import debug
from carbon_lint.errors import InputError
from carbon_lint.files import repository_root
from carbon_lint.records.record import Provenance, Record
from carbon_lint.records.schedulers import scheduled_job, stated
from carbon_lint.text import quoted

# https://docs.github.com/en/actions/reference/workflows-and-actions/variables
_GITHUB = {
    "repository": ("GITHUB_REPOSITORY",),
    "commit": ("GITHUB_SHA",),
    "ref": ("GITHUB_REF",),
    "run_id": ("GITHUB_RUN_ID",),
    "run_attempt": ("GITHUB_RUN_ATTEMPT",),
    "job": ("GITHUB_JOB",),
}
# https://docs.gitlab.com/ci/variables/predefined_variables/
_GITLAB = {
    "repository": ("CI_PROJECT_PATH",),
    "commit": ("CI_COMMIT_SHA",),
    "ref": ("CI_COMMIT_REF_NAME",),
    "run_url": ("CI_JOB_URL",),
    "run_id": ("CI_PIPELINE_ID",),
    "job": ("CI_JOB_NAME",),
    "job_index": ("CI_NODE_INDEX",),
}
_GIT_TIMEOUT_S = 5
# What git reads of the machine, not of a repository: whose checkouts it trusts, and where its search for one stops.
_OF_THE_MACHINE = {
    *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"),
    *("GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"),
}
# `https://user@host/team/model.git`, `ssh://git@host/team/model`, `git@host:team/model.git`; not `C:/`
_URL = re.compile(r"(?:[a-z+]+://(?:[^@/]*@)?[^/]+/|(?:[^@/:]+@)?[^/:@]{2,}:/*)(.+?)(?:\.git)?/*")


def git_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a git that reads the checkout around a folder.

    `GIT_DIR` and its like, which git itself sets in a commit hook and an earlier step may set, lead to another one.
    """
    return {name: value for name, value in environ.items() if not name.startswith("GIT_") or name in _OF_THE_MACHINE}


def provenance_of(environ: Mapping[str, str], folder: str) -> Provenance:
    """Return repository, commit and run as the CI states them; if it states no repository, the git checkout's."""
    where = provenance_from_environ(environ)
    if where.repository is None:
        where = provenance_from_checkout(folder, environ)
    return scheduled(where, environ)


def name_of_card(path: str, at: str | os.PathLike[str] = ".") -> str:
    """Return a card's path from the root of its repository, by which it is one model however it was typed.

    `at` is the folder from which it was typed. Outside of a repository it is as it was typed, without `./`.
    """
    whole = os.path.abspath(os.path.join(at, path))
    root = repository_root(os.path.dirname(whole))
    return os.path.normpath(path) if root is None else os.path.relpath(whole, root).replace(os.sep, "/")


def scheduled(where: Provenance, environ: Mapping[str, str]) -> Provenance:
    """Return `where` with what a scheduler and Kubernetes state of the job. What is there already stays."""
    # The variables that a manifest fills by the downward API, as the Kubernetes docs name them.
    pod, namespace = environ.get("POD_NAME"), environ.get("POD_NAMESPACE")
    where = replace(where, pod=f"{namespace}/{pod}" if pod and namespace else pod or None)
    job = scheduled_job(environ)
    if job is None:
        return where
    of_a_ci = where.run_id is not None  # a CI's runner on a cluster: the run is the CI's
    names = ("scheduler", "account", "partition", "user", "scheduler_job") if of_a_ci else Provenance.__slots__
    given = {name: getattr(job, name) for name in names if getattr(where, name) is None}
    return replace(where, **given)


def provenance_from_environ(environ: Mapping[str, str]) -> Provenance:
    """Return repository, commit and run as GitHub Actions or GitLab CI states them; all `None` elsewhere."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return _from_github(environ)
    if environ.get("GITLAB_CI") == "true":
        return Provenance(**stated(environ, _GITLAB))
    return Provenance()


def provenance_from_checkout(folder: str, environ: Mapping[str, str]) -> Provenance:
    """Return repository, commit, branch and changes of the checkout around `folder`; all `None` outside of one."""
    commit = ask_git(folder, environ, "rev-parse", "--verify", "HEAD")
    if not commit:
        return Provenance()
    changed = ask_git(folder, environ, "status", "--porcelain", "--untracked-files=no")
    return Provenance(
        repository=_repository(folder, environ),
        commit=commit,
        ref=ask_git(folder, environ, "symbolic-ref", "-q", "HEAD") or None,
        dirty=None if changed is None else bool(changed),
    )


def repository_of_url(url: str) -> str | None:
    """Return `team/model` for `git@github.com:team/model.git`, as a CI names it; `None` for the path of a folder."""
    match = None if url.startswith("file:") else _URL.fullmatch(url.strip())
    return None if match is None else match[1].strip("/") or None


def _repository(folder: str, environ: Mapping[str, str]) -> str | None:
    """Return the name by the remote `origin`; else the folder's, with the first commit to tell namesakes apart."""
    url = ask_git(folder, environ, "config", "--get", "remote.origin.url")
    named = repository_of_url(url) if url else None
    if named is not None:
        return named
    root = ask_git(folder, environ, "rev-parse", "--show-toplevel")
    first = ask_git(folder, environ, "rev-list", "--max-parents=0", "HEAD")
    return f"{os.path.basename(root)}@{first.split()[-1][:12]}" if root and first else None


def call_git(
    folder: str | os.PathLike[str],
    environ: Mapping[str, str],
    *arguments: str,
    timeout_s: float = _GIT_TIMEOUT_S,
) -> subprocess.CompletedProcess[bytes]:
    """Ask git about the checkout around `folder`; it starts no helper, asks no service and takes no lock.

    `environ` is git's own: see `git_environ`. Raises OSError if git is not there, and subprocess.TimeoutExpired.
    """
    done = subprocess.run(
        ["git", "-C", os.fspath(folder), "-c", "core.fsmonitor=false", *arguments],
        env={**environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=timeout_s,
        check=False,
    )
    debug.log("git", "git %s: status %s", " ".join(arguments), done.returncode)
    return done


def ask_git(folder: str | os.PathLike[str], environ: Mapping[str, str], *arguments: str) -> str | None:
    """Return what git answers about the checkout around `folder`; `None` if it fails, or is not there."""
    try:
        done = call_git(folder, git_environ(environ), *arguments)
    except (OSError, subprocess.TimeoutExpired) as error:
        debug.log("git", "git %s: %s", " ".join(arguments), error)
        return None
    return done.stdout.decode("utf-8", "backslashreplace").strip() if done.returncode == 0 else None


def _from_github(environ: Mapping[str, str]) -> Provenance:
    where = Provenance(**stated(environ, _GITHUB))
    if where.repository is None or where.run_id is None:
        return where
    server = environ.get("GITHUB_SERVER_URL") or "https://github.com"
    attempt = f"/attempts/{where.run_attempt}" if where.run_attempt else ""
    return replace(where, run_url=f"{server}/{where.repository}/actions/runs/{where.run_id}{attempt}")


_ELSEWHERE = "use the record that a job of this very run has left, or {} to take one of elsewhere"
_IDENTITY = (("repository", "repository"), ("run_id", "run"), ("commit", "commit"))


def check_origin(record: Record, path: str, environ: Mapping[str, str], *, switch: str) -> None:
    """Check that a record that was passed on was made by this repository, run and commit of a CI.

    A record that names no origin may be from anybody. Outside of CI nothing is compared. Raises
    InputError, with the `switch` that lets a record of elsewhere in.
    """
    here, there = provenance_from_environ(environ), record.provenance
    for name, word in _IDENTITY:
        ours, theirs = getattr(here, name), getattr(there, name)
        if ours is not None and ours != theirs:
            found = f"does not say which {word} made it" if theirs is None else f"was made by {word} {quoted(theirs)}"
            raise InputError(f"the record {path} {found}; this is {word} {ours}", hint=_ELSEWHERE.format(switch))
    is_github = here.run_url is not None and "/actions/runs/" in here.run_url  # GitLab names the page of the job
    pages = {(run_url or "").partition("/attempts/")[0] for run_url in (there.run_url, here.run_url)}
    if is_github and there.run_url is not None and len(pages) > 1:
        raise InputError(f"the record {path} names another page as its run's", hint=_ELSEWHERE.format(switch))
