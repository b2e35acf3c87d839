"""What was measured, as the rules compare it with a card: from records, or from an emissions.csv."""

from __future__ import annotations

import re

from carbon_lint.lint.diagnostic import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbon_lint.records.record import Record

RELATIVE = 0.005
"""How far two figures of one run may be apart: what rounding to three significant digits does."""

# H100, A10G, T4, RTX 3090, MI250X: models of accelerators as people and drivers write them.
_MODEL = re.compile(
    r"\b(?:(?:RTX|GTX|Quadro)\s*(?P<number>\d{3,4})|(?P<name>(?:[AHTVPLKB]|GH|GB|MI|RX)\d{1,4}[A-Z]?))\b"
)


class Older(Value):
    """An earlier run among the evidence: its grams, and how to call it."""

    __slots__ = ("emissions_g", "label")

    def __init__(self, emissions_g: float, label: str) -> None:
        self.emissions_g = emissions_g
        self.label = label


class Evidence(Value):
    """One run's figures, or the sums of a run group. None is not measured, or not said."""

    __slots__ = ("duration_s", "emissions_g", "energy_kwh", "hardware", "label", "location_names", "older")

    def __init__(
        self,
        *,
        label: str,
        emissions_g: float | None,
        energy_kwh: float | None = None,
        duration_s: float | None = None,
        hardware: tuple[str, ...] = (),
        location_names: tuple[str, ...] = (),
        older: tuple[Older, ...] = (),
    ) -> None:
        self.label = label
        self.emissions_g = emissions_g
        self.energy_kwh = energy_kwh
        self.duration_s = duration_s
        self.hardware = hardware
        self.location_names = location_names
        self.older = older


def from_records(paths: Sequence[str]) -> Evidence:
    """The newest record, with those of its run group added to it; the others are older. Raises InputError."""
    from carbon_lint.records.store import load_record

    named = sorted(((load_record(path), path) for path in paths), key=lambda pair: pair[0].ended_at)
    newest, path = named[-1]
    group = [
        record for record, _ in named if record is newest or (record.run_group and record.run_group == newest.run_group)
    ]
    return Evidence(
        label=f"the record {path}" if len(group) == 1 else f"the run group {newest.run_group}",
        emissions_g=_sum([record.emissions_g for record in group]),
        energy_kwh=_sum([record.energy_kwh.total for record in group]),
        duration_s=_sum([record.duration_s for record in group]),
        hardware=_hardware(newest),
        location_names=_location_names(newest),
        older=tuple(
            Older(record.emissions_g, f"the older record {name}")
            for record, name in named
            if record.emissions_g is not None and (len(group) > 1 or record is not newest)
        ),
    )


def close(stated: float, measured: float, text: str, relative: float = RELATIVE) -> bool:
    """Whether a number on the card, written as `text`, is the one that was measured, as far as it was written out."""
    places = len(text.lower().partition("e")[0].partition(".")[2])
    half_a_step = 0.5 * 10.0**-places if "e" not in text.lower() else 0.0
    return abs(stated - measured) <= max(half_a_step, relative * abs(measured))


def older_with(evidence: Evidence, stated: float, text: str) -> Older | None:
    """The latest earlier run with this figure."""
    same = (older for older in reversed(evidence.older) if close(stated, older.emissions_g, text, relative=1e-6))
    return next(same, None)


def models_in(text: str) -> set[str]:
    """Models of accelerators that a line of hardware names."""
    found = _MODEL.finditer(text.replace("-", " ").upper().replace("GEFORCE", ""))
    return {match["number"] or match["name"] for match in found}


def other_place(text: str, names: tuple[str, ...]) -> str | None:
    """A country that the text names, where it names none of `names`; None where that cannot be told."""
    if any(_has_word(text, name) for name in names):
        return None
    from carbon_lint.places import every_place

    countries = {place.name for place in every_place() if place.name and place.code == place.country_iso}
    return next((name for name in sorted(countries) if _has_word(text, name)), None)


def _has_word(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None


def _sum(values: Sequence[float | None]) -> float | None:
    """The sum; None where one was not measured, for then the sum was not either."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _hardware(record: Record) -> tuple[str, ...]:
    return tuple(gpu.name for gpu in record.hardware.gpus)


def _location_names(record: Record) -> tuple[str, ...]:
    intensity = record.intensity
    if intensity is None:
        return ()
    return tuple(name for name in (intensity.location_name, intensity.location) if name)
