"""`--verbose` and CARBON_LINT_LOG=debug: what somebody sends us when something is wrong, with no secret in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from carbon_lint import debug

CARD = "---\nlicense: mit\nco2_eq_emissions: 12\n---\n"
SECRETS = {"WANDB_API_KEY": "wandbsecret123", "HF_TOKEN": "hf_abcdefghijklmnop"}


def test_a_verb_logs_what_it_reads_asks_and_decides_without_secrets(cli, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    Path("carbon-lint.toml").write_text('location = "FRA"\npue = 1.2\n')
    arguments = (
        "run",
        "--verbose",
        "--max-energy",
        "1 kWh",
        "--",
        "sh",
        "-c",
        f"echo {' '.join(SECRETS.values())}",
    )
    code, _, err = cli(*arguments)
    assert code == 0
    lines = [line for line in err.splitlines() if line.startswith("carbon-lint: debug ")]
    text = "\n".join(lines)
    for found in (
        "configuration for .: ",
        "git rev-parse --verify HEAD",
        "place: ",
        "pue is stated by carbon-lint.toml:2",
        "max-energy is stated by --max-energy",
        "meter: methods: ",
        "job: run ",
        "verdict: ",
    ):
        assert found in text, found
    assert not any(secret in err for secret in SECRETS.values())
    assert not debug.is_on(), "the next call in this process is quiet"
    assert "carbon-lint: debug" not in cli("check", "--verbose-is-no-flag")[2]


def test_the_variable_asks_for_it_too_and_the_flag_may_stand_before_the_verb(cli, monkeypatch):
    Path("README.md").write_text(CARD)
    code, out, err = cli("check", "README.md")
    assert err == ""
    for argv in (("--verbose", "check", "README.md"), ("check", "README.md", "--verbose")):
        assert cli(*argv)[:2] == (code, out)
    for argv in (("ledger", "list", "--verbose"), ("ledger", "--verbose", "list")):
        assert "carbon-lint: debug" in cli(*argv)[2]
    monkeypatch.setenv("CARBON_LINT_LOG", "debug")
    assert cli("check", "README.md")[:2] == (code, out)
    assert "carbon-lint: debug" in cli("check", "README.md")[2]
    assert "Traceback" in cli("gate", "none.json")[2]


def test_a_flag_of_the_job_is_the_jobs(cli):
    _, _, err = cli("run", "--energy-only", "--", "echo", "--verbose")
    assert "carbon-lint: debug" not in err


def test_a_check_that_logs_nothing_does_not_import_logging(tmp_path):
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n")
    script = (
        "import sys; from carbon_lint.cli import main; main(['check', 'README.md']); print('logging' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
