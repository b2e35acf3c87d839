"""The card's figure against what its own text states."""

from __future__ import annotations

from carbon_lint.units import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbon_lint.card.body import BodyFigure

_RELATIVE = 0.002
"""Two figures of one run differ by rounding only; a factor of 1000 is far away from this."""


def agrees(figure: BodyFigure, emissions_g: float) -> bool:
    """Whether a stated figure is these grams, as far as it was written out: `0.003 kg` agrees with 2.51 g."""
    return abs(figure.grams - emissions_g) <= max(half_a_step_g(figure), _RELATIVE * emissions_g)


def half_a_step_g(figure: BodyFigure) -> float:
    """Half of the last digit that was written, in grams: 0.5 for `0.003 kg`."""
    text = figure.number_text.lower().replace(",", ".")
    digits, _, exponent = text.partition("e")
    places = len(digits.partition(".")[2])
    step = 10.0 ** ((int(exponent) if exponent.lstrip("+-").isdigit() else 0) - places)
    return 0.5 * step * _grams_per_unit(figure)


def shown(figure: BodyFigure) -> str:
    """A stated figure as a message says it, in grams too."""
    stated = f"{figure.number_text} {figure.unit}"
    return stated if _grams_per_unit(figure) == 1 else f"{stated} = {significant(figure.grams, 6)} g"


def _grams_per_unit(figure: BodyFigure) -> float:
    unit = figure.unit.lower()
    if unit.startswith("k"):
        return 1000.0
    if unit.startswith("m") and not unit.startswith("metric"):
        return 0.001
    return 1_000_000.0 if unit.startswith(("t", "metric")) else 1.0
