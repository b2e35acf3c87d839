"""Say in words what a model on the Hub got while a job ran that did not complete, and how to take it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint import redact
from carbon_lint.records.record import Outcome, Record
from carbon_lint.text import plural, quoted, terminal
from carbon_lint.units import format_duration

if TYPE_CHECKING:  # the client of the Hub takes a third of a second, and every run reads this file
    from carbon_lint.hub.pushes.pushed import Commit, Moved, Movement
    from carbon_lint.hub.pushes.watch import Pushes

SHOWN = 5
"""How many commits of one branch are named, the newest."""
TITLE = 60
SHORT = 8
_PULL = "refs/pr/"


def pushes_in_words(pushes: Pushes, record: Record, *, was_stopped: bool) -> tuple[str, ...]:
    """Return what was pushed, in lines for the record. `was_stopped`: carbon-lint stopped the job."""
    cause = _cause(record, was_stopped=was_stopped)
    found = pushes.movement
    if found is None:
        return (f"{cause}, and what was pushed to {pushes.repo_id} is not known: {pushes.unknown_because}",)
    if not pushes.has_pushed:
        after = f"nor in the {format_duration(pushes.settle_s)} after it"
        return (f"{cause}; nothing was pushed to {pushes.repo_id} while it ran, {after}",)
    half = ": they may hold half-trained weights" if was_stopped or record.outcome is Outcome.FAILED else ""
    return (f"{cause}, and {_what_came(pushes, found)}{half}", *_way_back(pushes, found))


def _what_came(pushes: Pushes, found: Movement) -> str:
    commits = [commit for one in found.moved for commit in one.commits]
    authors = {commit.author for commit in commits}
    at_least = "at least " if found.left_out or any(one.problem for one in found.moved) else ""
    count = f"{at_least}{plural(len(commits), 'commit')}"
    is_several = len(authors) > 1
    by = "" if is_several else "".join(f" by {_short(author)}" for author in authors if author)
    listed = ", ".join(_branch(one, with_author=is_several) for one in found.moved)
    if found.left_out:
        listed += f", and {found.left_out} more branches or pull requests moved"
    if not commits:
        return f"{pushes.repo_id} was changed meanwhile: {listed}"
    if not pushes.was_seen:
        return f"{pushes.repo_id}, which could not be seen before the job, has {count}{by} now: {listed}"
    return f"{pushes.repo_id} got {count}{by} meanwhile: {listed}"


def _way_back(pushes: Pushes, found: Movement) -> tuple[str, ...]:
    ways = []
    for one in found.moved:
        if one.ref.startswith(_PULL):
            number = one.ref.removeprefix(_PULL)
            ways.append(f"close {pushes.endpoint}/{pushes.repo_id}/discussions/{number} without a merge")
        elif one.before is not None:
            ways.append(f"{terminal(one.ref)} was at {one.before}")
        elif pushes.was_seen:
            ways.append(f"delete the branch {quoted(one.ref)}")
    return (f"to go back (docs/publishing.md): {'; '.join(ways)}",) if ways else ()


def _cause(record: Record, *, was_stopped: bool) -> str:
    if record.outcome is Outcome.OVER_BUDGET:
        return "the job was stopped over its budget" if was_stopped else "the run went over its budget"
    if record.outcome is Outcome.UNMEASURED:
        return "the job was stopped because it could not be measured" if was_stopped else "the run was not measured"
    return "the job failed"


def _branch(one: Moved, *, with_author: bool) -> str:
    """Return `5d6e7f8a 'End of training' (main)`, oldest first."""
    shown = [_commit(commit, with_author=with_author) for commit in one.commits[-SHOWN:]]
    hidden = len(one.commits) - len(shown)
    if hidden:
        shown.insert(0, f"{hidden} earlier")
    if not shown:
        shown.append(f"now at {one.after[:SHORT]}")
    about = terminal(one.ref)
    if one.is_rewritten:
        about += f", which does not hold {(one.before or '')[:SHORT]} any more"
    if one.problem is not None:
        about += f"; {'there may be more' if one.commits else 'its commits are not known'}: {one.problem}"
    return f"{', '.join(shown)} ({about})"


def _commit(commit: Commit, *, with_author: bool) -> str:
    by = f" by {_short(commit.author)}" if with_author and commit.author else ""
    return f"{commit.id[:SHORT]} {quoted(redact.text(commit.title), TITLE)}{by}"


def _short(name: str) -> str:
    return terminal(name[:TITLE])
