"""CL106: `co2_eq_emissions` is misspelt."""

from carbon_lint.card.document import BLOCK_KEY
from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.misspelling import is_near, letters_of, parted, renamed
from carbon_lint.text import quoted

_RIGHT = "co2eqemissions"
_MOST_ERRORS = 2
_WRONG = frozenset(
    (
        *("co2emissions", "co2emission", "co2equivalentemissions", "co2equivalent", "co2eq"),
        *("carbonemissions", "carbonemission", "carbonfootprint", "co2footprint", "co2emmissions", "co2emision"),
        *("co2eemissions", "emissionsco2", "ecemissions"),
    )
)


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports top-level keys that are misspellings of `co2_eq_emissions`, on a card that has no such key.

    ## Why is this bad?
    The Hub knows the one name. Under any other the figure is not shown and not found.

    ## Example
    ```yaml
    license: mit
    Co2_eq_emissions:
      emissions: 12.5
      ...
    ```

    ## Use instead
    ```yaml
    license: mit
    co2_eq_emissions:
      emissions: 12.5
      ...
    ```

    ## Fix safety
    Safe if only case, blanks or dashes differ, and for one or two typing errors in a name that holds `eq`, such as
    `co2_eq_emission`. Unsafe otherwise: `co2_emissions` may have been meant in another unit. If the name states the
    unit, the number becomes grams too: `co2_emissions_kg: 0.5` is `co2_eq_emissions: 500`.
    """
    root = context.card.root
    if root is None:
        return
    for key, value in root.own_items():
        bare, unit = parted(key.text) if key.kind == "scalar" else ("", None)
        letters = letters_of(bare)
        is_same = letters == _RIGHT or ("eq" in letters and is_near(letters, _RIGHT, _MOST_ERRORS))
        if is_same or letters in _WRONG or (letters == "emissions" and (value.is_number or value.kind == "map")):
            wanted = f"{BLOCK_KEY}, in grams" if unit is not None and unit.mass.grams[0] != 1 else BLOCK_KEY
            fix = renamed(key, value, BLOCK_KEY, unit, is_safe=is_same)
            yield Hit(f"unknown key {quoted(key.text)}, expected {wanted}", *key.span, fix)
