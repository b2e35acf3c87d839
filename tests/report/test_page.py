"""One run as a page: whole without script or request, the same each time, and safe with hostile text."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser

import pytest

from carbon_lint.gate.budget import judge
from carbon_lint.gate.verdict import Budget
from carbon_lint.measurement.meter import Reading
from carbon_lint.records.record import Energy
from carbon_lint.report.run import page
from carbon_lint.report.run.curve import STEPS, curve_of
from carbon_lint.report.run.run_report import RunReport
from tests.cases import cases
from tests.report.runs import RECORD, record

HOSTILE = '<script>alert(1)</script>\x1b[31m\' onload="x"::error::x\u202e'


def readings(count):
    """One reading a second: GPU 150 to 250 W, memory 10 W."""
    gpu, total = 0.0, []
    for second in range(count):
        gpu += (200 + 50 * math.sin(second / 5)) / 3.6e6
        ram = second * 10 / 3.6e6
        energy = Energy(total=gpu + ram, gpu=gpu, ram=ram)
        total.append(Reading(elapsed_s=float(second), energy_kwh=energy, emissions_g=(gpu + ram) * 56))
    return total


class Parts(HTMLParser):
    """Collects tags and the addresses that a browser would ask for."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.asked = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.asked += [value for name, value in attrs if name in {"src", "href", "xlink:href", "data"}]
        if tag not in {"meta", "br", "hr", "img"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(text):
    parts = Parts()
    parts.feed(text)
    assert parts.open == []
    return parts


def rendered(one=RECORD, count=120, limit_g=25.0):
    return page.render(RunReport(record=one, verdict=judge(one, Budget(max_emissions_g=limit_g))), readings(count))


def test_the_page_is_whole_and_the_same_each_time():
    text = rendered()
    parts = parsed(text)
    assert "script" not in parts.tags
    assert [address for address in parts.asked if not address.startswith("#")] == []
    assert re.sub(r"chart-[0-9a-f-]{36}", "", text) == re.sub(r"chart-[0-9a-f-]{36}", "", rendered())
    assert text.count('<figure role="img" aria-label=') == text.count("<svg") == text.count("The same as a table") == 2
    for shown in (
        "Within budget",
        "12.3 g",
        "max-emissions",
        "GPU 15",
        "the limit is 25 g",
        "energy counter",
        "0123abc",
    ):
        assert shown in text, shown


@pytest.mark.slow
def test_a_day_of_ticks_stays_a_small_page():
    text = rendered(count=86_400)
    assert len(text.encode()) < 300_000
    assert len(curve_of(readings(86_400)).ends_s) == STEPS


def test_the_curve_keeps_the_energy():
    curve = curve_of(readings(1000))
    lengths_s = [end - start for start, end in zip((0.0, *curve.ends_s), curve.ends_s, strict=False)]
    for name in ("gpu", "ram"):
        summed = sum(watts * length for watts, length in zip(curve.power_w[name], lengths_s, strict=True)) / 3.6e6
        last, first = (getattr(readings(1000)[at].energy_kwh, name) for at in (-1, 0))
        assert summed == pytest.approx(last - first), name
    assert "cpu" not in curve.power_w


@cases("count", [0, 1, 9])
def test_without_enough_readings_there_is_no_chart(count):
    text = rendered(count=count)
    parsed(text)
    assert "<svg" not in text


def test_hostile_text_is_only_text():
    one = record(command=(HOSTILE,), warnings=(HOSTILE,), software={HOSTILE: HOSTILE}, run_group=HOSTILE)
    text = rendered(one)
    parsed(text)
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not re.search(r"^::", text, re.MULTILINE)


def test_an_unmeasured_run_has_no_figure():
    one = record(emissions_g=None, energy_kwh=Energy(total=None), intensity=None)
    text = page.render(RunReport(record=one))
    parsed(text)
    assert text.count("not measured") >= 2
