"""A team's month: what it came to, whether the budget is kept, and the forms in which that is shown."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from carbon_lint.gate.window import spent_in
from carbon_lint.limits import BudgetException, WindowBudget
from carbon_lint.records.ledger import Entry
from carbon_lint.records.ledger_sum import count
from carbon_lint.records.periods import days_before, month_period, period_of
from carbon_lint.records.record import Energy, Method, Methods, Outcome, Provenance, UsedException
from carbon_lint.records.uncertainty import Range
from carbon_lint.report.badge import render_shields, render_svg
from carbon_lint.report.ledger import month_data, month_issue, month_page, month_text
from carbon_lint.report.ledger.answer import Answer, outlook
from carbon_lint.report.ledger.month import month_of
from carbon_lint.report.ledger.month_badge import of_month
from carbon_lint.report.ledger.month_text import answer
from carbon_lint.report.ledger.sum import sum_text
from carbon_lint.report.ledger.tables import tables
from tests.cases import cases
from tests.records.builders import RECORD, a_record, fitting
from tests.report.test_page import HOSTILE, parsed

NOVEMBER = month_period("2026-11")
AT_15 = datetime(2026, 11, 16, tzinfo=UTC)  # fifteen whole days have passed
LATER = datetime(2026, 12, 5, tzinfo=UTC)


def ran(number, *, day=1, hour=12, emissions_g=100.0, model="acme/vit", repository="acme/code", attempt=1, **changes):
    """A run that only sensors measured, on a machine of its own."""
    node = f"node-{number}"
    return fitting(
        a_record(
            run_id=f"run-{number}",
            ended_at=f"2026-11-{day:02d}T{hour:02d}:00:00Z",
            emissions_g=emissions_g,
            energy_kwh=Energy(total=1.0, gpu=1.0) if emissions_g is not None else Energy(total=None),
            methods=Methods(gpu=Method.COUNTER),
            hardware=replace(RECORD.hardware, node=node, gpus=()),
            provenance=Provenance(repository=repository, run_id=str(number), run_attempt=attempt, model=model),
            **({"intensity": None} if emissions_g is None else {}),
            **changes,
        )
    )


def month(records, *, now=AT_15, budgets=(), **more):
    counted = count(Entry(path=f"{record.run_id}.json", record=record) for record in records)
    moment = min(now, datetime(2026, 11, 30, tzinfo=UTC))
    spent = [(spent_in(budget, period_of(budget, moment), counted), counted) for budget in budgets]
    return month_of(counted, NOVEMBER, now, spent=spent, **more)


EACH_DAY = [ran(day, day=day) for day in range(1, 16)]  # 1.5 kg in 15 days: 3 kg in November


@cases(
    ("allowed_g", "now", "expected"),
    [
        (4000.0, AT_15, Answer.YES),
        (3100.0, AT_15, Answer.LIKELY),
        (2900.0, AT_15, Answer.LIKELY_NOT),
        (2000.0, AT_15, Answer.NO),
        (1000.0, AT_15, Answer.NO),
        (2000.0, LATER, Answer.YES),
        (1550.0, LATER, Answer.LIKELY),
        (1450.0, LATER, Answer.LIKELY_NOT),
        (1000.0, LATER, Answer.NO),
        (0.0, AT_15, Answer.NO),
    ],
)
def test_the_answer_follows_the_range_at_the_end_of_the_month(allowed_g, now, expected):
    """Sensors are off by 5 %, and equal days add nothing to that."""
    one = month(EACH_DAY, now=now, budgets=[WindowBudget(name="all", max_emissions_g=allowed_g)])
    assert one.budgets[0].answer is expected
    assert answer(one).startswith(f"{expected.capitalize()}: all used 1.5 kg of ")


def test_it_is_too_early_to_judge_in_the_first_days_unless_the_budget_is_spent():
    budgets = [WindowBudget(name="wide", max_emissions_g=1000.0), WindowBudget(name="gone", max_emissions_g=50.0)]
    one = month([ran(1)], now=datetime(2026, 11, 2, 14, tzinfo=UTC), budgets=budgets)
    assert [each.answer for each in one.budgets] == [Answer.EARLY, Answer.NO]


def test_a_run_without_a_figure_makes_it_not_known():
    one = month([*EACH_DAY, ran(40, emissions_g=None)], budgets=[WindowBudget(name="all", max_emissions_g=9000.0)])
    assert one.budgets[0].answer is Answer.UNKNOWN
    assert "all used at least 1.5 kg of 9 kg" in answer(one)
    assert "at least 1.5 kg" in month_text.text(one)


def test_at_least_is_printed_only_for_a_sum_that_lacks_a_run():
    energy_only = replace(ran(1, day=2), emissions_g=None, intensity=None)
    alone, beside = month([energy_only]), month([energy_only, ran(2, day=3)])
    assert answer(alone).startswith("not measured, 1 kWh (0.95 to 1.05) in 1 run.")
    assert of_month(alone).message == "1 kWh, measured"
    assert re.search(r"vit +2 +at least 100 g .*[^t] 2 kWh", month_text.text(beside))
    assert [row[-2:] for row in csv.reader(io.StringIO(month_data.as_csv(beside)))][:2] == [
        ["without_emissions", "without_energy"],
        ["1", "0"],
    ]
    assert json.loads(month_data.as_json(beside))["by"]["model"][0]["without_emissions"] == 1
    for printed in (answer(beside), sum_text(beside.total, (), "2026-11")):
        assert re.search(r"at least 100 g \([^)]*\), 2 kWh", printed), printed


def test_a_month_without_runs_states_no_figure_and_runs_inside_others_are_named():
    budgets = [WindowBudget(name="vit", max_emissions_g=1000.0)]
    text = month_text.text(month([], budgets=budgets))
    assert re.findall(r"(?:Emissions|Energy|Measured by sensors): +(.*)", text) == ["no runs"] * 3
    assert re.search(r"vit +2026-11 +no runs +1 kg +too early to say", text), text
    assert of_month(month([], budgets=budgets)).message == "no runs"
    one = ran(1, day=2)
    inside = replace(one, run_id="run-2", duration_s=1.0, provenance=replace(one.provenance, run_id="2"))
    assert "Runs:                 1" in month_text.text(month([one, inside]))
    assert (
        "1 more record ran inside another run: that time counts once, so it is not among the runs."
        in month_text.text(month([one, inside]))
    )


def test_a_budget_counts_its_models_and_its_own_window():
    records = [ran(1, day=2), ran(2, day=14), ran(3, day=14, model="acme/bert"), ran(4, day=14, model=None)]
    budgets = [
        WindowBudget(name="vit", models=("acme/vit*",), max_emissions_g=1000.0),
        WindowBudget(name="energy", max_energy_kwh=10.0),
    ]
    one = month(records, budgets=budgets)
    assert [each.limit.measured for each in one.budgets] == [200.0, 4.0]
    assert "2 runs name no model that a budget names" in month_text.text(one)
    assert "name no model" not in month_text.text(month(records, budgets=budgets[1:]))


def test_cards_of_one_name_in_two_repositories_are_two_models():
    records = [ran(1, model="README.md", repository="acme/a"), ran(2, day=5, model="README.md", repository="acme/b")]
    assert {group.name for group in month(records).groups["model"]} == {"acme/a: README.md", "acme/b: README.md"}


def test_the_headline_gives_the_state_of_the_other_limits():
    names = ("a", "b", "c")
    for limits_g, words in (
        ((50.0, 9000.0), "the other limit looks better"),
        ((50.0, 40.0), "the same for the other limit"),
        ((50.0, 9000.0, 8000.0), "the other 2 limits look better"),
        ((50.0, 40.0, 9000.0), "the same for 1 of the other 2 limits"),
        ((50.0, 40.0, 30.0), "the same for the other 2 limits"),
    ):
        budgets = [WindowBudget(name=name, max_emissions_g=limit) for name, limit in zip(names, limits_g, strict=False)]
        assert answer(month(EACH_DAY, budgets=budgets)).endswith(f"; {words}")


def test_an_outlook_is_linear_and_its_range_holds_both_errors():
    spent, days = Range(low=90.0, likely=100.0, high=120.0), [10.0] * 5 + [0.0] * 5
    ahead = outlook(spent, [*days, *[0.0] * 20], NOVEMBER, datetime(2026, 11, 11, tzinfo=UTC))
    assert ahead.end.likely == pytest.approx(300.0)
    spread = 2 * 5.270463 * (20 + 20**2 / 10) ** 0.5
    assert ahead.end.low == pytest.approx((300 - spread) * 0.9, rel=1e-4)
    assert ahead.end.high == pytest.approx((300 + spread) * 1.2, rel=1e-4)
    early = datetime(2026, 11, 3, tzinfo=UTC)
    for period, now in ((NOVEMBER, LATER), (NOVEMBER, early), (days_before(AT_15, 1e6), AT_15)):
        assert outlook(spent, days, period, now) is None


def test_what_failed_and_what_was_tried_again_is_charged():
    records = [
        ran(1),
        ran(2, outcome=Outcome.FAILED, exit_status=1, emissions_g=30.0),
        ran(3, outcome=Outcome.OVER_BUDGET, exit_status=1, over_budget=True, emissions_g=20.0),
        ran(4, attempt=2, emissions_g=50.0),
    ]
    exception = BudgetException("max-emissions", "ann", "agreed", date(2026, 12, 1))
    past = exception._replace(until=date(2026, 10, 1))
    used = UsedException(
        limit="max-energy", owner="eve", reason="<b>", until="2026-11-30", unit="kWh", measured=3, allowed=1
    )
    records += [ran(number, exceptions=(used, replace(used, unit="g", measured=number))) for number in (5, 6)]
    [let_through] = month(records[4:]).let_through
    assert (let_through.runs, let_through.over) == (2, {"kWh": 4.0, "g": 9.0})
    assert json.loads(month_data.as_json(month(records)))["exceptions_used"][0]["over"] == {"kWh": 4.0, "g": 9.0}
    assert "&lt;b&gt;" in month_page.render(month(records))
    assert re.search(r"eve +2026-11-30 +<b> +2 +9 g, 4 kWh", month_text.text(month(records)))
    one = month(records[:4], exceptions=(exception, past))
    assert {group.name: group.emissions_g.likely for group in one.lost} == {"failed": 30.0, "over-budget": 20.0}
    assert (one.retries.runs, one.retries.share) == (1, 0.25)
    assert (one.over_own_limit, one.exceptions) == (1, (exception,))
    shown = month_text.text(one)
    assert "1 run went over a limit of its own" in shown
    assert re.search(r"ann +2026-12-01 +agreed", shown)


def test_a_day_whose_runs_were_not_measured_is_not_a_day_without_emissions():
    one = month([ran(1, day=2), ran(2, day=3, emissions_g=None), ran(3, day=4), ran(4, day=4, emissions_g=None)])
    assert one.days_g[:5] == (0.0, 100.0, None, 100.0, 0.0)
    assert json.loads(month_data.as_json(one))["emissions_g_by_day"][2] is None
    course, days = month_page._charts(one)
    assert course.series["so far"][:5] == (0.0, 100.0, None, 200.0, 200.0)
    assert days.series["acme/vit"][:3] == (0.0, 100.0, None)
    assert days.words().endswith("; not measured: 03 Nov.")
    assert [at for at, bar in enumerate(days._band()) if bar] == [2], "a band, since a gap looks like 0"
    assert days.svg().count("not measured") == 2 == 1 + len(days.unknown)
    (left_out,) = (table.rows for table in tables(one) if table.title == "Not in the sum")
    assert [row[:2] for row in left_out] == [("no figures", "run-2"), ("no figures", "run-4")]
    assert set(days.series["acme/vit"][16:]) == {None}, "days to come are not known either"
    for shown in (month_text.text(one), month_page.render(one)):
        assert "No run of 03 Nov was measured in grams" in shown


def test_groups_add_up_to_the_sum_and_the_largest_are_first():
    records = [ran(day, day=day, emissions_g=10.0 * day, model=f"acme/m{day % 3}") for day in range(1, 20)]
    one = month(records, now=LATER)
    for key, groups in one.groups.items():
        assert sum(group.emissions_g.likely for group in groups) == pytest.approx(1900.0), key
        assert sum(group.share for group in groups) == pytest.approx(1.0), key
    assert [group.name for group in one.groups["week"]] == ["2026-W44", "2026-W45", "2026-W46", "2026-W47"]
    assert [each.record.emissions_g for each in one.largest] == [10.0 * number for number in range(19, 9, -1)]
    assert sum(map(sum, one.days_by_model_g.values())) == pytest.approx(1900.0)


def test_csv_and_json_hold_every_group_and_nothing_that_json_lacks():
    one = month(EACH_DAY, budgets=[WindowBudget(name="all", max_emissions_g=4000.0, owner="@ann")])
    rows = list(csv.DictReader(io.StringIO(month_data.as_csv(one))))
    assert [row["by"] for row in rows][:2] == ["total", "week"]
    assert float(rows[0]["emissions_g_likely"]) == pytest.approx(1500.0)
    document = json.loads(month_data.as_json(one), parse_constant=pytest.fail)
    assert document["budgets"][0]["answer"] == "yes"
    assert document["expected_emissions_g"]["likely"] == pytest.approx(3000.0)


def test_hostile_names_are_only_text_in_every_form():
    names = (HOSTILE, "=HYPERLINK(1)", "@everyone", "+1", "-1", "\tx", "a|b`c -->")
    records = [ran(number, model=name) for number, name in enumerate(names, start=1)]
    records[0] = replace(records[0], provenance=replace(records[0].provenance, run_url="javascript:alert(1)"))
    budget = WindowBudget(name=HOSTILE, max_emissions_g=100.0, owner="ann --> @all")
    one = month(records, budgets=[budget])
    page = month_page.render(one)
    parts = parsed(page)
    assert "script" not in parts.tags
    assert [address for address in parts.asked if not address.startswith(("#", "https://"))] == []
    for row in csv.reader(io.StringIO(month_data.as_csv(one))):
        assert row[2][:1] not in {"=", "+", "-", "@", "\t"} or not row[2]
    forms = (page, month_text.markdown(one), month_issue.issue(one), month_issue.notice(one, {}))
    two_days = month([ran(1, model=HOSTILE), ran(2, day=2, model="=\x1b[2J")])
    assert len(month_page._charts(two_days)) == 2, "names stand in the legend of a chart too"
    forms = (*forms, month_page.render(two_days))
    for text in (*forms, month_text.text(one), month_data.as_csv(one), month_data.as_csv(two_days)):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "<script" not in "".join(forms)
    assert "@everyone" not in month_text.markdown(one)
    assert "@all" not in month_issue.notice(one, {})
    first, rest = month_issue.issue(one).split("\n", 1)
    assert first.endswith(" -->")
    assert first.count("-->") == 1
    assert "<!--" not in rest
    assert "<script" not in render_svg(of_month(one))


def test_an_owner_is_mentioned_once_at_each_threshold_and_again_each_month():
    budget = WindowBudget(name="all", max_emissions_g=1800.0, owner="@ann")
    at_83 = month(EACH_DAY, budgets=[budget])
    first = month_issue.notice(at_83, month_issue.told_in("anything else"))
    assert first.startswith("@ann: the budget all has reached 80 %. ")
    reported = month_issue.told_in(month_issue.issue(at_83))
    assert month_issue.notice(at_83, reported) == ""
    over = month([*EACH_DAY, ran(30, day=15, emissions_g=400.0)], budgets=[budget])
    assert month_issue.notice(over, reported).startswith("@ann: the budget all is used up. ")
    assert month_issue.notice(over, month_issue.told_in(month_issue.issue(over))) == ""
    assert month_issue.notice(over, {"all g 2026-10": 1.0}).startswith("@ann")
    for text in ("{x}", '{"a": "b"}', "[]", '{"a": ' + "[" * 100_000 + "}"):
        broken = f"<!-- carbon-lint told {text} -->"
        assert month_issue.told_in(broken) == {}


def test_the_badge_shows_the_nearest_budget_or_the_sum_and_how_it_was_found():
    budgets = [WindowBudget(name="all", max_emissions_g=3000.0), WindowBudget(name="kwh", max_energy_kwh=16.0)]
    for given, message in (
        ((), "1.5 kg, measured"),
        (budgets[:1], "50 % of 3 kg, measured"),
        (budgets, "kwh: 93.8 % of 16 kWh, measured"),
    ):
        shields = json.loads(render_shields(of_month(month(EACH_DAY, budgets=given))))
        assert (shields["label"], shields["message"]) == ("CO2eq 2026-11", message)
    assert json.loads(render_shields(of_month(month([]))))["message"] == "no runs"


def test_an_empty_month_gets_a_message():
    budget = WindowBudget(name="all", max_emissions_g=3000.0)
    for now, word in ((AT_15, "Too early to say"), (LATER, "Not known")):
        assert answer(month([], now=now, budgets=[budget])) == f"{word}: the ledger holds no run that counts in all"
    one = month([])
    assert answer(one) == "No run ended in 2026-11"
    assert tables(one) == []
    parsed(month_page.render(one))


HARNESS = """<!doctype html><title>x</title>
<iframe id="page" style="width:360px;height:800px;border:0" srcdoc="{}"></iframe>
<script>onload = () => {{ const root = document.getElementById("page").contentDocument.documentElement;
document.title = `wide ${{root.scrollWidth}} of ${{root.clientWidth}}`; }}</script>"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium")
def test_a_browser_logs_nothing_loads_nothing_and_scrolls_only_down(tmp_path):
    long_name = "acme/" + "a-model-with-a-name-that-does-not-end" * 3
    records = [*EACH_DAY, ran(50, day=3, model=long_name), ran(51, day=4, emissions_g=None)]
    page = month_page.render(month(records, budgets=[WindowBudget(name="all", max_emissions_g=4000.0, owner="@ann")]))
    (tmp_path / "harness.html").write_text(HARNESS.format(html.escape(page)))
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom")
    done = subprocess.run(
        ["chromium", *flags, f"--user-data-dir={tmp_path}/profile", f"file://{tmp_path}/harness.html"],
        capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    assert re.search(r"<title>wide (3\d\d) of \1</title>", done.stdout)
    assert "CONSOLE" not in done.stderr
