"""Choose the runs of an `emissions.csv` that are meant, and list them to choose from."""

from __future__ import annotations

from collections.abc import Iterable

from carbon_lint.errors import UsageError
from carbon_lint.places import Place
from carbon_lint.records.emissions_csv.runs import Log, Run, find_problem
from carbon_lint.records.emissions_csv.table import UNKNOWN_TIME
from carbon_lint.units import format_duration, format_emissions
from carbon_lint.value import Value

_SHOWN_RUNS = 8
_SHOWN_NAMES = 12


class Choice(Value, kw_only=True):
    """What to take from the file, and what to believe of it.

    Attributes:
        run_id: the run to take; None if the file holds one, or several are summed.
        project: take only runs of this project.
        sum_runs: add all runs up.
        last: take the run that ended last.
        place: where the energy came from; the file's kWh are priced with it.
        trust_location: believe a row that says Quebec, has the world's average, or was priced by CodeCarbon 1.x.
        gpu_unused: believe a row that names a GPU and counts no energy for it.
    """

    run_id: str | None = None
    project: str | None = None
    sum_runs: bool = False
    last: bool = False
    place: Place | None = None
    trust_location: bool = False
    gpu_unused: bool = False


def chosen(log: Log, choice: Choice) -> tuple[Run, ...]:
    """Return the runs that are meant. Raises UsageError if that is not clear."""
    flags = {"--run-id": choice.run_id is not None, "--sum": choice.sum_runs, "--last": choice.last}
    ways = [flag for flag, is_given in flags.items() if is_given]
    if len(ways) > 1:
        raise UsageError(f"{ways[0]} and {ways[1]} exclude each other", hint="give one of the two")
    runs = _of_project(log, choice.project)
    if choice.run_id is not None:
        found = tuple(run for run in runs if run.run_id == choice.run_id)
        if not found:
            raise UsageError(
                f"{log.holds} no run {choice.run_id!r}", hint="it holds these, newest first:", details=listed(runs)
            )
        return found
    if choice.last:
        return (newest(log, runs),)
    if len(runs) > 1 and not choice.sum_runs:
        raise UsageError(
            f"{log.holds} {len(runs)} runs",
            hint="take the newest with --last, one with --run-id ID, or all with --sum"
            + (", those of one project with --project NAME" if len({run.project for run in runs}) > 1 else ""),
            details=listed(runs),
        )
    return runs


def newest(log: Log, runs: tuple[Run, ...]) -> Run:
    """Return the run that ended last. Raises UsageError if the times do not tell which one it is."""
    if len(runs) == 1:
        return runs[0]
    known = [ended for run in runs if (ended := run.ended) is not None]
    why, hint = None, "take one with --run-id ID"
    if len(known) < len(runs):
        why = "a time cannot be read"
    elif known.count(max(known)) > 1:
        why, hint = f"{known.count(max(known))} end at {max(known)}", f"{hint}, or all with --sum"
    if why is not None:
        raise UsageError(
            f"which run of {log.name} is the last is unknown: {why}", hint=f"{hint}:", details=listed(runs)
        )
    return runs[known.index(max(known))]


def by_time(runs: Iterable[Run]) -> list[Run]:
    """Return the oldest first or, if a time cannot be read, in the order of the file, which CodeCarbon appends to."""
    found = list(runs)
    if any(run.ended is None for run in found):
        return found
    return sorted(found, key=lambda run: run.ended or UNKNOWN_TIME)


def listed(runs: Iterable[Run]) -> tuple[str, ...]:
    """Return a line for each run, newest first: time, project, duration, grams, run id, file, problem."""
    found = list(reversed(by_time(runs)))
    has_files = len({run.last.path for run in found}) > 1
    table = [_cells(run, has_files=has_files) for run in found[:_SHOWN_RUNS]]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    more = len(found) - _SHOWN_RUNS
    return (*lines, f"and {more} older one{'s' if more > 1 else ''}") if more > 0 else tuple(lines)


def _cells(run: Run, *, has_files: bool) -> tuple[str, ...]:
    ended, problem = run.ended, find_problem(run)
    return (
        "time unreadable" if ended is None else f"{ended:%Y-%m-%d %H:%M:%S}",
        run.project[:32] or "(no project)",
        "-" if problem else format_duration(run.duration_s),
        "-" if problem else format_emissions(run.emissions_g),
        run.run_id,
        *((run.last.path,) if has_files else ()),
        f"unusable: {problem.message}" if problem else "",
    )


def _of_project(log: Log, project: str | None) -> tuple[Run, ...]:
    runs = tuple(log.runs.values())
    found = tuple(run for run in runs if project in {None, run.project})
    if not found:
        names = sorted({run.project for run in runs if run.project})
        shown = ", ".join(names[:_SHOWN_NAMES]) + (" and others" if len(names) > _SHOWN_NAMES else "")
        raise UsageError(
            f"{log.holds} no run of project {project!r}",
            hint=f"its projects: {shown}" if names else "its runs name no project; leave --project out",
        )
    return found
