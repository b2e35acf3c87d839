"""The canonical form of a record's JSON, against the library of RFC 8785."""

from __future__ import annotations

import hashlib
import json
import math

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.errors import InputError
from carbon_lint.records.document import record_to_json
from carbon_lint.records.hashes import FIELD, canonical, fits, record_sha256, sealed
from carbon_lint.records.record import Energy
from carbon_lint.records.store import parse_record, render_line, render_record
from tests.records.builders import a_record

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    NUMBERS | st.text(st.characters(exclude_categories=["Cs"])) | st.booleans() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)
LINE = render_line(a_record(run_id="\U0001f600 a,b", warnings=(f'"{FIELD}":"x",',), software={FIELD: "\u00e9"}))
EDGES = [0.0, -0.0, 1e-7, 1e-6, 1.5e-5, 1e-4, 1e16, 123456789e12, 1e20, 1e21, 5e-324, 1.7e308, -1e-6, 100.0, 1 / 3]


@given(VALUES)
def test_it_is_the_librarys(value):
    assert canonical(value) == rfc8785.dumps(value)


def test_it_is_the_librarys_at_numbers_whose_layout_changes():
    for number in EDGES:
        assert canonical(number) == rfc8785.dumps(number), number
    document = record_to_json(a_record())
    assert canonical(document) == rfc8785.dumps(document)
    assert canonical({"\ufb33": 1, "\U0001f600": 2, "a": 3}) == '{"a":3,"\U0001f600":2,"\ufb33":1}'.encode()
    assert canonical(2**60) == canonical(float(2**60)), "as every reader with doubles has it"


def test_what_no_json_can_hold_has_no_hash():
    for value in (math.nan, math.inf, "\ud800"):
        with pytest.raises(ValueError, match=r"not a number|surrogates"):
            canonical([value])
        assert sealed({"a": value})["record_sha256"] is None


def test_a_record_is_sealed_whatever_order_its_file_has():
    document = record_to_json(a_record())
    assert document["record_sha256"] == record_sha256(dict(sorted(document.items(), reverse=True)))
    assert record_sha256({**document, "duration_s": document["duration_s"] + 1}) != document["record_sha256"]


@given(st.integers(0, len(LINE)), st.integers(0, 2), st.binary(max_size=2) | st.sampled_from([b"0", b"1", b" ", b"9"]))
def test_a_changed_line_fits_its_hash_if_its_canonical_form_does(at, length, new):
    """The ledger checks a hash on the bytes: whatever is changed is found, and another layout is the same record."""
    data = LINE[:at] + new + LINE[at + length :]
    try:
        document = json.loads(data)
        expected = record_sha256(document) == document[FIELD]
    except (AttributeError, KeyError, ValueError):
        return
    assert fits(data, document) == expected


@given(*[st.none() | st.floats(0, 2**53) | st.floats(1e21, 1e290) | st.integers(0, 2**53 - 1)] * 2)
def test_a_record_is_the_same_in_either_layout(total_kwh, job_cpu_s):
    record = a_record(energy_kwh=Energy(total=total_kwh), emissions_g=None, intensity=None, job_cpu_s=job_cpu_s)
    line, pretty = (parse_record(data, "r.json") for data in (render_line(record), render_record(record).encode()))
    assert line == pretty
    assert fits(render_line(record), json.loads(render_line(record)))


def test_outside_of_a_ledger_only_the_hash_of_the_canonical_form_holds():
    """A card names that hash, so a file may not state that of its own bytes in another layout."""
    document = json.loads(LINE)
    bare = json.dumps({name: value for name, value in document.items() if name != FIELD}).encode()
    stated = hashlib.sha256(bare).hexdigest()
    crafted = b'{"%s":"%s",' % (FIELD.encode(), stated.encode()) + bare[1:]
    with pytest.raises(InputError, match="was changed after it was written"):
        parse_record(crafted, "r.json")
