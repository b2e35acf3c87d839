"""Exceptions to a budget: somebody's, for a reason, and for a time."""

from __future__ import annotations

import tomllib
from datetime import date

from carbon_lint.config import Settings
from carbon_lint.gate.budget import judge
from carbon_lint.gate.exceptions import excuse
from carbon_lint.gate.verdict import Budget, Status
from tests.report.runs import RECORD

TEXT = """
[[exception]]
limit = "max-emissions"
owner = "ann@example.org"
reason = "the larger tokenizer"
until = 2026-12-31
"""
OVER = judge(RECORD, Budget(max_emissions_g=5))


def exceptions_of(text=TEXT):
    return Settings().with_values(tomllib.loads(text), "a test").exception


def test_an_exception_lets_its_limit_pass_until_its_day_and_is_shown():
    exceptions = exceptions_of()

    excused = excuse(OVER, exceptions, date(2026, 12, 31))

    assert excused.verdict.status is Status.PASS
    assert excused.verdict.limits == OVER.limits, "the figure and the limit stay visible"
    assert excused.verdict.reasons == (
        "max-emissions: excepted by ann@example.org until 2026-12-31: the larger tokenizer",
    )
    assert excused.used == exceptions


def test_an_expired_exception_changes_nothing_and_is_named():
    exceptions = exceptions_of()

    excused = excuse(OVER, exceptions, date(2027, 1, 1))

    assert excused.verdict == OVER
    assert (excused.used, excused.expired) == ((), exceptions)


def test_another_limit_that_is_over_still_fails():
    both = judge(RECORD, Budget(max_emissions_g=5, max_energy_kwh=0.001))

    excused = excuse(both, exceptions_of(), date(2026, 1, 1))

    assert excused.verdict == both
    assert excused.used == ()


def test_an_exception_that_nothing_needs_is_not_used():
    within = judge(RECORD, Budget(max_emissions_g=500))

    excused = excuse(within, exceptions_of(), date(2026, 1, 1))

    assert excused.verdict is within
    assert (excused.used, excused.expired) == ((), ())


def test_a_day_may_be_written_as_text():
    (exception,) = exceptions_of(TEXT.replace("2026-12-31", '"2026-12-31"'))

    assert exception.until == date(2026, 12, 31)
