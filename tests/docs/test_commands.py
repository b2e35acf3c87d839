"""What the pages tell a reader to type works, in a folder as the pages suppose it, with a stand-in for the Hub."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from carbon_lint.pipeline import plan
from carbon_lint.records.ledger import add
from carbon_lint.records.record import Energy, Method, Methods, Provenance
from carbon_lint.records.store import write_record
from tests.docs.blocks import blocks, words_of
from tests.measurement.fake_meter import FakeMeter
from tests.records.builders import a_record
from tests.records.test_group_sum import journal

CARD = """\
---
pipeline_tag: text-classification
co2_eq_emissions:
  emissions: 42.5
  source: codecarbon
  training_type: fine-tuning
  geographical_location: France
  hardware_used: 1 x Tesla T4
---
# A model
"""
TABLE = """\
timestamp,project_name,run_id,duration,emissions,energy_consumed,cpu_energy,gpu_energy,ram_energy,country_name,country_iso_code
2026-08-12T10:00:00,train,00000012-0000-4000-8000-00000000000a,3600,0.0056,0.1,0.05,0,0.05,France,FRA
"""
WORKFLOW = Provenance(repository="team/model", ref="refs/heads/main", run_id="2", job="train", model="team/vit-1")
BUDGETS = """\
[[budget]]
name = "vision"
models = ["team/vit-*"]
window = "month"
max-emissions = "1 g"
"""
WORKFLOW = Provenance(repository="team/model", ref="refs/heads/main", run_id="2", job="train", model="team/vit-1")
SKIPPED = ("docs/cli.md", "examples/", "CONTRIBUTING.md", "RELEASING.md")
"""tests/cli/test_main.py and tests/examples run the commands of two of them; two build and publish this project."""
PARSED_ONLY = {
    r"(?:^| )\.\.\.": "the reader's own words",
    r"^(?:mkdir|cd|export|source|sudo|make|git)\b": "of the shell or of the machine",
    r"^(?:python3 -m venv|pip|pipx|uv|uvx|pre-commit) ": "installing: tests/packaging, tests/docs/test_start.py",
    r"^(?:\w+=\S+ |\w+='[^']*' )*(?:sbatch )?(?:--export=ALL )?examples/elsewhere/": "tests/github/test_elsewhere.py",
    r"^(?:srun|apptainer|kubectl|ssh) ": "a cluster",
    r"^(?:torchrun|mpiexec) |torchrun ": "launchers: tests/measurement with the marker `launchers`, tests/examples",
    r"(?:^|-- )docker run ": "Docker: tests/docker",
    r"(?:s3|hf)://": "stores of others: tests/records with the marker `s3`",
    r"^hf ": "the Hub's own program",
    r"--require (?:gpu|cpu-counter)": "sensors that a machine for tests does not have",
    r"\bREF\b": "one story of three commands: tests/hub",
    r"--tracker trackio": "the extra `trackio`: tests/report",
    r"^zcat ": "a pipe: tests/verification computes the same hashes",
}
"""What `test_blocks.py` parses and nothing runs here: pattern of the command, why."""
OVER = r"gate r\.json --(?:baseline|window)"
"""The pages show a run that is over its budget."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with all that the pages name: a training, cards, records, a ledger, lists of models and of cards."""
    import pyarrow.parquet

    made = tmp_path_factory.mktemp("world")
    for folder in ("models/a", "records", "ledger"):
        (made / folder).mkdir(parents=True)
    for name, text in {
        "train.py": "if __name__ == '__main__':\n    print('trained')\n",
        "README.md": CARD,
        "models/a/README.md": CARD,
        "emissions.csv": TABLE,
        "ids.txt": "my-org/my-model\n",
    }.items():
        (made / name).write_text(text, encoding="utf-8")
    runs = {day: ran(day, kwh) for day, kwh in (("23", 1.0), ("24", 2.0))}
    add(runs["23"], str(made / "ledger"))
    write_record(runs["23"], made / "records" / "first.json")
    for name in ("r.json", "record.json", "run.json"):
        write_record(runs["24"], made / name)
    cards = {"id": ["my-org/my-model"], "card": [CARD]}
    pyarrow.parquet.write_table(pyarrow.table(cards), made / "cards.parquet")
    return made


def ran(day, kwh):
    """Return the record of a run on main, read from a sensor alone, on that day of November."""
    return a_record(
        run_id=f"run-{day}",
        ended_at=f"2026-11-{day}T11:00:00Z",
        energy_kwh=Energy(total=kwh, gpu=kwh),
        emissions_g=kwh * a_record().intensity.g_per_kwh,
        methods=Methods(gpu=Method.COUNTER),
        provenance=replace(WORKFLOW, run_id=day),
    )


@pytest.fixture
def hub_of_the_pages(hub, monkeypatch):
    """A Hub with the organisation that the pages name."""
    for name, value in hub.environ().items():
        monkeypatch.setenv(name, value)
    hub.state.organisations["acme"] = ["my-org"]
    hub.create("my-org/my-model", CARD)
    hub.create("my-org/other", "---\nlicense: mit\n---\n# Another\n")
    return hub


def prepare(block, cli):
    """Change the folder as the page of `block` says it is."""
    if block.page == "docs/month.md":
        Path("carbon-lint.toml").write_text(BUDGETS, encoding="utf-8")
    if block.page == "docs/reports.md":
        Path("emissions.csv").unlink()
    if block.page in {"docs/verifying.md", "docs/linting.md"}:
        assert cli("card", "README.md", "--from", "r.json")[0] == 0
    if "carbon-lint recover" in block.text:
        Path("r.json").unlink()
        journal("r.jsonl", "killed")
        journal("records/killed.jsonl", "killed-too")


def to_run(skipped):
    """Yield each block with its commands of ours, as (words, what the page shows), each command once."""
    seen = set()
    for block in blocks():
        if block.page.startswith(SKIPPED):
            continue
        commands = []
        for command, shown in block.commands:
            reason = next((pattern for pattern in PARSED_ONLY if re.search(pattern, command)), None)
            skipped.add(reason)
            if reason is None and (command not in seen or (shown and " check " in command)):
                seen.add(command)
                commands += [(words, shown) for words in words_of(command)]
        if commands:
            yield block, commands


@pytest.mark.slow
def test_every_command_of_the_pages_works(world, tmp_path, hub_of_the_pages, cli, monkeypatch):
    monkeypatch.setattr(plan, "meter_of", lambda plan, environ: FakeMeter(power_w=1000.0))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    wrong, tried, skipped = {}, 0, set()
    for number, (block, commands) in enumerate(to_run(skipped)):
        monkeypatch.chdir(shutil.copytree(world, tmp_path / str(number)))
        prepare(block, cli)
        for words, shown in commands:
            assert words[0] == "carbon-lint", (block.place, words, "name it in PARSED_ONLY, or run it")
            is_wrong_card = bool(shown) and words[1] == "check"
            if is_wrong_card:
                Path("README.md").write_text(CARD.replace("42.5", '"17g"'), encoding="utf-8")
            code, out, err = cli(*("models" if word == "FOLDER" else word for word in words[1:]))
            if is_wrong_card and out.splitlines()[: len(shown.splitlines())] != shown.splitlines():
                wrong[f"{block.place}: {words}"] = out
            if code != (1 if is_wrong_card or re.match(OVER, " ".join(words[1:])) else 0):
                wrong[f"{block.place}: {words}"] = (code, out[-300:], err[-300:])
            tried += 1
    assert not wrong, "\n".join(f"{place}: {what}" for place, what in wrong.items())
    assert tried > 50
    assert set(PARSED_ONLY) <= skipped, "remove what no page has any more"
