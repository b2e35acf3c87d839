"""The step's inputs: read once, checked here, every error naming the input."""

from __future__ import annotations

import json
import re
from dataclasses import fields

import pytest
import yaml

from carbon_lint.errors import UsageError
from carbon_lint.github.inputs import ALL_INPUTS, MAX_SCRIPT_CHARACTERS, ActionInputs, in_yaml, unknown_inputs
from carbon_lint.github.jobfiles import OUTPUTS
from tests.github.runner import ROOT

NAMES = [spec.metadata["input"] for spec in fields(ActionInputs)]


def read(**inputs):
    return ActionInputs.from_environ(
        {f"INPUT_{name.upper().replace('_', '-')}": value for name, value in inputs.items()}
    )


def action(path):
    return yaml.safe_load((ROOT / path).read_text())


@pytest.mark.parametrize("path", ["action.yml", "in-job/action.yml"])
def test_the_actions_list_the_inputs_and_outputs_of_the_code(path):
    assert sorted(action(path)["inputs"]) == sorted(NAMES)
    assert list(action(path)["outputs"]) == list(OUTPUTS)


def test_both_actions_take_and_give_the_same():
    container, in_job = action("action.yml"), action("in-job/action.yml")
    assert container["inputs"] == in_job["inputs"]
    assert {name: spec["description"] for name, spec in container["outputs"].items()} == {
        name: spec["description"] for name, spec in in_job["outputs"].items()
    }
    assert {name: spec["value"] for name, spec in in_job["outputs"].items()} == {
        name: f"${{{{ steps.carbon-lint.outputs.{name} }}}}" for name in OUTPUTS
    }


def test_a_default_of_the_action_is_the_default_of_the_code():
    given = {
        f"INPUT_{name.upper()}": spec["default"]
        for name, spec in action("action.yml")["inputs"].items()
        if "${{" not in spec["default"]
    }
    assert ActionInputs.from_environ(given) == ActionInputs()


def test_the_documentation_lists_every_input_and_output_with_its_default():
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", (ROOT / "docs/github.md").read_text(), re.MULTILINE)
    spec = action("action.yml")
    inputs = [
        (name, f"{'`' + one['default'] + '`' if one['default'] else '-'} | {one['description']}")
        for name, one in spec["inputs"].items()
    ]
    outputs = [(name, one["description"]) for name, one in spec["outputs"].items()]
    assert rows == [*inputs, *outputs]


def test_dashes_stay_and_values_are_parsed():
    inputs = read(max_emissions="1.5 kg", max_energy="250 Wh", grace="5s", carbon_intensity="56.04")
    assert inputs.max_emissions_g == 1500
    assert inputs.max_energy_kwh == 0.25
    assert inputs.grace_s == 5
    assert inputs.carbon_intensity_g_per_kwh == 56.04


def test_empty_and_blank_are_not_given():
    assert ActionInputs.from_environ({f"INPUT_{name.upper()}": " \n" for name in NAMES}) == ActionInputs()


def test_the_composite_action_hands_over_one_object():
    given = {"max-emissions": "5 g", "lint": "false", "card": ""}
    assert ActionInputs.from_environ({ALL_INPUTS: json.dumps(given)}) == read(max_emissions="5 g", lint="false")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"lint": true}'])
def test_a_broken_object_is_refused(text):
    with pytest.raises(UsageError, match=ALL_INPUTS):
        ActionInputs.from_environ({ALL_INPUTS: text})


@pytest.mark.parametrize(
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
    assert f"'{name}'" in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {"command", "setup"}])
def test_an_expression_left_in_an_input_is_an_error(name):
    with pytest.raises(UsageError, match=rf"input '{name}' still holds an expression"):
        ActionInputs.from_environ({f"INPUT_{name.upper()}": "${{ inputs.x }}"})


@pytest.mark.parametrize("name", NAMES)
def test_a_megabyte_in_an_input_is_an_error(name):
    with pytest.raises(UsageError, match=f"input '{name}' is 1,000,000 characters"):
        ActionInputs.from_environ({f"INPUT_{name.upper()}": "x" * 1_000_000})


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {"command", "setup", "cards", "pass-env"}])
def test_a_newline_in_a_value_is_an_error(name):
    with pytest.raises(UsageError, match=f"input '{name}'"):
        ActionInputs.from_environ({f"INPUT_{name.upper()}": "a\nb"})


def test_a_long_script_with_shell_syntax_is_taken_as_it_is():
    script = 'for x in 1 2; do\n  echo "${x}" $((x+1))\ndone\n' * 100
    assert len(script) < MAX_SCRIPT_CHARACTERS
    assert read(command=script).command == script.strip()


@pytest.mark.parametrize(
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


def test_a_variable_of_somebody_else_is_no_error():
    environ = {"INPUT_DATA_BUCKET": "x", "INPUT_ARGS": "a", "INPUT_COMMAND": "true"}
    assert ActionInputs.from_environ(environ).command == "true"
    assert unknown_inputs(environ) == ("data_bucket",)


@pytest.mark.parametrize(
    "given",
    [
        {"setup": "pip install x"},
        {"location": "FRA", "carbon_intensity": "56"},
        {"location": "FRA", "electricity_maps": "FR"},
        {"carbon_intensity": "56", "electricity_maps": "FR"},
        {"max_increase": "10%"},
    ],
)
def test_inputs_that_cannot_stand_together_are_refused(given):
    with pytest.raises(UsageError, match="input"):
        read(**given)


def test_lists_are_read():
    inputs = read(cards="a.md\n\n  b/README.md \n", pass_env="HF_TOKEN, WANDB_API_KEY\nX")
    assert inputs.cards == ("a.md", "b/README.md")
    assert inputs.pass_env == ("HF_TOKEN", "WANDB_API_KEY", "X")


def test_tokens_are_not_shown_with_the_inputs():
    tokens = dict.fromkeys(("hf_token", "github_token", "electricity_maps_token"), "hf_secret")
    assert "hf_secret" not in repr(read(**tokens))


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        ("give --location FRA", "give `location: FRA`"),
        ("write --max-emissions '1 kg', or --max-energy", "write `max-emissions: '1 kg'`, or `max-energy`"),
        ("say `--require none` to go on", "say `require: none` to go on"),
        ("--record must name a file", "`record` must name a file"),
        ("--max-emissions-per-day is another flag", "--max-emissions-per-day is another flag"),
        ("nothing of the kind", "nothing of the kind"),
    ],
)
def test_a_hint_for_the_command_line_is_said_in_yaml(hint, shown):
    assert in_yaml(hint) == shown
