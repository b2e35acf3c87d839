"""How the step says its end, at every end: one headline in annotation, summary and comment, and what to do."""

from __future__ import annotations

import json
import re

import pytest

from carbon_lint.records.document import PREDICATE_TYPE
from carbon_lint.records.store import load_record
from carbon_lint.report.run.comment import is_comment, marker
from tests.effort import busy
from tests.github.api import GitHubApi
from tests.github.runner import Runner
from tests.journals import journal_text

GOOD = "---\nlicense: mit\n---\n# A model\n"
BAD = "---\nlicense: mit\nco2_eq_emissions:\n  emissions: 17g\n---\n# A model\n"
OVER = "---\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n---\n"
KEY = "train/train/0"
OLD = f"{marker(KEY)}\n### ✅ carbon-lint: Within budget: 1 µg of 5 kg\n"


@pytest.fixture
def runner(tmp_path):
    started = Runner(tmp_path)
    started.write("README.md", GOOD)
    return started


@pytest.fixture
def api():
    with GitHubApi() as running:
        yield running


def on_pull_request(runner, api):
    runner.github |= {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_API_URL": api.url, "GITHUB_REF": "refs/pull/7/merge"}
    repository = {"full_name": "octo/model"}
    runner.event["pull_request"] = {
        "number": 7, "labels": [], "base": {"sha": "beef", "repo": repository}, "head": {"repo": repository},
    }  # fmt: skip


def plain(markdown):
    return markdown.replace("\\", "").replace("\u200b", "")


@pytest.mark.parametrize(
    ("inputs", "status", "headline"),
    [
        ({"setup": "exit 9", "command": "true", "location": "FRA"}, 9, "❌ `setup` failed with exit status 9"),
        ({"command": "true"}, 125, "❌ Not measured: no location was given"),
        ({"command": "true", "location": "FRA", "max-emissions": "5"}, 2, "❌ Did not run: input 'max-emissions'"),
        ({"command": "true", "locaton": "FRA"}, 2, "❌ Did not run: input 'locaton' is not known"),
        ({"command": "exit 3", "location": "FRA", "max-emissions": "5 kg"}, 3, "❌ The job failed with exit status 3"),
        (
            {"command": "sleep 30", "location": "FRA", "max-emissions": "1 ug", "grace": "1s"},
            1,
            "❌ Stopped over budget",
        ),
        ({}, 0, "✅ 1 card checked: no findings"),
        ({"card": "BAD.md"}, 1, "❌ 1 lint error"),
        ({"cards": "nowhere.md"}, 1, "❌ 1 lint error"),
        ({"record": "r.json", "max-emissions": "1 g"}, 1, "❌ Over budget: 42.5 of 1 g"),
        ({"record": "r.json", "max-emissions": "44 g", "on-modelled": "pass"}, 0, "⚠️ Undecided: 42.5 "),
        ({"record": "r.json", "max-emissions": "5 kg"}, 0, "✅ Within budget: 42.5 g of 5 kg"),
        ({"record": "r.json"}, 0, "📏 42.5 g CO2eq"),
    ],
)
def test_the_comment_is_kept_true_at_every_end_with_the_headline_of_summary_and_annotation(
    runner, api, inputs, status, headline
):
    on_pull_request(runner, api)
    runner.write("BAD.md", BAD)
    runner.hand_over()
    api.add_comment(OLD, "github-actions[bot]")
    step = runner.step_with({**inputs, "pr-comment": "true"})
    assert step.exit_status == status, step.log
    heading = plain(step.summary.splitlines()[0])
    assert heading.startswith(f"## {headline}")
    mark, text = heading.removeprefix("## ").split(" ", 1)
    body = plain(api.comments[0]["body"])
    assert body.splitlines()[1] == f"### {mark} carbon-lint: {text}"
    assert is_comment(api.comments[0]["body"], KEY)
    assert len(api.comments) == 1
    level = {"❌": "error", "⚠️": "warning"}.get(mark)
    if level is not None:
        assert step.annotations(level)[0].split("\n")[0] == text
    if status == 0:
        assert step.annotations("error") == []


def test_a_step_that_is_cancelled_keeps_its_comment_true_and_states_no_verdict(runner, api):
    on_pull_request(runner, api)
    api.add_comment(OLD, "github-actions[bot]")
    step = runner.step(
        command="echo begun; sleep 60", location="FRA", max_emissions="5 kg", pr_comment="true", cancel_when=b"begun"
    )
    assert step.exit_status == 130
    assert step.seconds < 6 * busy()
    assert (step.outputs["outcome"], step.outputs["verdict"]) == ("interrupted", "")
    assert step.summary.startswith("## ❌ Cancelled: ")
    assert "Cancelled" in api.comments[0]["body"].splitlines()[1]
    assert "Within budget" not in step.summary + step.log


def test_lint_alone_comments_if_it_has_findings(runner, api):
    on_pull_request(runner, api)
    assert runner.step(pr_comment="true").succeeded
    assert api.comments == [], "no findings are no news"
    runner.write("README.md", BAD)
    runner.step(pr_comment="true")
    assert "1 lint error" in api.comments[0]["body"]
    assert "CL201" in api.comments[0]["body"]


def test_what_the_job_wrote_stands_below_and_hides_nothing(runner):
    script = "printf '# ✅ Within budget\\n\\n<!-- ' >> $GITHUB_STEP_SUMMARY; exit 3"
    step = runner.step(command=script, location="FRA")
    assert step.summary.startswith("## ❌ The job failed with exit status 3")
    assert step.summary.index("*Written by the job:*") < step.summary.index("\n# ✅ Within budget")
    assert step.summary.rstrip().endswith(("-->", "</blockquote>"))


FAILURES = [
    {"command": "true", "location": "FRA", "card": "models/X.md"},
    {"command": "true", "location": "FRA", "card": "locked/README.md"},
    {"command": "true", "location": "FRA", "record": "locked/r.json"},
    {"command": "true", "location": "FRA", "record": "none/r.json"},
    {"command": "true", "location": "FRA", "card": "broken/README.md"},
    {"command": "true", "location": "FRA", "working-directory": "trainng"},
    {"command": "true", "location": "FRA", "config": "wrong.toml"},
    {"command": "true", "location": "FRA", "config": "unknown.toml"},
    {"record": "missing.json", "max-emissions": "1 g"},
    {"record": "README.md", "max-emissions": "1 g"},
    {"cards": "over", "config": "tight.toml"},
    {"cards": "empty"},
    {"command": "true", "location": "FRA", "sarif-file": "none/x.sarif"},
]


@pytest.mark.parametrize("inputs", FAILURES, ids=lambda inputs: "-".join(f"{k}={v}" for k, v in inputs.items()))
def test_no_message_shows_a_path_that_the_user_does_not_know(runner, inputs):
    (runner.workspace / "locked").mkdir()
    runner.write("locked/README.md", GOOD).chmod(0o444)
    runner.write("locked/r.json", "{}").chmod(0o444)
    runner.write("broken/README.md", "---\nlicense: [mit\n---\n")
    runner.write("over/README.md", OVER)
    runner.write("wrong.toml", "this is no toml")
    runner.write("unknown.toml", 'max-emision = "1 g"\n')
    runner.write("tight.toml", 'max-emissions = "1 g"\n')
    (runner.workspace / "empty").mkdir()
    step = runner.step_with(inputs)
    assert step.exit_status != 0, step.log
    message = "\n".join([*(command.data for command in step.commands), step.summary])
    assert str(runner.workspace) not in message
    assert "_work" not in message
    assert "--" not in "\n".join(step.annotations("error")), "hints name inputs"


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"card": "models/X.md"}, "there is no folder 'models'\n`card: X.md`"),
        ({"card": "READNE.md"}, "README.md is: a second card would be made\n`card: README.md`"),
        ({"working-directory": "trainng"}, "the folders of the workspace are src, training"),
        ({"working-directory": "../x"}, "`working-directory: training`"),
        ({"record": "../r.json"}, "`record: carbon-lint-record.json`"),
        ({"max-emissions": "2 kWh"}, "`max-energy: 2 kWh`"),
        ({"fail-on": "none"}, '`lint: "false"`'),
        ({"budget": "1 g"}, "limits are `max-emissions`"),
    ],
)
def test_a_wrong_workflow_gets_an_error_with_the_line_that_fixes_it(runner, inputs, message):
    for folder in ("src", "training", ".git"):
        (runner.workspace / folder).mkdir()
    step = runner.step_with({"command": "echo never", "location": "FRA", **inputs})
    assert step.exit_status == 2
    assert len(step.annotations("error")) == 1
    assert message in step.annotations("error")[0]
    assert "\nnever" not in step.log
    assert "\\n" not in step.summary, "no line break is shown as two characters"


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"command": "pyton train.py"}, "`pyton` was not found; did you mean `python`?"),
        ({"command": "poetry run x"}, "`setup: pip install poetry`"),
        (
            {"setup": "nosuchtool", "command": "true"},
            "`nosuchtool` was not found; install it in `setup: pip install …`",
        ),
        ({"command": "exit 127"}, "127 says that a command was not found: install it in `setup`"),
    ],
)
def test_a_command_that_is_not_there_points_at_setup(runner, inputs, message):
    runner.write("none/keep", "")
    step = runner.step_with({**inputs, "location": "FRA", "lint": "false"}, override={"PATH": "/usr/bin:/bin"})
    assert step.exit_status == 127, step.log
    assert message in step.annotations("error")[0]


def test_a_venv_that_ends_with_setup_gets_a_message_with_how_to_keep_it(runner):
    venv = "mkdir -p .venv/bin; touch .venv/bin/activate; "
    lost = runner.step(setup=f"{venv}. .venv/bin/activate", command="true", location="FRA", lint="false")
    (message,) = [text for text in lost.annotations("warning") if "activates" in text]
    assert 'echo "$PWD/.venv/bin" >> "$GITHUB_PATH"' in message
    kept = f'{venv}source .venv/bin/activate\necho "$PWD/.venv/bin" >> "$GITHUB_PATH"'
    step = runner.step(setup=kept, command="true", location="FRA", lint="false")
    assert not [text for text in step.annotations("warning") if "activates" in text]


def test_pip_warnings_about_root_are_off_in_setup_alone_unless_the_user_sets_them(runner):
    step = runner.step(
        setup="env | grep ^PIP_ || true", command="env | grep ^PIP_ || true", location="FRA", lint="false"
    )
    assert step.log.count("PIP_ROOT_USER_ACTION=ignore") == 1
    step = runner.step(setup="env | grep ^PIP_", command="true", location="FRA", lint="false",
                       env={"PIP_ROOT_USER_ACTION": "warn"})  # fmt: skip
    assert "PIP_ROOT_USER_ACTION=warn" in step.log


@pytest.mark.parametrize(("limit", "status"), [("1 g", 1), ("5 kg", 0)])
def test_a_limit_without_a_run_is_checked_against_the_cards(runner, limit, status):
    runner.write("README.md", OVER)
    step = runner.step(max_emissions=limit)
    assert step.exit_status == status, step.log
    assert ("CL401" in step.summary) == (status == 1)


def test_a_limit_of_the_repository_that_is_tighter_than_the_input_holds_for_cards_too(runner):
    runner.write("README.md", OVER)
    runner.write("carbon-lint.toml", 'max-emissions = "2 g"\n')
    step = runner.step(max_emissions="5 kg")
    assert step.exit_status == 1
    assert "carbon-lint.toml" in step.summary


def test_an_input_without_effect_on_a_record_gets_a_warning(runner):
    runner.hand_over()
    step = runner.step(record="r.json", location="POL", require="gpu", max_emissions="5 kg")
    assert step.succeeded, step.log
    assert "this has no effect: `location`, `require`" in step.annotations("warning")[0]


def test_a_card_that_will_be_made_is_announced_before_the_job(runner):
    (runner.workspace / "README.md").unlink()
    step = runner.step(command="true", location="FRA", card="README.md", lint="false")
    assert step.succeeded, step.log
    assert "`card: README.md` is not there, so a new card will be made" in step.annotations("warning")
    assert (runner.workspace / "README.md").exists()


def test_a_run_over_its_own_tighter_limit_fails_under_a_wider_one(runner):
    runner.hand_over(over_budget=True)
    step = runner.step(record="r.json", max_emissions="5 kg")
    assert step.exit_status == 1
    assert "the run went over a limit that it was measured under" in step.annotations("error")[0]
    assert not re.search(r":\s*$", step.annotations("error")[0])


def test_tokens_in_command_and_inputs_are_in_nothing_that_the_step_leaves(runner):
    token = "hf_abcdefghijklmnopqrstuvwxyz01234567"
    step = runner.step(
        command=f": --token {token} --other glpat-0123456789abcdefghij s3cr3t-value",
        location="FRA", hf_token="an-odd-token-1", env={"MY_API_KEY": "s3cr3t-value"}, lint="false",
    )  # fmt: skip
    assert step.succeeded, step.log
    kept = (runner.workspace / step.outputs["record"]).read_text() + step.summary
    kept += journal_text((runner.workspace / step.outputs["record"]).with_suffix(".jsonl"))
    for secret in (token[3:], "0123456789abcdefghij", "s3cr3t-value", "an-odd-token-1"):
        assert secret not in kept
        assert secret not in "".join(load_record(runner.workspace / step.outputs["record"]).command)


def test_what_the_next_step_signs_lies_beside_the_record(runner):
    """`attestations: true`, with a record that is read; a file that is not ours is left alone, and costs no run."""
    runner.hand_over()
    step = runner.step(record="r.json", attestations="true", lint="false")
    assert step.succeeded, step.log
    assert step.outputs["attestation-type"] == PREDICATE_TYPE
    stated = json.loads((runner.workspace / step.outputs["attestation-predicate"]).read_text())
    document = json.loads((runner.workspace / "r.json").read_text())
    assert {name: stated[name] for name in ("record_sha256", "emissions_g", "energy_kwh", "methods")} == {
        name: document[name] for name in ("record_sha256", "emissions_g", "energy_kwh", "methods")
    }
    runner.write("r.predicate.json", "{}")
    step = runner.step(record="r.json", attestations="true", lint="false")
    assert (step.succeeded, step.outputs["attestation-predicate"]) == (True, "")
    assert "nothing can be signed" in step.annotations("warning")[0]
    assert not runner.step(attestations="true").succeeded


def test_what_stops_the_step_in_a_card_is_annotated_at_its_line(runner):
    for card, line, column in (("---\nlicense: mit\nx: [a\n---\n", 3, 6), ("---\n{license: mit}\n---\n", 2, 1)):
        runner.write("README.md", card)
        step = runner.step(command="touch ran", card="README.md", location="FRA")
        assert step.exit_status == 2
        [error] = [command for command in step.commands if command.name == "error"]
        assert {**error.properties, "title": ""} == {
            "file": "README.md", "line": str(line), "col": str(column), "title": "",
        }, step.log  # fmt: skip
        assert not (runner.workspace / "ran").exists()


def test_what_is_wrong_in_the_configuration_is_annotated_at_its_line(runner):
    for text, key in (('location = "FRA"\ngrace = "soon"\n', "grace"), ('location = "FRA"\ngrace\n', "not TOML")):
        runner.write("carbon-lint.toml", text)
        step = runner.step(command="touch ran")
        assert step.exit_status == 2
        [error] = [command for command in step.commands if command.name == "error"]
        assert (error.properties["file"], error.properties["line"]) == ("carbon-lint.toml", "2"), step.log
        assert f"carbon-lint.toml:2: {key}" in error.data
        assert not (runner.workspace / "ran").exists()


@pytest.mark.parametrize("status", [1, 2, 3, 4, 125, 130])
def test_the_exit_status_of_setup_is_not_taken_for_one_of_ours(runner, status):
    step = runner.step(setup=f"exit {status}", command="true", location="FRA")
    assert step.exit_status == status
    assert step.summary.startswith(f"## ❌ `setup` failed with exit status {status}, so `command` was not run")
