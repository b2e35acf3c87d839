"""The rules, and how bad each finding is. Adding a rule: its file, one line here, and a folder in `tests/corpus`.

The table is all that a start of `check` loads: a rule's module is imported when a card first has what the rule `needs`.
Code and name are those of the module: `cl105_emissions_not_a_number` is CL105, `emissions-not-a-number`. Both are
permanent; a code is never used again.
"""

from __future__ import annotations

from carbon_lint.lint.diagnostic import Severity

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

# module -> (what a card must have for the rule to be able to fire, severity unless the configuration says otherwise).
# The words are explained, and found out, in `lint.context`. Order is the order in which the rules run.
TABLE: dict[str, tuple[str, str]] = {
    "cl001_yaml_error": ("problem", ERROR),
    "cl002_unreadable_file": ("unreadable", ERROR),
    "cl003_hidden_front_matter": ("problem", ERROR),
    "cl004_no_front_matter": ("problem", ERROR),
    "cl005_metadata_not_a_mapping": ("problem", ERROR),
    "cl006_not_utf8": ("problem", ERROR),
    "cl007_control_character": ("problem", ERROR),
    "cl008_duplicate_key": ("problem", ERROR),
    "cl009_block_only_in_text": ("bare", WARNING),
    "cl101_list_of_fields": ("odd-block", ERROR),
    "cl102_unindented_fields": ("odd-block", ERROR),
    "cl105_misspelt_field": ("odd-block", WARNING),
    "cl103_missing_emissions": ("odd-block", ERROR),
    "cl201_unit_in_value": ("odd-block", ERROR),
    "cl202_digit_separator": ("odd-block", ERROR),
    "cl104_emissions_not_a_number": ("odd-block", ERROR),
    "cl106_misspelt_block": ("bare", ERROR),
    "cl107_misplaced_block": ("bare", ERROR),
    "cl108_placeholder_left_in": ("odd-block", WARNING),
    "cl109_field_of_wrong_type": ("odd-block", WARNING),
    "cl204_negative_emissions": ("odd-block", ERROR),
    "cl205_emissions_not_finite": ("odd-block", ERROR),
    "cl206_zero_emissions": ("odd-block", WARNING),
    "cl203_kilograms_for_grams": ("prose", ERROR),
    "cl207_implausible_intensity": ("energy", WARNING),
    "cl208_implausible_for_hardware": ("hardware", WARNING),
    "cl209_text_disagrees": ("prose", WARNING),
    "cl210_unit_beside_figure": ("unit", ERROR),
    "cl100_schema_violation": ("odd-block", ERROR),
    "cl110_incomplete_provenance": ("short-block", NOTE),
    "cl111_figure_only_in_text": ("bare", NOTE),
    "cl301_emissions_disagree": ("evidence", ERROR),
    "cl302_energy_disagrees": ("evidence", ERROR),
    "cl303_location_disagrees": ("evidence", WARNING),
    "cl304_hardware_disagrees": ("evidence", WARNING),
    "cl305_duration_disagrees": ("evidence", WARNING),
    "cl306_older_figure": ("evidence", ERROR),
    "cl307_measured_but_not_stated": ("evidence", ERROR),
    "cl308_training_type_disagrees": ("base-model", NOTE),
    "cl401_over_emissions_budget": ("budget", ERROR),
    "cl402_over_energy_budget": ("budget", ERROR),
    "cl403_budget_not_judged": ("budget", NOTE),
    "cl501_number_read_differently": ("odd-block", WARNING),
    "cl502_threshold_search_misled": ("odd-block", WARNING),
    "cl503_python_cannot_read": ("python", WARNING),
    "cl901_unused_suppression": ("suppression", WARNING),
    "cl902_unknown_suppression": ("suppression", WARNING),
}

CODES = {module[:5].upper(): module for module in TABLE}
"""Code -> module, without importing any."""


def name_of(module: str) -> str:
    """Return `emissions-not-a-number` for `cl105_emissions_not_a_number`."""
    return module[6:].replace("_", "-")


NAMES = {name_of(module): code for code, module in CODES.items()}
"""Name -> code."""
