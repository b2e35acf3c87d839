"""CL109: A field of `co2_eq_emissions` has the wrong type."""

from __future__ import annotations

from collections.abc import Iterator

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit
from carbon_lint.lint.schema import NUMBERS, STRINGS

_NUMBER = ("a number", frozenset(("int", "float")))
_STRING = ("a string", frozenset(("str",)))
_EXPECTED = {"on_cloud": ("true or false", frozenset(("bool",))), "cpu_model": ("a string", frozenset(("str", "null")))}
_NAMES = {
    "map": "a map",
    "list": "a list",
    "null": "empty",
    "bool": "a boolean",
    "int": "a number",
    "float": "a number",
    "date": "a date",
    "str": "a string",
}


def check(context: Context) -> Iterator[Hit]:
    """
    ## What it does
    Reports documented fields, and those that sentence-transformers, SetFit and SpanMarker write, whose value is of
    another type: a list of hardware, a nested map, a number instead of words.

    ## Why is this bad?
    The Hub's type for these fields is a string. Other shapes are not shown.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      source: codecarbon
      training_type: fine-tuning
      geographical_location: Paris, France
      hardware_used:
        gpu: NVIDIA H100
        count: 1
    ```

    ## Use instead
    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      ...
    ```
    """
    for name, (_, value) in context.fields.items():
        expected = _expected(name)
        if expected and value.type not in expected[1]:
            found = _NAMES.get(value.type, value.type)
            yield Hit(f"{name} is {found}, expected {expected[0]}", *context.spot(value))


def _expected(name: str) -> tuple[str, frozenset[str]] | None:
    """Return what a field should be, as words and as types; None for `emissions`, which other rules check."""
    if name in STRINGS:
        return _STRING
    if name in NUMBERS and name != "emissions":
        return _NUMBER
    return _EXPECTED.get(name)
