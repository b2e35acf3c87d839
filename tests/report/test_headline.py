"""One line heads the comment, the summary, the annotation and the log, and it follows the exit status."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from itertools import product

from carbon_lint.gate.baseline import compare, figures_of_record
from carbon_lint.gate.budget import OnModelled, is_failing, judge, limit_results
from carbon_lint.gate.exceptions import excuse
from carbon_lint.gate.verdict import Budget, Status, Verdict
from carbon_lint.limits import BudgetException
from carbon_lint.records.record import Energy, Outcome, StoppedBy
from carbon_lint.report.run import comment, summary
from carbon_lint.report.run import text as run_text
from carbon_lint.report.run.headline import headline
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.report.run.sections import Publication
from tests.cases import cases
from tests.report.runs import RECORD, record, report_of
from tests.report.samples import CARD, diagnostic, report

NOTHING = record(outcome=Outcome.UNMEASURED, emissions_g=None, energy_kwh=Energy(total=None), intensity=None)
# outcome -> (record, the job's exit status, cancelled)
RUNS = {
    "completed": (RECORD, 0, False),
    "failed": (record(outcome=Outcome.FAILED, exit_status=3), 3, False),
    "stopped": (
        record(outcome=Outcome.OVER_BUDGET, stopped_by=StoppedBy.BUDGET, over_budget=True, exit_status=143),
        1,
        False,
    ),
    "let finish": (record(outcome=Outcome.OVER_BUDGET, over_budget=True, exit_status=0), 1, False),
    "cancelled": (record(outcome=Outcome.INTERRUPTED, exit_status=None), 130, True),
    "unmeasured": (NOTHING, 125, False),
    "no run": (None, 0, False),
}
LIMITS = {"none": Budget(), "wide": Budget(max_emissions_g=1000), "near": Budget(max_emissions_g=12.5),
          "narrow": Budget(max_emissions_g=5, max_energy_kwh=10)}  # fmt: skip
CLEAN, BROKEN = report(), report(diagnostic(CARD, "17g"))
BROKEN.is_failing = True
LINTS = {"not linted": None, "clean": CLEAN, "error": BROKEN}
# What ended the step after the run, and its exit status.
ENDS = {"": 0, "the Hub refused the card (403)": 4, "cannot write README.md: it is read-only": 2}
PASSES = r"(Within budget|Undecided: |Over budget by .*, let through|[\d.]+ \S+ CO2eq|Done|1 card checked)"


def ending(run, limits, lint, end, on_modelled):
    taken, status, is_cancelled = RUNS[run]
    budget = LIMITS[limits]
    is_measured = taken is not None and taken.energy_kwh.total is not None
    verdict = judge(taken, budget) if is_measured and budget else None
    is_over = verdict is not None and (is_failing(verdict, on_modelled) or taken.over_budget)
    found = LINTS[lint]
    statuses = (status, int(is_over), int(found is not None and found.is_failing), ENDS[end])
    return RunReport(
        statuses=statuses,
        record=taken,
        verdict=verdict,
        lint=found,
        failures=(end,) if end else (),
        is_over_budget=is_over,
        is_cancelled=is_cancelled,
    )


@cases("on_modelled", list(OnModelled))
@cases("run", RUNS)
def test_the_headline_follows_the_exit_status_whatever_came_together(run, on_modelled):
    for limits, lint, end in product(LIMITS, LINTS, ENDS):
        ended = ending(run, limits, lint, end, on_modelled)
        head = headline(ended)
        case = (limits, lint, end, " ".join(head))
        assert (head.mark == "❌") == (ended.exit_status != 0), case
        assert bool(re.match(PASSES, head.text)) == (ended.exit_status == 0), case
        assert "\n" not in head.text, case
        assert head.text.lower().count("over budget") <= 1, case
        leads = {"stopped": "Stopped over budget", "failed": "The job failed", "cancelled": "Cancelled"}
        assert head.text.startswith(leads.get(run, "")), case
        if run == "unmeasured":
            assert head.text.startswith("Not measured"), case
        if lint == "error":
            assert "1 lint error" in head.text, case


@cases("run", RUNS)
def test_comment_and_summary_have_the_same_headline_first_and_then_what_failed(run):
    for limits, lint, end in product(LIMITS, LINTS, ENDS):
        ended = ending(run, limits, lint, end, OnModelled.PASS)
        done = Publication(why_not="the step has failed") if ended.exit_status else Publication(url="https://hf.co/x")
        failures = (*ended.failures, "two lines\nwith `what: to do`")
        ended = replace(ended, failures=failures, publication=done)
        head = headline(ended)
        first, *rest = summary.render(ended).splitlines()
        _, second, *others = comment.render(ended, key="k").splitlines()
        plain = first.replace("\\", "").replace("\u200b", "")
        assert plain == f"## {head.mark} {head.text}"
        assert second.replace("\\", "").replace("\u200b", "") == f"### {head.mark} carbon-lint: {head.text}"
        for lines in (rest, others):
            text = "\n".join(lines)
            places = [text.index(message) for message in ("**What failed**", "ublished:**")] + [
                f"{text}| Limit |".index("| Limit |")
            ]
            assert places == sorted(places)
            assert "`what: to do`" in text


@cases(
    ("ended", "message"),
    [
        (RunReport(record=RECORD, verdict=judge(RECORD, Budget(max_emissions_g=1000))),
         "✅ Within budget: 12.3 g of 1 kg (1.23 %)"),
        (ending("stopped", "narrow", "error", "", OnModelled.PASS),
         "❌ Stopped over budget: 12.3 of 5 g, 1 lint error"),
        (ending("completed", "near", "clean", "", OnModelled.PASS), "⚠️ Undecided: 12.3 g (11 to 21), limit 12.5 g"),
        (ending("completed", "near", "clean", "", OnModelled.FAIL),
         "❌ Undecided, which fails here: 12.3 g (11 to 21), limit 12.5 g"),
        (ending("completed", "wide", "error", "", OnModelled.PASS),
         "❌ 1 lint error; within budget: 12.3 g of 1 kg (1.23 %)"),
        (ending("completed", "wide", "clean", "the Hub refused the card (403)", OnModelled.PASS),
         "❌ Not published: the Hub refused the card (403); within budget: 12.3 g of 1 kg (1.23 %)"),
        (ending("completed", "none", "error", "", OnModelled.PASS),
         "❌ 1 lint error; 12.3 g CO2eq, 220 Wh, no budget given"),
        (RunReport(record=RECORD, is_limited=True), "📏 12.3 g CO2eq, 220 Wh, not judged"),
        (RunReport(statuses=(125,), failures=("it cannot be judged",), is_limited=True,
                record=record(emissions_g=None, intensity=None)),
         "❌ Not measured: it cannot be judged; 220 Wh, energy only, not judged"),
        (RunReport(statuses=(1,), record=record(emissions_g=None, intensity=None, over_budget=True)),
         "❌ Over budget: 220 Wh"),
        (ending("no run", "none", "error", "", OnModelled.PASS), "❌ 1 lint error"),
        (ending("no run", "none", "clean", "", OnModelled.PASS), "✅ 1 card checked: no findings"),
        (RunReport(statuses=(2,), failures=("input 'location': 'Frnace' is not known\n`location: FRA`",)),
         "❌ Did not run: input 'location': 'Frnace' is not known"),
        (RunReport(statuses=(9,), failures=("`setup` failed with exit status 9, so `command` was not run\nlook",)),
         "❌ `setup` failed with exit status 9, so `command` was not run"),
        (RunReport(statuses=(1,), record=record(over_budget=True), is_over_budget=True,
                verdict=judge(RECORD, Budget(max_emissions_g=1000))),
         "❌ Over the budget that it was measured under, though within this one: 12.3 g of 1 kg"),
    ],
)  # fmt: skip
def test_the_headline_is_one_line(ended, message):
    assert " ".join(headline(ended)) == message


def test_a_limit_that_is_let_through_is_not_called_kept():
    verdict = judge(RECORD, Budget(max_emissions_g=5))
    by = BudgetException(limit="max-emissions", owner="@ann", reason="sweep", until=date(2026, 12, 31))
    excused = excuse(verdict, [by], date(2026, 12, 1))
    assert (
        " ".join(headline(report_of(RECORD, excused.verdict, excused=excused, statuses=(0,))))
        == "⚠️ Over budget by 7.34 g, let through by @ann until 2026-12-31"
    )
    for text in (
        summary.render(report_of(RECORD, excused.verdict, excused=excused)),
        comment.render(report_of(RECORD, excused.verdict, excused=excused), key="k"),
        run_text.render(report_of(RECORD, excused.verdict, excused=excused)),
    ):
        assert "Within budget" not in text
        assert "✅" not in text


def test_the_change_names_its_baseline_shortly_and_the_grid_only_if_it_moved():
    then = record(emissions_g=2.42, energy_kwh=Energy(total=0.0431, gpu=0.04, cpu=0.0031))
    compared = compare(figures_of_record(RECORD, "this run"), figures_of_record(then, "an old run"))
    ended = RunReport(record=RECORD, verdict=judge(RECORD, Budget(max_emissions_g=1000)),
                  comparison=compared)  # fmt: skip
    assert headline(ended).text == "Within budget: 12.3 g of 1 kg (1.23 %), +410 % vs an old run"


def test_a_figure_that_rounds_to_its_limit_shows_by_how_much_it_is_over():
    over = record(emissions_g=5.0001)
    verdict = Verdict(status=Status.FAIL, limits=limit_results(Budget(max_emissions_g=5), 5.0001, None))
    assert headline(RunReport(record=over, verdict=verdict)).text == "Over budget: 5 of 5 g, over by 100 µg"


@cases(
    ("run", "message"),
    [("let finish", "⚠️ Over budget by 7.34 g, let through by ann"), ("stopped", "❌ Stopped over budget: 12.3 of 5 g")],
)
def test_a_record_over_budget_that_is_excused_shows_both(run, message):
    taken = RUNS[run][0]
    verdict = judge(taken, Budget(max_emissions_g=5))
    by = BudgetException(limit="max-emissions", owner="ann", reason="a larger model", until=date(2026, 12, 31))
    excused = excuse(verdict, [by], date(2026, 12, 1))
    head = " ".join(headline(report_of(taken, excused.verdict, excused=excused)))
    assert head.startswith(message)
    assert "None" not in head


def test_only_the_failure_that_the_headline_gives_is_left_out_below_it():
    """Which line that is follows from what failed, not from words that two messages share."""
    report = RunReport(statuses=(4,), failures=("the Hub refused the card (403)", "the card"))
    assert "the Hub refused the card (403)" in headline(report).text
    for text in (summary.render(report), comment.render(report, key="k")):
        below = text.partition("**What failed**")[2]
        assert "- the card\n" in below
        assert "403" not in below
