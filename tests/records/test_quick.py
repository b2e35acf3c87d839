"""The quick check of a record's document accepts no more than the schema, and all that `run` writes."""

from __future__ import annotations

import copy
import json
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from carbon_lint.records.document import find_problem, record_to_json
from carbon_lint.records.quick import compile_schema
from carbon_lint.schema_files import load_schema
from tests.cases import cases
from tests.records.builders import a_record

DOCUMENT = json.loads(json.dumps(record_to_json(a_record())))
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([-1, 0, 1, 2.5, 1.0, "", "x", "2026-11-24T10:00:00Z", "completed", "unmeasured", "counter"]),
    st.sampled_from([[], [1], ["x"], {}, {"x": 1}, {"low": 1, "high": 2}, {"low": 1, "likely": 1.5, "high": 2}]),
)


@cache
def checks():
    schema = load_schema("record")
    return compile_schema(schema), Draft202012Validator(schema)


def paths(value, path=()):
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in members:
        yield from paths(each, (*path, name))


@given(
    st.lists(
        st.tuples(st.sampled_from(list(paths(DOCUMENT))), st.sampled_from(["put", "drop", "add"]), odd), max_size=3
    )
)
def test_what_the_quick_check_accepts_the_schema_accepts(changes):
    document = copy.deepcopy(DOCUMENT)
    for path, how, value in changes:
        try:
            at = document
            for name in path[:-1]:
                at = at[name]
            if how == "put" and path:
                at[path[-1]] = value
            elif how == "drop" and path:
                del at[path[-1]]
            else:
                at["new"] = value
        except (KeyError, IndexError, TypeError):
            continue
    quick, slow = checks()
    assert slow.is_valid(document) or not quick(document)


def test_what_a_run_writes_is_not_left_to_the_library():
    assert checks()[0](DOCUMENT)


@cases("text", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400])
def test_a_number_that_no_sum_can_take_is_named(text):
    document = json.loads(json.dumps({**DOCUMENT, "emissions_g": None, "intensity": None}))
    document["energy_kwh"]["total"] = json.loads(text)
    assert "energy_kwh.total" in find_problem(document)


def test_a_keyword_that_is_not_known_is_an_error():
    with pytest.raises(ValueError, match="multipleOf"):
        compile_schema({"type": "number", "multipleOf": 2})
