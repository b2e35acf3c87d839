"""The comment on a pull request."""

from __future__ import annotations

import dataclasses
import re
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.config import KeyChange, Settings
from carbon_lint.gate.baseline import compare, figures_of_record, with_increase
from carbon_lint.gate.budget import judge
from carbon_lint.gate.exceptions import excuse
from carbon_lint.gate.verdict import Budget
from carbon_lint.limits import parse_max_increase
from carbon_lint.records.record import Energy
from carbon_lint.report.run import comment, summary
from carbon_lint.report.run import text as run_text
from carbon_lint.report.run.comment import is_comment, marker
from tests.report.runs import RECORD, record, report_of
from tests.report.samples import CARD, diagnostic, report

THEN = record(
    emissions_g=0.2 * 84.9,
    energy_kwh=Energy(total=0.2, cpu=0.02, gpu=0.17, ram=0.01),
    intensity=dataclasses.replace(RECORD.intensity, g_per_kwh=84.9),
    ended_at="2026-11-20T10:02:05Z",
)
COMPARISON = compare(figures_of_record(RECORD, "this run"), figures_of_record(THEN, "record base.json"))


def test_the_comment_shows_energy_and_grid_apart_under_its_marker():
    verdict = with_increase(judge(RECORD, Budget(max_emissions_g=1000)), COMPARISON, parse_max_increase("5% and 0.5 g"))

    body = comment.render(report_of(RECORD, verdict, comparison=COMPARISON), key="train")

    lines = body.splitlines()
    assert lines[0] == "<!-- carbon-lint train -->"
    assert lines[1] == (
        "### ❌ carbon-lint: Over budget: 1.12 g more than the baseline, 560 mg more allowed, energy +10 %, grid "
        "-34 % vs record base.json"
    )
    assert "| emissions | 17 g CO2eq | 12.3 g CO2eq | -27 % |" in lines
    assert "| energy | 200 Wh | 220 Wh | +10 % |" in lines
    assert "| carbon intensity | 84.9 g/kWh | 56 g/kWh | -34 % |" in lines
    assert "Baseline: record base.json, 4 days older." in lines
    assert "| max-emissions | 12.3 g (11 to 21) | 1 kg | 988 g left | 81.8 % of the energy, by sensors |" in lines


def test_no_table_is_shown_without_a_row():
    verdict = judge(RECORD, Budget(max_emissions_g=1000))
    ending = report_of(RECORD, verdict, excused=excuse(verdict, (), date(2026, 11, 24)))

    shown = comment.render(ending, key="train") + summary.render(ending)

    assert "Exception to" not in shown
    assert not re.search(r"^\|(?: --- \|)+\n(?!\|)", shown, re.MULTILINE)


def test_the_comment_is_found_again_by_its_key_and_by_no_text_of_a_card():
    body = comment.render(report_of(RECORD), key="train")

    assert is_comment(body, "train")
    assert is_comment(body.replace("\n", "\r\n"), "train"), "GitHub hands bodies back with CRLF"
    assert not is_comment(body, "train-2")
    assert not is_comment(f"> quoted\n{body}", "train")


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_marker_is_one_closed_html_comment_and_differs_by_key(key, other):
    line = marker(key)

    assert re.fullmatch(r"<!-- carbon-lint [\w.~%]* -->", line, re.ASCII)
    assert (marker(other) == line) == (other == key)


def test_a_marker_from_a_card_stays_text():
    hostile = f"{marker('train')} --> @me </details>"
    found = report(diagnostic(CARD, "17g", message=hostile))

    body = comment.render(report_of(record(warnings=(hostile,)), lint=found), key="other")

    assert body.count("<!--") == 1
    assert "@me" not in body
    assert body.count("</details>") == 2


def test_the_same_values_give_the_same_body():
    assert comment.render(report_of(RECORD, comparison=COMPARISON), key="k") == comment.render(
        report_of(RECORD, comparison=COMPARISON), key="k"
    )


def test_a_limit_that_the_pull_request_changes_is_shown_before_and_after():
    body = comment.render(
        report_of(
            RECORD,
            limit_changes=(
                KeyChange("max-emissions", "500 g", "2 kg"),
                KeyChange("location", "POL", "a | `b` @octocat <!--"),
            ),
        ),
        key="k",
    )

    assert "| `max-emissions` | `500 g` | `2 kg` |\n" in body
    assert "| `location` | `POL` | ``a \\| `b` @octocat <!--`` |\n" in body
    assert "That of the merge base was used here." in body


def test_exceptions_are_shown_wherever_they_are_used():
    from datetime import date

    tables = [{"limit": "max-emissions", "owner": "@ann", "reason": "a | larger *corpus*", "until": date(2026, 12, 31)}]
    exceptions = Settings().with_values({"exception": tables}, "a test").exception
    excused = excuse(judge(RECORD, Budget(max_emissions_g=5)), exceptions, date(2026, 12, 1))

    for text in (
        comment.render(report_of(RECORD, excused.verdict, excused=excused), key="k"),
        summary.render(report_of(RECORD, excused.verdict, excused=excused)),
    ):
        assert "| max-emissions | @\u200bann | 2026-12-31 | let the run through | a \\| larger \\*corpus\\* |\n" in text
        assert "**over by 7.34 g**" in text, "the figure stays visible"
        assert text.count("larger") == 1
    assert "note: max-emissions: excepted by @ann until 2026-12-31: a | larger *corpus*" in run_text.render(
        report_of(RECORD, excused.verdict)
    )


def test_a_comparison_without_meaning_is_marked_so():
    other = dataclasses.replace(COMPARISON.baseline, hardware="8 x A100")
    compared = compare(COMPARISON.current, other)

    for text in (
        comment.render(report_of(RECORD, comparison=compared), key="k"),
        summary.render(report_of(RECORD, comparison=compared)),
    ):
        assert "The change was not judged: another hardware: 1 x H100 here, 8 x A100 in the baseline.\n" in text
    assert "  baseline   energy +10 %, grid -34 %, against record base.json\n" in run_text.render(
        report_of(RECORD, comparison=compared)
    )


def test_a_comment_fits_into_what_github_takes():
    many = report(*[diagnostic(CARD, "17g", message="x" * 400)] * 3000)

    body = comment.render(report_of(record(warnings=("w" * 500,) * 10), lint=many), key="k")
    flooded = comment.render(report_of(record(warnings=("w" * 500,) * 1000)), key="k")

    assert len(body) <= 65_536
    assert re.search(r"\n[\d,]+ more findings left out here", body)
    assert body.endswith("</details>\n")
    assert len(flooded) <= 65_536
    assert flooded.endswith("> Cut here: the whole would be too long for GitHub.\n")


def test_the_runs_url_cannot_break_out_of_its_link():
    provenance = dataclasses.replace(
        RECORD.provenance, run_url="https://github.com/a/b/actions/runs/1) [x](http://evil"
    )

    body = comment.render(report_of(record(provenance=provenance)), key="k")

    assert "[The run](https://github.com/a/b/actions/runs/1%29%20%5Bx%5D%28http://evil) has the whole report." in body
