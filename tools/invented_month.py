"""Invent a team's month, for the picture in the documentation: 140 runs of four models on six machines.

The page itself is what `carbon-lint ledger report --format html` writes. The runs are invented, because no team's month
is ours to show.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from carbon_lint.config import load
from carbon_lint.pipeline.windows import read_month
from carbon_lint.records.ledger import add_all
from carbon_lint.records.periods import month_period
from carbon_lint.records.record import (
    Basis,
    Energy,
    Gpu,
    Hardware,
    Intensity,
    Method,
    Methods,
    Outcome,
    Provenance,
    Record,
)
from carbon_lint.report.ledger import month_page
from carbon_lint.report.ledger.month import USUAL_KEYS

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
START = datetime(2026, 11, 1, tzinfo=UTC)
G_PER_KWH = 56.04
RETRIED = 0.07
MODELS = {"acme/vit-base": 4, "acme/vit-large": 3, "acme/bert-fr": 2, "acme/whisper-ft": 2}
OUTCOMES = {Outcome.COMPLETED: 86, Outcome.FAILED: 8, Outcome.OVER_BUDGET: 4, Outcome.INTERRUPTED: 2}
BUDGETS = """\
[[budget]]
name = "everything"
window = "month"
max-emissions = "16 kg"
owner = "@ann"

[[budget]]
name = "vision"
models = ["acme/vit-*"]
window = "month"
max-emissions = "8 kg"
owner = "@bob"

[[exception]]
limit = "max-emissions"
owner = "@ann"
reason = "the larger tokenizer, agreed on in October"
until = 2026-11-30
"""


def write_page(folder: Path, page: Path) -> None:
    """Write the page of the invented month. `folder` is the current one, and empty."""
    (folder / "carbon-lint.toml").write_text(BUDGETS, encoding="utf-8")
    ledger = str(folder / "ledger")
    chance = random.Random(4)
    for added in add_all((_run(number, chance) for number in range(140)), ledger):
        assert added.status == "added", added
    month, _ = read_month(ledger, month_period("2026-11"), NOW, load(str(folder)), keys=USUAL_KEYS)
    page.write_text(month_page.render(month), encoding="utf-8")


def _run(number: int, chance: random.Random) -> Record:
    kwh, machine = chance.lognormvariate(-0.3, 1), f"gpu-{chance.randint(1, 6)}"
    end, duration_s = START + chance.random() * (NOW - START), kwh / 0.6 * 3600
    model = chance.choices(list(MODELS), list(MODELS.values()))[0]
    outcome = chance.choices(list(OUTCOMES), list(OUTCOMES.values()))[0]
    where = Provenance(
        repository="acme/vision" if "vit" in model else "acme/text",
        ref=f"refs/heads/{chance.choices(['main', 'lr-sweep', 'fix/tokenizer'], [6, 3, 1])[0]}",
        run_url=f"https://github.com/acme/code/actions/runs/{1900 + number}",
        run_id=str(1900 + number),
        run_attempt=2 if chance.random() < RETRIED else 1,
        model=model,
    )
    one = Record(
        run_id=f"run-{number}",
        outcome=outcome,
        exit_status=0 if outcome is Outcome.COMPLETED else 1,
        over_budget=outcome is Outcome.OVER_BUDGET,
        emissions_g=kwh * G_PER_KWH,
        energy_kwh=Energy(total=kwh, cpu=0.1 * kwh, gpu=0.87 * kwh, ram=0.03 * kwh),
        methods=Methods(cpu=Method.COUNTER, gpu=Method.COUNTER, ram=Method.CONSTANT),
        intensity=Intensity(
            g_per_kwh=G_PER_KWH, source="Our World in Data", year=2023, location="FRA", location_name="France",
            basis=Basis.LIFE_CYCLE,
        ),
        pue=1.0,
        duration_s=duration_s,
        started_at=_stamp(end - timedelta(seconds=duration_s)),
        ended_at=_stamp(end),
        hardware=Hardware(cpu_model="AMD EPYC 7763", cpu_count=16, ram_gb=128.0, node=machine),
        software={"carbon-lint": "0.1.0"},
        command=("python", "train.py"),
        provenance=where,
    )  # fmt: skip
    gpu = Gpu(index=0, name="NVIDIA A100-SXM4-80GB", uuid=f"GPU-{machine}")
    return replace(one, hardware=replace(one.hardware, gpus=(gpu,)))


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"
