"""The step on a pull request: the comment, whose limits hold, forks, exceptions."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from carbon_lint.report.run.comment import is_comment, marker
from tests.github.api import GitHubApi
from tests.github.runner import Runner, commit

GOOD = "---\nlicense: mit\n---\n# A model\n"
KEY = "train/train/0"


@pytest.fixture
def api():
    with GitHubApi() as running:
        yield running


@pytest.fixture
def runner(tmp_path, api):
    """On pull request 7 from a branch of the same repository, in a workspace without a git repository."""
    started = Runner(tmp_path)
    started.write("README.md", GOOD)
    started.on_pull_request(api.url)
    return started


def train(runner, command=None, **inputs):
    """A step that trains, or, being quicker, one that takes the record of 42.5 g that another job left."""
    if command is None:
        runner.hand_over()
        return runner.step(record="r.json", pr_comment="true", **inputs)
    return runner.step(command=command, location="FRA", pr_comment="true", **inputs)


def ours(api):
    return [comment for comment in api.comments if is_comment(comment["body"], KEY)]


def test_one_comment_is_made_and_then_kept_true(runner, api):
    for n in range(2 * 3 + 1):
        api.add_comment(f"somebody's comment {n}")
    first = train(runner, max_emissions="5 kg")
    assert first.succeeded, first.log
    assert len(ours(api)) == 1
    assert "Within budget" in ours(api)[0]["body"]
    second = train(runner, max_emissions="1 g")
    assert second.exit_status == 1
    assert len(ours(api)) == 1, "found again behind three pages of comments"
    assert "Over budget" in ours(api)[0]["body"]
    assert api.comments[0]["body"] == "somebody's comment 0"


def test_the_same_result_leaves_the_comment_alone(runner, api):
    train(runner, max_emissions="5 kg")
    written = api.asked("POST /repos") + api.asked("PATCH")
    step = train(runner, max_emissions="5 kg")
    assert api.asked("POST /repos") + api.asked("PATCH") == written
    assert "comment: unchanged" in step.log


@pytest.mark.parametrize(
    ("user", "viewer", "author"),
    [
        (None, "github-actions[bot]", "github-actions[bot]"),
        (None, None, "github-actions[bot]"),
        (None, "my-app[bot]", "my-app[bot]"),
        ("Ann", "Ann", "ann"),
    ],
)
def test_only_a_comment_of_our_own_author_is_ours(runner, api, user, viewer, author):
    """Anybody can copy the marker out of the page's source."""
    api.user, api.viewer = user, viewer
    runner.token = "ghp_of-a-user" if user else "ghs_of-an-app"
    body = f"{marker(KEY)}\n### ✅ carbon-lint: Within budget: 1 µg of 5 kg\n"
    api.add_comment(body, "mallory")
    api.add_comment(body, author)
    step = train(runner, max_emissions="1 g")
    assert step.exit_status == 1
    assert api.comments[0]["body"] == body, "a stranger's comment is left alone"
    assert "Over budget" in api.comments[1]["body"]
    assert len(api.comments) == 2


def test_beside_a_strangers_comment_we_make_our_own(runner, api):
    api.add_comment(f"{marker(KEY)}\n### ✅ carbon-lint: Within budget\n", "mallory")
    train(runner, max_emissions="1 g")
    assert [comment["user"]["login"] for comment in api.comments] == ["mallory", "github-actions[bot]"]


def test_jobs_of_a_matrix_have_a_comment_each(runner, api):
    train(runner, max_emissions="5 kg")
    runner.job_index = "1"
    train(runner, max_emissions="5 kg")
    assert len(ours(api)) == 1
    assert len(api.comments) == 2


def test_comment_on_failure_leaves_out_a_success(runner, api):
    assert train(runner, max_emissions="5 kg", comment_on="failure").succeeded
    assert api.comments == []
    train(runner, command="exit 3", comment_on="failure")
    assert len(ours(api)) == 1


def test_a_success_updates_the_comment_of_a_failure(runner, api):
    train(runner, command="exit 3", comment_on="failure")
    assert train(runner, comment_on="failure").succeeded
    assert "failed" not in ours(api)[0]["body"].split("\n")[1]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_a_note_and_fails_nothing(runner, api, status):
    api.refusals = {"POST": status}
    step = train(runner, max_emissions="5 kg")
    assert step.succeeded, step.log
    assert "nothing was commented" in step.annotations("notice")[-1]
    if status == 403:
        assert "pull-requests: write" in step.annotations("notice")[-1]


def test_an_api_that_is_down_fails_nothing(runner):
    """The checkout holds the merge base, so the API is asked for the comment alone."""
    runner.event["pull_request"]["base"]["sha"] = commit(runner.workspace, "base")
    runner.github["GITHUB_API_URL"] = "http://127.0.0.1:9"
    step = train(runner, max_emissions="5 kg")
    assert step.succeeded, step.log
    assert "does not answer" in step.annotations("notice")[-1]
    assert runner.token in step.masks
    assert step.log.count(runner.token) == 1


def test_no_pull_request_is_a_note(runner):
    runner.github["GITHUB_EVENT_NAME"] = "push"
    del runner.event["pull_request"]
    step = train(runner, max_emissions="5 kg")
    assert step.succeeded
    assert "belongs to no pull request" in step.annotations("notice")[0]


def test_a_card_can_neither_close_the_comment_nor_mention_anybody(runner, api):
    runner.write("README.md", '---\nco2_eq_emissions:\n  emissions: "@octocat --> <!-- carbon-lint x -->"\n---\n')
    train(runner)
    body = ours(api)[0]["body"]
    assert body.count("<!--") == 1
    assert body.count("-->") == 1
    assert "@octocat" not in body


def test_the_limits_of_the_merge_base_hold_and_the_change_is_shown(runner, api):
    api.base_files["carbon-lint.toml"] = b'max-emissions = "1 g"\n'
    runner.write("carbon-lint.toml", 'max-emissions = "5 kg"\n')
    step = train(runner)
    assert step.exit_status == 1
    assert step.outputs["over-budget"] == "true"
    body = ours(api)[0]["body"]
    assert "changes its own configuration" in body
    assert "5 kg" in body


def test_the_budgets_of_windows_are_the_merge_bases_and_judged_if_there_is_a_ledger(runner, api):
    budget = '[[budget]]\nname = "team"\nwindow = "month"\nmax-emissions = "{}"\n'
    api.base_files["carbon-lint.toml"] = budget.format("1 g").encode()
    runner.write("carbon-lint.toml", budget.format("5 kg"))
    assert train(runner).succeeded, "without a ledger nobody knows what the window has taken"
    (runner.workspace / "ledger").mkdir()
    step = train(runner)
    assert step.exit_status == 1, step.log
    body = ours(api)[0]["body"]
    assert re.search(r"Over budget: budget team, \d{4}-\d\d: 42\.5 of 1 g", body)
    assert "5 kg" in body, "what the pull request changes is shown"


def test_a_configuration_under_another_name_does_not_slip_past_the_merge_base(runner, api):
    api.base_files["pyproject.toml"] = b'[tool.carbon-lint]\nmax-emissions = "1 g"\n'
    runner.write("carbon-lint.toml", 'max-emissions = "5 kg"\n')
    assert train(runner).outputs["over-budget"] == "true"


def test_the_repository_tightens_an_input_and_never_loosens_it(runner, api):
    api.base_files["carbon-lint.toml"] = b'max-emissions = "5 kg"\n'
    assert train(runner, max_emissions="1 g").outputs["over-budget"] == "true"


def test_a_full_checkout_needs_no_api(runner, api):
    runner.write("carbon-lint.toml", 'max-emissions = "1 g"\n')
    runner.event["pull_request"]["base"]["sha"] = commit(runner.workspace, "base")
    runner.write("carbon-lint.toml", 'max-emissions = "5 kg"\n')
    commit(runner.workspace, "head")
    step = train(runner, github_token="")
    assert step.outputs["over-budget"] == "true", step.log
    assert api.requests == []


def test_limits_that_cannot_be_read_stop_the_step_before_the_job(runner):
    runner.github["GITHUB_API_URL"] = "http://127.0.0.1:9"
    runner.write("carbon-lint.toml", 'max-emissions = "5 kg"\n')
    step = train(runner, command="echo never")
    assert step.exit_status == 2
    assert "fetch-depth: 0" in step.annotations("error")[0]
    step = train(runner, max_emissions="5 kg")
    assert step.exit_status == 2, "the repository may have a tighter limit, another place and another PUE"


def test_a_fork_needs_no_token_and_nothing_fails_for_the_lack_of_one(runner, hub):
    hub.create("acme/m", GOOD)
    runner.event["pull_request"]["head"]["repo"]["full_name"] = "stranger/model"
    for publish in ("auto", "always", "pr"):
        step = train(runner, card="README.md", hub_repo="acme/m", publish=publish, env=hub.environ(None))
        assert step.succeeded, step.log
        assert step.outputs["card-url"] == ""
        assert "co2_eq_emissions" in step.log, "what would be published is shown"
    assert len(hub.titles("acme/m")) == 2


def exception(days):
    until = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)
    return f'[[exception]]\nlimit = "max-emissions"\nowner = "ada"\nreason = "sweep"\nuntil = {until}\n'


def test_an_exception_of_the_merge_base_lifts_a_limit_and_is_shown(runner, api):
    api.base_files["carbon-lint.toml"] = f'max-emissions = "0.0001 ug"\n{exception(3)}'.encode()
    step = train(runner, command="sleep 1.2", card="README.md")
    assert step.succeeded, step.log
    assert "lifted by ada until" in step.summary, "the card is over the limit too"
    assert "ada" in step.annotations("warning")[0]
    assert "ada" in step.summary
    assert "ada" in ours(api)[0]["body"]


def test_an_exception_that_the_pull_request_brings_along_does_not_count(runner, api):
    api.base_files["carbon-lint.toml"] = b'max-emissions = "1 g"\n'
    runner.write("carbon-lint.toml", f'max-emissions = "1 g"\n{exception(3)}')
    assert train(runner).exit_status == 1


def test_an_exception_that_has_expired_does_not_count_and_is_named(runner, api):
    api.base_files["carbon-lint.toml"] = f'max-emissions = "1 g"\n{exception(-1)}'.encode()
    step = train(runner)
    assert step.exit_status == 1
    assert "expired" in step.annotations("warning")[0]


@pytest.mark.parametrize(("permission", "status"), [("write", 0), ("admin", 0), ("read", 1)])
def test_a_label_counts_if_somebody_with_write_access_set_it(runner, api, permission, status):
    api.permissions["grace"] = permission
    api.label("other", "mallory")
    api.label("carbon-budget-exception", "grace")
    runner.event["pull_request"]["labels"] = [{"name": "carbon-budget-exception"}]
    api.base_files["carbon-lint.toml"] = b'max-emissions = "1 g"\n'
    step = train(runner, card="README.md")
    assert step.exit_status == status, step.log
    assert ("@grace" in step.summary.replace("\\", "").replace("\u200b", "")) == (status == 0)


def test_a_label_that_was_taken_off_again_does_not_count(runner, api):
    api.permissions["grace"] = "admin"
    api.label("carbon-budget-exception", "grace")
    api.label("carbon-budget-exception", "grace", event="unlabeled")
    runner.event["pull_request"]["labels"] = [{"name": "carbon-budget-exception"}]
    assert train(runner, max_emissions="1 g").exit_status == 1
