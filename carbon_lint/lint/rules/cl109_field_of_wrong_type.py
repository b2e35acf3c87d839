"""CL109: A field of `co2_eq_emissions` has the wrong type."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.schema import NUMBERS, RECOMMENDED, TYPES_IN_WORDS

# Field -> what it should be, in words and as types. Other rules check `emissions`.
_EXPECTED = {
    **dict.fromkeys(RECOMMENDED, ("a string", ("str",))),
    **dict.fromkeys(NUMBERS - {"emissions"}, ("a number", ("int", "float"))),
    "on_cloud": ("true or false", ("bool",)),
    "cpu_model": ("a string", ("str", "null")),
}


def check(context: Context) -> Hits:
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
      hardware_used:
        gpu: NVIDIA H100
        count: 1
      ...
    ```
    """
    for name, (_, value) in context.fields.items():
        expected = _EXPECTED.get(name)
        if expected and value.type not in expected[1]:
            yield Hit(f"{name} is {TYPES_IN_WORDS[value.type]}, expected {expected[0]}", *context.spot(value))
