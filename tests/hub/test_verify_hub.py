"""`verify owner/model`: the card on the Hub, and what `publish --with-evidence` puts beside it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from carbon_lint.records.document import BUNDLE, JOURNAL, RECORD, record_to_json
from carbon_lint.records.journal import FORMAT
from carbon_lint.records.record import Energy
from carbon_lint.records.store import load_record, write_record
from tests.hub.records import record

GOOD = "---\nlicense: mit\n---\n# A model\n"


@pytest.fixture
def theirs(hub, at):
    hub.create("acme/m", GOOD)
    energy = Energy(total=0.7583, gpu=0.6, cpu=0.1, ram=0.0583)
    write_record(record(emissions_g=0.7583 * 56.04, energy_kwh=energy), "r.json")
    lines = [{"format": FORMAT, "record": record_to_json(load_record("r.json")), "limits": {}}]
    Path("r.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return at(hub)


def publish(cli, *more):
    code, out, err = cli("publish", "--record", "r.json", "--to", "acme/m", *more)
    assert code == 0, err
    return out


def beside(hub, name):
    git = hub.state.repos["acme/m"].git
    return git.read(git.tip("refs/heads/main"), name)


def test_what_was_published_with_its_evidence_can_be_verified(theirs, cli):
    publish(cli, "--with-evidence")
    assert beside(theirs, RECORD) == Path("r.json").read_bytes()
    code, out, err = cli("verify", "acme/m", "--format", "json")
    found = json.loads(out)
    assert (code, found["contradictions"]) == (0, []), err
    assert found["files"]["record"] == RECORD
    assert JOURNAL in found["files"]["journal"]
    proven = " | ".join(each["statement"] for each in found["proven"])
    assert "its figure is the record's" in proven
    assert "it names this record" in proven
    commits = theirs.titles("acme/m")
    publish(cli, "--with-evidence")
    assert theirs.titles("acme/m") == commits, "the same again is no commit"


def test_a_record_is_published_only_if_that_is_asked_for_and_a_signature_if_it_is_there(theirs, cli):
    publish(cli)
    assert (beside(theirs, RECORD), beside(theirs, BUNDLE)) == (None, None)
    code, out, _ = cli("verify", "acme/m")
    assert (code, "there is no record to check it by" in out) == (0, True)
    Path(BUNDLE).write_text('{"a": "bundle"}')
    publish(cli)
    assert beside(theirs, BUNDLE) == b'{"a": "bundle"}'
    assert beside(theirs, RECORD) is None


def test_a_figure_that_somebody_edits_on_the_hub_is_found(theirs, cli):
    publish(cli, "--with-evidence")
    card = theirs.card("acme/m").decode()
    theirs.commit("acme/m", {"README.md": card.replace("emissions: 4", "emissions: 3").encode()})
    code, out, _ = cli("verify", "acme/m")
    assert code == 1
    assert "contradicted:\n  card: it states 3" in out


def test_without_a_network_it_prints_that_nothing_was_checked(cli, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    code, out, err = cli("verify", "acme/m", "--timeout", "100ms")
    assert (code, out) == (2, "")
    assert "nothing of acme/m was checked: neither card, record, journal nor signature" in err


def test_a_model_that_is_not_there_and_one_without_a_card(theirs, cli, hub):
    hub.create("acme/empty")
    assert cli("verify", "acme/none")[0] == 2
    code, _, err = cli("verify", "acme/empty")
    assert (code, "acme/empty has no card" in err) == (3, True)
    shutil.copy("r.json", "carbon-lint.json")
    code, _, err = cli("publish", "--to", "acme/m", "--with-evidence", "README.md")
    assert (code, "--with-evidence is for the evidence of a --record" in err) == (2, True)
