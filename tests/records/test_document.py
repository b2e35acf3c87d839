"""A document is read as a record if the schema accepts it, by `jsonschema`, too, and each number is finite."""

from __future__ import annotations

import copy
import functools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from carbon_lint.errors import InputError
from carbon_lint.records.document import record_from_json, record_to_json
from carbon_lint.records.record import (
    CodeCarbonEnergy,
    Energy,
    Phase,
    PhaseKind,
    UnmeasuredCode,
    UnmeasuredReason,
    UsedException,
)
from carbon_lint.records.store import parse_record
from carbon_lint.records.uncertainty import Assumptions, Bounds, Range, Uncertainty
from tests.cases import cases
from tests.records.builders import a_record
from tests.schemas import load_schema

FULL = a_record(
    exceptions=(
        UsedException(
            limit="max-energy", owner="a", reason="b", until="2026-12-31", unit="kWh", measured=0.2, allowed=0.1
        ),
    ),
    phases=(
        Phase(
            kind=PhaseKind.EPOCH,
            name="1",
            times=1,
            began_s=0.0,
            ended_s=60.0,
            duration_s=60.0,
            energy_kwh=Energy(total=0.1),
            emissions_g=None,
            split_share=0.5,
        ),
    ),
    uncertainty=Uncertainty(energy_kwh=Bounds(low=0.1, high=0.3), cpu_kwh=Bounds(low=0.1, high=0.2)),
    assumptions=Assumptions(cpu_thread_share=0.5, tables={"cpu": "1"}),
    left_out=Range(low=0.1, likely=0.2, high=0.3),
    codecarbon=CodeCarbonEnergy(cpu_kwh=0.1),
    merged_from=("one", "two"),
    parts_sha256=("a" * 64, "b" * 64),
    journal_sha256="c" * 64,
    unmeasured_because=UnmeasuredReason(code=UnmeasuredCode.IMPLAUSIBLE, message="of no use"),
)
DOCUMENT = json.loads(json.dumps(record_to_json(FULL)))
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([-1, 0, 1, 2.5, 1.0, 300, 2**63, 2**64, -(2**70), 10**300, 1e300]),
    st.sampled_from(
        ["", "x", "é😀", "2026-11-24T10:00:00Z", "2026-11-24T10:00:00Z\n", "completed", "counter", "a" * 64]
    ),
    st.sampled_from([[], [1], ["x"], {}, {"x": 1}, {"low": 1, "high": 2}, {"low": 1, "likely": 1.5, "high": 2}]),
)


@functools.cache
def validator():
    return Draft202012Validator(load_schema("record"))


def is_read(document):
    try:
        record_from_json(document)
    except ValueError:
        return False
    return True


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
def test_what_is_read_is_what_the_schema_accepts(changes):
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
    assert is_read(document) <= validator().is_valid(document)
    # No reader of ours takes 1.0 for an integer, or a number that is as large as the schema leaves open.
    if not any(isinstance(value, float) for _, _, value in changes):
        assert is_read(document) == validator().is_valid(document)


@cases("text", ["NaN", "Infinity", "-Infinity", "1e999", "1e301", "9" * 302])
@cases("of", ["total", "cpu"])
def test_a_number_that_no_sum_can_take_is_named(of, text):
    document = {**DOCUMENT, "emissions_g": None, "intensity": None}
    document["energy_kwh"] = {**document["energy_kwh"], of: json.loads(text)}
    with pytest.raises(ValueError, match=rf"energy_kwh\.{of}"):
        record_from_json(document)


DEEP = functools.reduce(lambda inner, _: [inner], range(900), [])


@cases("data", [b"[" * 100_000, *(json.dumps({**DOCUMENT, name: DEEP}).encode() for name in ("command", "new"))])
@cases("is_of_ledger", [False, True])
def test_a_record_that_is_nested_too_deep_is_refused(data, is_of_ledger):
    with pytest.raises(InputError, match="is not"):
        parse_record(data, "r.json", is_of_ledger=is_of_ledger)


@cases("form", [["carbon-lint/record@2"], {}, None, 2])
def test_a_format_of_another_type_is_refused(form):
    with pytest.raises(InputError, match="has format"):
        parse_record(json.dumps({**DOCUMENT, "format": form}).encode(), "r.json")
