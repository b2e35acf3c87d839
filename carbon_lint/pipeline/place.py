"""Find where the energy comes from: an option, else the configuration, checked once for every front end."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carbon_lint.config import PLACE_KEYS, Settings
from carbon_lint.errors import PlaceError, UsageError
from carbon_lint.gate.verdict import Budget
from carbon_lint.pipeline.options import Options, naming
from carbon_lint.places import Place, custom_place

if TYPE_CHECKING:
    from carbon_lint.measurement.grid.location import LocatedPlace

NOT_GIVEN = "no location was given, and grams depend on it (France 44 g/kWh, Poland 615)"
NAME_ONE = (("location", "FRA"), ("location", "USA/virginia"), ("location", "auto"), ("carbon-intensity", "56.04"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What says the carbon intensity, not looked up yet.

    Attributes:
        key: `location`, `electricity-maps` or `carbon-intensity`; `None` if nothing says it.
        text: the location, the zone or the carbon intensity.
        g_per_kwh: the carbon intensity, if `key` is that.
        intensity_source: whose figure that is.
        is_configured: the configuration says it, and no option.
    """

    key: str | None = None
    text: str = ""
    g_per_kwh: float | None = None
    intensity_source: str | None = None
    allow_unusual: bool = False
    is_configured: bool = False


def choose(options: Options, settings: Settings) -> Chosen:
    """Return what the options name, else the configuration. Raises UsageError, ConfigError if one of them names two."""
    given = {"location": options.location, "electricity-maps": options.electricity_maps}
    named = [key for key in PLACE_KEYS if given.get(key, options.carbon_intensity) is not None]
    if len(named) > 1:
        raise UsageError(
            f"{' and '.join(map(options.named, named))} each state the carbon intensity",
            hint="keep one of them",
            suggest=(("location", "FRA"),),
        )
    if options.intensity_source is not None and options.carbon_intensity is None:
        raise UsageError(
            "needs a carbon intensity; a location has its own source",
            option="intensity-source",
            suggest=(("carbon-intensity", "56.04"),),
        )
    allow_unusual = options.allow_unusual_intensity or settings.allow_unusual_intensity
    if named:
        return Chosen(
            key=named[0],
            text=given.get(named[0]) or f"{options.carbon_intensity:g}",
            g_per_kwh=options.carbon_intensity,
            intensity_source=options.intensity_source,
            allow_unusual=allow_unusual,
        )
    key = settings.place_key
    if key is None:
        return Chosen(allow_unusual=allow_unusual)
    return Chosen(
        key=key,
        text=settings.stated(key) or "",
        g_per_kwh=settings.carbon_intensity_g_per_kwh,
        allow_unusual=allow_unusual,
        is_configured=True,
    )


def find(chosen: Chosen, options: Options, settings: Settings) -> LocatedPlace:
    """Look up what was chosen, if anything was; a grid is opened and not asked. Raises PlaceError, ConfigError."""
    from carbon_lint.measurement.grid import location  # noqa: PLC0415  a verb that needs no place starts without it

    if chosen.key is None:
        return location.LocatedPlace()
    with naming(chosen.key, chosen.text, configured=settings if chosen.is_configured else None):
        if chosen.key == "location":
            return location.resolve(chosen.text, settings.machine, platform.node())
        if chosen.g_per_kwh is not None:
            source, allow_unusual = chosen.intensity_source, chosen.allow_unusual
            place = custom_place(chosen.g_per_kwh, source=source, allow_unusual=allow_unusual)
            return location.LocatedPlace(place=place)
        from carbon_lint.measurement.grid.electricity_maps import ElectricityMaps  # noqa: PLC0415  as above
        from carbon_lint.measurement.grid.hourly import steady_clock  # noqa: PLC0415

        if not options.grid_token:
            raise PlaceError(f"{chosen.text} needs a token", hint=options.grid_token_hint)
        clock, allow_unusual = steady_clock(), chosen.allow_unusual
        grid = ElectricityMaps(chosen.text, options.grid_token, clock=clock, allow_unusual=allow_unusual)
        return location.LocatedPlace(place=grid)


def place_of_run(options: Options, settings: Settings, budget: Budget) -> LocatedPlace:
    """Return where a run's energy comes from. Raises PlaceError if it needs grams and nothing says the place."""
    if options.energy_only:
        if wants_grams(options, budget):
            is_configured = budget.max_emissions_g is not None and options.max_emissions_g is None
            where = f" (max-emissions is set in {budget.emissions_source})" if is_configured else ""
            raise UsageError(
                f"states no grams, and {options.named('max-emissions')} and {options.named('card')} need them{where}",
                option="energy-only",
                hint="leave it out, or limit the energy",
                suggest=(("max-energy", "2 kWh"),),
            )
        return find(Chosen(), options, settings)
    chosen = choose(options, settings)
    if chosen.key is None and needs_place(options, budget):
        raise PlaceError(NOT_GIVEN, suggest=NAME_ONE)
    return find(chosen, options, settings)


def wants_grams(options: Options, budget: Budget) -> bool:
    """Return whether a limit, the card or the Hub needs grams."""
    return budget.max_emissions_g is not None or options.card is not None or options.publishes


def needs_place(options: Options, budget: Budget) -> bool:
    """Return whether a run cannot do without a place: one that is only limited in kWh can."""
    return wants_grams(options, budget) or budget.max_energy_kwh is None


def place_of_now(options: Options, settings: Settings) -> Place | None:
    """Return the place for a figure that is computed at once: a grid stands at its newest hour's carbon intensity.

    Raises PlaceError, UsageError, ConfigError.
    """
    from carbon_lint.measurement.grid.electricity_maps import ElectricityMaps  # noqa: PLC0415  as above

    place = find(choose(options, settings), options, settings).place
    if not isinstance(place, ElectricityMaps):
        return place
    hour = place.first()
    kind = "estimated" if hour.is_estimated else "measured"
    return custom_place(
        hour.g_per_kwh,
        source=f"{hour.source}, the one hour of {hour.label}, {kind}",
        name=hour.zone,
        year=hour.start.year,
        basis="life-cycle",
        allow_unusual=place.allow_unusual,
    )
