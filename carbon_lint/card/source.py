"""Say on a card whose figure it is: tool, version, run and record, in words that a person can read. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from carbon_lint.records.document import hash_of
from carbon_lint.records.hashes import short
from carbon_lint.text import plural

if TYPE_CHECKING:
    from carbon_lint.records.record import Record

_TOOL = "carbon-lint"
_RUN_CHARACTERS = 8  # of a UUID: enough to find the run among others
_SAFE = re.compile(r"[^A-Za-z0-9.+_-]+")  # what no version and no run id of ours holds
_NAMED = re.compile(rf"{_TOOL} .*\brecord ([0-9a-f]{{16,64}})")


def source_of(record: Record) -> str:
    """Return `carbon-lint 0.3.0 with CodeCarbon 3.3.2, run 5f0c9a3e, record 9f86d081884c7d65`.

    The last word is the start of the record's hash. A record of a CodeCarbon file alone has no hash to look for, so its
    source is `codecarbon`.
    """
    if _TOOL not in record.software:
        return "codecarbon" if "codecarbon" in record.software else _TOOL
    tools = f"{_TOOL} {_word(record.software[_TOOL])}"
    if "codecarbon" in record.software:
        tools += f" with CodeCarbon {_word(record.software['codecarbon'])}"
    count = len(record.merged_from)
    run = f"sum of {plural(count, 'run')}" if count else f"run {_word(record.run_id)[:_RUN_CHARACTERS]}"
    return f"{tools}, {run}, record {short(hash_of(record))}"


def record_named_in(source: str) -> str | None:
    """Return the first digits of the hash of the record that a card's `source` names; `None` without one."""
    found = _NAMED.search(source)
    return None if found is None else found[1]


def _word(text: str) -> str:
    return _SAFE.sub("-", text)[:32]
