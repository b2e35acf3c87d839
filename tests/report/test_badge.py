"""A badge: the figure, how it was found, and its share of the budget; safe with hostile text."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

from carbon_lint.gate.budget import judge
from carbon_lint.gate.verdict import Budget
from carbon_lint.records.record import Energy, Methods, Outcome
from carbon_lint.records.store import write_record
from carbon_lint.report.badge import Badge, Tone, how_found, render_shields, render_svg
from carbon_lint.report.run.badge import of_run
from tests.cases import cases
from tests.report.runs import RECORD, record, report_of

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert('1')</script>\"&\x1b[31m\ufffe::error::x\u202e"


@cases(
    ("changes", "limit_g", "message", "tone"),
    [
        ({}, None, "12.3 g, 82 % measured", Tone.PLAIN),
        ({}, 25, "12.3 g, 49.4 % of budget, 82 % measured", Tone.GOOD),
        ({}, 12.5, "12.3 g, 98.7 % of budget, 82 % measured", Tone.UNDECIDED),
        ({}, 5, "12.3 g, 247 % of budget, 82 % measured", Tone.BAD),
        ({}, 0, "12.3 g, over a budget of 0, 82 % measured", Tone.BAD),
        ({"outcome": Outcome.FAILED, "exit_status": 3}, None, "12.3 g, job failed, 82 % measured", Tone.BAD),
        ({"outcome": Outcome.INTERRUPTED}, None, "12.3 g, cancelled, 82 % measured", Tone.BAD),
        ({"emissions_g": None, "intensity": None}, None, "220 Wh, 82 % measured", Tone.PLAIN),
        ({"methods": Methods()}, None, "12.3 g, method not stated", Tone.PLAIN),
        ({"emissions_g": None, "energy_kwh": Energy(total=None)}, None, "not measured", Tone.UNKNOWN),
        ({"outcome": Outcome.UNMEASURED}, None, "not measured", Tone.UNKNOWN),
    ],
)  # fmt: skip
def test_the_badge_of_a_run(changes, limit_g, message, tone):
    one = record(**changes)
    badge = of_run(report_of(one, None if limit_g is None else judge(one, Budget(max_emissions_g=limit_g))))
    assert (badge.message, badge.tone) == (message, tone)


def test_a_part_is_never_called_all_or_nothing():
    shown = {share: how_found(share) for share in (None, 0.0, 0.002, 0.5, 0.998, 1.0)}
    assert list(shown.values()) == [
        "method not stated", "modelled", "1 % measured", "50 % measured", "99 % measured", "measured",
    ]  # fmt: skip


def test_the_title_of_the_svg_is_its_text_and_nothing_is_loaded():
    root = ET.fromstring(render_svg(of_run(report_of(RECORD))))
    assert [text.text for text in root.iter(f"{SVG}text")] == ["CO2eq", "12.3 g, 82 % measured"]
    title = root.find(f"{SVG}title").text
    assert root.get("aria-label") == title
    assert "12.3 g (11 to 21) CO2eq" in title
    assert not [name for each in root.iter() for name in each.attrib if name.endswith(("href", "src"))]


def test_hostile_and_endless_text_stays_text():
    badge = Badge(label=HOSTILE, message="x" * 10_000, title=HOSTILE)
    svg = render_svg(badge)
    root = ET.fromstring(svg)
    assert {each.tag.removeprefix(SVG) for each in root.iter()} == {"svg", "title", "clipPath", "rect", "g", "text"}
    assert int(root.get("width")) < 1500
    for text in (svg, render_shields(badge)):
        assert not {"\x1b", "\u202e", "\ufffe"} & set(text)
        assert "::error" not in text
    assert len(json.loads(render_shields(badge))["message"]) == 100


def test_the_command_writes_both_and_replaces_only_its_own(cli):
    write_record(RECORD, "r.json")
    for name, sign in (("badge", "<svg"), ("badge-json", '"schemaVersion": 1')):
        for _ in range(2):
            assert cli("report", "r.json", "--format", name, "--max-emissions", "1kg", "-o", f"{name}.out")[0] == 0
        assert sign in Path(f"{name}.out").read_text()
    assert json.loads(Path("badge-json.out").read_text()) == {
        "schemaVersion": 1,
        "label": "CO2eq",
        "message": "12.3 g, 1.23 % of budget, 82 % measured",
        "color": "1a7f37",
        "labelColor": "444c56",
    }
    Path("logo.svg").write_text("<svg/>")
    code, _, err = cli("report", "r.json", "--format", "badge", "-o", "logo.svg")
    assert (code, Path("logo.svg").read_text()) == (2, "<svg/>")
    assert "not an earlier report" in err
