"""What hardware can emit in some hours: wide bounds, from the rated power of accelerators."""

from __future__ import annotations

import re

from carbon_lint.lint.diagnostic import Value
from carbon_lint.lint.evidence import models_in

# Rated board power in W, least and most of the variants sold under the name: those of data/gpu_power.json, and of
# others by the same makers. Of a TPU, the mean and the most that Google measured; of later ones it states nothing.
# A2 and P4 are left out: machine types of Google Cloud and AWS are called so too, and hold other cards.
RATED_W = {
    "B300": (1000, 1400),
    "GB200": (1000, 1200),
    "B200": (700, 1200),
    "H200": (600, 700),
    "H100": (350, 700),
    "H800": (350, 700),
    "A100": (250, 400),
    "A800": (250, 400),
    "A40": (300, 300),
    "A30": (165, 165),
    "A10": (150, 150),
    "A10G": (150, 300),
    "A6000": (300, 300),
    "A5500": (230, 230),
    "A5000": (230, 230),
    "A4500": (200, 200),
    "A4000": (140, 140),
    "L4": (72, 72),
    "L20": (275, 275),
    "L40": (300, 300),
    "L40S": (300, 350),
    "V100": (250, 350),
    "P100": (250, 300),
    "P40": (250, 250),
    "T4": (70, 70),
    "K80": (150, 300),
    "MI50": (300, 300),
    "MI100": (300, 300),
    "MI210": (300, 300),
    "MI250": (500, 560),
    "MI250X": (500, 560),
    "MI300A": (550, 760),
    "MI300X": (750, 750),
    "MI325X": (750, 1000),
    "MI350X": (1000, 1000),
    "MI355X": (1400, 1400),
    "1080": (180, 250),
    "2060": (160, 184),
    "2070": (175, 215),
    "2080": (215, 250),
    "3060": (170, 200),
    "3070": (220, 290),
    "3080": (320, 350),
    "3090": (350, 450),
    "4000": (130, 160),
    "4060": (115, 165),
    "4070": (200, 285),
    "4080": (320, 320),
    "4090": (425, 450),
    "4500": (210, 210),
    "5000": (230, 250),
    "5060": (145, 180),
    "5070": (250, 300),
    "5080": (360, 360),
    "5090": (575, 575),
    "6000": (260, 300),
    "8000": (260, 260),
    "TITANRTX": (280, 280),
    "TITANV": (250, 250),
    "MAX1100": (300, 300),
    "MAX1550": (600, 600),
    "GAUDI2": (600, 600),
    "GAUDI3": (600, 900),
    "TPUV2": (280, 280),
    "TPUV3": (220, 262),
    "TPUV4": (170, 192),
}

LEAST_SHARE, MOST_SHARE = 0.1, 1.2
"""Of the rated power: a GPU that waits for data draws a tenth, an overclocked one somewhat more than it is rated."""
HOST_W = 400
"""The most that host, memory and network add per accelerator."""
MOST_PUE = 2.0
LEAST_G_PER_KWH, MOST_G_PER_KWH = 3.0, 1500.0
"""Intensity where the place is not known. The cleanest grids are at 1 to 2, but there the host's power counts too."""

_LONGEST_PLACE = 1000
"""Characters of the text in which countries are looked for."""

_COUNT = re.compile(
    r"(?<![\w.])(\d{1,4})(?:\s*[x\u00d7*]\s*|\s+)(?=[A-Za-z])|(?<=[A-Za-z0-9])\s*[x\u00d7*]\s*(\d{1,4})(?![\w.])"
)


class Bounds(Value):
    """The least and the most grams that fit, the arithmetic in words, and whether the accelerators were counted."""

    __slots__ = ("is_counted", "least_g", "most_g", "reason")

    def __init__(self, least_g: float, most_g: float, reason: str, *, is_counted: bool) -> None:
        self.is_counted = is_counted
        self.least_g = least_g
        self.most_g = most_g
        self.reason = reason


def bounds(hardware: str, hours: float, place_text: str | None) -> Bounds | None:
    """What `hours` on this hardware can emit; None where its power is not known."""
    models = sorted(models_in(hardware) & RATED_W.keys())
    if len(models) != 1:
        return None
    least_w, most_w = RATED_W[models[0]]
    counts = [int(before or after) for before, after in _COUNT.findall(hardware)]
    fewest, most = (counts[0], counts[0]) if len(counts) == 1 else (1, max(counts, default=1))
    low, high = _intensities(place_text)
    low_w, high_w = least_w * LEAST_SHARE, (most_w * MOST_SHARE + HOST_W) * MOST_PUE
    count = str(fewest) if fewest == most else f"{fewest} to {most}"
    name = re.sub(r"^(TPU|GAUDI|MAX|TITAN)", r"\1 ", models[0])
    reason = (
        f"{hours:.4g} h x {count} x {name} at {low_w:.4g} W (a tenth of the rated power) to {high_w:.4g} W (with "
        f"host and cooling) and {low:.4g} to {high:.4g} g/kWh"
    )
    least_g, most_g = hours * fewest * low_w / 1000 * low, hours * most * high_w / 1000 * high
    return Bounds(least_g, most_g, reason, is_counted=len(counts) == 1)


def _intensities(place_text: str | None) -> tuple[float, float]:
    """The least and most intensity of the countries that a text names, with their regions and room for other years."""
    if not place_text:
        return LEAST_G_PER_KWH, MOST_G_PER_KWH
    from carbon_lint.places import every_place

    places = every_place()
    words = place_text[:_LONGEST_PLACE].casefold()
    named = {place.country_iso for place in places if place.name and _has_word(words, place.name.casefold())}
    found = [place.g_per_kwh for place in places if place.country_iso in named and place.country_iso is not None]
    if not found:
        return LEAST_G_PER_KWH, MOST_G_PER_KWH
    return min(found) / 3, min(MOST_G_PER_KWH, max(found) * 3)


def _has_word(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
