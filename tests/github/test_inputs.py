"""The step's inputs: read once, checked here, every error naming the input."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.errors import UsageError
from carbon_lint.github.inputs import ALL_INPUTS, FIELDS, MAX_SCRIPT_CHARACTERS, ActionInputs, unknown_inputs
from carbon_lint.github.interface import INPUTS
from carbon_lint.github.wording import worded
from carbon_lint.pipeline.options import Options, option_of
from tests.cases import cases
from tests.github.runner import ROOT

NAMES = list(INPUTS)


def read(**inputs):
    return ActionInputs.from_environ(
        {f"INPUT_{name.upper().replace('_', '-')}": value for name, value in inputs.items()}
    )


def action(path):
    return yaml.safe_load((ROOT / path).read_text())


def test_every_input_is_described_once():
    own = {option_of(each.name) for each in fields(ActionInputs)} - {option_of(each.name) for each in fields(Options)}
    assert own < set(INPUTS) == set(FIELDS)


def test_a_default_of_the_action_is_the_default_of_the_code():
    given = {
        f"INPUT_{name.upper()}": spec["default"]
        for path in ("action.yml", "in-job/action.yml")
        for name, spec in action(path)["inputs"].items()
        if "${{" not in spec["default"]
    }
    assert ActionInputs.from_environ(given) == ActionInputs()


def test_dashes_stay_and_values_are_parsed():
    inputs = read(max_emissions="1.5 kg", max_energy="250 Wh", grace="5s", carbon_intensity="56.04")
    assert inputs.max_emissions_g == 1500
    assert inputs.max_energy_kwh == 0.25
    assert inputs.grace_s == 5
    assert inputs.carbon_intensity == 56.04
    assert inputs.typed == {
        "max-emissions": "1.5 kg",
        "max-energy": "250 Wh",
        "grace": "5s",
        "carbon-intensity": "56.04",
    }
    assert "ghp_x" not in repr(read(github_token="ghp_x", hf_token="hf_x", electricity_maps="FR"))


def test_empty_and_blank_are_not_given():
    assert ActionInputs.from_environ({f"INPUT_{name.upper()}": " \n" for name in NAMES}) == ActionInputs()


def test_the_composite_action_hands_over_one_object():
    given = {"max-emissions": "5 g", "lint": "true", "card": ""}
    assert ActionInputs.from_environ({ALL_INPUTS: json.dumps(given)}) == read(max_emissions="5 g", lint="true")


@cases("text", ["", "[]", "{", '{"lint": true}'])
def test_a_broken_object_is_refused(text):
    with pytest.raises(UsageError, match=ALL_INPUTS):
        ActionInputs.from_environ({ALL_INPUTS: text})


@cases(
    ("name", "value"),
    [
        ("max-emissions", "5"),
        ("max-emissions", "5 apples"),
        ("max-energy", "-1 kWh"),
        ("max-emissions", "nan g"),
        ("carbon-intensity", "0"),
        ("carbon-intensity", "FRA"),
        ("carbon-intensity", "nan"),
        ("grace", "30"),
        ("expected-duration", "2"),
        ("lint", "yes"),
        ("lint", "1"),
        ("lint", "tRuE"),
        ("summary", "on"),
        ("pr-comment", "no"),
        ("publish", "maybe"),
        ("on-exceed", "kill"),
        ("on-modelled", "x"),
        ("require", "tpu"),
        ("fail-on", "never"),
        ("comment-on", "often"),
        ("pass-env", "HF-TOKEN"),
        ("pass-env", "A=b"),
        ("job-index", "-1"),
        ("baseline-max-age", "90"),
        ("location", "FRA\nDEU"),
        ("hub-repo", "a/b\r\nc"),
        ("card", "a\0b"),
        ("command", "a\0b"),
    ],
)
def test_a_bad_value_is_an_error_that_names_the_input(name, value):
    with pytest.raises(UsageError) as caught:
        ActionInputs.from_environ({f"INPUT_{name.upper()}": value})
    assert f"'{name}'" in worded(caught.value)
    assert "\n" not in caught.value.message


@cases("name", [name for name in NAMES if name not in {"command", "setup"}])
def test_an_expression_left_in_an_input_is_an_error(name):
    with pytest.raises(UsageError, match=rf"input '{name}' still holds an expression"):
        ActionInputs.from_environ({f"INPUT_{name.upper()}": "${{ inputs.x }}"})


@cases("name", NAMES)
def test_a_megabyte_in_an_input_is_an_error(name):
    with pytest.raises(UsageError, match=f"input '{name}' is 1,000,000 characters"):
        ActionInputs.from_environ({f"INPUT_{name.upper()}": "x" * 1_000_000})


@cases("name", [name for name in NAMES if name not in {"command", "setup", "cards", "pass-env"}])
def test_a_newline_in_a_value_is_an_error(name):
    with pytest.raises(UsageError) as caught:
        ActionInputs.from_environ({f"INPUT_{name.upper()}": "a\nb"})
    assert caught.value.option == name
    assert caught.value.value == (None if name.endswith("token") else "a\nb")


def test_a_long_script_with_shell_syntax_is_taken_as_it_is():
    script = 'for x in 1 2; do\n  echo "${x}" $((x+1))\ndone\n' * 100
    assert len(script) < MAX_SCRIPT_CHARACTERS
    assert read(command=script).command == script.strip()


@cases(
    ("name", "near"),
    [
        ("MAX_EMISSIONS", "max-emissions"),
        ("MAX-EMISION", "max-emissions"),
        ("COMMANDS", "command"),
        ("HF_TOKEN", "hf-token"),
    ],
)
def test_a_misspelt_input_is_an_error_and_does_not_show_its_value(name, near):
    with pytest.raises(UsageError) as caught:
        ActionInputs.from_environ({f"INPUT_{name}": "hf_secret"})
    assert near in (caught.value.hint or "")
    assert "hf_secret" not in f"{caught.value} {caught.value.hint}"


def test_a_variable_of_somebody_else_is_not_an_error_if_no_run_is_judged():
    environ = {"INPUT_DATA_BUCKET": "x", "INPUT_ARGS": "a", "INPUT_CARDS": "models"}
    assert ActionInputs.from_environ(environ).cards == ("models",)
    assert unknown_inputs(environ) == ("data_bucket",)


@cases("run", ["COMMAND", "RECORD"])
def test_an_unknown_input_may_be_a_limit_and_stops_a_run(run):
    with pytest.raises(UsageError) as caught:
        ActionInputs.from_environ({"INPUT_BUDGET": "1 g", f"INPUT_{run}": "x", "INPUT_ARGS": "a"})
    assert caught.value.message == "input 'budget' is not known"
    assert "`max-emissions`" in (caught.value.hint or "")


def test_every_misspelt_input_is_named():
    with pytest.raises(UsageError) as caught:
        ActionInputs.from_environ({"INPUT_MAX-EMISION": "1 g", "INPUT_LOCATON": "FRA", "INPUT_COMMAND": "true"})
    assert caught.value.message == "inputs 'locaton' and 'max-emision' are not known"
    assert caught.value.hint == "did you mean `location` and `max-emissions`?"


@given(
    st.lists(st.sampled_from(["bugdet", "limits", "threshold", "max_co2", "x"]), min_size=1, max_size=3, unique=True)
)
def test_an_unknown_name_is_not_skipped_beside_a_command(names):
    with pytest.raises(UsageError) as caught:
        ActionInputs.from_environ({"INPUT_COMMAND": "true", **{f"INPUT_{name.upper()}": "1 g" for name in names}})
    assert all(f"'{name}'" in caught.value.message for name in names)


@cases(
    ("given", "message"),
    [
        ({"max_emissions": "5 g", "lint": "false", "hub_repo": "a/b"}, "'max-emissions' has nothing to judge"),
        ({"max_energy": "5 kWh", "lint": "false", "hub_repo": "a/b"}, "'max-energy' has nothing to judge"),
        ({"baseline": "card", "max_increase": "5%"}, "'max-increase' needs a run to compare"),
        ({"baseline": "card"}, "'baseline' needs a run to compare"),
    ],
)
def test_a_limit_that_nothing_can_be_held_to_is_refused(given, message):
    with pytest.raises(UsageError, match=message):
        read(**given)


def test_inputs_of_a_measurement_that_is_not_made_are_named():
    assert read(record="r.json", location="FRA", require="gpu").without_effect == ("location", "require")
    assert read(command="true", location="FRA").without_effect == ()
    assert read(cards="models").without_effect == ()


def test_what_can_be_read_of_wrong_inputs_decides_the_end_of_the_step():
    inputs = ActionInputs.readable({"INPUT_PR-COMMENT": "true", "INPUT_MAX-EMISSIONS": "5", "INPUT_LOCATON": "FRA"})
    assert inputs == ActionInputs(pr_comment=True)
    assert ActionInputs.readable({ALL_INPUTS: "no JSON"}) == ActionInputs()


@cases(
    ("name", "value", "hint"),
    [
        ("max-emissions", "2 kWh", "`max-energy: 2 kWh`"),
        ("max-energy", "5 g", "`max-emissions: 5 g`"),
        ("fail-on", "none", '`lint: "false"`'),
    ],
)
def test_a_value_that_belongs_to_another_input_names_that_one(name, value, hint):
    with pytest.raises(UsageError) as caught:
        ActionInputs.from_environ({f"INPUT_{name.upper()}": value})
    assert hint in worded(caught.value)


@cases(
    "given",
    [
        {"setup": "pip install x"},
        {"card": "", "replace_card": "true"},
        {"command": "true", "allow_foreign": "true"},
    ],
)
def test_inputs_that_cannot_stand_together_are_refused(given):
    with pytest.raises(UsageError) as caught:
        read(**given)
    assert "input" in worded(caught.value)


def test_lists_are_read():
    inputs = read(cards="a.md\n\n  b/README.md \n", pass_env="HF_TOKEN, WANDB_API_KEY\nX")
    assert inputs.cards == ("a.md", "b/README.md")
    assert inputs.pass_env == ("HF_TOKEN", "WANDB_API_KEY", "X")


def test_tokens_are_not_shown_with_the_inputs():
    tokens = dict.fromkeys(("hf_token", "github_token", "electricity_maps_token"), "hf_secret")
    assert "hf_secret" not in repr(read(**tokens))
