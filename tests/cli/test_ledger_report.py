"""`carbon-lint ledger report` from the command line."""

from __future__ import annotations

import csv
import io
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from carbon_lint.records.ledger import add
from tests.cases import cases
from tests.records.builders import a_record


@pytest.fixture(autouse=True)
def team():
    """One run of today, one of last year, and a budget of each."""
    for number, days in enumerate((0, 365)):
        ended = datetime.now(UTC) - timedelta(days=days, seconds=5)
        add(a_record(run_id=f"run-{number}", ended_at=f"{ended:%Y-%m-%dT%H:%M:%SZ}", duration_s=2.0), "ledger")
    Path("carbon-lint.toml").write_text(
        '[[budget]]\nname = "month"\nwindow = "month"\nmax-emissions = "1 kg"\n'
        '[[budget]]\nname = "years"\nwindow = "400d"\nmax-energy = "1 MWh"\n'
    )


def reported(cli, *flags):
    code, out, err = cli("ledger", "report", "--format", "json", *flags)
    assert code == 0, err
    return json.loads(out)


def test_the_month_and_each_budgets_own_window_are_read(cli):
    found = reported(cli)
    assert found["runs"] == 1
    assert [(one["name"], one["spent"]) for one in found["budgets"]] == [
        ("month", pytest.approx(56.04 * 1.25)),
        ("years", pytest.approx(2.5)),
    ]
    assert reported(cli, "--window", "400d", "--max-energy", "9 kWh")["budgets"][0]["name"] == "all runs"
    assert list(reported(cli, "--by", "account", "--by", "user")["by"]) == ["account", "user"]


def test_a_month_without_a_run_is_reported_and_a_file_that_cannot_be_read_is_named(cli):
    assert reported(cli, "--month", "2020-01")["runs"] == 0
    month = f"{datetime.now(UTC):%Y-%m}"
    Path(f"ledger/{month}/half.json").write_text('{"format": "carbon-lint/rec')
    found = reported(cli)
    assert [one["path"] for one in found["unreadable"]] == [f"ledger/{month}/half.json"]
    assert [one["runs_without_figure"] for one in found["budgets"]] == [1, 1]
    assert "at least" in cli("ledger", "report")[1]
    os.mkfifo(f"ledger/{month}/pipe.json")  # nobody writes to it
    rows = list(csv.DictReader(io.StringIO(cli("ledger", "report", "--format", "csv")[1])))
    assert [row["name"] for row in rows if row["by"] == "unreadable"] == [
        f"ledger/{month}/half.json",
        f"ledger/{month}/pipe.json",
    ]


def test_a_notice_is_written_over_an_earlier_one_alone(cli):
    flags = ("ledger", "report", "--format", "issue", "--max-emissions", "1 g", "--notice", "out")
    for _ in range(2):
        code, _, err = cli(*flags)
        assert code == 0, err
    assert "the budget all runs is used up" in Path("out").read_text()
    Path("out").write_text("mine")
    assert cli(*flags)[0] == 2
    assert Path("out").read_text() == "mine"


@cases("form", ["text", "markdown", "html", "csv", "json", "issue", "badge", "badge-json"])
def test_a_report_is_written_over_an_earlier_one_of_its_own_form_alone(cli, form):
    for _ in range(2):
        code, out, err = cli("ledger", "report", "--format", form, "-o", "out")
        assert (code, out) == (0, ""), err
    Path("out").write_text("mine")
    assert cli("ledger", "report", "--format", form, "-o", "out")[0] == 2
    assert Path("out").read_text() == "mine"


@cases(
    ("flags", "message"),
    [
        (["--month", "2026-13"], "not a month"),
        (["--window", "30"], "30d"),
        (["--window", "99999999d"], "not a window"),
        (["--ledger", "nowhere"], "there is no ledger at nowhere"),
        (["--notice", "x"], "--format issue"),
        (["--format", "issue", "--earlier", "nowhere"], "cannot read nowhere: it is not there"),
        (["--max-emissions", "5 kWh"], "that is energy"),
    ],
)
def test_a_wrong_turn_is_an_error_that_names_it(cli, flags, message):
    code, _, err = cli("ledger", "report", *flags)
    assert code == 2
    assert message in err
