"""The real transformers Trainer with `push_to_hub=True` against the stand-in Hub, and our publish after it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from carbon_lint.records.record import Outcome
from carbon_lint.records.store import load_record
from tests.conftest import ROOT
from tests.hub.records import write_record
from tests.standin.hub import PR_TOKEN, WRITE_TOKEN

pytestmark = [pytest.mark.trainer, pytest.mark.timeout(300)]
PYTHON = ROOT / ".ci-cache" / "trainer-venv" / "bin" / "python"
TRAINING = Path(__file__).parent / "trainings" / "tiny_bert.py"
WITH_BAR = TRAINING.with_name("with_bar.py")


@pytest.fixture(scope="module")
def trainer_python():
    assert PYTHON.exists(), "-m trainer was asked for: tools/trainer_env.sh makes its environment"
    return PYTHON


@pytest.fixture
def train(trainer_python, tmp_path):
    """`train(hub, output_dir, *more)`: one training as a process of its own, pushing to `acme/m`."""

    def run(hub, output_dir, *more, token=WRITE_TOKEN):
        environ = {**os.environ, **hub.environ(token), "HF_HUB_DISABLE_XET": "1", "TOKENIZERS_PARALLELISM": "false"}
        done = subprocess.run(
            [trainer_python, TRAINING, tmp_path / output_dir, "acme/m", *more],
            env=environ,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done

    return run


def publish(cli, *more):
    code, out, err = cli("publish", "--record", "r.json", "--to", "acme/m", *more)
    assert code == 0, err
    return out


@pytest.mark.parametrize("speaks_lfs", [False, True], ids=["regular uploads", "git LFS"])
def test_the_block_is_on_the_hub_after_each_training_that_rewrote_the_card(hub, at, cli, train, speaks_lfs):
    at(hub)
    hub.state.speaks_lfs = speaks_lfs
    write_record(emissions_g=1.5)
    train(hub, "first")
    generated = hub.card("acme/m").decode()
    assert "generated_from_trainer" in generated
    assert "co2_eq_emissions" not in generated
    publish(cli)
    assert "  emissions: 1.5\n" in hub.card("acme/m").decode()

    train(hub, "second", "main", "7")
    assert "co2_eq_emissions" not in hub.card("acme/m").decode(), "the Trainer keeps nothing of the old card"
    write_record(emissions_g=2.5)
    publish(cli)
    card = hub.card("acme/m").decode()
    assert "  emissions: 2.5\n" in card
    assert "generated_from_trainer" in card
    files = hub.state.repos["acme/m"].git.tree(hub.state.repos["acme/m"].git.tip("main"))
    assert "model.safetensors" in files


def test_a_green_release_keeps_mains_prose_and_brings_the_weights(hub, at, cli, train):
    at(hub)
    hub.create("acme/m", "---\nlicense: mit\n---\n# Written by hand\n")
    write_record(emissions_g=1.5)
    ref = cli("publish", "--stage", "--to", "acme/m")[1].strip()
    train(hub, "out", ref)
    assert "Written by hand" in hub.card("acme/m").decode()
    assert "generated_from_trainer" in hub.card("acme/m", ref).decode()
    publish(cli, "--merge", ref)
    card = hub.card("acme/m").decode()
    assert "# Written by hand" in card
    assert "  emissions: 1.5\n" in card
    assert "generated_from_trainer" not in card
    git = hub.state.repos["acme/m"].git
    assert "model.safetensors" in git.tree(git.tip("main"))


def test_a_token_that_may_only_open_pull_requests_is_enough_for_the_training(hub, at, cli, train):
    at(hub, PR_TOKEN)
    hub.create("acme/m", "---\nlicense: mit\n---\n# Written by hand\n")
    ref = cli("publish", "--stage", "--to", "acme/m")[1].strip()
    train(hub, "out", ref, token=PR_TOKEN)
    git = hub.state.repos["acme/m"].git
    assert "model.safetensors" in git.tree(git.tip(ref))
    assert "model.safetensors" not in git.tree(git.tip("main"))


def test_the_trainers_own_codecarbon_is_reported_and_counted_once(hub, carbon_lint, trainer_python, tmp_path):
    environ = {
        **os.environ, **hub.environ(), "HF_HUB_DISABLE_XET": "1", "TOKENIZERS_PARALLELISM": "false",
        "REPORT_TO": "codecarbon",
    }  # fmt: skip
    run = carbon_lint(
        *("run", "--location", "FRA", "--record", "r.json", "--pass-env", "HF_TOKEN", "--"),
        *(trainer_python, TRAINING, tmp_path / "work" / "out", "acme/m"),
        env=environ,
        timeout=200,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    record = load_record("r.json")
    (reported,) = (text for text in record.warnings if "the job's own CodeCarbon wrote out/emissions.csv" in text)
    assert "was not added" in reported
    parts = record.energy_kwh
    assert parts.total == pytest.approx(parts.cpu + parts.ram)
    assert record.emissions_g == pytest.approx(parts.total * record.intensity.g_per_kwh)


def test_the_commits_of_a_trainer_that_is_stopped_over_its_budget_are_listed(hub, trainer_python, tmp_path):
    before = hub.create("acme/m", "---\nlicense: mit\n---\n# Old\n").git.tip("main")
    environ = {
        **os.environ, **hub.environ(), "HF_HUB_DISABLE_XET": "1", "ENDLESS": "1", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    run = subprocess.run(
        [
            *(sys.executable, "-m", "tests.hub.run_patient", "0.1", "--record", "r.json", "--pass-env", "HF_TOKEN"),
            *("--max-energy", "0.1 kWh", "--grace", "60s", "--pushes-to", "acme/m"),
            *("--", trainer_python, TRAINING, tmp_path / "out", "acme/m"),
        ],
        env=environ,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert run.returncode == 1, run.stderr[-3000:]
    record = load_record("r.json")
    assert (record.outcome, record.exit_status) == (Outcome.OVER_BUDGET, 0)
    commits = hub.state.repos["acme/m"].git.log("main")
    since = [commit.oid for commit in commits].index(before)
    assert commits[0].title == "End of training"
    message, back = record.warnings[-2:]
    assert message.startswith(
        f"the job was stopped over its budget, and acme/m got {since} commits by acme meanwhile: "
    )
    assert f"{commits[0].oid[:8]} 'End of training' (main): they may hold half-trained weights" in message
    assert back == f"to go back (docs/publishing.md): main was at {before}"
    assert message in run.stderr


def test_the_trainers_own_bar_is_forecast_whatever_is_evaluated_within(trainer_python, tmp_path):
    """At the 1 kW of the fake meter the whole training takes 55 Wh and more; the part that is run stays below 40."""
    command = [
        *(sys.executable, "-m", "tests.measurement.run_fake", "--forecast", "--max-energy", "40 Wh"),
        *("--tick", "250ms", "--", trainer_python, WITH_BAR, tmp_path / "out", tmp_path / "enough"),
    ]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    warned, message = rb"heading for (\d+)% of the budget .* going by its bar, \d+/2000\n", b""
    with (
        open("stdout", "wb") as stdout,
        subprocess.Popen(command, env=environ, stdout=stdout, stderr=subprocess.PIPE) as run,
    ):
        while data := os.read(run.stderr.fileno(), 1 << 16):
            message += data
            if re.search(warned, message):
                (tmp_path / "enough").touch()
    assert run.returncode == 0, message[-3000:]
    assert "eval_loss" in Path("stdout").read_text()
    (share,) = re.findall(warned, message)
    assert 120 < int(share) < 400
