"""HF_ENDPOINT decides where the token goes: in a workflow it counts only if the workflow itself sets it."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.errors import UsageError
from carbon_lint.hub.client.endpoint import PUBLIC_HUB, endpoint_of, notes_on
from tests.cases import cases
from tests.github.runner import ROOT, Runner
from tests.standin.hub import WRITE_TOKEN

ELSEWHERE = "https://elsewhere.example"
WORKFLOW = ".github/workflows/train.yml"
CARD = "---\nlicense: mit\n---\n# A model\n"
STATING = {
    "the workflow": {"env": {"HF_ENDPOINT": ELSEWHERE}},
    "a job": {"jobs": {"train": {"env": {"HF_ENDPOINT": ELSEWHERE}}}},
    "the job's container": {"jobs": {"train": {"container": {"image": "x", "env": {"HF_ENDPOINT": ELSEWHERE}}}}},
    "a step": {"jobs": {"train": {"steps": [{"run": "a"}, {"uses": "b", "env": {"HF_ENDPOINT": f"{ELSEWHERE} "}}]}}},
    "an expression": {"env": {"HF_ENDPOINT": "${{ vars.HUB }}"}},
    "an expression for all": {"jobs": {"train": {"env": "${{ fromJSON(vars.ENV) }}"}}},
}
SILENT = {
    "nothing": {"jobs": {}},
    "another address": {"env": {"HF_ENDPOINT": "https://other.example"}},
    "only a script": {"jobs": {"train": {"steps": [{"run": f"echo HF_ENDPOINT={ELSEWHERE} >> $GITHUB_ENV"}]}}},
    "another key": {"jobs": {"train": {"steps": [{"with": {"HF_ENDPOINT": ELSEWHERE}}]}}},
    "an output called env": {"jobs": {"train": {"outputs": {"env": "${{ steps.x.outputs.env }}"}}}},
    "an input called env": {"jobs": {"train": {"steps": [{"with": {"env": "${{ inputs.stage }}"}}]}}},
    "a matrix called env": {"jobs": {"train": {"strategy": {"matrix": {"env": "${{ fromJSON(vars.E) }}"}}}}},
}


def in_a_workflow(folder, document, **environ):
    """The variables of a step of a workflow whose file is `document`."""
    path = folder / WORKFLOW
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    return {
        "GITHUB_WORKFLOW_REF": f"octo/model/{WORKFLOW}@refs/heads/main",
        "GITHUB_WORKSPACE": str(folder),
        "HF_ENDPOINT": ELSEWHERE,
        **environ,
    }


@cases("where", STATING)
def test_an_endpoint_that_the_workflow_states_is_used_and_shown(tmp_path, where):
    environ = in_a_workflow(tmp_path, STATING[where])
    assert endpoint_of(environ) == ELSEWHERE
    assert notes_on(endpoint_of(environ)) == [f"HF_ENDPOINT: the Hub is {ELSEWHERE}, not {PUBLIC_HUB}"]


@cases("where", SILENT)
def test_an_endpoint_that_the_workflow_does_not_state_is_refused(tmp_path, where):
    with pytest.raises(UsageError, match="an earlier step set it") as caught:
        endpoint_of(in_a_workflow(tmp_path, SILENT[where]))
    assert WORKFLOW in str(caught.value)
    assert f"HF_ENDPOINT: {ELSEWHERE}" in caught.value.hint


@pytest.mark.slow
@cases("text", ["", "[", "a: *b", "\x00", "[" * 5000, "jobs: [1]", "jobs: {a: 1, b: {steps: 2, env: 3}}"])
def test_a_workflow_that_cannot_be_read_states_nothing(tmp_path, text):
    with pytest.raises(UsageError):
        endpoint_of(in_a_workflow(tmp_path, text))


def test_a_workflow_that_is_not_checked_out_states_nothing(tmp_path):
    environ = in_a_workflow(tmp_path, {}) | {"GITHUB_WORKSPACE": str(tmp_path / "empty")}
    with pytest.raises(UsageError) as caught:
        endpoint_of(environ)
    assert "check the repository out" in caught.value.hint


@cases("value", ["", PUBLIC_HUB, f"{PUBLIC_HUB}/"])
def test_the_public_hub_needs_no_statement(tmp_path, value):
    environ = in_a_workflow(tmp_path, {}, HF_ENDPOINT=value)
    assert endpoint_of(environ) == PUBLIC_HUB
    assert notes_on(endpoint_of(environ)) == []


def test_nothing_reads_the_variable_past_this_check():
    reading = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "carbon_lint").rglob("*.py")
        if re.search(r"parse_endpoint\(|HF_ENDPOINT\"\]|get\(\"HF_ENDPOINT", path.read_text())
    ]
    assert sorted(reading) == ["carbon_lint/hub/client/endpoint.py", "carbon_lint/hub/client/target.py"]


def test_outside_github_the_variable_is_the_users():
    assert endpoint_of({"HF_ENDPOINT": ELSEWHERE}) == ELSEWHERE


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["jobs", "steps", "env", "a", "container"]), inner, max_size=3)
        ),
    )
)
def test_no_shape_of_a_workflow_is_a_statement_without_the_variable(tmp_path_factory, document):
    with pytest.raises(UsageError):
        endpoint_of(in_a_workflow(tmp_path_factory.mktemp("repo"), document))


def step_with_endpoint(tmp_path, hub, document):
    runner = Runner(tmp_path)
    runner.write("README.md", CARD)
    runner.github["GITHUB_WORKFLOW_REF"] = f"octo/model/{WORKFLOW}@refs/heads/main"
    runner.write(WORKFLOW, yaml.safe_dump(document))
    hub.create("acme/m", CARD)
    inputs = {"command": "touch trained", "location": "FRA", "card": "README.md", "hub_repo": "acme/m"}
    return runner, runner.step(**inputs, hf_token=WRITE_TOKEN, env=hub.environ(None))


def test_the_step_stops_before_the_job_at_an_endpoint_of_an_earlier_step(tmp_path, hub):
    runner, step = step_with_endpoint(tmp_path, hub, {"jobs": {}})
    assert step.exit_status == 2
    assert f"HF_ENDPOINT is {hub.endpoint}" in step.annotations("error")[0]
    assert not (runner.workspace / "trained").exists()
    assert hub.card("acme/m").decode() == CARD


def test_the_step_shows_an_endpoint_that_the_workflow_states(tmp_path, hub):
    _, step = step_with_endpoint(tmp_path, hub, {"env": {"HF_ENDPOINT": hub.endpoint}})
    assert step.succeeded, step.log
    assert f"HF_ENDPOINT: the Hub is {hub.endpoint}" in step.log
    assert "co2_eq_emissions" in hub.card("acme/m").decode()
