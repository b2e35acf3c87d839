"""`audit`: every card judged, one report; from a file, from the Hub, interrupted and gone on with."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from carbon_lint.cli.audit import progress_line
from carbon_lint.config import Settings
from carbon_lint.hub.audit.cards import CardText, audit_card, source_name, tally
from carbon_lint.hub.audit.checkpoint import from_json
from carbon_lint.hub.audit.run import AHEAD, BATCH, AuditProgress, audit_in_processes, watched
from tests import spawn
from tests.cases import cases
from tests.conftest import ROOT
from tests.standin.faults import Fault
from tests.waiting import wait_until

GOOD = """---
license: mit
co2_eq_emissions:
  emissions: 12.5
  source: {source}
  training_type: fine-tuning
  geographical_location: France
  hardware_used: 1 Tesla T4
---
# A model
"""
KILOGRAMS = """---
license: mit
co2_eq_emissions:
  emissions: 0.42
  source: codecarbon
  training_type: fine-tuning
  geographical_location: France
  hardware_used: 1 Tesla T4
---
# A model

- **Carbon Emitted**: 0.420 kg of CO2
"""
CARDS = {
    "acme/good": GOOD.format(source="CodeCarbon"),
    "acme/spelt": GOOD.format(source="Code Carbon"),
    "acme/kg": KILOGRAMS,
    "acme/text": GOOD.format(source="CodeCarbon").replace("12.5", "0.5 kg"),
    "acme/odd": GOOD.format(source="a paper").replace("12.5", "lots"),
    "acme/energy": GOOD.format(source="CodeCarbon").replace("12.5", "56\n  energy_consumed: 1.0"),
    "acme/silent": "---\nlicense: mit\n---\n# Silent\n",
    "acme/none": None,
}


def write_jsonl(path, cards):
    path.write_text("".join(json.dumps({"id": name, "card": text}) + "\n" for name, text in cards.items()))
    return path


def audited(cli, *flags, code=1):
    found, out, err = cli("audit", "--format", "json", *flags)
    assert found == code, err
    return json.loads(out)


def check_sums(report):
    assert report["cards"] == 8
    assert report["without_card"] == 1
    assert report["stating"] == 6
    assert report["readable"] == 5
    assert report["converted"] == 1
    assert report["emissions_g"] == pytest.approx(12.5 + 12.5 + 0.42 + 500 + 56)
    assert report["energy_kwh"] == 1.0
    assert report["by_source"] == {"CodeCarbon": 5, "a paper": 1}
    assert [it["id"] for it in report["unreadable"]] == ["acme/odd"]
    assert [it["id"] for it in report["kilograms"]] == ["acme/kg"]
    assert report["cards_with_errors"] >= 2
    assert {it["path"] for it in report["diagnostics"]} >= {"acme/text/README.md", "acme/odd/README.md"}


def test_a_file_of_cards_is_summed_up(cli, tmp_path):
    check_sums(audited(cli, "--from", write_jsonl(tmp_path / "cards.jsonl", CARDS)))


def test_parquet_gives_the_same(cli, tmp_path):
    table = pa.table({"modelId": list(CARDS), "card": list(CARDS.values()), "other": list(range(8))})
    pq.write_table(table, tmp_path / "cards.parquet")
    check_sums(audited(cli, "--from", tmp_path / "cards.parquet"))


@pytest.fixture
def acme(hub, at):
    at(hub, None)
    for name, text in CARDS.items():
        if text is None:
            hub.create(name)
        else:
            hub.state.list_card(name, text)
    hub.state.list_card("other/model", GOOD.format(source="CodeCarbon"))
    return hub


def test_all_models_of_an_author_are_summed_up(acme, cli):
    check_sums(audited(cli, "--author", "acme"))
    assert not Path("carbon-lint-audit.jsonl").exists(), "a finished audit leaves no checkpoint"


def test_a_list_of_models_is_summed_up_and_bad_names_stay_as_rows(acme, cli):
    names = ["# ours", *CARDS, "", "acme/gone", "datasets/acme/d", "acme/good"]
    Path("ids.txt").write_text("\n".join(names))
    report = audited(cli, "--models", "ids.txt")
    assert report["cards"] == 10
    assert {it["id"]: it["problem"][:20] for it in report["problems"]} == {
        "acme/gone": "there is no public m",
        "datasets/acme/d": "'datasets/acme/d' is",
    }


def test_text_gives_the_count_the_sum_and_what_is_wrong(cli, tmp_path):
    code, out, _ = cli("audit", "--from", write_jsonl(tmp_path / "cards.jsonl", CARDS))
    assert code == 1
    for line in (
        "  6 state emissions, 2 do not",
        "  581 g CO2eq in sum, over 5 cards, 1 of them converted from text",
        "  1 kWh in sum, over 1 card that states energy",
        "       5  CodeCarbon",
        "  acme/odd: 'lots': text that is not one quantity",
    ):
        assert line in out.splitlines()
    assert "acme/text/README.md:4:14: error CL201" in out


def test_html_and_sarif_hold_the_findings(cli, tmp_path):
    path = write_jsonl(tmp_path / "cards.jsonl", CARDS)
    page = cli("audit", "--from", path, "--format", "html")[1]
    assert "<h1>Audit of" in page
    assert page.count("<h1>") == 1
    heads = re.findall(r"<h2>(.*?)</h2>", page)
    assert len(heads) == len(set(heads)), "no heading comes twice"
    assert {"What the cards state", "Who computed the figures", "Problems of value and unit"} <= set(heads)
    assert page.count("CL201 unit-in-value:") == 1, "the cards stand under their rule"
    assert "acme/odd/README.md" in page
    assert "<script" not in page
    sarif = json.loads(cli("audit", "--from", path, "--format", "sarif")[1])
    uris = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in sarif["runs"][0]["results"]
    }
    assert "acme/odd/README.md" in uris


def test_a_strangers_card_cannot_steer_terminal_or_page(cli, tmp_path):
    bad = GOOD.format(source="'<script>x</script>\\x1b[2J'").replace("12.5", '"<script>y</script>\\e[2J::error::z"')
    path = write_jsonl(tmp_path / "c.jsonl", {"a/<script>": bad})
    text = cli("audit", "--from", path)[1]
    assert "\x1b" not in text
    assert "\n::error" not in text
    page = cli("audit", "--from", path, "--format", "html")[1]
    assert "<script>y" not in page
    assert "<script>x" not in page


def test_the_report_goes_to_a_file_and_errors_can_be_let_pass(cli, tmp_path):
    path = write_jsonl(tmp_path / "cards.jsonl", CARDS)
    code, out, _ = cli("audit", "--from", path, "--output", tmp_path / "out.json", "--format", "json", "--exit-zero")
    assert (code, out) == (0, "")
    check_sums(json.loads((tmp_path / "out.json").read_text()))


@cases("line", ["not json", "[1]", '{"id": "x"}', '{"id": "x", "card": 5}', "[" * 100_000])
def test_a_bad_row_stays_a_row(cli, tmp_path, line):
    path = tmp_path / "cards.jsonl"
    path.write_text(json.dumps({"id": "a/b", "card": CARDS["acme/good"]}) + f"\n{line}\n\n")
    report = audited(cli, "--from", path, code=0)
    assert (report["cards"], report["stating"], len(report["problems"])) == (2, 1, 1)


def test_missing_files_are_usage_errors(cli, tmp_path):
    (tmp_path / "x.parquet").write_text("no parquet")
    pq.write_table(pa.table({"id": ["a"]}), tmp_path / "y.parquet")
    for name in ("absent.jsonl", "absent.parquet", "x.parquet", "y.parquet", "x.csv"):
        code, _, err = cli("audit", "--from", tmp_path / name)
        assert code == 2
        assert name in err
    assert cli("audit", "--models", tmp_path / "absent.txt")[0] == 2
    assert cli("audit")[0] == 2


def test_nothing_to_audit_gets_a_message(acme, cli, tmp_path):
    (tmp_path / "empty.jsonl").write_text("")
    for flags in (("--author", "nobody"), ("--from", tmp_path / "empty.jsonl")):
        code, _, err = cli("audit", *flags)
        assert code == 3
        assert "names no card" in err


def test_several_processes_find_the_same_in_the_same_order(tmp_path):
    texts = [text.encode() for text in CARDS.values() if text]
    cards = [CardText(id=f"a/m{index}", data=texts[index % len(texts)]) for index in range(1500)]
    one = list(audit_in_processes(cards, Settings(), 1))
    two = list(audit_in_processes(cards, Settings(), 2))
    assert one == two
    assert tally(iter(one)).cards == 1500


def test_memory_does_not_grow_with_the_findings():
    verdict = audit_card(CardText(id="a/b", data=CARDS["acme/odd"].encode()), Settings())
    sums = tally(verdict for _ in range(20_000))
    assert sums.cards == 20_000
    assert len(sums.findings) == 10_000
    assert sums.left_out == 20_000 * len(verdict.findings) - 10_000


def test_an_interrupted_audit_goes_on_where_it_stopped(acme, cli):
    acme.faults.add(Fault(matches="GET /acme/odd/resolve", times=99, status=500))
    code, _, err = cli("audit", "--author", "acme")
    assert code == 2
    assert "the same command goes on from there" in err
    done = len(Path("carbon-lint-audit.jsonl").read_text().splitlines()) - 1
    assert 0 < done < 8
    acme.faults.clear()
    before = acme.asked("/resolve/main/README.md")
    code, out, err = cli("audit", "--author", "acme", "--format", "json")
    assert f"{done} of 8 were judged before, going on" in err
    check_sums(json.loads(out))
    assert acme.asked("/resolve/main/README.md") - before == 8 - done


def test_a_checkpoint_cut_in_the_middle_of_a_line_is_gone_on_with(acme, cli):
    acme.faults.add(Fault(matches="GET /acme/odd/resolve", times=99, status=500))
    cli("audit", "--author", "acme")
    checkpoint = Path("carbon-lint-audit.jsonl")
    checkpoint.write_bytes(checkpoint.read_bytes()[:-40])
    acme.faults.clear()
    check_sums(audited(cli, "--author", "acme"))


def test_the_checkpoint_of_another_audit_is_not_mixed_in(acme, cli):
    acme.faults.add(Fault(matches="GET /acme/odd/resolve", times=99, status=500))
    cli("audit", "--author", "acme")
    code, _, err = cli("audit", "--author", "other")
    assert code == 2
    assert "is the checkpoint of another audit" in err


def test_a_verdict_survives_the_checkpoint():
    for name, text in CARDS.items():
        verdict = audit_card(CardText(id=name, data=None if text is None else text.encode()), Settings())
        assert from_json(json.loads(json.dumps(asdict(verdict)))) == verdict


def test_ctrl_c_loses_nothing(acme, tmp_path):
    acme.faults.add(Fault(matches="GET /acme/odd/resolve", times=99, delay_s=30))
    environ = {**os.environ, **acme.environ(None)}
    program = [sys.executable, "-m", "carbon_lint", "audit", "--author", "acme"]
    with spawn.Popen(program, env={**environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True) as audit:
        checkpoint = Path("carbon-lint-audit.jsonl")
        wait_until(lambda: checkpoint.exists() and checkpoint.read_text().count("\n") > 2)
        audit.send_signal(signal.SIGINT)
        acme.closing.set()  # the stalled answer would keep the program's thread, not the test's subject
        _, err = audit.communicate(timeout=60)
    assert audit.returncode == 130
    assert "the same command goes on from there" in err
    assert checkpoint.read_text().count("\n") > 2


def test_ctrl_c_in_an_audit_of_a_file_reports_what_was_judged(tmp_path):
    """The file is a pipe that has no end: what has gone through it tells how far the audit is."""
    path = tmp_path / "cards.jsonl"
    os.mkfifo(path)
    lines = (json.dumps({"id": "a/b", "card": "---\nco2_eq_emissions: 12.5\n---\n" + "x" * 200}) + "\n") * BATCH
    batches, is_judging = 0, threading.Event()

    def write():
        nonlocal batches
        with contextlib.suppress(BrokenPipeError), path.open("w") as stream:
            while True:
                stream.write(lines)
                batches += 1
                if batches > 2 * AHEAD + 2:  # what two workers may still have before them, and what the pipe holds
                    is_judging.set()

    threading.Thread(target=write, daemon=True).start()
    program = [sys.executable, "-m", "carbon_lint", "audit", "--from", str(path), "--format", "json", "--workers", "2"]
    with spawn.Popen(
        program, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as audit:
        assert is_judging.wait(60)
        audit.send_signal(signal.SIGINT)
        out, err = audit.communicate(timeout=60)
    assert audit.returncode == 130
    assert "stopped; the report is of the first" in err
    assert 0 < json.loads(out)["cards"] <= (batches + 1) * BATCH


def test_the_allowance_of_requests_is_kept(acme, cli):
    acme.state.allowance = (6, 1.0)
    start = time.monotonic()
    check_sums(audited(cli, "--author", "acme"))
    assert time.monotonic() - start >= 1
    refused = [status for _, _, status in acme.requests if status == 429]
    assert len(refused) <= 4  # those that were on their way


def test_the_estimate_counts_only_what_this_run_did():
    ticks = iter([0.0, 0.0, 0.0, 1.0, 2.0])
    seen = []
    list(watched(iter("abcd"), seen.append, of=6, before=2, clock=lambda: next(ticks)))
    assert [step.left_s for step in seen] == [None, None, pytest.approx(3.0), pytest.approx(2.0)]


def test_the_bar_shows_how_far_and_how_long():
    line = progress_line(AuditProgress(done=3, of=12, elapsed_s=6.0, left_s=18.0))
    assert line == "[######                  ] 3 of 12 cards, 6.0 s, about 18.0 s left"
    assert progress_line(AuditProgress(done=3, of=None, elapsed_s=6.0, left_s=None)) == "3 cards, 6.0 s"


def test_names_of_one_source_are_counted_together():
    assert {source_name(name) for name in ("CodeCarbon", "codecarbon", "Code Carbon", "code carbon")} == {"CodeCarbon"}
    assert source_name(None) == "not said"


@pytest.fixture
def proving(hub, at):
    at(hub)
    hub.state.organisations["acme"] = ["acme"]
    for name in ("acme/kg", "acme/kg2", "acme/good"):
        hub.create(name, KILOGRAMS if "kg" in name else CARDS["acme/good"])
    return hub


def pulls(hub, name):
    return hub.state.repos[name].discussions


def test_corrections_are_listed_and_not_made_without_yes(proving, cli):
    _, _, err = cli("audit", "--author", "acme", "--open-prs")
    assert "would propose to acme/kg: " in err
    assert "--yes opens 2 pull requests" in err
    assert not any(pulls(proving, name) for name in proving.state.repos)


def test_a_correction_states_its_arithmetic_and_changes_one_number(proving, cli):
    code, _, err = cli("audit", "--author", "acme", "--open-prs", "--yes")
    assert "acme/kg: 0.42 kg = 420 g" in err
    assert code in {0, 1}
    pull = pulls(proving, "acme/kg")[1]
    assert (pull.title, pull.status) == ("State the emissions in grams", "open")
    assert "0.42 kg x 1000 = **420 g**" in pull.description
    assert "0.420 kg" in pull.description
    assert proving.card("acme/kg", "refs/pr/1").decode() == KILOGRAMS.replace("emissions: 0.42", "emissions: 420")
    assert proving.card("acme/kg") == KILOGRAMS.encode()
    assert pulls(proving, "acme/good") == {}


@pytest.mark.parametrize("status", ["open", "closed", "merged"])
def test_a_correction_is_never_proposed_twice(proving, cli, status):
    cli("audit", "--author", "acme", "--open-prs", "--yes")
    pulls(proving, "acme/kg")[1].status = status
    _, _, err = cli("audit", "--author", "acme", "--open-prs", "--yes")
    assert f"acme/kg: proposed before, {status}" in err
    assert list(pulls(proving, "acme/kg")) == [1]


@cases(
    "text",
    [
        "||Epochs|CO2 Emissions (kg)|\n|---|---|---|\n|ours|12|0.0125|\n",
        "Emissions are 12.5 g. GPT-3 emitted 12.5 kg.",
        "```\nCarbon emitted: 12.5 kg\n```",
        "Emissions: 12.5 kg / request",
    ],
)
def test_a_card_that_is_right_gets_no_proposal_whatever_else_its_text_states(text):
    card = CardText(id="acme/good", data=(CARDS["acme/good"] + text).encode())
    assert audit_card(card, Settings()).proposal is None


def test_what_was_proposed_before_leaves_room_for_the_next_model(proving, cli):
    flags = ("audit", "--author", "acme", "--open-prs", "--max-prs", "1")
    cli(*flags, "--yes")
    before = {name for name in proving.state.repos if pulls(proving, name)}
    (second,) = {"acme/kg", "acme/kg2"} - before
    _, _, err = cli(*flags)
    assert f"would propose to {second}: " in err
    assert "--yes opens 1 pull request\n" in err
    cli(*flags, "--yes")
    assert list(pulls(proving, second)) == [1]
    _, _, err = cli(*flags, "--yes")
    assert err.count("proposed before, open") == 2


def test_corrections_without_a_token_are_refused_before_the_audit(hub, at, cli):
    at(hub, None)
    hub.create("acme/kg", KILOGRAMS)
    code, out, err = cli("audit", "--author", "acme", "--open-prs", "--yes")
    assert (code, out) == (2, "")
    assert "token" in err


@pytest.mark.parametrize("flags", [(), ("--exit-zero",)])
def test_an_audit_that_could_read_no_card_is_not_a_clean_one(acme, cli, tmp_path, flags):
    names = tmp_path / "ids.txt"
    names.write_text("acme/mispelt\nnot a name\n")
    code, out, err = cli("audit", "--models", str(names), *flags)
    assert code == 3
    assert "2 could not be judged" in out
    assert "none of the 2 cards of" in err
    assert "acme/mispelt" in err
    names.write_text("acme/none\n")
    code, _, err = cli("audit", "--models", str(names), *flags)
    assert code == 3
    assert "has a card" in err


@cases("workers", ["1", "2"])
def test_a_file_without_a_column_of_cards_is_an_error(cli, tmp_path, workers):
    path = tmp_path / "cards.jsonl"
    path.write_text(json.dumps({"id": "a/b", "body": KILOGRAMS}) + "\n" + json.dumps({"id": "a/c", "body": ""}) + "\n")
    code, out, err = cli("audit", "--from", path, "--workers", workers)
    assert (code, out) == (2, "")
    assert "no column of cards among 'body, id'" in err
    path.write_text(path.read_text() + json.dumps({"id": "a/d", "card": GOOD}) + "\n")
    assert cli("audit", "--from", path, "--workers", workers)[0] == 0


def test_the_page_names_the_day_the_total_and_every_model_to_look_at(acme, cli):
    page = cli("audit", "--author", "acme", "--format", "html")[1]
    assert re.search(r">\d{4}-\d\d-\d\d \d\d:\d\d UTC, 8 cards</p>", page)
    assert '<span class="whole">source</span></th><th scope="col"><span class="whole">cards</span></th>' in page
    assert "<h2>Emissions that cannot be read</h2>" in page
    assert "<h2>Kilograms in the grams field, by their own figures</h2>" in page
    assert f'<a href="{acme.endpoint}/acme/kg">acme/kg</a>' in page
    assert f'<a href="{acme.endpoint}/acme/odd">acme/odd</a>' in page


def test_no_more_corrections_are_made_than_were_allowed(proving, cli):
    cli("audit", "--author", "acme", "--open-prs", "--yes", "--max-prs", "1")
    assert sum(len(pulls(proving, name)) for name in proving.state.repos) == 1


def test_a_card_that_was_corrected_meanwhile_gets_no_correction(proving, cli):
    mended = {"README.md": KILOGRAMS.replace("0.42\n", "420\n").encode()}
    proving.faults.add(
        Fault(matches="GET /api/models/acme/kg$", first=lambda: proving.commit("acme/kg", mended), times=1)
    )
    _, _, err = cli("audit", "--author", "acme", "--open-prs", "--yes")
    assert "acme/kg: its card does not prove it any more" in err
    assert pulls(proving, "acme/kg") == {}


def test_one_model_that_refuses_does_not_stop_the_others(proving, cli):
    proving.faults.add(Fault(matches="POST /api/models/acme/kg/discussions", times=99, status=422))
    _, _, err = cli("audit", "--author", "acme", "--open-prs", "--yes")
    assert "acme/kg: the Hub refused (422)" in err
    assert list(pulls(proving, "acme/kg2")) == [1]
