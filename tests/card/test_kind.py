"""The card of a data set or a Space is not a model card: it needs no figure."""

from __future__ import annotations

from carbon_lint.card.read import read_card
from carbon_lint.config import Settings
from carbon_lint.lint.engine import lint_card
from tests.cases import cases

SPACE = "title: A demo\nemoji: 🚀\ncolorFrom: blue\ncolorTo: red\nsdk: gradio\nsdk_version: 4.1.0\napp_file: app.py\n"
DATA_SET = "license: mit\ntask_categories:\n- text-classification\npretty_name: A set\nsize_categories:\n- n<1K\n"
BUDGET = Settings().with_values({"max-emissions": "1 kg"}, "test")
BODIES = ("# A demo\n", "Training the model emitted 5 kg of CO2.\n", "```yaml\nco2_eq_emissions: 5\n```\n")


def codes(matter, body):
    return {one.code for one in lint_card(read_card(f"---\n{matter}---\n{body}".encode(), "README.md"), BUDGET)}


@cases(
    ("matter", "is_of_a_model"),
    [
        (SPACE, False),
        ("sdk: docker\nlicense: mit\n", False),
        ("sdk: docker\nbase_model: a/b\n", False),
        (DATA_SET, False),
        ("dataset_info:\n  features: []\nlicense: mit\n", False),
        ("license: mit\n", True),
        ("pipeline_tag: text-classification\npretty_name: A model\n", True),
        ("base_model: a/b\nconfigs: []\n", True),
        ("co2_eq_emissions: 5\n", True),
        ("- a list\n", True),
    ],
)
def test_the_keys_decide_what_a_card_is_of(matter, is_of_a_model):
    assert read_card(f"---\n{matter}---\n".encode(), "README.md").is_of_a_model is is_of_a_model


@cases("body", BODIES)
@cases("block", ["", "co2_eq_emissions:\n  emissions: 5\n"])
@cases("matter", [SPACE, DATA_SET])
def test_no_figure_and_no_provenance_are_asked_of_a_data_set_or_a_space(matter, block, body):
    assert not codes(matter + block, body) & {"CL009", "CL110", "CL111", "CL403"}


@cases("body", BODIES)
def test_of_a_model_they_are_asked(body):
    assert codes("license: mit\n", body) & {"CL009", "CL111", "CL403"}
    assert "CL110" in codes("license: mit\nco2_eq_emissions:\n  emissions: 5\n", "# A model\n")
