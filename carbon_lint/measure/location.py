"""Where the energy comes from: a place that was named, or one that this machine's cloud or configuration states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint.records.record import Intensity

if TYPE_CHECKING:
    from carbon_lint.places import Place


def intensity_of(place: Place) -> Intensity:
    """A place's carbon intensity as a record states it."""
    return Intensity(
        g_per_kwh=place.g_per_kwh,
        source=place.source,
        year=place.year,
        location=place.code,
        location_name=place.name,
    )
