"""What hardware can emit in some hours: wide bounds, from the rated power of accelerators."""

from __future__ import annotations

import re
from functools import cache

from carbon_lint.lint.evidence import has_word, models_in
from carbon_lint.value import Value

# Machine types of Google Cloud and AWS are called so too, and hold other cards.
_MACHINE_TYPES = ("A2", "P4")

LEAST_SHARE, MOST_SHARE = 0.1, 1.2
"""Of the rated power: a GPU that waits for data draws a tenth, an overclocked one somewhat more than it is rated."""
HOST_W = 400
"""The most that host, memory and network add per accelerator."""
MOST_PUE = 2.0
LEAST_G_PER_KWH, MOST_G_PER_KWH = 3.0, 1500.0
"""Intensity if the place is not known. The cleanest grids are at 1 to 2, but there the host's power counts too."""

_LONGEST_PLACE = 1000
"""Characters of the text in which countries are looked for."""

# Neither the number of a model (`RTX 3080 Ti`) nor an amount of something else (`80 GB`) counts accelerators.
_COUNT = re.compile(
    r"(?<![\w.])(?<!(?i:RTX)\s)(?<!(?i:GTX)\s)(?<!(?i:Quadro)\s)(\d{1,4})(?:\s*[x\u00d7*]\s*|\s+)"
    r"(?=[A-Za-z])(?!(?:GB|GiB|G|W|[wW]atts?|hours?|h|cores?|v?CPUs?|threads?)\b)"
    r"|(?<=[A-Za-z0-9])\s*[x\u00d7*]\s*(\d{1,4})(?![\w.])"
)


class HardwareBounds(Value):
    """The least and the most grams that fit, the arithmetic in words, and whether the accelerators were counted."""

    least_g: float
    most_g: float
    reason: str
    is_counted: bool


@cache
def rated_w() -> dict[str, tuple[float, float]]:
    """Return the rated board power in W of each model: the least and the most of the variants sold under its name."""
    from carbon_lint.data import load

    rated: dict[str, tuple[float, float]] = {}
    for row in load("gpu_power.json"):
        most_w = row["max_power_w"]
        least_w = row.get("min_power_w", most_w)  # what the same board is set to elsewhere, or draws in the mean
        for model in models_in(row["name"]):
            lowest_w, highest_w = rated.get(model, (least_w, most_w))
            rated[model] = (min(lowest_w, least_w), max(highest_w, most_w))
    return {model: range_w for model, range_w in rated.items() if model not in _MACHINE_TYPES}


def apart(hardware: str) -> str:
    """Return the words of a hardware's name that people write as one: `8xA100`, `RTX4090`, `TeslaT4`, `3080Ti`."""
    text = re.sub(r"(?<![A-Za-z\d.])(\d{1,4})\s*[xX\u00d7*]\s*(?=[A-Za-z])", r"\1 x ", hardware)
    text = re.sub(r"(?<=\d)\s*[xX\u00d7*]\s*(?=\d{1,4}(?![\w.]))", " x ", text)
    text = re.sub(
        r"(?i)\b(RTX|GTX|Tesla|Quadro|GeForce|NVIDIA|TITAN)(?=(?:RTX|GTX|[A-Z])?\d|RTX|V\b|XP\b)", r"\1 ", text
    )
    return re.sub(r"(?i)(?<=\d)(Ti|SUPER|Ada)\b", r" \1", text)


def bounds(hardware: str, hours: float, place_text: str | None) -> HardwareBounds | None:
    """Return what `hours` on this hardware can emit; None if its power is not known."""
    hardware, known = apart(hardware), rated_w()
    models = sorted(models_in(hardware) & known.keys())
    if len(models) != 1:
        return None
    least_w, most_w = known[models[0]]
    counts = [int(before or after) for before, after in _COUNT.findall(hardware)]
    fewest, most = (counts[0], counts[0]) if len(counts) == 1 else (1, max(counts, default=1))
    # Rounded first, so that the numbers that are shown give the range that is shown.
    hours, low, high = (float(f"{value:.4g}") for value in (hours, *_intensities(place_text)))
    low_w = float(f"{least_w * LEAST_SHARE:.4g}")
    high_w = float(f"{(most_w * MOST_SHARE + HOST_W) * MOST_PUE:.4g}")
    count = str(fewest) if fewest == most else f"{fewest} to {most}"
    name = re.sub(r"^(TPU|GAUDI|MAX|TITAN)", r"\1 ", models[0])
    reason = (
        f"{hours:.4g} h x {count} x {name} at {low_w:.4g} W (a tenth of the rated power) to {high_w:.4g} W (with "
        f"host and cooling) and {low:.4g} to {high:.4g} g/kWh"
    )
    least_g, most_g = hours * fewest * low_w / 1000 * low, hours * most * high_w / 1000 * high
    return HardwareBounds(least_g, most_g, reason, is_counted=len(counts) == 1)


def _intensities(place_text: str | None) -> tuple[float, float]:
    """Return the least and most intensity of the countries that a text names, with regions and other years."""
    if not place_text:
        return LEAST_G_PER_KWH, MOST_G_PER_KWH
    from carbon_lint.places import every_place

    places = every_place()
    words = place_text[:_LONGEST_PLACE]
    named = {place.country_iso for place in places if place.name and has_word(words, place.name)}
    found = [place.g_per_kwh for place in places if place.country_iso in named and place.country_iso is not None]
    if not found:
        return LEAST_G_PER_KWH, MOST_G_PER_KWH
    return min(found) / 3, min(MOST_G_PER_KWH, max(found) * 3)
