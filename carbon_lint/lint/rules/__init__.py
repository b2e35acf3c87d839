"""The rules, how bad each finding is, and what is fixed. A new rule: its file, a line here, a folder in `tests/corpus`.

The table is all that a start of `check` loads: a rule's module is imported when a card first has what the rule `needs`.
Code and name are those of the module: `cl105_emissions_not_a_number` is CL105, `emissions-not-a-number`. Both are
permanent; a code is never used again.
"""

from __future__ import annotations

from carbon_lint.lint.diagnostic import ERROR, NOTE, WARNING

SAFE, UNSAFE, BOTH = "safe", "unsafe", "both"

# module -> (what a card must have for the rule to be able to fire, severity unless the configuration says otherwise,
# what its fixes are). The words are explained, and found out, in `lint.context`. Order is the order in which rules run.
TABLE: dict[str, tuple[str, str, str | None]] = {
    "cl001_yaml_error": ("problem", ERROR, None),
    "cl002_unreadable_file": ("unreadable", ERROR, None),
    "cl003_hidden_front_matter": ("problem", ERROR, BOTH),
    "cl004_no_front_matter": ("problem", ERROR, None),
    "cl005_metadata_not_a_mapping": ("problem", ERROR, None),
    "cl006_not_utf8": ("problem", ERROR, None),
    "cl007_control_character": ("problem", ERROR, None),
    "cl008_duplicate_key": ("problem", ERROR, None),
    "cl009_block_only_in_text": ("bare", WARNING, None),
    "cl101_list_of_fields": ("odd-block", ERROR, SAFE),
    "cl102_unindented_fields": ("odd-block", ERROR, UNSAFE),
    "cl105_misspelt_field": ("odd-block", WARNING, BOTH),
    "cl103_missing_emissions": ("odd-block", ERROR, None),
    "cl201_unit_in_value": ("odd-block", ERROR, BOTH),
    "cl202_digit_separator": ("odd-block", ERROR, BOTH),
    "cl104_emissions_not_a_number": ("odd-block", ERROR, SAFE),
    "cl106_misspelt_block": ("bare", ERROR, BOTH),
    "cl107_misplaced_block": ("bare", ERROR, None),
    "cl108_placeholder_left_in": ("odd-block", WARNING, None),
    "cl109_field_of_wrong_type": ("odd-block", WARNING, None),
    "cl204_negative_emissions": ("odd-block", ERROR, None),
    "cl205_emissions_not_finite": ("odd-block", ERROR, None),
    "cl206_zero_emissions": ("odd-block", WARNING, None),
    "cl203_kilograms_for_grams": ("prose", ERROR, UNSAFE),
    "cl207_implausible_intensity": ("energy", WARNING, UNSAFE),
    "cl208_implausible_for_hardware": ("hardware", WARNING, UNSAFE),
    "cl209_text_disagrees": ("prose", WARNING, None),
    "cl210_unit_beside_figure": ("unit", ERROR, UNSAFE),
    "cl100_schema_violation": ("odd-block", ERROR, None),
    "cl110_incomplete_provenance": ("short-block", NOTE, None),
    "cl111_figure_only_in_text": ("bare", NOTE, None),
    "cl301_emissions_disagree": ("evidence", ERROR, None),
    "cl302_energy_disagrees": ("evidence", ERROR, None),
    "cl303_location_disagrees": ("evidence", WARNING, None),
    "cl304_hardware_disagrees": ("evidence", WARNING, None),
    "cl305_duration_disagrees": ("evidence", WARNING, None),
    "cl306_older_figure": ("evidence", ERROR, None),
    "cl307_measured_but_not_stated": ("evidence", ERROR, None),
    "cl308_training_type_disagrees": ("base-model", NOTE, None),
    "cl401_over_emissions_budget": ("budget", ERROR, None),
    "cl402_over_energy_budget": ("budget", ERROR, None),
    "cl403_budget_not_judged": ("budget", NOTE, None),
    "cl501_number_read_differently": ("odd-block", WARNING, SAFE),
    "cl502_threshold_search_misled": ("odd-block", WARNING, SAFE),
    "cl503_python_cannot_read": ("python", WARNING, None),
    "cl901_unused_suppression": ("suppression", WARNING, SAFE),
    "cl902_unknown_suppression": ("suppression", WARNING, None),
}

CODES = {module[:5].upper(): module for module in TABLE}
"""Code -> module, without importing any."""


def name_of(module: str) -> str:
    """Return `emissions-not-a-number` for `cl105_emissions_not_a_number`."""
    return module[6:].replace("_", "-")


NAMES = {name_of(module): code for code, module in CODES.items()}
"""Name -> code."""
