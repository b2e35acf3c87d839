"""The whole line as a user walks it: real processes, real CodeCarbon, the real Hub client over HTTP."""

from __future__ import annotations

import json
import os
import sys

import pytest

from carbon_lint.project import MAJOR_TAG, REPOSITORY
from carbon_lint.records.store import record_from_json
from tests.conftest import ROOT
from tests.standin.hub import StandInHub

CARD = b"---\r\nlicense: mit   # stays\r\ntags: [a,  b]\r\n---\r\n# A model\r\n"
BUSY = "import time\nend = time.monotonic() + 1.2\nwhile time.monotonic() < end: pass"


@pytest.fixture
def hub(tmp_path):
    with StandInHub(tmp_path / "hub") as hub:
        hub.create("acme/model", b"---\nlicense: mit\n---\n# first\n")
        yield hub


def test_measure_gate_write_lint_publish(carbon_lint, hub, tmp_path):
    card, record = tmp_path / "README.md", tmp_path / "r.json"
    card.write_bytes(CARD)

    run = carbon_lint(
        *("run", "--location", "FRA", "--max-emissions", "1 g", "--record", record, "--card", card),
        *("--training-type", "pre-training", "--", sys.executable, "-c", BUSY),
    )
    assert run.returncode == 0, run.stderr
    document = json.loads(record.read_text())
    record_from_json(document)
    assert document["outcome"] == "completed"
    assert document["emissions_g"] == pytest.approx(
        document["energy_kwh"]["total"] * document["intensity"]["g_per_kwh"]
    )

    written = card.read_bytes()
    start, end = written.index(b"co2_eq_emissions"), written.index(b"---\r\n# A model")
    assert written[:start] + written[end:] == CARD
    assert carbon_lint("card", card, "--from", record).stdout.endswith("unchanged, it holds these figures already\n")
    assert card.read_bytes() == written

    assert carbon_lint("gate", record, "--max-emissions", "1 g").returncode == 0
    assert carbon_lint("gate", record, "--max-emissions", "1 ug").returncode == 1
    assert carbon_lint("check", card).stdout == "1 file checked: no findings\n"

    environ = {**os.environ, **hub.environ()}
    figures = written[start:end].replace(b"\r\n", b"\n")
    with_figures = b"---\nlicense: mit\n" + figures + b"---\n# first\n"
    for options, there in (((), with_figures), (("--whole-card",), written)):
        first = carbon_lint("publish", card, "--to", "acme/model", *options, env=environ)
        assert first.returncode == 0, first.stderr
        assert hub.card("acme/model") == there
        commits = hub.titles("acme/model")
        again = carbon_lint("publish", card, "--to", "acme/model", *options, env=environ)
        assert again.returncode == 0
        assert "unchanged" in again.stdout
        assert hub.titles("acme/model") == commits


def test_a_run_over_its_limit_is_stopped_and_keeps_its_record(carbon_lint, tmp_path):
    record = tmp_path / "r.json"
    run = carbon_lint(
        *("run", "--location", "FRA", "--max-emissions", "0.1 mg", "--tick", "100ms", "--grace", "1s"),
        *("--record", record, "--", "sleep", "60"),
        timeout=100,
    )
    assert run.returncode == 1
    document = json.loads(record.read_text())
    assert document["outcome"] == "over-budget"
    assert document["over_budget"] is True
    assert document["emissions_g"] > 1e-4
    assert document["duration_s"] < 30


def test_the_first_screen_of_the_readme_shows_the_three_ways_to_run_it():
    screen = (ROOT / "README.md").read_text().splitlines()[:65]
    text = "\n".join(screen)
    for way in (f"uses: {REPOSITORY}@{MAJOR_TAG}", "hooks:\n      - id: carbon-lint\n", "carbon-lint run --location"):
        assert way in text
