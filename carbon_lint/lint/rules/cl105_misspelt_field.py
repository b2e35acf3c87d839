"""CL105: A field of `co2_eq_emissions` is misspelt."""

from carbon_lint.lint.context import Context, pairs_of
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.misspelling import is_near, letters_of, parted, renamed
from carbon_lint.lint.schema import GENERATED, RECOMMENDED
from carbon_lint.lint.template import is_mark
from carbon_lint.text import quoted

_KNOWN = ("emissions", *RECOMMENDED)
_BY_LETTERS = {name.replace("_", ""): name for name in _KNOWN}
# Met on cards, or in the documentation of other tools.
_VARIANTS = {
    **dict.fromkeys(("geographiclocation", "geolocation", "geographicallocations"), "geographical_location"),
    "emission": "emissions",
    "sources": "source",
    "typeoftraining": "training_type",
}
_OTHERS = {
    **dict.fromkeys(("co2", "co2e", "co2eq", "co2emissions", "co2eqemissions"), "emissions"),
    **dict.fromkeys(("carbonemissions", "totalemissions"), "emissions"),
    **dict.fromkeys(("location", "region", "country"), "geographical_location"),
    **dict.fromkeys(("hardware", "gpu", "gpus"), "hardware_used"),
}
_NO_ERRORS = frozenset(("trainingtime",))
"""Names near a documented one that have a meaning of their own."""
_LEAST_TYPED = 5
_LETTERS_PER_ERROR = 6
"""`sorce` is `source` with one error; `geographicalocaton` is `geographicallocation` with two."""


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports keys of the block that are misspellings of the documented ones, such as `geographic_location`, `hardware
    used` with a blank, or `Emissions`. Other extra keys are left alone: generators of cards write many.

    ## Why is this bad?
    The Hub ignores a key that it does not know. A misspelt `emissions` loses the figure.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      source: codecarbon
      training_type: fine-tuning
      geographic_location: Paris, France
      hardware_used: 1 x NVIDIA H100
    ```

    ## Fix safety
    Safe if the names differ in case, blanks, dashes or a known variant only, the right key is not there, and the wrong
    one is there once; unsafe for a likely typing error, and for a name that may stand for another unit. If the name
    states the unit, the number becomes grams too: `emissions_kg: 0.5` is `emissions: 500`. The value stays as it is:
    what is wrong with it is reported, or fixed, once the field has its right name.
    """
    if context.block is not None and is_mark(context.block.raw):  # CL103 says so
        return
    names = [key.text for key, _ in pairs_of(context.block)]
    for name, (key, value) in context.fields.items():
        meant, is_same = meant_by(name)
        if meant is None or (meant in context.fields and not is_same):
            continue
        unit = parted(name)[1] if meant == "emissions" else None
        wanted = f"{meant}, in grams" if unit is not None and unit.mass.grams[0] != 1 else meant
        is_clear = meant not in context.fields and names.count(name) == 1
        fix = renamed(key, value, meant, unit, is_safe=is_same) if is_clear else None
        yield Hit(f"unknown field {quoted(name)}, expected {wanted}", *key.span, fix)


def meant_by(name: str) -> tuple[str | None, bool]:
    """Return the documented field that a key stands for, and whether only the spelling differs."""
    letters = letters_of(name)
    if name in _KNOWN or name in GENERATED or letters in _NO_ERRORS:
        return None, False
    same = _BY_LETTERS.get(letters) or _VARIANTS.get(letters)
    if same:
        return same, True
    if letters in _OTHERS:
        return _OTHERS[letters], False
    bare, unit = parted(name)
    if unit is not None and (not bare or meant_by(bare)[0] == "emissions" or bare.lower() == "emissions"):
        return "emissions", False
    near = [known for known in _BY_LETTERS if is_near(letters, known, len(known) // _LETTERS_PER_ERROR)]
    return (_BY_LETTERS[near[0]] if len(letters) >= _LEAST_TYPED and near else None), False
