"""One run as a page: whole without script or request, the same each time, and safe with hostile text."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from carbon_lint.errors import InputError
from carbon_lint.gate.baseline import compare, figures_of_record
from carbon_lint.gate.budget import judge
from carbon_lint.gate.verdict import Budget
from carbon_lint.measurement.course import MOST_TICKS, Course, read_course
from carbon_lint.measurement.journal import reading_to_json
from carbon_lint.measurement.meter import Reading, power_between_w
from carbon_lint.records.document import record_to_json
from carbon_lint.records.record import Energy, Phase, PhaseKind, UsedException
from carbon_lint.report.run import comment, page
from carbon_lint.report.run.curve import SLICES, curve_of
from carbon_lint.report.run.run_report import RunReport
from tests.cases import cases
from tests.report import samples
from tests.report.browser import CHROMIUM, browse
from tests.report.runs import RECORD, record, report_of

TIGHT = {"max_emissions_g": 0.4}
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
        self.open, self.tags, self.asked, self.ids = [], set(), [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.ids += [value for name, value in attrs if name == "id"]
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


def course(count, **known):
    return Course(readings=tuple(readings(count)), **known)


def rendered(one=RECORD, count=120, limit_g=25.0, **known):
    return page.render(
        RunReport(record=one, verdict=judge(one, Budget(max_emissions_g=limit_g)), **known), course(count)
    )


def test_the_page_is_whole_and_the_same_each_time():
    text = rendered()
    parts = parsed(text)
    assert "script" not in parts.tags
    assert [address for address in parts.asked if not address.startswith("#")] == []
    assert text == rendered()
    assert len(parts.ids) == len(set(parts.ids))
    assert text.count('<figure role="img" aria-label=') == text.count("The same as a table") == 2
    assert text.count("<svg") == 4, "each for wide and for narrow screens"
    for shown in (
        "Within budget",
        "12.3 g",
        "between 10.5 g and 20.9 g",
        "81.8 %",
        "max-emissions",
        "GPU 15",
        "which is too far above the curve to be drawn",
        "a counter in the hardware",
        "0123abc",
    ):
        assert shown in text, shown


def journal(name, count, *more):
    header = {"format": "carbon-lint/journal@1", "record": record_to_json(RECORD), "limits": {"max_emissions_g": 25.0}}
    lines = [header, *map(reading_to_json, readings(count)), *more]
    Path(name).write_text("".join(f"{json.dumps(line)}\n" for line in lines))


@pytest.mark.slow
def test_a_day_of_ticks_stays_a_small_page_and_keeps_its_energy():
    journal("day.jsonl", 86_400, {"forecast_share": 0.5, "at_s": 40_000.0}, {"forecast_share": "x", "at_s": 1.0})
    found = read_course("day.jsonl")
    assert (found.run_id, len(found.readings), found.forecasts) == ("r1", MOST_TICKS, ((40_000.0, 0.5),))
    assert found.readings[-1].energy_kwh == readings(86_400)[-1].energy_kwh
    assert power_between_w(*found.readings[-2:]) == pytest.approx(210, rel=0.2), "the mean of what was left out, too"
    text = page.render(RunReport(record=RECORD), found)
    assert len(text.encode()) < 300_000
    assert len(curve_of(found.readings).ends_s) == SLICES


@cases("energy", [None, [1.0], {"cpu": 1.0}])
def test_a_tick_without_energy_is_an_error_with_the_journals_name(energy, tmp_path):
    journal = tmp_path / "r.jsonl"
    journal.write_text(json.dumps({"elapsed_s": 1.0, "energy_kwh": energy}) + "\n")

    with pytest.raises(InputError, match=r"r\.jsonl holds a reading that cannot be read"):
        read_course(journal)


def test_the_forecast_and_the_budget_are_drawn_beside_the_run():
    forecasts = tuple((float(second), 1.2) for second in range(50, 120))
    shown = course(120, forecasts=forecasts, limits=TIGHT)
    power, grams = (plot for plot, _ in page.over_time(RunReport(record=RECORD), shown))
    assert grams.limit == 0.4
    known = [value for value in grams.expected["forecast"] if value is not None]
    assert known == pytest.approx([0.48] * len(known))
    assert "forecast 480 mg to 480 mg; the limit is 400 mg." in grams.words()
    assert power.limit == pytest.approx(0.4 / 12.34 * 0.22 * 3.6e6 / 125.3)
    assert power.series.keys() == {"GPU", "memory"}
    one = record(duration_s=119.0, emissions_g=0.385, energy_kwh=Energy(total=0.006875))
    (power, notes), _ = page.over_time(RunReport(record=one), shown)
    assert power.limit == pytest.approx(0.4 / 0.385 * 0.006875 * 3.6e6 / 119)
    assert notes == ["The budget is used up by a mean of 216 W over the time of this run."]


def test_phases_are_drawn_and_listed_with_what_is_outside_of_them():
    parts = [(PhaseKind.PHASE, "load", 0.02), (PhaseKind.PHASE, HOSTILE, 0.15), (PhaseKind.EPOCH, "1", 0.2)]
    one = record(phases=tuple(a_phase(kind, name, kwh) for kind, name, kwh in parts))
    text = rendered(one)
    parsed(text)
    assert "<script" not in text
    for shown in (
        "By phase",
        "load",
        "150 Wh",
        "outside of phases",
        "50 Wh",
        "22.7 %",
        "By epoch",
        "epoch 1",
        "9.09 %",
    ):
        assert shown in text, shown
    assert text.count('aria-label="By phase: load 20 Wh,') == 1
    many = record(phases=tuple(a_phase(PhaseKind.EPOCH, str(number), 0.0002) for number in range(500)))
    assert "481 more epochs" in rendered(many)
    assert len(rendered(many)) < 200_000


def a_phase(kind, name, kwh):
    return Phase(
        kind=kind, name=name, times=1, began_s=0.0, ended_s=10.0, duration_s=10.0,
        energy_kwh=Energy(total=kwh, gpu=kwh), emissions_g=kwh * 56, split_share=0.1,
    )  # fmt: skip


def test_findings_are_listed_or_reported_as_zero():
    assert "Findings in the card" not in rendered()
    assert "<p>None.</p>" in rendered(lint=samples.report())
    assert "CL201" in rendered(lint=samples.report(samples.diagnostic(samples.CARD, "17g")))


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_a_browser_logs_nothing_loads_nothing_and_scrolls_only_down():
    long = "a-word-that-never-ends" * 10
    one = record(command=(long,), warnings=(long,), phases=(a_phase(PhaseKind.PHASE, long[:90], 0.1),))
    width, message = browse(rendered(one, lint=samples.report(samples.diagnostic(samples.CARD, "17g"))), width=360)
    assert (width, message) == (360, [])


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


def test_what_is_missing_is_listed_and_an_exception_gives_its_reason():
    used = UsedException(
        limit="max-emissions", owner="@ann", reason="a larger tokenizer", until="2026-12-31", unit="g", measured=12.3,
        allowed=10.0,
    )  # fmt: skip
    text = page.render(RunReport(record=replace(RECORD, exceptions=(used,))))
    assert "no journal of this run with ten readings lies beside the record" in text
    assert "over by 2.3 g, excepted by @ann until 2026-12-31: a larger tokenizer" in text
    assert "no journal" not in rendered()


def test_a_limit_over_areas_has_gaps_in_the_colour_of_the_page():
    """Its own colour is near to that of the memory in the dark theme."""
    power, grams = (plot for plot, _ in page.over_time(RunReport(record=RECORD), course(120, limits=TIGHT)))
    assert ("var(--paper)" in power.svg(), "var(--paper)" in grams.svg()) == (True, False)
    assert power.svg().count(">budget<") == 1


def test_the_page_and_the_comment_agree_on_limit_and_baseline():
    """The page said `1 kg left` of a limit of 1 kg, and not how old the baseline is."""
    before = replace(RECORD, started_at="2026-11-20T10:00:00Z", ended_at="2026-11-20T10:02:05Z", emissions_g=10.0)
    compared = compare(figures_of_record(RECORD, "this run"), figures_of_record(before, "record base.json"))
    for text in (
        rendered(limit_g=1e6, comparison=compared),
        comment.render(report_of(RECORD, judge(RECORD, Budget(max_emissions_g=1e6)), comparison=compared), key="k"),
    ):
        assert "nearly all left" in text
        assert "record base.json, 4 days older." in text.replace("\\", "")


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
