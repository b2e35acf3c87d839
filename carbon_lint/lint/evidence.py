"""What was measured, as the rules compare it with a card: from records, or from an emissions.csv."""

from __future__ import annotations

import os
import re

from carbon_lint.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbon_lint.records.emissions_csv.choice import Choice
    from carbon_lint.records.emissions_csv.runs import Log, Run
    from carbon_lint.records.record import Record

RELATIVE = 0.005
"""How far two figures of one run may be apart: what rounding to three significant digits does."""

# H100, A10G, T4, RTX 3090, MI250X, TPU v4, Gaudi 2: models of accelerators as people and drivers write them.
_MODEL = re.compile(
    r"\b(?:(?:RTX|GTX|QUADRO)\s*(?P<number>\d{3,4})|(?P<name>(?:[AHTVPLKB]|GH|GB|MI|RX)\d{1,4}[A-Z]?"
    r"|TPU\s*V\d[A-Z]?|GAUDI\s*\d|MAX\s*1[15]\d0|TITAN\s*(?:RTX|V|XP)))\b"
)


class Evidence(Value, kw_only=True):
    """One run's figures, or the sums of several. None is not measured, or not stated.

    `or_sum` is what a card may state instead: the sum of all runs of the file. `older` are earlier runs, oldest first.
    `is_table`: from an emissions.csv whose grams were not priced again, so a card may price its energy by its place.
    `doubt` is why the grams of the table cannot be believed, and so are None. `notes` are for the user to read.
    """

    label: str
    emissions_g: float | None
    energy_kwh: float | None = None
    duration_s: float | None = None
    hardware: tuple[str, ...] = ()
    location_names: tuple[str, ...] = ()
    or_sum: Evidence | None = None
    older: tuple[Evidence, ...] = ()
    doubt: str | None = None
    notes: tuple[str, ...] = ()
    is_table: bool = False


def from_records(paths: Sequence[str]) -> Evidence:
    """Return the newest record, with those of its run group added to it; the others are older.

    Of a group of which one record is named, those that lie beside it count too, as on the card. Raises InputError.
    """
    from carbon_lint.records.store import load_record, record_file

    files = [record_file(path) for path in paths]
    named = sorted(((load_record(path), path) for path in files), key=lambda pair: pair[0].ended_at)
    newest, path = named[-1]
    group = [pair[0] for pair in named if pair[0] is newest or _is_same_group(pair[0], newest)]
    if len(group) == 1 and newest.run_group is not None:
        group = _whole_group(newest, path)
    is_alone = len(group) == 1 and group[0].run_id == newest.run_id
    older = (
        _of([record], f"the older record {name}") for record, name in named if record is not newest or not is_alone
    )
    label = f"the record {path}" if is_alone else f"the run group {newest.run_group}"
    return _of(group, label).but(older=tuple(older))


def _whole_group(record: Record, path: str) -> list[Record]:
    """Return the sum over the record's group, or its single records if one has no figure, so that the sum has none."""
    from carbon_lint.errors import MissingFigureError
    from carbon_lint.records.folder import group_sum, records_in

    try:
        return [group_sum(record, path).record]
    except MissingFigureError:
        beside = [item.record for item in records_in(os.path.dirname(os.path.realpath(path)))]
        return [*(each for each in beside if _is_same_group(each, record) and each.run_id != record.run_id), record]


def from_emissions_csv(*paths: str, choice: Choice | None = None) -> Evidence:
    """Return the runs that are chosen; without a choice the last one, and then the card may also state the sum of all.

    Raises InputError, UsageError; MissingFigureError if a run that counts has no figure that can be trusted.
    """
    from carbon_lint.errors import MissingFigureError
    from carbon_lint.records.emissions_csv.choice import Choice, by_time, chosen
    from carbon_lint.records.emissions_csv.runs import read_log

    choice = choice or Choice()
    log = read_log(*paths)
    is_left_open = choice.run_id is None and not choice.last and not choice.sum_runs
    meant = by_time(chosen(log, choice.but(sum_runs=True) if is_left_open else choice))
    if not is_left_open:
        label = f"the sum of {log.name}" if choice.sum_runs and len(meant) > 1 else _label(log, meant[-1])
        return _of_runs(log, meant, choice, label, notes=log.warnings)
    *earlier, last = meant
    older, notes = [], list(log.warnings)
    for run in earlier:
        try:
            older.append(_of_runs(log, [run], choice, f"the older run {run.run_id} of {log.name}"))
        except MissingFigureError as error:
            notes.append(f"{error.message}: this older run was left out")
    is_summed = bool(earlier) and len(older) == len(earlier)
    or_sum = _of_runs(log, meant, choice, f"the sum of {log.name}") if is_summed else None
    return _of_runs(log, [last], choice, _label(log, last), notes=notes).but(or_sum=or_sum, older=tuple(older))


def _label(log: Log, run: Run) -> str:
    return f"run {run.run_id} of {log.name}" if len(log.runs) > 1 else log.name


def _of_runs(log: Log, runs: list[Run], choice: Choice, label: str, *, notes: Sequence[str] = ()) -> Evidence:
    from carbon_lint.records.emissions_csv.place import find_doubt, implied_intensity, is_place_believed
    from carbon_lint.records.emissions_csv.record import record_of_runs

    is_open = choice.place is None and not choice.trust_location
    rows = [row for run in runs for row in run.counted]
    doubt = find_doubt(runs) if is_open else None
    record = record_of_runs(log, runs, choice if doubt is None else choice.but(trust_location=True))
    warnings = list(notes)
    if choice.place is None and doubt is None and record.intensity is not None:
        implied_intensity(rows, record.intensity.g_per_kwh, warnings)
    found = _of([record], label).but(notes=tuple(warnings), is_table=choice.place is None)
    if doubt is None:
        return found
    names = found.location_names if is_place_believed(rows) else ()
    return found.but(doubt=doubt.message, emissions_g=None, location_names=names)


def agrees(evidence: Evidence, figure: str, stated: float, text: str, relative: float = RELATIVE) -> bool:
    """Return whether a number on the card, written as `text`, is the evidence's, as far as it was written out.

    `figure` is `emissions_g`, `energy_kwh` or `duration_s`.
    """
    measured = getattr(evidence, figure)
    if measured is not None and close(stated, measured, text, relative):
        return True
    return evidence.or_sum is not None and agrees(evidence.or_sum, figure, stated, text, relative)


def close(stated: float, measured: float, text: str, relative: float = RELATIVE) -> bool:
    """Return whether two numbers are one, the first written as `text` and rounded so."""
    places = len(text.lower().partition("e")[0].partition(".")[2])
    half_a_step = 0.5 * 10.0**-places if "e" not in text.lower() else 0.0
    return abs(stated - measured) <= max(half_a_step, relative * abs(measured))


def older_with(evidence: Evidence, stated: float, text: str) -> Evidence | None:
    """Return the latest earlier run with this figure."""
    return next((older for older in reversed(evidence.older) if agrees(older, "emissions_g", stated, text, 1e-6)), None)


def models_in(text: str) -> set[str]:
    """Return the models of accelerators that a line of hardware names."""
    found = _MODEL.finditer(text.replace("-", " ").upper().replace("GEFORCE", ""))
    return {match["number"] or match["name"].replace(" ", "") for match in found}


def other_place(text: str, names: tuple[str, ...]) -> str | None:
    """Return a country that the text names, if it names none of `names`; None if that is not clear."""
    if any(has_word(text, name) for name in names):
        return None
    from carbon_lint.places import every_place

    countries = {place.name for place in every_place() if place.name and place.code == place.country_iso}
    return next((name for name in sorted(countries) if has_word(text, name)), None)


def has_word(text: str, name: str) -> bool:
    """Return whether a text names something as a word of its own, in any case."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None


def _sum(values: Sequence[float | None]) -> float | None:
    """Return the sum; None if one was not measured, for then the sum was not either."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _is_same_group(record: Record, other: Record) -> bool:
    return record.run_group is not None and record.run_group == other.run_group


def _of(records: Sequence[Record], label: str) -> Evidence:
    last = records[-1]
    intensity = last.intensity
    names = (intensity.location_name, intensity.location) if intensity is not None else ()
    return Evidence(
        label=label,
        emissions_g=_sum([record.emissions_g for record in records]),
        energy_kwh=_sum([record.energy_kwh.total for record in records]),
        duration_s=_sum([record.duration_s for record in records]),
        hardware=tuple(gpu.name for gpu in last.hardware.gpus),
        location_names=tuple(name for name in names if name),
    )
