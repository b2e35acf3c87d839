"""Grams for a record that was measured in kilowatt-hours alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from carbon_lint.errors import MissingFigureError, UsageError
from carbon_lint.records.record import Intensity

if TYPE_CHECKING:
    from carbon_lint.places import Place
    from carbon_lint.records.record import Record


def priced(record: Record, place: Place) -> Record:
    """The record with the grams that its energy takes at `place`.

    Raises UsageError where it states grams already, by the intensity of its own time and place, and MissingFigureError
    where it holds no energy.
    """
    if record.emissions_g is not None:
        raise UsageError(
            f"the record of run {record.run_id} states grams already, where the run took place",
            hint="leave --location and --carbon-intensity out; they price energy that has no grams yet",
        )
    if record.energy_kwh.total is None:
        raise MissingFigureError(
            f"the record of run {record.run_id} holds no energy ({record.outcome})",
            hint="nothing can be priced; `carbon-lint doctor` says what can be measured here",
        )
    return replace(
        record,
        emissions_g=record.energy_kwh.total * place.g_per_kwh,
        intensity=intensity_of(place),
    )


def intensity_of(place: Place) -> Intensity:
    """A place's carbon intensity as a record states it."""
    return Intensity(
        g_per_kwh=place.g_per_kwh,
        source=place.source,
        year=place.year,
        location=place.code,
        location_name=place.name,
        is_unusual=place.is_unusual,
    )
