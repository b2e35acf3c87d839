"""Put figures into a card: the sum over the run group, atomically, and no card that was not meant."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace as changed
from difflib import get_close_matches

from carbon_lint.errors import InputError, SecondCardError, UsageError
from carbon_lint.files import check_writable, read_file
from carbon_lint.records.folder import group_sum
from carbon_lint.records.merge.merge import Merged
from carbon_lint.records.provenance import provenance_from_environ
from carbon_lint.records.record import Record
from carbon_lint.records.store import record_file

_CARD_SUFFIXES = {".md", ".markdown", ".mdx"}
_CLOSE = 0.87  # difflib's ratio: `READNE.md` and `readme.md` are close to `README.md`, `README_fr.md` is not


def is_in_ci(environ: Mapping[str, str]) -> bool:
    """Return whether a CI states its repository: any job can leave an artifact there."""
    return provenance_from_environ(environ).repository is not None


def whole_group(record: Record, path: str | None, *, only_own: bool = False) -> Merged:
    """Return what the card states: the sum over the run group, of the records that lie beside this one at `path`.

    A failed or cancelled attempt took energy for the same weights. Raises InputError or MeasurementError if the
    records cannot be added up; InputError, with `only_own`, if one of them is of another repository.
    """
    if record.run_group is None or path is None:
        return Merged(record=record, notes=())
    merged = group_sum(record, record_file(path))
    ours = record.provenance.repository
    if only_own and merged.record.provenance.repository != ours:
        raise InputError(
            f"beside the record {path} lie records of its run group that {ours} has not made",
            hint="download the artifact into a folder of its own, or add up all of them",
            suggest=(("allow-foreign", ""),),
        )
    count = len(merged.record.merged_from)
    group_notes = (f"the card states the sum of {count} runs of group {record.run_group!r}",) if count else ()
    return changed(merged, notes=(*merged.notes, *group_notes))


def check_card_can_be_written(path: str, *, record_path: str | None = None, run_group: str | None = None) -> bool:
    """Find out before the job, and not after hours of it. Returns whether the card is not there and will be made.

    Raises InputError or OutputError; UsageError if a card of almost the same name is there, or the card's figure cannot
    be compared with that of `run_group`.
    """
    if record_path is not None and os.path.realpath(path) == os.path.realpath(record_path):
        raise UsageError(f"{path} is to be the card and the record", hint="name the record r.json, say")
    check_no_other_is_meant(path)
    data = card_bytes(path)
    from carbon_lint.card.edit import write_block  # noqa: PLC0415  YAML is read only if there is a card
    from carbon_lint.card.from_record import check_can_be_compared  # noqa: PLC0415  as above
    from carbon_lint.card.read import read_card  # noqa: PLC0415

    card = read_card(data or b"", path)
    write_block(card, {"emissions": 1.0})
    if run_group is not None:
        check_can_be_compared(card, run_group)
    check_writable(path)
    return data is None


def card_bytes(path: str) -> bytes | None:
    """Return what the card holds; `None` if there is none. Raises InputError for other files, such as a script."""
    data = read_file(path, "card")
    stem, suffix = os.path.splitext(os.path.basename(path).lower())
    is_named_so = suffix in _CARD_SUFFIXES or (stem, suffix) == ("readme", "")
    if data and not is_named_so and not data.lstrip(b"\xef\xbb\xbf").startswith(b"---"):
        raise InputError(
            f"{path} is not a model card: it has no front matter, and its name does not end in .md",
            hint="name the card, like README.md",
        )
    return data


def check_no_other_is_meant(path: str) -> None:
    """Raise SecondCardError if `path` is not there and a file of almost the same name is."""
    folder, name = os.path.split(path)
    try:
        beside = sorted(entry.name for entry in os.scandir(folder or ".") if entry.is_file())
    except OSError:
        return
    if name in beside:
        return
    near = get_close_matches(name.lower(), [other.lower() for other in beside], n=1, cutoff=_CLOSE)
    if near:
        raise SecondCardError(path, next(os.path.join(folder, one) for one in beside if one.lower() == near[0]))
