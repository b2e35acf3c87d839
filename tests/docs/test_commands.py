"""What README, Start and the guides tell a reader to type works, in a folder with a training, a card and a record."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from carbon_lint.pipeline import plan
from tests.docs.blocks import blocks, words_of
from tests.hub.records import write_record
from tests.measurement.fake_meter import FakeMeter

READ = ("README.md", "docs/start.md", "docs/index.md", "docs/guides/")
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


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder as the pages suppose it: `train.py`, a card, a record, an `emissions.csv`."""

    def make(name):
        made = tmp_path / name
        made.mkdir()
        monkeypatch.chdir(made)
        Path("train.py").write_text("print('trained')\n", encoding="utf-8")
        Path("README.md").write_text(CARD, encoding="utf-8")
        Path("emissions.csv").write_text(TABLE, encoding="utf-8")
        write_record("r.json")
        return made

    return make


@pytest.fixture
def hub_of_the_pages(hub, monkeypatch):
    """A Hub with the organisation that the pages name."""
    for name, value in hub.environ().items():
        monkeypatch.setenv(name, value)
    hub.state.organisations["acme"] = ["my-org"]
    hub.create("my-org/my-model", CARD)
    hub.create("my-org/other", "---\nlicense: mit\n---\n# Another\n")
    return hub


@pytest.mark.slow
def test_every_command_of_start_and_the_guides_works(folder, hub_of_the_pages, cli, monkeypatch):
    monkeypatch.setattr(plan, "meter_of", lambda plan, environ: FakeMeter(power_w=1000.0))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    wrong, tried = {}, set()
    for number, block in enumerate(one for one in blocks() if one.page.startswith(READ)):
        folder(str(number))
        for command, shown in block.commands:
            for words in words_of(command):
                if words[0] != "carbon-lint" or (command in tried and not shown):
                    continue
                tried.add(command)
                if shown:
                    Path("README.md").write_text(CARD.replace("42.5", '"17g"'), encoding="utf-8")
                code, out, err = cli(*words[1:])
                if shown:
                    assert (code, out.splitlines()[: len(shown.splitlines())]) == (1, shown.splitlines()), block.place
                elif code != 0:
                    wrong[f"{block.place}: {command}"] = (code, out[-300:], err[-300:])
    assert not wrong, "\n".join(f"{place}: {what}" for place, what in wrong.items())
    assert len(tried) > 15
