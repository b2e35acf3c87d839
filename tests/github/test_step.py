"""The whole step, as a child process with exactly the environment that the runner gives it."""

from __future__ import annotations

import json
import re

import pytest

from carbon_lint.github.interface import OUTPUTS
from carbon_lint.measurement.job.descendants import find_process
from carbon_lint.records.store import load_record
from tests.effort import busy
from tests.github.runner import Runner

GOOD = "---\nlicense: mit\n---\n# A model\n"
BAD = "---\nlicense: mit\nco2_eq_emissions:\n  emissions: 17g\n---\n# A model\n"


@pytest.fixture
def runner(tmp_path):
    started = Runner(tmp_path)
    started.write("README.md", GOOD)
    return started


def test_a_training_is_measured_and_gated(runner):
    step = runner.step(command="echo training; sleep 0.3", location="FRA", max_emissions="5 g")
    assert step.succeeded, step.log
    assert "training\n" in step.log
    assert tuple(step.outputs) == tuple(OUTPUTS)
    assert step.outputs["outcome"] == "completed"
    assert step.outputs["verdict"] == "pass"
    assert step.outputs["over-budget"] == "false"
    assert 0 < float(step.outputs["emissions-g"]) < 5
    assert "e" not in step.outputs["emissions-g"]
    assert float(step.outputs["budget-used"]) == pytest.approx(float(step.outputs["emissions-g"]) / 5)
    record = load_record(runner.workspace / step.outputs["record"])
    assert record.command == ("bash", "-euo", "pipefail", "-c", "echo training; sleep 0.3")
    assert record.provenance.run_url == "https://github.com/octo/model/actions/runs/4242/attempts/2"
    assert record.provenance.job_index == 0
    assert step.summary.startswith("## ")


INPUTS_OF_AN_EARLIER_STEP = json.dumps({"command": "touch hijacked", "location": "FRA", "max-emissions": "1 t"})


def test_inputs_that_an_earlier_step_set_do_not_replace_the_steps_own(runner):
    step = runner.step(
        command="echo trained > trained; sleep 1.5",
        location="FRA",
        max_emissions="1 ug",
        env={"CARBON_LINT_INPUTS": INPUTS_OF_AN_EARLIER_STEP, "CARBON_LINT_PYTHONPATH": "/theirs"},
    )
    assert step.exit_status == 1
    assert step.outputs["verdict"] == "fail"
    assert (runner.workspace / "trained").exists()
    assert not (runner.workspace / "hijacked").exists()


def test_python_variables_of_the_job_are_the_jobs_alone(runner):
    runner.write(
        "src/sitecustomize.py", "import os; open('ran-in', 'a').write(str(os.environ.get('INPUT_HF-TOKEN')))\n"
    )
    for name in ("yaml", "json", "logging"):
        runner.write(f"src/{name}.py", "raise SystemExit('hijacked')\n")
    step = runner.step(
        command="echo path=$PYTHONPATH home=$PYTHONHOME",
        location="FRA",
        hf_token="hf_input",
        env={"PYTHONPATH": "src", "PYTHONHOME": "/nowhere", "PYTHONINSPECT": "1", "PYTHONSTARTUP": "src/yaml.py"},
    )
    assert step.succeeded, step.log
    assert "path=src home=/nowhere" in step.log
    assert not (runner.workspace / "ran-in").exists()


def test_garbage_that_the_job_writes_into_the_steps_own_file_empties_no_output(runner):
    forge = f"for f in {runner.file_commands}/*; do printf 'outcome<<E\\ngarbage' >> $f; done"
    step = runner.step(command=f"{forge}; echo good=1 >> $GITHUB_OUTPUT", location="FRA", max_emissions="5 g")
    assert step.succeeded, (step.problems, step.log)
    assert (step.outputs["outcome"], step.outputs["verdict"], step.outputs["good"]) == ("completed", "pass", "1")


def test_the_jobs_output_cannot_act_and_its_files_are_its_own(runner):
    script = """
    echo ::error::x; echo 'a ##[warning]x'; echo ::set-output name=outcome::completed; echo ::stop-commands::t >&2
    echo ::add-mask::s3cret-words
    echo accuracy=0.9 >> $GITHUB_OUTPUT; echo over-budget=false >> $GITHUB_OUTPUT; echo MODEL=x >> $GITHUB_ENV
    echo '# mine' >> $GITHUB_STEP_SUMMARY; echo /opt/x >> $GITHUB_PATH
    """
    step = runner.step(command=script, location="FRA")
    assert step.succeeded, step.log
    assert step.annotations("error") == []
    assert {command.name for command in step.commands} <= {"add-mask", "group", "endgroup", "warning"}
    assert "s3cret-words" in step.masks
    assert step.outputs["accuracy"] == "0.9"
    assert step.annotations("warning") == [
        "not passed to later steps: GITHUB_OUTPUT: over-budget is not the job's to set"
    ]
    assert step.env == {"MODEL": "x"}
    assert step.path == ["/opt/x"]
    assert "# mine" in step.summary


def test_the_job_is_given_no_token_unless_it_is_named(runner):
    env = {"HF_TOKEN": "hf_from_env", "WANDB_API_KEY": "w"}
    runner.actions["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "oidc"
    step = runner.step(command="env", location="FRA", hf_token="hf_input", env=env)
    assert step.succeeded
    assert "hf_from_env" not in step.log
    assert "oidc" not in step.log
    assert "runtime-token" not in step.log
    assert step.log.count("hf_input") == 1, "masked, and nothing else"
    assert "INPUT_" not in step.log
    assert "WANDB_API_KEY=w" in step.log
    step = runner.step(command="echo got ${#HF_TOKEN}", location="FRA", pass_env="HF_TOKEN", env=env)
    assert "got 11" in step.log
    assert "hf_from_env" in step.masks


def test_a_missing_secret_gets_an_error_with_the_line_that_fixes_it(runner):
    step = runner.step(command="true", location="FRA", pass_env="HF_TOKEN")
    assert "env: {HF_TOKEN: ${{ secrets.HF_TOKEN }}}" in step.annotations("warning")[0]


def test_setup_is_not_measured_and_hands_its_environment_on(runner):
    step = runner.step(
        setup="sleep 0.2; date -u +%FT%T.%3NZ > ended; echo A=from-setup >> $GITHUB_ENV; echo '::error::no'",
        command="echo $A",
        location="FRA",
    )
    assert step.succeeded, step.log
    assert "from-setup" in step.log
    ended_at = (runner.workspace / "ended").read_text().strip()
    assert load_record(runner.workspace / step.outputs["record"]).started_at >= ended_at
    assert step.annotations("error") == []


def test_a_setup_that_fails_stops_the_step_with_its_status(runner):
    step = runner.step(setup="exit 9", command="echo never", location="FRA")
    assert step.exit_status == 9
    assert "never" not in step.log
    assert "`setup` failed with exit status 9" in step.annotations("error")[0]
    assert step.outputs["outcome"] == ""


def test_the_jobs_own_failure_wins_and_the_rest_is_reported(runner):
    step = runner.step(command="exit 7", location="FRA", max_emissions="5 g")
    assert step.exit_status == 7
    assert step.outputs["outcome"] == "failed"
    assert float(step.outputs["emissions-g"]) > 0
    assert "exit status 7" in step.annotations("error")[0]
    assert "What failed" in step.summary


def test_a_job_over_its_budget_is_stopped(runner):
    step = runner.step(command="sleep 60", location="FRA", max_emissions="1 ug", grace="1s")
    assert step.exit_status == 1
    assert step.seconds < 30
    assert (step.outputs["outcome"], step.outputs["over-budget"], step.outputs["verdict"]) == (
        "over-budget",
        "true",
        "fail",
    )
    assert step.annotations("error")[0].startswith("Stopped over budget: ")


def test_without_a_location_nothing_is_measured(runner):
    step = runner.step(command="echo never", max_emissions="5 g")
    assert step.exit_status == 125
    assert "never" not in step.log.replace("echo never", "")
    assert step.outputs["outcome"] == "unmeasured"
    assert step.outputs["emissions-g"] == ""
    assert "`location: FRA`" in step.annotations("error")[0]


def test_a_wrong_location_gets_an_error_with_the_nearest(runner):
    step = runner.step(command="true", location="Frnace")
    assert step.exit_status == 125
    assert "FRA" in step.annotations("error")[0]


def test_an_energy_budget_needs_no_location(runner):
    step = runner.step(command="true", max_energy="1 kWh")
    assert step.succeeded, step.log
    assert step.outputs["emissions-g"] == ""
    assert float(step.outputs["energy-kwh"]) > 0


@pytest.mark.parametrize(("publish", "status"), [("never", 0), ("auto", 125)])
def test_a_model_that_is_only_watched_needs_no_location_and_one_that_is_published_does(runner, publish, status):
    nobody = {"HF_ENDPOINT": "http://127.0.0.1:9"}
    step = runner.step(
        command="true", max_energy="1 kWh", hub_repo="acme/m", publish=publish, hf_token="hf_x", env=nobody
    )
    assert step.exit_status == status, step.log


def test_the_working_directory_is_the_jobs(runner):
    runner.write("sub/train.sh", "echo in $(basename $PWD)")
    step = runner.step(command="bash train.sh", working_directory="sub", location="FRA")
    assert "in sub" in step.log
    assert (runner.workspace / "carbon-lint-record.json").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("card", "../x.md"),
        ("record", "/etc/record.json"),
        ("working-directory", ".."),
        ("cards", "/etc/passwd"),
        ("card", "out/x"),
    ],
)
def test_a_path_out_of_the_workspace_is_refused(runner, name, value):
    (runner.workspace / "out").symlink_to("/tmp")
    command = {} if name == "cards" else {"command": "true", "location": "FRA"}
    step = runner.step_with({name: value, **command})
    assert step.exit_status == 2
    assert f"'{name}'" in step.annotations("error")[0]
    assert "outside the workspace" in step.annotations("error")[0]


def test_lint_only(runner):
    step = runner.step()
    assert step.succeeded, step.log
    assert (step.outputs["errors"], step.outputs["outcome"]) == ("0", "")


def test_a_bad_card_fails_with_annotations_in_its_lines(runner):
    runner.write("README.md", BAD)
    step = runner.step(sarif_file="lint.sarif")
    assert step.exit_status == 1
    assert int(step.outputs["errors"]) >= 1
    headline, found, *_ = [command for command in step.commands if command.name == "error"]
    assert re.fullmatch(r"\d lint errors?", headline.data)
    assert found.properties["file"] == "README.md"
    assert found.properties["line"] == "4"
    assert json.loads((runner.workspace / "lint.sarif").read_text())["version"] == "2.1.0"
    assert "CL2" in step.summary


def test_fail_on_and_the_cards_to_lint_are_inputs(runner):
    runner.write("README.md", BAD)
    runner.write("good/README.md", GOOD)
    assert runner.step(cards="good").succeeded
    assert runner.step(lint="false", record="r.json").exit_status == 2


def test_a_hostile_card_can_give_no_command(runner):
    runner.write(
        "README.md", '---\nco2_eq_emissions:\n  emissions: "1\\n::error::x ##[error]y"\n  "::warning::k": 1\n---\n'
    )
    step = runner.step()
    assert step.exit_status == 1
    assert all(
        command.properties.get("file") or "title" in command.properties
        for command in step.commands
        if command.name == "error"
    )
    assert not [command for command in step.commands if command.data in {"x", "y", "k"}]


def test_gate_only_reads_a_record(runner):
    first = runner.step(command="true", location="FRA")
    record = first.outputs["record"]
    passed = runner.step(record=record, max_emissions="5 g")
    assert passed.succeeded, passed.log
    assert (passed.outputs["verdict"], passed.outputs["outcome"]) == ("pass", "completed")
    failed = runner.step(record=record, max_emissions="0.0001 ug")
    assert failed.exit_status == 1
    assert failed.outputs["verdict"] == "fail"


def test_a_missing_record_is_one_line(runner):
    step = runner.step(record="nowhere.json", max_emissions="5 g")
    assert step.exit_status == 2
    assert "nowhere.json" in step.annotations("error")[0]
    assert "Traceback" not in step.log


@pytest.mark.parametrize(
    "name", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH", "GITHUB_ENV", "RUNNER_TEMP"]
)
def test_a_variable_of_the_runner_that_is_missing_does_no_harm(runner, name):
    step = runner.step(command="echo a=1 >> $GITHUB_OUTPUT", location="FRA", unset=[name])
    assert step.exit_status == 0, step.log


def test_an_event_file_that_is_gone_does_no_harm(runner):
    step = runner.step(command=f"rm {runner.workflow}/event.json", location="FRA")
    assert step.succeeded, step.log


def test_cancelled_while_it_trains(runner):
    step = runner.step(command="echo begun; sleep 60", location="FRA", cancel_when=b"begun")
    assert step.seconds < 6 * busy()
    assert step.exit_status == 130
    assert step.outputs["outcome"] == "interrupted"
    assert load_record(runner.workspace / step.outputs["record"]).outcome == "interrupted"
    assert "cancelled" in step.annotations("error")[0]
    assert step.summary


def test_cancelled_while_it_sets_up(runner):
    step = runner.step(setup="echo begun; sleep 60", command="true", location="FRA", cancel_when=b"begun")
    assert step.seconds < 6 * busy()
    assert step.exit_status == 130
    assert tuple(step.outputs) == tuple(OUTPUTS)


def test_cancelled_while_it_sets_up_nothing_of_it_is_left(runner):
    """The shell ends at SIGTERM; what it started may ignore that and go on printing."""
    stub = "import os, signal, time; signal.signal(15, 1); signal.signal(2, 1); print('begun', os.getpid(), flush=True)"
    (runner.workspace / "stub.py").write_text(
        f"{stub}\nfor _ in range(600): time.sleep(0.1); print('on', flush=True)\n"
    )
    step = runner.step(setup="python3 stub.py\necho done", command="true", location="FRA", cancel_when=b"begun")
    assert step.exit_status == 130
    assert tuple(step.outputs) == tuple(OUTPUTS)
    left = find_process(int(re.search(r"begun (\d+)", step.log)[1]))
    assert left is None or left.columns[0] == b"Z"


def test_a_step_that_asks_for_nothing_gets_an_error(runner):
    step = runner.step(lint="false")
    assert step.exit_status == 2
    assert "nothing is asked for" in step.annotations("error")[0]


def test_a_misspelt_limit_stops_the_step_before_the_job(runner):
    step = runner.step_with({"command": "echo never", "max-emision": "5 g"})
    assert step.exit_status == 2
    assert "`max-emissions`" in step.annotations("error")[0]
    assert tuple(step.outputs) == tuple(OUTPUTS)


def test_no_summary_is_written_if_the_input_turns_it_off(runner):
    assert runner.step(summary="false").summary == ""


def test_a_job_that_prints_progress_bars_leaves_commands_intact(runner):
    step = runner.step(command="printf '\\r10 %%'; printf '\\r20 %%'; exit 3", location="FRA")
    assert "exit status 3" in step.annotations("error")[0]


def test_why_the_step_failed_is_among_the_annotations_that_are_shown(runner):
    for n in range(12):
        runner.write(f"m{n}/README.md", BAD)
    step = runner.step(command="exit 3", location="FRA")
    assert "exit status 3" in step.annotations("error")[0]
    assert len(step.annotations("error")) == 10


@pytest.mark.parametrize(
    ("inputs", "line"),
    [
        ({"location": "Frnace"}, "'location'"),
        ({"location": "FRA", "baseline": "yesterday"}, "'baseline'"),
        ({"location": "FRA", "baseline": "card", "max_increase": "ten"}, "'max-increase'"),
        ({"location": "FRA", "record": "train.py"}, "name a file of its own"),
        ({"location": "FRA", "grace": "30"}, "`grace`"),
        ({"location": "FRA", "carbon_intensity": "56"}, "`location: FRA`"),
        ({"location": "FRA", "max_increase": "10%"}, "`baseline: card`"),
        ({"carbon_intensity": "0.056"}, '`allow-unusual-intensity: "true"`'),
        ({}, "`location: FRA`"),
    ],
)
def test_a_failure_names_the_line_of_yaml_that_fixes_it(runner, inputs, line):
    runner.write("train.py", "print(1)\n")
    step = runner.step(command="echo never", **inputs)
    assert step.exit_status in {2, 125}
    assert len(step.annotations("error")) == 1
    assert line in step.annotations("error")[0]
    assert "--" not in step.annotations("error")[0]


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        ('location = "Frnace"', 125, "location: 'Frnace' is not a known location"),
        ("carbon-intensity = -3.5", 2, "carbon-intensity: -3.5 is not"),
        ('location = "FRA"\npue = 0.5', 2, "pue: a PUE of 0.5"),
        ('location = "FRA"\ncarbon-intensity = 30', 2, "carbon-intensity: location is set too"),
    ],
)
def test_an_impossible_configuration_value_is_an_error_with_its_file_and_key(runner, text, status, message):
    runner.write("carbon-lint.toml", text + "\n")
    step = runner.step(command="echo never")
    assert step.exit_status == status
    assert re.match(
        rf"(Not measured|Did not run): carbon-lint\.toml:\d: {re.escape(message)}", step.annotations("error")[0]
    )
    assert "::error file=carbon-lint.toml,line=" in step.log


@pytest.mark.parametrize("phase", ["setup", "command"])
def test_a_hail_of_signals_does_not_cut_the_outputs_short(runner, phase):
    runner.is_impatient = True
    inputs = {"setup": "true", "command": "true", "location": "FRA"} | {phase: "echo begun; sleep 60"}
    step = runner.step_with(inputs, cancel_when=b"begun")
    assert tuple(step.outputs) == tuple(OUTPUTS)
    assert step.exit_status == {"setup": 130, "command": 130}[phase]
    assert step.summary


def test_a_temporary_folder_that_only_the_host_has_does_no_harm(runner):
    step = runner.step_with(
        {"command": "echo a=1 >> $GITHUB_OUTPUT", "location": "FRA"}, override={"RUNNER_TEMP": "/nowhere"}
    )
    assert step.succeeded, step.log
    assert step.outputs["a"] == "1"


@pytest.mark.parametrize("name", ["README.md", "train.py", "base.json"])
def test_findings_never_replace_a_file_that_is_not_a_report(runner, name):
    if name != "README.md":
        runner.write(name, "kept\n")
    before = (runner.workspace / name).read_text()
    step = runner.step(sarif_file=name, command="touch ran", location="FRA")
    assert step.exit_status == 2
    assert (runner.workspace / name).read_text() == before
    assert not (runner.workspace / "ran").exists()
    assert "`sarif-file: carbon-lint.sarif`" in step.annotations("error")[0]


def test_a_folder_for_the_findings_is_refused_before_the_job(runner):
    (runner.workspace / "out").mkdir()
    step = runner.step(sarif_file="out/", command="touch ran", location="FRA")
    assert "input 'sarif-file': out/ is a folder" in step.annotations("error")[0]
    assert not (runner.workspace / "ran").exists()


def test_findings_do_not_take_the_place_of_this_runs_record(runner):
    step = runner.step(sarif_file="r.json", record="r.json", command="true", location="FRA")
    assert step.exit_status == 2
    assert load_record(runner.workspace / "r.json").outcome == "completed"


def test_findings_are_written_over_those_of_an_earlier_run_and_into_a_folder_that_is_made(runner):
    for card in (BAD, GOOD):
        runner.write("README.md", card)
        runner.step(sarif_file="out/lint.sarif")
    assert json.loads((runner.workspace / "out/lint.sarif").read_text())["runs"][0]["results"] == []


def test_without_a_card_the_hint_names_inputs_once(runner):
    (runner.workspace / "README.md").unlink()
    step = runner.step()
    assert step.exit_status == 3
    message = step.annotations("error")[0]
    assert "`cards: models/X.md`" in message
    assert message.count("include") == 1
    assert "--" not in message


def test_a_card_that_is_almost_there_is_named_as_the_input_takes_it(runner):
    step = runner.step(command="true", card="READNE.md", location="FRA")
    assert step.annotations("error")[0].endswith(
        "\n`card: README.md`; if a second card is meant, make it first: an empty file will do"
    )
    step = runner.step(command="true", card="README.md", record="README.md", location="FRA")
    assert "like record.json" in step.annotations("error")[0]
