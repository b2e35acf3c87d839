"""The card's figure against what its own text states."""

from __future__ import annotations

from carbon_lint.units import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbon_lint.card.prose import BodyFigure

_RELATIVE = 0.01
"""Two figures of one run differ by rounding, or by what was cut off: real cards say 962 kg of 960000 g."""
_LONGEST_EXPONENT = 4


def agrees(figure: BodyFigure, emissions_g: float) -> bool:
    """Return whether a stated figure is these grams, as far as it was written out: `0.003 kg` agrees with 2.51 g."""
    allowed = max(step_g(figure), _RELATIVE * emissions_g)
    return any(abs(grams - emissions_g) <= allowed for grams in (figure.grams, *figure.alternatives))


def step_g(figure: BodyFigure) -> float:
    """Return one unit of the last written digit, in grams: 1 for `0.003 kg`. Digits may have been cut, not rounded."""
    digits, _, exponent = figure.number_text.lower().replace(",", ".").partition("e")
    places = len(digits.rpartition(".")[2]) if "." in digits else 0
    power = int(exponent) if exponent.lstrip("+-").isdigit() and len(exponent) <= _LONGEST_EXPONENT else 0
    return float(f"1e{power - places}") * figure.unit_g


def shown(figure: BodyFigure) -> str:
    """Return a stated figure as a message says it, in grams too."""
    stated = f"{figure.number_text} {figure.unit}"
    return stated if figure.unit_g == 1 else f"{stated} = {significant(figure.grams, 6)} g"
