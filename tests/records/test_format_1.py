"""A record of format 1 has no range of its own: every reader gives it the one of its methods, or says what it lacks."""

from __future__ import annotations

import json
from pathlib import Path

from carbon_lint.records.record import Energy
from carbon_lint.records.store import record_to_json
from tests.records.builders import a_record

NEW = {
    *("record_sha256", "parts_sha256", "stopped_by", "unmeasured_because", "uncertainty", "assumptions", "left_out"),
    *("codecarbon", "job_cpu_s", "machine_cpu_s", "cpu_mean_load", "phases", "journal_sha256"),
}
READERS = {
    "report old.json": " to ",
    "report --format markdown old.json": " to ",
    "report --format comment old.json": " to ",
    "report --format html old.json": " to ",
    "gate old.json --max-emissions 1kg": " to ",
    "gate old.json --max-emissions 1kg --baseline record:other.json": " to ",
    "merge old.json other.json -o merged.json": "",
    "report merged.json": " to ",
    "ledger add old.json": "",
    "ledger list": "",
    "ledger sum": " to ",
    "card --from old.json README.md": "",
    "check README.md": "",
}


def test_every_reader_takes_it_with_a_range(cli):
    for name in ("old", "other"):
        energy = Energy(total=0.4, cpu=0.1, gpu=0.2, ram=0.1)
        document = record_to_json(a_record(run_id=name, energy_kwh=energy, emissions_g=0.4 * 56.04, run_group="g"))
        document = {key: value for key, value in document.items() if key not in NEW}
        Path(f"{name}.json").write_text(json.dumps({**document, "format": "carbon-lint/record@1"}))
    Path("README.md").write_text("---\nlicense: mit\n---\n# m\n")
    for command, shown in READERS.items():
        code, out, err = cli(*command.split())
        assert code in (0, 1), (command, err)
        assert shown in out + err, command
