"""The power of a run in one line, and its phases, on a terminal."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from carbon_lint.measurement.journal import reading_to_json
from carbon_lint.records.document import record_to_json
from carbon_lint.records.record import Energy, Phase, PhaseKind
from carbon_lint.records.store import write_record
from carbon_lint.report.run import text as run_text
from carbon_lint.report.run.curve import sparkline
from tests.cases import cases
from tests.report.runs import RECORD, record, report_of
from tests.report.test_page import readings


def test_the_line_goes_from_nothing_to_the_highest():
    line = sparkline(readings(120))
    blocks, _, message = line.partition(" ")
    assert len(blocks) == 40
    assert (min(blocks), max(blocks)) == ("▅", "█"), "160 of 260 W and more"
    assert message == "161 W to 259 W"
    assert sparkline(readings(9)) is None
    assert sparkline([]) is None


@cases(
    ("is_terminal", "encoding", "term", "shown"),
    [
        (True, "utf-8", "xterm", True),
        (False, "utf-8", "xterm", False),
        (True, "ascii", "xterm", False),
        (True, "utf-8", "dumb", False),
    ],
)
def test_the_line_is_for_terminals_that_can_show_it(monkeypatch, is_terminal, encoding, term, shown):
    write_record(RECORD, "r.json")
    header = {"format": "carbon-lint/journal@1", "record": record_to_json(RECORD), "limits": {}}
    lines = [header, *map(reading_to_json, readings(60))]
    Path("r.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("NO_COLOR", "1")

    seen = []

    class Terminal:
        def __init__(self):
            self.encoding = encoding

        def isatty(self):
            return is_terminal

        def write(self, text):
            seen.append(text)

        def flush(self):
            pass

    monkeypatch.setattr(sys, "stdout", Terminal())
    from carbon_lint.cli import main

    assert main(["report", "r.json"]) == 0
    text = "".join(seen)
    assert ("█" in text) == shown
    assert "\x1b" not in text


def test_phases_take_a_line_each_and_cannot_steer_the_terminal():
    parts = [(PhaseKind.EPOCH, str(number), 0.01) for number in range(1, 21)] + [
        (PhaseKind.PHASE, "a\x1b[31mb" * 9, 0.1)
    ]
    one = record(
        phases=tuple(
            Phase(
                kind=kind, name=name, times=2, began_s=0.0, ended_s=9.0, duration_s=9.0, energy_kwh=Energy(total=kwh),
                emissions_g=None, split_share=0.0,
            )
            for kind, name, kwh in parts
        )
    )  # fmt: skip
    lines = run_text.render(report_of(one)).splitlines()
    assert "  epoch      1 (2 times): 10 Wh, not measured, 4.55 % in 9.0 s" in lines
    assert [line for line in lines if "13 more epochs: 130 Wh" in line]
    assert [line for line in lines if "outside of phases: 120 Wh" in line]
    assert not any("\x1b" in line for line in lines)
