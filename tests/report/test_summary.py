"""The step's summary in Markdown, looked at as a Markdown parser sees it."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from carbon_lint.gate.budget import judge
from carbon_lint.gate.verdict import Budget
from carbon_lint.records.record import Energy, Methods, Outcome
from carbon_lint.report.findings import markdown
from carbon_lint.report.findings.reporters import REPORTERS, RenderOptions
from carbon_lint.report.layout import markdown_table
from carbon_lint.report.run import summary
from carbon_lint.report.run.curve import curve_of, mermaid
from carbon_lint.text import markdown_code, markdown_message, markdown_text, terminal
from tests.cases import cases
from tests.report.runs import RECORD, readings, record, report_of
from tests.report.samples import CARD, diagnostic, fix, report

GITHUB = MarkdownIt("gfm-like", {"linkify": False})
HOSTILE = (
    "@me <img src=x onerror=alert(1)> | `x` [a](http://evil.example) ![p](//e/x.png) #12 </details> --> ::error::x"
)


def html(text):
    return GITHUB.render(text)


def tags(text):
    return set(re.findall(r"<(/?[a-z][a-z0-9]*)", html(text)))


def test_the_summary_leads_with_the_verdict_and_holds_every_limit_and_component():
    text = summary.render(
        report_of(RECORD, judge(RECORD, Budget(max_emissions_g=5, max_energy_kwh=10)), readings=readings())
    )

    assert text.startswith("## ❌ Over budget: 12.3 of 5 g\n")
    assert "| max-emissions | 12.3 g (11 to 21) | 5 g | **over by 7.34 g** | 81.8 % of the energy, " in text
    assert "| max-energy | 220 Wh (190 to 370) | 10 kWh | 9.78 kWh left | 81.8 % of the energy, by sensors |\n" in text
    assert "| GPU | 180 Wh | energy counter |\n" in text
    assert "| CPU | 30 Wh | load model |\n" in text
    assert "| **emissions** | **12.3 g (11 to 21) CO2eq** | 56 g/kWh: France, CodeCarbon 3.3.2 (2023, " in text
    assert "**Modelled, not measured:** 18.2 % of the energy: CPU (load model), RAM (constant).\n" in text
    assert "carbon-lint run --location FRA -- python train.py --name 'a b'\n" in text
    assert "at commit `0123abc` with `carbon-lint` `0.1.0`, `codecarbon` `3.3.2`:\n" in text


def test_an_unmeasured_run_has_no_number_in_it():
    unmeasured = record(
        outcome=Outcome.UNMEASURED, emissions_g=None, energy_kwh=Energy(total=None), methods=Methods(), intensity=None
    )

    text = summary.render(report_of(unmeasured))

    assert text.startswith("## ❌ Not measured: there is no trustworthy figure\n")
    assert "| **emissions** | **not measured** | not stated, so energy only |\n" in text
    assert "As much as" not in text
    assert "--energy-only" in text


def test_the_chart_spaces_power_and_grams_evenly_over_the_run():
    power, grams = mermaid(readings()).split("```mermaid\n")[1:]

    assert 'title "Power (W)"' in power
    assert 'title "Cumulative emissions (g)"' in grams
    points = [float(point) for point in re.search(r"line \[(.*)\]", grams)[1].split(", ")]
    assert len(points) == 60
    assert points == sorted(points)
    assert (points[0], points[-1]) == (0.2, 12.5)
    assert "  line [200, 200, " in power
    steps = [after - before for before, after in pairwise(points)]
    assert max(steps) - min(steps) < 0.21, "no more than the one reading a second that the grid falls between"


def test_a_gap_in_the_readings_holds_the_last_value_and_invents_none():
    gappy = [reading for reading in readings(100) if not 20 < reading.elapsed_s < 60]

    points = [
        float(point) for point in re.search(r"line \[(.*)\]\n", mermaid(gappy).split("Cumulative")[1])[1].split(", ")
    ]

    assert set(points) <= {float(f"{reading.emissions_g:.3g}") for reading in gappy}


def test_a_gap_in_the_readings_takes_its_time_on_the_axis_and_has_its_own_power():
    """Steps without a reading were left out, so all that came after a gap was drawn too early."""
    gappy = [reading for reading in readings(101) if not 20 < reading.elapsed_s < 60]

    curve = curve_of(gappy, 50)

    assert curve.ends_s == pytest.approx(range(2, 101, 2))
    assert curve.total_w == pytest.approx([200] * 50)


def test_too_few_readings_draw_nothing():
    assert mermaid(readings(2)) == ""
    assert mermaid([]) == ""


def test_card_text_in_a_summary_is_only_text():
    text = summary.render(
        report_of(
            record(warnings=(HOSTILE,), command=("sh", "-c", f"```\n{HOSTILE}")),
            lint=report(
                diagnostic(
                    CARD, "17g", message=HOSTILE, path=f"{HOSTILE}.md", fix=fix(CARD, "17g", "17", title=HOSTILE)
                ),
                sources={},
            ),
        )
    )

    assert {"img", "script"} & tags(text) == set()
    assert html(text).count("<a ") == 1, "the rule's own link"
    assert "@me" not in re.sub(r"<code>.*?</code>", "", html(text), flags=re.DOTALL)
    assert "::" not in text


@given(st.text(max_size=60))
def test_any_text_through_markdown_is_that_text_and_no_markup(anything):
    rendered = html(f"before {markdown_text(anything)} after")

    import html as entities

    shown = entities.unescape(re.sub(r"</?p>\n?", "", rendered)).replace("\u200b", "").strip("\n")
    assert re.findall(r"</?(?!p>)[a-z]", rendered) == []
    assert " ".join(shown.split()) == " ".join(f"before {terminal(anything)} after".replace("\u200b", "").split())


PARTS = st.lists(
    st.sampled_from(["`", "``", "<img src=x>", "@me", "**b**", "[a](b)", "\\", "|", " ", "x", "-->"]), max_size=12
)


@given(st.one_of(st.text(max_size=60), PARTS.map("".join)))
def test_any_message_is_its_words_and_code_and_nothing_else(anything):
    rendered = html(f"before {markdown_message(anything)} after")

    assert set(re.findall(r"<(/?[a-z][a-z0-9]*)", rendered)) <= {"p", "/p", "code", "/code"}
    outside = re.sub(r"<code>.*?</code>", "", rendered, flags=re.DOTALL)
    assert "@me" not in outside
    assert not re.search("<(?!/?p>)", outside)


@given(st.text(max_size=60))
def test_any_text_in_a_code_span_of_a_table_stays_in_its_cell(anything):
    rendered = html(markdown_table(("a", "b"), [(markdown_code(anything, in_table=True), "x")]))

    assert rendered.count("<td>") == 2
    assert "<td>x</td>" in rendered


@given(st.text(max_size=60))
def test_a_fenced_block_cannot_be_closed_from_inside(anything):
    tokens = GITHUB.parse(markdown.fenced(terminal(anything)) + "after\n")

    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]


@cases("count", [0, 1, 30_000])
def test_a_summary_stays_under_its_limit_and_counts_what_it_leaves_out(count):
    found = diagnostic(CARD, "17g")
    many = report(*[found] * count, files_checked=count or 1)

    text = summary.render(report_of(RECORD, lint=many))
    alone = REPORTERS["markdown"](many, RenderOptions())

    for rendered in (text, alone):
        assert len(rendered.encode()) <= 1_048_576
        rows = rendered.count("| ❌ error | ")
        printed = re.search(r"\n([\d,]+) more findings? left out here", rendered)
        assert rows + (int(printed[1].replace(",", "")) if printed else 0) == count
        assert (printed is not None) == (rows < count)
