"""What was measured, as the rules compare it with a card: from a record, or from an emissions.csv."""

from __future__ import annotations

from carbon_lint.lint.diagnostic import Value


class Older(Value):
    """An earlier run among the evidence: its grams, and how to call it."""

    __slots__ = ("emissions_g", "label")

    def __init__(self, emissions_g: float, label: str) -> None:
        self.emissions_g = emissions_g
        self.label = label


class Evidence(Value):
    """One run's figures. None is not measured, or not said."""

    __slots__ = (
        "duration_s",
        "emissions_g",
        "energy_kwh",
        "hardware",
        "label",
        "location_names",
        "older",
    )

    def __init__(
        self,
        *,
        label: str,
        emissions_g: float | None,
        energy_kwh: float | None,
        duration_s: float | None,
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
