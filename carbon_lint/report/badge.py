"""Draw a badge: an SVG that stands alone, or the JSON that shields.io's endpoint badge reads. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from carbon_lint.report.layout import json_text
from carbon_lint.text import shortened, xml_text

SHIELDS_VERSION = 1
"""`schemaVersion` of https://shields.io/badges/endpoint-badge."""

_MOST_CHARACTERS = 100
_LEAST_SHARE = 0.001
_LABEL_COLOUR = "#444c56"
_HEIGHT = 20
_PAD = 6
# Advance widths of Verdana in shares of the font size, by the kind of character; `textLength` fits the rest.
_NARROW, _WIDE = set("fijlrtI.,:;'|!()[] ·"), set("mwMW@%—")
_FONT_SIZE = 11
_NARROW_EM, _MIDDLE_EM, _WIDE_EM = 0.36, 0.61, 0.95

_SVG = """<!-- carbon-lint badge -->
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" aria-label="{title}">
<title>{title}</title>
<clipPath id="r"><rect width="{width}" height="{height}" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="{left}" height="{height}" fill="{label_colour}"/>
<rect x="{left}" width="{right}" height="{height}" fill="{tone}"/></g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="{font_size}" aria-hidden="true">
{label}
{message}
</g>
</svg>
"""


class Tone(StrEnum):
    """What a badge says at a glance, as its colour; white text has a contrast of 4.5 or more on each."""

    GOOD = "#1a7f37"
    UNDECIDED = "#8a5a00"
    BAD = "#b42318"
    PLAIN = "#0550ae"
    UNKNOWN = "#59636e"


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A label such as `CO2eq` on the left, and a message such as `12.3 g, 82 % measured` on the right.

    `title` is the whole in a sentence, for a screen reader and as a tooltip; `tone` is the colour of the right part.
    """

    label: str
    message: str
    title: str
    tone: Tone = Tone.PLAIN


def how_found(measured_share: float | None) -> str:
    """Return how a figure was found, by the part of it that a sensor read, 0 to 1: `82 % measured`."""
    if measured_share is None:
        return "method not stated"
    if measured_share < _LEAST_SHARE:
        return "modelled"
    if measured_share > 1 - _LEAST_SHARE:
        return "measured"
    return f"{min(99, max(1, round(measured_share * 100)))} % measured"


def render_svg(badge: Badge) -> str:
    """Return the badge as SVG: no script, no request, and an accessible name."""
    label, message = (shortened(text, _MOST_CHARACTERS) for text in (badge.label, badge.message))
    left, right = (_width(text) + 2 * _PAD for text in (label, message))
    width, title = left + right, xml_text(badge.title)
    return _SVG.format(
        width=width, height=_HEIGHT, left=left, right=right, title=title, label_colour=_LABEL_COLOUR, tone=badge.tone,
        font_size=_FONT_SIZE, label=_text(label, _PAD), message=_text(message, left + _PAD),
    )  # fmt: skip


def render_shields(badge: Badge) -> str:
    """Return the JSON that `https://img.shields.io/endpoint?url=...` reads."""
    document = {
        "schemaVersion": SHIELDS_VERSION,
        "label": shortened(badge.label, _MOST_CHARACTERS),
        "message": shortened(badge.message, _MOST_CHARACTERS),
        "color": badge.tone.removeprefix("#"),
        "labelColor": _LABEL_COLOUR.removeprefix("#"),
    }
    return json_text(document)


def _text(text: str, left: int) -> str:
    return f'<text x="{left}" y="14" textLength="{_width(text)}">{xml_text(text)}</text>'


def _width(text: str) -> int:
    ems = sum(_NARROW_EM if each in _NARROW else _WIDE_EM if each in _WIDE else _MIDDLE_EM for each in text)
    return round(ems * _FONT_SIZE)
