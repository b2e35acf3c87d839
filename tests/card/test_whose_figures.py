"""A figure is taken only if it is this model's own, wherever and however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.card.prose import figures
from tests.cases import cases

FAMILY = """# **Ours 2**

**Carbon Footprint** Training took 3.1M GPU hours on 8 A100-80GB (TDP of 350-400W). Estimated total emissions were
512 tCO2eq, all of which were offset.

||Time (GPU hours)|Power Consumption (W)|Carbon Emitted(tCO<sub>2</sub>eq)|
|---|---|---|---|
|Ours 2 small|184320|400|30.5|
|Ours 2 large|368640|400|61.5|
"""
HTML = """<table>
  <tr>
   <td>
   </td>
   <td><strong>Time (GPU hours)</strong>
   </td>
   <td><strong>Carbon Emitted(tCO2eq)</strong>
   </td>
  </tr>
  <tr>
   <td>small
   </td>
   <td>1.3M
   </td>
   <td><b>380</b>
   </td>
  </tr>
</table>
"""
QUESTIONS = """| a-climate-model | |
|---|---|
| 2. How much time does the training of the final model take? | 48 hours |
| 6. What was the energy mix at the geo location? | 471 gCO2eq/kWh |
| 7. How much CO2eq was emitted to train the final model? | 15.5 kg |
| 9. What is the average CO2eq emission for the inference of one sample? | 0.6 mg |
"""

OWN = [
    (f"{FAMILY}|Total|553k||92.0|\n", [512e6, 30.5e6, 61.5e6, 92e6]),
    ("Emissions: 100 kWh x 0.432 kg/kWh = 43.2 kg CO2eq", [43_200]),
    ("Emissions: 3 \u00d7 5 kg = 15 kg", [15_000]),
    ("Emissions: 0.5 kg * 3 = 1.5 kg", [1500]),
    (FAMILY, [512e6, 30.5e6, 61.5e6]),
    (HTML, [380e6]),
    (QUESTIONS, [15_500]),
    ("||Epochs|CO2 Emissions (kg)|\n|---|---|---|\n|ours|12|0.012|\n", [12]),
    (" |Epochs|CO2 Emissions (kg)\n---|---|---\nours|12|0.012\n", [12]),
    ("| Model | Energy | Carbon Emissions (tCO\u2082eq) |\n|---|---|---|\n| ours | 104 MWh | 75.5 |\n", [75.5e6]),
    ("| Run | Carbon Intensity (kg CO\u2082e/kWh) | Emissions (kg) |\n|---|---|---|\n| x | 0.65 | 12 |\n", [12_000]),
    ("| | small | large |\n|---|---|---|\n| Carbon emitted (tCO2eq) | 31 | 62 |\n", [31e6, 62e6]),
    ("| Model | Emissions |\n|---|---|\n| ours | 31.5 tCO2eq |\n| GPT-3 | 552 tCO2eq |\n", [31.5e6]),
    ("| Metric | Unit | Value |\n|---|---|---|\n| Carbon emissions | kg CO2eq | 0.42 |\n", [420]),
    ("How much carbon was emitted? About 12 kg.", [12_000]),
    ("Approximately 12 kg CO2eq were emitted during training.", [12_000]),
    ("Training produced 12 kg of CO2.", [12_000]),
    ("- **CO2 (kg)**: 0.5", [500]),
    ("CO2eq: 0.5 kg", [500]),
    ("Estimated total emissions\nwere 2290 tCO2eq for training.", [2290e6]),
    ("Location-based emissions were **11,400** tons CO2eq; market-based emissions were 0 tons CO2eq.", [11_400e6]),
    ("Unlike GPT-3 (552 t), our model's emissions were 12 kg.", [12_000]),
    ("Emissions were 12 kg, as much as a car driving 80 km.", [12_000]),
    ("Trained on the dataset for 12 hours, emissions were 3 kg.", [3000]),
    ("**Emissions:** 2.4 \u00d7 10<sup>-5</sup> kg", [0.024]),
    ("**Emissions:** 12<sup>1</sup> kg [2]", [12_000]),
    ("- **Carbon Emitted:** [4.5 kg CO2eq]", [4500]),
    ("- **Carbon Emitted:**  75.2 kg CO_2 eq.", [75_200]),
    ("- Carbon emitted: $0.42\\,\\mathrm{kg\\,CO_2eq}$", [420]),
    ("co2_eq_emissions: 0.5 kg", [500]),
    ("Carbon emitted: 0.42 kg / 0.93 lbs", [420]),
    ("Carbon emitted: 0.42 kg as per the calculator", [420]),
    ("Carbon emitted: 0.42 kg CO2eq (grid: 369 g/kWh)", [420]),
    (
        "100 hours at 0.57 kgCO$_2$eq/kWh. Total emissions are 14.5 kgCO$_2$eq of which 100 percent were offset.",
        [14_500],
    ),
    ("\u00c9missions de CO2 : 3,5 kg", [3500]),
    ("Emissions: 12&nbsp;kg \u2014 equal to 50 km by car", [12_000]),
    ("| Run | Emissions (kg) |\r\n|---|---|\r\n| x | 5 |\r\n", [5000]),
    ("|Model|Emissions (kg)|\n|:-:|:-:|\n|A \\| B|5|\n", [5000]),
    ("| kgCO2eq | Energy (Wh) |\n|--|--|\n| 12 | 3 |\n", [12_000]),
    (
        "<table><tr><td>Carbon emitted</td><td>31.5 t CO2eq</td></tr><tr><td>Hours</td><td>5</td></tr></table>",
        [31.5e6],
    ),
    ("| Carbon emitted | 31.5 t CO2eq |\n|---|---|\n| Hours | 5 |\n", [31.5e6]),
    ("**GHG emissions (Scope 2):** 1.8 t", [1.8e6]),
    ("co2eq_emissions_kg: 12.5", [12_500]),
    ("The emissions of all 12 runs were 30 kg.", [30_000]),
    ("Total emissions of fine-tuning on 8 A100 GPUs: 5 kg CO2eq", [5000]),
]
FOREIGN = [
    "Training GPT-3 emitted 552 t CO2eq.",
    "A 175B model such as OPT-175B had a carbon footprint of 75 tons compared to 500 tons for GPT-3.",
    "Training a large transformer emits 284 t of CO2, as much as five cars.",
    "This model predicts CO2 emissions of cars: 120 g.",
    "Emissions: **0.3** gCO2eq / **request**",
    "Emissions: 0.3 gCO2eq / 1000 requests",
    "Emissions: 0.3 g CO2eq per\nrequest",
    "Emissions: 0.3 g\u00b7req\u207b\u00b9",
    "| Emissions | 0.3 g/request |",
    "Emissions aren't known: 5",
    "emissions_rate: 0.5 kg",
    "The 552 tonnes emitted by GPT-3 are more.",
    "The base model's emissions were 5 kg.",
    "Emissions of the teacher model: 5 kg.",
    "Baseline emissions: 5 kg",
    "A car emits 120 kg of CO2.",
    "The emissions of an average car: 4.6 t CO2.",
    "A flight from Paris to New York emits 1 t CO2.",
    "The dataset's emissions were 3 kg.",
    "Creating the data set emitted 3 kg of CO2.",
    "## Training data\n\nThe mean CO2 emissions are 251 g.",
    "## Dataset\n\n| Country | Emissions (t) |\n|---|---|\n| France | 300 |\n",
    "| Model | Emissions (t) |\n|---|---|\n| GPT-3 | 552 |\n| Gopher | 380 |\n",
    "```\nCarbon emitted: 5 kg\n```",
    "~~~yaml\nemissions: 12 kg\n~~~",
    "```markdown\n| Run | Emissions (kg) |\n|---|---|\n| x | 5 |\n```",
    "- an item\n  ```\n  emissions: 12 kg\n  ```",
    "<!--\nCarbon emitted: 5 kg\n-->",
    "~~Carbon emitted: 5 kg~~",
    "For example, emissions: 12 kg.",
    "Emissions budget: 5 kg",
    "Emissions stayed below 5 kg.",
    "Emissions: between 5 and 10 kg",
    "Emissions: 5-10 kg",
    "Emissions: 5 kg to 10 kg",
    "Emissions: 5 kg \u2013 10 kg",
    "Emissions: &lt;0.1 kg",
    "Emissions: $\\geq$ 5 kg",
    "Emissions: 3 x 5 kg",
    "Emissions: 0.3 g per request, x 1000 = 300 g",
    "Emissions: 5 kg x 3",
    "Emissions: 5 MT, the machine translation",
    "We saved emissions of 5 kg.",
    "Training in France would have emitted 5 kg.",
    "Emissions per request: 0.3 g",
    "Each request emits 0.3 g of CO2.",
    "Inference emissions: 0.3 g",
    "Annual emissions: 3 t CO2",
    "| Run | Emissions per epoch (g) |\n|---|---|\n| ours | 0.3 |\n",
    "| | Emissions (g / request) |\n|---|---|\n| ours | 0.3 |\n",
    "emissions 16G of memory",
    "Emissions: 0 kg",
]


@cases(("text", "grams"), OWN)
def test_the_models_own_figures_are_found(text, grams):
    found = figures(text, 0)
    assert [figure.grams for figure in found] == pytest.approx(grams)
    assert all(text[figure.start : figure.end] == figure.number_text for figure in found if "10<" not in text)


@cases("text", FOREIGN)
def test_what_is_not_the_models_own_is_left_alone(text):
    assert figures(text, 0) == []


MARKS = [
    "{}",
    "**{}**",
    "*{}*",
    "_{}_",
    "***{}***",
    "`{}`",
    "${}$",
    "<b>{}</b>",
    "<strong>{}</strong>",
    "<span style='x'>{}</span>",
]
UNITS = {
    "g": 1,
    "kg": 1000,
    "KgCO2": 1000,
    "gCO2eq": 1,
    "tCO\u2082e": 1e6,
    "tonnes": 1e6,
    "kg CO<sub>2</sub>eq": 1000,
    "mg": 0.001,
}
LABELS = [
    "Carbon emitted: {}",
    "- **Emissions:** {}",
    "The training emitted {}.",
    "Our carbon footprint is {}",
    "| CO2 emissions | {} |",
]
NUMBERS = st.floats(min_value=0.01, max_value=9000).map(lambda value: f"{value:.3f}")


@given(NUMBERS, st.sampled_from(MARKS), st.sampled_from(sorted(UNITS)), st.sampled_from(LABELS))
def test_marks_around_a_number_change_nothing(number, mark, unit, label):
    text = label.format(f"{mark.format(number)} {unit}")
    (figure,) = figures(text, 0)
    assert figure.grams == pytest.approx(float(number) * UNITS[unit])
    assert text[figure.start : figure.end] == number


@given(
    st.lists(st.sampled_from(["", "Time (GPU hours)", "Power (W)", "Epochs", "Energy (kWh)"]), max_size=4),
    st.sampled_from(["Emissions ({})", "Carbon Emitted({})", "**CO2 emissions [{}]**", "Emissions in {}"]),
    st.sampled_from(sorted(set(UNITS) - {"kg CO<sub>2</sub>eq"})),
    st.lists(NUMBERS, min_size=1, max_size=4),
    st.booleans(),
)
def test_a_column_is_read_with_its_own_unit_wherever_it_stands(before, head, unit, cells, is_html):
    header = ["", *before, head.format(unit), "Note"]
    rows = [["run", *("7" for _ in before), cell, ""] for cell in cells]
    if is_html:
        lines = ["".join(f"<td>{cell}\n</td>" for cell in row) for row in (header, *rows)]
        text = "<table>" + "".join(f"<tr>{line}</tr>\n" for line in lines) + "</table>\n"
    else:
        lines = [f"|{'|'.join(row)}|" for row in (header, ["---"] * len(header), *rows)]
        text = "\n".join(lines) + "\n"
    assert [figure.grams for figure in figures(text, 0)] == pytest.approx([float(cell) * UNITS[unit] for cell in cells])


SUBJECTS = [
    "A car",
    "GPT-3",
    "The base model",
    "Creating the dataset",
    "A flight",
    "Each request",
    "Serving",
    "The average person",
]


@given(st.sampled_from(SUBJECTS), NUMBERS, st.sampled_from(["g", "kg", "t CO2", "gCO2eq"]))
def test_the_emissions_of_another_subject_are_never_the_models_own(subject, number, unit):
    assert figures(f"{subject} emits {number} {unit}.", 0) == []
    assert figures(f"| Model | Emissions |\n|---|---|\n| {subject} | {number} {unit} |\n", 0) == []


@given(
    NUMBERS,
    st.sampled_from(["g", "gCO2eq", "kg CO2"]),
    st.sampled_from(["/", " / ", " /", " per ", "  per  "]),
    st.sampled_from(["kWh", "request", "hour", "token"]),
)
def test_a_rate_is_never_the_models_total(number, unit, slash, base):
    assert figures(f"Emissions: {number} {unit}{slash}{base}", 0) == []
    assert figures(f"Emissions ({unit}{slash}{base}): {number}", 0) == []
    assert figures(f"| Emissions ({unit}{slash}{base}) |\n|---|\n| {number} |\n", 0) == []


@cases("number", ["1000.000", "10", "100", "10.5"])
@cases("mark", MARKS)
def test_a_number_that_begins_with_ten_is_not_a_power_of_ten(number, mark):
    (figure,) = figures(f"Emissions: {mark.format(number)} kg", 0)
    assert figure.grams == float(number) * 1000


@given(st.integers(min_value=1, max_value=99_999), st.sampled_from(["kg", "g", "t CO2"]))
def test_full_width_characters_are_read_like_their_ascii_twins(value, unit):
    text = f"CO2 emissions: {value} {unit}"
    wide = "".join(chr(ord(sign) + 0xFEE0) if sign.isdigit() or sign == ":" else sign for sign in text[3:])
    (figure,) = figures(text, 0)
    (same,) = figures(text[:3] + wide, 0)
    assert (same.grams, same.start, same.end) == (figure.grams, figure.start, figure.end)
