"""`carbon-lint run` from the command line, with CodeCarbon as it is installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from carbon_lint.records.document import hash_of
from carbon_lint.records.store import load_record
from tests.cases import cases
from tests.journals import journal_text


def test_a_measured_run_leaves_a_valid_record(carbon_lint):
    done = carbon_lint(
        *("run", "--location", "FRA", "--max-emissions", "1 kg", "--record", "r.json", "--tick", "200ms", "--"),
        *(sys.executable, "-c", "print('trained')"),
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == "trained\n", "stdout is the job's alone"
    record = load_record("r.json")
    assert record.outcome == "completed"
    assert record.emissions_g > 0
    assert record.energy_kwh.total > 0
    assert record.intensity.location == "FRA"
    assert record.emissions_g == pytest.approx(record.energy_kwh.total * record.intensity.g_per_kwh, rel=1e-6)
    assert {"carbon-lint", "codecarbon", "python"} <= set(record.software)
    assert "Within budget" in done.stderr


def test_over_a_hard_limit_the_exit_status_is_1(carbon_lint):
    done = carbon_lint(
        *("run", "--location", "POL", "--max-emissions", "1ug", "--tick", "100ms", "--record", "r.json", "--"),
        *("sleep", "60"),
    )

    assert done.returncode == 1
    assert "over budget: max-emissions" in done.stderr
    assert load_record("r.json").outcome == "over-budget"
    assert load_record("r.json").exit_status == 143


def test_the_record_names_the_exception_that_let_the_run_pass(carbon_lint, cli):
    exception = "[[exception]]\nlimit = 'max-emissions'\nowner = 'ann'\nreason = 'the *big* one'\nuntil = 2099-12-31\n"
    Path("carbon-lint.toml").write_text(exception)
    done = carbon_lint(
        *("run", "--location", "POL", "--max-emissions", "1 ug", "--tick", "200ms", "--record", "r.json"),
        *("--card", "README.md", "--", "sleep", "0.5"),
    )
    assert done.returncode == 0, done.stderr
    record = load_record("r.json")
    [used] = record.exceptions
    assert (used.limit, used.owner, used.until, used.unit) == ("max-emissions", "ann", "2099-12-31", "g")
    assert used.over == record.emissions_g - 1e-6 > 0
    assert hash_of(record)[:16] in Path("README.md").read_text()
    assert cli("verify", "README.md", "--record", "r.json", "--journal", "r.jsonl.gz")[0] == 0
    Path("carbon-lint.toml").unlink()  # whoever reads the record later has no such configuration
    for form in ("text", "markdown", "comment", "html"):
        out = cli("report", "r.json", "--format", form)[1]
        assert "ann" in out
        assert "2099-12-31" in out
    assert cli("ledger", "add", "r.json")[0] == 0
    out = cli("ledger", "report", "--month", record.ended_at[:7])[1]
    assert re.search(r"max-emissions +ann +2099-12-31 +the \*big\* one +1 ", out)


def test_an_energy_budget_needs_no_location(carbon_lint):
    done = carbon_lint("run", "--max-energy", "1 kWh", "--record", "r.json", "--", "true")

    assert done.returncode == 0, done.stderr
    assert load_record("r.json").emissions_g is None
    assert load_record("r.json").energy_kwh.total > 0


def test_a_given_intensity_carries_its_source(carbon_lint):
    flags = ("--carbon-intensity", "56.04", "--intensity-source", "our supplier, 2025")
    done = carbon_lint("run", *flags, "--record", "r.json", "--", "true")

    assert done.returncode == 0, done.stderr
    assert load_record("r.json").intensity.g_per_kwh == 56.04
    assert load_record("r.json").intensity.source == "our supplier, 2025"


@pytest.mark.parametrize("status", [3, 130])
def test_the_jobs_own_status_passes_through(carbon_lint, status):
    assert carbon_lint("run", "--energy-only", "--", "sh", "-c", f"exit {status}").returncode == status


REFUSED = {
    "no command": (["--location", "FRA"], 2, "no command to run"),
    "an unknown flag": (["--budget", "1kg", "--", "true"], 2, "unrecognized arguments"),
    "no location": (["--", "true"], 125, "no location was given"),
    "no location for a card": (["--max-energy", "1kWh", "--card", "README.md", "--", "true"], 125, "no location"),
    "a location of two letters": (["--location", "US", "--", "true"], 125, "did you mean USA"),
    "an unknown location": (["--location", "XXX", "--", "true"], 125, "'XXX' is not a known location"),
    "a budget without unit": (
        ["--location", "FRA", "--max-emissions", "5", "--", "true"],
        2,
        "--max-emissions: '5' has no unit",
    ),
    "an energy in grams": (["--max-energy", "5g", "--", "true"], 2, "unknown unit 'g'"),
    "a negative grace": (["--location", "FRA", "--grace", "-1", "--", "true"], 2, "--grace: '-1' has no unit"),
    "a negative grace with unit": (["--location", "FRA", "--grace=-1s", "--", "true"], 2, "zero or more"),
    "a power without unit": (
        ["--location", "FRA", "--cpu-power", "15", "--", "true"],
        2,
        "--cpu-power: '15' has no unit",
    ),
    "a tick of months": (["--location", "FRA", "--tick", "1000h", "--", "true"], 2, "'1000h' is too long"),
    "a tick of nothing": (["--location", "FRA", "--tick", "0s", "--", "true"], 2, "too short"),
    "a PUE below 1": (["--location", "FRA", "--pue", "0.5", "--", "true"], 2, "PUE"),
    "a PUE in words": (["--location", "FRA", "--pue", "low", "--", "true"], 2, "'low' is not a number"),
    "an intensity of nothing": (
        ["--carbon-intensity", "0", "--", "true"],
        2,
        "--carbon-intensity: 0 is not a",
    ),
    "an intensity in words": (["--carbon-intensity", "clean", "--", "true"], 2, "'clean' is not a number"),
    "two intensities": (
        ["--location", "FRA", "--carbon-intensity", "5", "--", "true"],
        2,
        "each state the carbon intensity",
    ),
    "a source of nothing": (
        ["--location", "FRA", "--intensity-source", "x", "--", "true"],
        2,
        "--intensity-source: needs a carbon",
    ),
    "grams of energy only": (["--energy-only", "--max-emissions", "1g", "--", "true"], 2, "states no grams"),
    "a duration without a forecast": (
        ["--location", "FRA", "--max-energy", "1kWh", "--expected-duration", "1h", "--", "true"],
        2,
        "--expected-duration: is for a forecast",
    ),
    "a forecast of nothing": (["--location", "FRA", "--forecast", "--", "true"], 2, "needs a limit"),
    "a record below a file": (["--location", "FRA", "--record", "/dev/null/r.json", "--", "true"], 2, "cannot make"),
    "a record in a folder below a file": (
        ["--location", "FRA", "--record", "/dev/null/", "--", "true"],
        2,
        "cannot make",
    ),
    "a record of no name": (["--location", "FRA", "--record", "", "--", "true"], 2, "the record's path is empty"),
    "a record behind a URL": (
        ["--location", "FRA", "--record", "s3://b/runs/", "--", "true"],
        2,
        "s3://b/runs/NAME.json",
    ),
    "a group without a record": (
        ["--location", "FRA", "--run-group", "g", "--", "true"],
        2,
        "--run-group needs --record",
    ),
    "a group's record that its sum would not find": (
        ["--location", "FRA", "--run-group", "g", "--record", "record", "--", "true"],
        2,
        "'record' of a run group must end in .json",
    ),
    "a power of nothing": (["--location", "FRA", "--cpu-power", "0 W", "--", "true"], 2, "--cpu-power: '0 W'"),
    "a card that is a folder": (["--location", "FRA", "--card", ".", "--", "true"], 2, "is a folder"),
    "a card in no folder": (["--location", "FRA", "--card", "no/README.md", "--", "true"], 2, "cannot write"),
    "no such command": (["--location", "FRA", "--", "no-such-command"], 127, "command not found"),
}


@cases("case", REFUSED)
def test_bad_input_is_one_clear_line_and_starts_nothing(cli, case):
    flags, status, message = REFUSED[case]
    code, out, err = cli(
        "run", *[flag if flag != "true" else "touch" for flag in flags], *(["ran"] if "true" in flags else [])
    )

    assert (code, out) == (status, "")
    assert message in err
    assert "Traceback" not in err
    assert not Path("ran").exists()
    assert list(Path().glob("*.json*")) == []


def test_a_folder_for_records_gets_a_file_for_each_run(carbon_lint):
    Path("records").mkdir()
    records = []
    for _ in range(2):
        done = carbon_lint("run", "--energy-only", "--record", "records", "--", "true")
        assert done.returncode == 0, done.stderr
        (new,) = set(Path("records").glob("*.json")) - set(records)
        assert f"the record is in {new}" in done.stderr
        records.append(new)
    merged = carbon_lint("merge", "records", "-o", "run.json")
    assert merged.returncode == 0, merged.stderr
    assert load_record("run.json").merged_from == tuple(sorted(load_record(path).run_id for path in records))


def configure(text):
    Path("carbon-lint.toml").write_text(text)


def test_the_configuration_fills_in_what_no_flag_gives(carbon_lint):
    configure('location = "POL"\nrun-group = "bert"\npue = 1.5\ngrace = "1s"\npass-env = ["HF_TOKEN"]\n')
    environ = {**os.environ, "HF_TOKEN": "x"}
    done = carbon_lint("run", "--record", "r.json", "--", "sh", "-c", "echo $HF_TOKEN", env=environ)

    assert (done.returncode, done.stdout) == (0, "x\n"), done.stderr
    record = load_record("r.json")
    assert (record.intensity.location, record.run_group, record.pue) == ("POL", "bert", 1.5)


def test_a_configured_group_refuses_a_record_that_its_sum_would_not_find(cli):
    configure('location = "POL"\nrun-group = "bert"\n')
    Path("r.json").symlink_to("record")
    for name in ("record", "r.json"):
        code, _, err = cli("run", "--record", name, "--", "touch", "ran")
        assert (code, "must end in .json" in err) == (2, True)
    assert not Path("ran").exists()


def test_a_flag_wins_over_the_configuration(carbon_lint):
    configure('location = "POL"\nrun-group = "bert"\n')
    flags = ("--carbon-intensity", "5", "--run-group", "gpt")
    done = carbon_lint("run", *flags, "--record", "r.json", "--", "true")

    assert done.returncode == 0, done.stderr
    assert load_record("r.json").intensity.g_per_kwh == 5
    assert load_record("r.json").run_group == "gpt"


@pytest.mark.parametrize(("flag", "configured"), [("1ug", "1 kg"), ("1 kg", "1ug")])
def test_of_two_budgets_the_tighter_one_holds(carbon_lint, flag, configured):
    configure(f'location = "POL"\nmax-emissions = "{configured}"\n')
    done = carbon_lint("run", "--max-emissions", flag, "--tick", "100ms", "--", "sleep", "20")
    assert done.returncode == 1
    assert "1 µg allowed" in done.stderr


@cases(
    ("text", "status", "message"),
    [
        ('location = "Frnace"', 125, "location: 'Frnace' is not a known location"),
        ("carbon-intensity = -3.5", 2, "carbon-intensity: -3.5 is not"),
        ('electricity-maps = "FR"', 125, "electricity-maps: FR needs a token"),
        ('location = "FRA"\npue = 0.5', 2, "pue: a PUE of 0.5"),
        ('location = "FRA"\nrequire = ["cpu"]', 2, "require: 'cpu' is not one of"),
        ('location = "FRA"\ncarbon-intensity = 30', 2, "carbon-intensity: location is set too"),
        ('location = "auto"\n[[machine]]\nmatch = "*"\nlocation = "Frnace"', 125, "location: [[machine]] match '*'"),
    ],
)
@cases("verb", ["run", "doctor"])
def test_an_impossible_configuration_value_is_an_error_with_its_file_and_key(cli, verb, text, status, message):
    """Both verbs answer alike: what `doctor` finds sound must start."""
    configure(text)
    code, out, err = cli(verb, *(["--", "touch", "ran"] if verb == "run" else []))
    assert code == status
    assert re.search(rf"carbon-lint\.toml:\d: {re.escape(message)}", " ".join((out + err).split()))
    assert not Path("ran").exists()


def test_a_flag_sets_aside_the_place_of_the_configuration(cli):
    configure("carbon-intensity = 30\n")
    assert cli("run", "--location", "POL", "--", "true")[0] == 0


@cases(
    ("text", "message"),
    [
        ('on-exceed = "explode"', "on-exceed: 'explode' is not one of"),
        ('location = "US"', "'US' is not a known location"),
        ('locaton = "FRA"', "unknown key 'locaton'"),
        ('require = ["tpu"]\nlocation = "FRA"', "require: 'tpu' is not one of"),
        ("max-emissions = 5", "max-emissions"),
    ],
)
def test_a_configuration_that_cannot_be_used_starts_nothing(cli, text, message):
    configure(text)
    code, _, err = cli("run", "--", "touch", "ran")
    assert code in {2, 125}
    assert message in err
    assert not Path("ran").exists()


def test_a_missing_codecarbon_gives_an_error_with_how_to_install_it(carbon_lint, tmp_path):
    """As in an environment without the extra: the package cannot be imported."""
    blocker = tmp_path / "blocked"
    blocker.mkdir()
    (blocker / "codecarbon.py").write_text("raise ImportError('No module named codecarbon')\n")
    environ = {**os.environ, "PYTHONPATH": str(blocker)}
    done = carbon_lint("run", "--location", "FRA", "--", "touch", "ran", env=environ)

    assert done.returncode == 125
    assert "pip install 'carbon-lint[run] @ " in done.stderr
    assert "Traceback" not in done.stderr
    assert not Path("ran").exists()


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        (b"---\ntags: [\n---\n", 0o644, "README.md:2:8: the card was not changed: the front matter is not valid YAML"),
        (b"---\nlicense: mit\n", 0o644, "no closing"),
        (b"\xff\x00", 0o644, "not UTF-8"),
        (b"---\nlicense: mit\n---\n", 0o444, "README.md: it is read-only"),
        (b"---\nco2_eq_emissions: 5 kg or so\n---\n", 0o644, "states '5 kg or so', not an amount of CO2"),
    ],
)
def test_a_card_that_cannot_take_the_figures_is_found_out_before_the_job(carbon_lint, content, mode, message):
    Path("README.md").write_bytes(content)
    Path("README.md").chmod(mode)

    flags = ("--location", "FRA", "--run-group", "bert", "--record", "r.json", "--card", "README.md")
    done = carbon_lint("run", *flags, "--", "touch", "trained")

    assert done.returncode == 2
    assert message in done.stderr
    assert not Path("trained").exists()


def test_a_completed_run_writes_the_card(carbon_lint):
    Path("README.md").write_text("---\nlicense: mit\n---\n# A model\n")
    flags = ("--location", "FRA", "--record", "r.json", "--card", "README.md", "--training-type", "fine-tuning")
    done = carbon_lint("run", *flags, "--", "sleep", "0.3")

    assert done.returncode == 0, done.stderr
    card = Path("README.md").read_text()
    stated = re.search(r"^  emissions: (.+)$", card, re.MULTILINE)
    assert float(stated[1]) == pytest.approx(load_record("r.json").emissions_g, rel=1e-3)
    assert "training_type: fine-tuning" in card
    assert card.endswith("# A model\n")


def test_a_missing_card_is_reported_before_the_job_and_after_it(carbon_lint):
    done = carbon_lint(
        "run", "--location", "FRA", "--card", "nothere.md", "--", "sh", "-c", "sleep 0.3; echo begun >&2"
    )

    assert done.returncode == 0, done.stderr
    before, after = done.stderr.split("begun\n")
    assert "nothere.md is not there, so a new card will be made" in before
    assert "nothere.md was not there and was made" in after


def test_a_job_is_not_started_for_a_card_whose_name_is_misspelt(carbon_lint):
    Path("README.md").write_text("---\nlicense: mit\n---\n")
    done = carbon_lint("run", "--location", "FRA", "--card", "READNE.md", "--", "echo", "begun")

    assert done.returncode == 2
    assert "README.md is: a second card would be made" in done.stderr
    assert "begun" not in done.stdout
    assert not Path("READNE.md").exists()


def test_the_card_states_the_sum_over_the_run_group(carbon_lint):
    """A failed attempt took energy too, and it took it for these weights."""
    Path("records").mkdir()
    Path("records/notes.json").write_text('{"not": "a record"}')
    flags = ("--location", "FRA", "--run-group", "bert", "--record", "records/")
    carbon_lint("run", "--location", "FRA", "--record", "records/other.json", "--", "true")
    assert carbon_lint("run", *flags, "--", "sh", "-c", "sleep 0.2; exit 1").returncode == 1
    done = carbon_lint("run", *flags, "--card", "README.md", "--", "sleep", "0.2")

    assert done.returncode == 0, done.stderr
    grams = [record.emissions_g for path in Path("records").glob("*-*.json") if (record := load_record(path))]
    assert len(grams) == 2
    stated = float(Path("README.md").read_text().partition("emissions: ")[2].split()[0])
    assert stated == pytest.approx(sum(grams), rel=1e-3)
    assert "the card states the sum of 2 runs of group 'bert'" in done.stderr


def test_attempts_that_are_given_one_name_for_their_record_are_all_on_the_card(carbon_lint):
    flags = ("--location", "FRA", "--run-group", "bert", "--record", "r.json", "--card", "README.md")
    assert carbon_lint("run", *flags, "--", "sh", "-c", "sleep 0.2; exit 3").returncode == 3
    first = load_record("r.json")
    done = carbon_lint("run", *flags, "--", "sleep", "0.3")

    assert done.returncode == 0, done.stderr
    assert f"kept in r.{first.run_id}.json" in done.stderr
    stated = float(re.search(r"^  emissions: (.+)$", Path("README.md").read_text(), re.MULTILINE)[1])
    assert stated == pytest.approx(first.emissions_g + load_record("r.json").emissions_g, rel=1e-3)


@pytest.mark.parametrize(
    ("flags", "command"), [([], "exit 3"), (["--max-emissions", "1ug", "--tick", "100ms"], "sleep 20")]
)
def test_a_run_that_did_not_complete_is_on_the_card_as_in_the_step_with_a_note(carbon_lint, flags, command):
    Path("README.md").write_text("---\nlicense: mit\n---\n")
    done = carbon_lint("run", "--location", "FRA", "--card", "README.md", *flags, "--", "sh", "-c", command)

    assert done.returncode in {1, 3}
    assert "  emissions: " in Path("README.md").read_text()
    assert re.search("README.md: the run (failed|went over its budget)", done.stderr)


def test_secrets_are_not_handed_to_the_job(carbon_lint):
    secrets = {
        "HF_TOKEN": "hf_secret",
        "HUGGING_FACE_HUB_TOKEN": "hf_secret",
        "HF_OIDC_RESOURCE": "x",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "x",
        "ACTIONS_RUNTIME_TOKEN": "x",
        "GITHUB_TOKEN": "x",
        "GITHUB_OUTPUT": "x",
        "GITHUB_ENV": "x",
        "INPUT_HF-TOKEN": "hf_secret",
    }
    environ = {**os.environ, **secrets, "GITHUB_SHA": "abc", "WANDB_API_KEY": "kept"}
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    command = ("run", "--energy-only", "--pass-env", "GITHUB_ENV", "--", sys.executable, "-c", show)
    done = carbon_lint(*command, env=environ)

    job_environ = json.loads(done.stdout)
    assert set(secrets) & set(job_environ) == {"GITHUB_ENV"}
    assert job_environ["GITHUB_SHA"] == "abc"
    assert job_environ["WANDB_API_KEY"] == "kept"
    reported = [line for line in done.stderr.splitlines() if "not handed to the job" in line]
    assert len(reported) == 1
    assert "HF_TOKEN" in reported[0]
    assert "hf_secret" not in done.stderr


def test_a_record_that_cannot_be_written_is_printed(carbon_lint):
    done = carbon_lint("run", "--energy-only", "--record", "r.json", "--", "mkdir", "r.json")

    assert done.returncode == 2
    assert "cannot write r.json" in done.stderr
    printed = json.loads(done.stderr[done.stderr.index("{\n") :])
    assert printed["format"] == "carbon-lint/record@2"
    assert printed["energy_kwh"]["total"] > 0
    assert "Traceback" not in done.stderr


def test_the_jobs_own_failure_wins_over_a_record_that_cannot_be_written(carbon_lint):
    done = carbon_lint("run", "--energy-only", "--record", "r.json", "--", "sh", "-c", "mkdir r.json; exit 3")
    assert done.returncode == 3
    assert "the record follows" in done.stderr


def test_a_printed_record_cannot_act_as_a_workflow_command(carbon_lint):
    command = ("sh", "-c", "mkdir r.json", "##[error]boom\n::error::boom")
    done = carbon_lint("run", "--energy-only", "--record", "r.json", "--", *command)

    assert done.returncode == 2
    assert "##[error]" not in done.stderr
    assert "::error::" not in done.stderr
    assert json.loads(done.stderr[done.stderr.index("{\n") :])["command"] == list(command)


def test_no_token_gets_into_the_record(carbon_lint):
    token = "hf_" + "a" * 34
    environ = {**os.environ, "GITHUB_TOKEN": "ghs_0123456789"}
    command = ("echo", f"--hub_token={token}", "ghs_0123456789", "plain", "caf\udce9")
    done = carbon_lint(
        "run",
        "--energy-only",
        "--pass-env",
        "GITHUB_TOKEN",
        "--record",
        "r.json",
        "--",
        *command,
        env=environ,
        text=False,
    )

    assert done.returncode == 0, done.stderr
    assert token.encode() in done.stdout, "the job gets what it was given"
    record = load_record("r.json")
    assert record.command == ("echo", "--hub_token=***", "***", "plain", "caf\ufffd")
    assert token not in journal_text()


def test_recover_makes_the_record_once(carbon_lint):
    carbon_lint("run", "--energy-only", "--record", "r.json", "--", "true")
    expected = Path("r.json").read_text()

    refused = carbon_lint("recover", "r.jsonl", "-o", "r.json")
    assert (refused.returncode, "exists and is not empty" in refused.stderr) == (2, True)
    done = carbon_lint("recover", "r.jsonl", "-o", "again.json")
    assert done.returncode == 0, done.stderr
    assert Path("again.json").read_text() == expected
    assert carbon_lint("recover", "absent.jsonl", "-o", "x.json").returncode == 2


def test_the_job_runs_where_carbon_lint_was_called_with_its_home(carbon_lint):
    """Constructing CodeCarbon changes folder, HOME and environment for a moment: nothing of it reaches the job."""
    show = "import os; print(os.getcwd(), os.environ['HOME'], os.environ['CODECARBON_LOG_LEVEL'])"
    environ = {**os.environ, "CODECARBON_LOG_LEVEL": "debug"}
    done = carbon_lint("run", "--energy-only", "--", sys.executable, "-c", show, env=environ)

    assert done.stdout.split() == [os.getcwd(), os.environ["HOME"], "debug"]


def test_a_flood_on_stdout_passes_through_whole(carbon_lint):
    done = carbon_lint("run", "--energy-only", "--", "sh", "-c", "yes 0123456789 | head -c 20000000")

    assert done.returncode == 0
    assert len(done.stdout) == 20_000_000


def test_a_job_that_closes_its_output_goes_on(carbon_lint):
    done = carbon_lint("run", "--energy-only", "--", "sh", "-c", "exec >&- 2>&-; sleep 0.2; exit 7")
    assert done.returncode == 7


def test_a_reader_that_goes_away_does_not_wait_for_us():
    """`carbon-lint run ... | head -1` ends with the job, and the measurement is not lost."""
    command = f"{sys.executable} -m carbon_lint run --energy-only --record r.json -- sh -c 'yes' | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == "y\n"
    assert load_record("r.json").exit_status in {1, 141}  # `yes` meets a closed pipe
