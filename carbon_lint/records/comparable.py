"""Decide which earlier run may be the baseline of a run. Pure.

Never the run itself, one that ended later, or one of another repository, job or model. In a ledger, which holds many
teams' runs, what is not known is never taken as equal; a record that the user names is refused only for what is known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from carbon_lint.records.record import Provenance, Record
from carbon_lint.records.schedulers import default_group


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What decides which runs a run can be compared with. `ended_at` is `None` before the run."""

    run_ids: frozenset[str] = frozenset()
    ended_at: str | None = None
    repository: str | None = None
    job: str | None = None
    job_index: int | None = None
    model: str | None = None
    run_group: str | None = None


def identity_of(record: Record) -> Identity:
    """Return a record's identity. A sum is each of its parts, too."""
    run_ids = frozenset({record.run_id, *record.merged_from})
    return replace(identity_before(record.provenance, record.run_group), run_ids=run_ids, ended_at=record.ended_at)


def identity_before(where: Provenance, run_group: str | None) -> Identity:
    """Return the identity of a run that is about to begin."""
    shared = {name: getattr(where, name) for name in ("repository", "job", "job_index", "model")}
    return Identity(run_group=named_group(where, run_group), **shared)


def named_group(where: Provenance, run_group: str | None) -> str | None:
    """Return the run group if a person named it; that of a scheduler's job is another one each time."""
    return None if run_group == default_group(where.scheduler, where.run_id) else run_group


def why_never(run: Identity, earlier: Identity) -> str | None:
    """Say why a record that the user names can be no baseline of `run`; `None` if it can."""
    if run.run_ids & earlier.run_ids:
        return "is this run itself"
    if _is_later(earlier.ended_at, run.ended_at):
        return "ended after this run"
    name = _differs_in(run, earlier)
    return None if name is None else f"is of another {_WORDS.get(name, name)} ({getattr(earlier, name)})"


def why_passed_over(run: Identity, earlier: Identity) -> str | None:
    """Say why a run of a ledger is not a baseline of `run`; `None` if it is one."""
    if run.repository is None or earlier.repository is None:
        return "of an unknown repository"
    if run.run_ids & earlier.run_ids:
        return "of this run itself"
    if _is_later(earlier.ended_at, run.ended_at):
        return "that ended after this run"
    other = _differs_in(run, earlier)
    if other is not None:
        return f"of another {_WORDS.get(other, other)}"
    if (run.model is None) != (earlier.model is None):
        return "of an unknown model"
    for name in ("job", "job_index", "run_group"):
        if getattr(run, name) != getattr(earlier, name):
            return f"of another {_WORDS.get(name, name)}"
    return None


def _differs_in(run: Identity, earlier: Identity) -> str | None:
    """Return the first thing that both name, and differently."""
    for name in ("repository", "job", "job_index", "model"):
        mine, other = getattr(run, name), getattr(earlier, name)
        is_known = (
            mine is not None and other is not None and not (name == "model" and _is_card(mine) != _is_card(other))
        )
        if is_known and mine != other:
            return name
    return None


_WORDS = {"job_index": "job of the matrix", "run_group": "run group"}


def _is_card(model: str) -> bool:
    """Return whether a model is named by the path of its card: how that and OWNER/MODEL go together is not known."""
    return model.lower().endswith(".md")


def _is_later(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return False
    try:
        return datetime.fromisoformat(one) > datetime.fromisoformat(other)
    except (TypeError, ValueError):
        return one > other
