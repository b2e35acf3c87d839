"""The canonical form of a record's JSON, against the library of RFC 8785."""

from __future__ import annotations

import math

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.records.document import record_to_json
from carbon_lint.records.hashes import canonical, record_sha256, sealed
from tests.records.builders import a_record

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    NUMBERS | st.text(st.characters(exclude_categories=["Cs"])) | st.booleans() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)
EDGES = [0.0, -0.0, 1e-7, 1e-6, 1.5e-5, 1e-4, 1e16, 123456789e12, 1e20, 1e21, 5e-324, 1.7e308, -1e-6, 100.0, 1 / 3]


@given(VALUES)
def test_it_is_the_librarys(value):
    assert canonical(value) == rfc8785.dumps(value)


def test_it_is_the_librarys_where_the_layout_of_a_number_changes():
    for number in EDGES:
        assert canonical(number) == rfc8785.dumps(number), number
    document = record_to_json(a_record())
    assert canonical(document) == rfc8785.dumps(document)
    assert canonical({"\ufb33": 1, "\U0001f600": 2, "a": 3}) == '{"a":3,"\U0001f600":2,"\ufb33":1}'.encode()
    assert canonical(2**60) == canonical(float(2**60)), "as every reader with doubles has it"


def test_what_no_json_can_hold_has_no_hash():
    for value in (math.nan, math.inf, "\ud800"):
        with pytest.raises(ValueError, match=r"no number|surrogates"):
            canonical([value])
        assert sealed({"a": value})["record_sha256"] is None


def test_a_record_is_sealed_whatever_order_its_file_has():
    document = record_to_json(a_record())
    assert document["record_sha256"] == record_sha256(dict(sorted(document.items(), reverse=True)))
    assert record_sha256({**document, "duration_s": document["duration_s"] + 1}) != document["record_sha256"]
