"""Who changes a journal and computes every hash again is contradicted by how the figures hang together."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from carbon_lint.records import journal
from carbon_lint.records.hashes import sealed
from tests.verification.conftest import lists


def forge(header, readings, record, *, ended=None, more=()):
    """Write the journal and the record again with the hashes that fit them."""
    lines = [{"format": journal.FORMAT, "record": sealed(header)}, *readings, *more]
    if ended is not None:
        lines.append({"ended": sealed(ended)})
    text = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
    Path("r.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    record = {**record, "journal_sha256": journal.hash_of_journal("r.jsonl.gz")}
    Path("r.json").write_text(json.dumps(sealed(record)))


def scaled(reading, factor):
    energy = {name: kwh and kwh * factor for name, kwh in reading["energy_kwh"].items()}
    return {**reading, "energy_kwh": energy, "emissions_g": reading["emissions_g"] * factor}


def with_energy(reading, **changes):
    return {**reading, "energy_kwh": {**reading["energy_kwh"], **changes}}


# What is changed of (header, readings, record), and what `verify` says to it.
FORGED = [
    (
        lambda h, r, d: (h, [*r[:-1], with_energy(r[-1], cpu=r[-1]["energy_kwh"]["cpu"] * 2)], d),
        "its components add up",
    ),
    (lambda h, r, d: (h, [*r[:-1], {**r[-1], "elapsed_s": 0.01}], d), "time runs backwards"),
    (lambda h, r, d: (h, [scaled(r[-1], 1.5), *r], d), "the total energy falls"),
    (lambda h, r, d: (h, [*r[:-1], with_energy(r[-1], ram=None)], d), "the ram energy falls from"),
    (lambda h, r, d: (h, [*r[:-1], {**r[-1], "emissions_g": 1.0}], d), "it states 1.0 g, and its energy comes to"),
    (lambda h, r, d: (h, [*r[:-1], {**r[-1], "energy_kwh": 5}], d), "is not a reading"),
    (lambda h, r, d: (h, [{"marks": [{"kind": "dance"}]}, *r], d), "holds no epoch or phase"),
    (lambda h, r, d: ({**h, "pue": 3.0}, r, d), "it is of another run: its pue is 3.0"),
    (lambda h, r, d: ({**h, "run_id": 5}, r, d), "its first line is not that of a journal"),
    (lambda h, r, d: (h, [{**each, "elapsed_s": each["elapsed_s"] + 5} for each in r], d), "the last reading is at"),
    (lambda h, r, d: (h, [scaled(each, 0.5) for each in r], d), "and the model gives"),
    (lambda h, r, d: (h, r[:-1], d), "the record does not state its last reading"),
]


@pytest.mark.usefixtures("files")
def test_a_forger_who_computes_all_hashes_again_contradicts_himself(cli):
    text = gzip.decompress(Path("r.jsonl.gz").read_bytes()).decode().splitlines()
    header = json.loads(text[0])["record"]
    readings = [json.loads(line) for line in text if line.startswith('{"elapsed_s"')]
    record = json.loads(Path("r.json").read_text())
    assert len(readings) > 2
    forge(header, readings, record)
    named, _, others = lists(cli)[1]["contradictions"].partition(" | ")
    assert (named.startswith("it is of record"), others) == (True, ""), others  # the card names the true one
    for edit, words in FORGED:
        forge(*edit(header, readings, record))
        code, found = lists(cli)
        assert code == 1, words
        assert words in found["contradictions"], (words, found["contradictions"])


@pytest.mark.usefixtures("files")
def test_what_a_journal_lacks_or_states_at_its_end_is_named(cli):
    text = gzip.decompress(Path("r.jsonl.gz").read_bytes()).decode().splitlines()
    header = json.loads(text[0])["record"]
    readings = [json.loads(line) for line in text if line.startswith('{"elapsed_s"')]
    record = json.loads(Path("r.json").read_text())
    forge(header, readings, record, ended={**record, "emissions_g": record["emissions_g"] / 2})
    assert "its last line holds another record: emissions_g" in lists(cli)[1]["contradictions"]
    for other in ({**record, "emissions_g": -1}, {}, "r", None):
        forge(header, readings, record, more=(json.dumps({"ended": other}) + "\n",))
        code, found = lists(cli)
        assert (code, "its last line holds no valid record" in found["contradictions"]) == (1, True), other
    forge(header, readings, record, more=('{"torn', "\n"))
    assert "torn lines of it held" in lists(cli)[1]["cannot_be_known"]
    forge(header, [], record)
    assert "it holds no reading" in lists(cli)[1]["cannot_be_known"]
