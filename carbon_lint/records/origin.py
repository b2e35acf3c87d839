"""Whether a record that was handed over was made here: by this repository, run and commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint.errors import InputError
from carbon_lint.records.provenance import provenance_from_environ
from carbon_lint.text import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbon_lint.records.record import Record

_ELSEWHERE = "use the record that a job of this very run has left, or {} to take one of elsewhere"
_IDENTITY = (("repository", "repository"), ("run_id", "run"), ("commit", "commit"))


def check_origin(record: Record, path: str, environ: Mapping[str, str], *, switch: str) -> None:
    """Check that a record that was handed over was made by this repository, run and commit of a CI.

    A record that says nothing of where it was made may be anybody's. Outside of CI nothing is compared. Raises
    InputError, with the `switch` that lets a record of elsewhere in.
    """
    here, there = provenance_from_environ(environ), record.provenance
    for name, word in _IDENTITY:
        ours, theirs = getattr(here, name), getattr(there, name)
        if ours is not None and ours != theirs:
            found = f"does not say which {word} made it" if theirs is None else f"was made by {word} {quoted(theirs)}"
            raise InputError(f"the record {path} {found}; this is {word} {ours}", hint=_ELSEWHERE.format(switch))
    is_github = here.run_url is not None and "/actions/runs/" in here.run_url  # GitLab names the page of the job
    if is_github and there.run_url is not None and _page(there.run_url) != _page(here.run_url):
        raise InputError(f"the record {path} names another page as its run's", hint=_ELSEWHERE.format(switch))


def _page(run_url: str | None) -> str | None:
    """The page of a run, whichever attempt or job of it is meant."""
    return None if run_url is None else run_url.partition("/attempts/")[0]
