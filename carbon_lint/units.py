"""Grams and kilowatt-hours: parse what a user writes, print what a person reads.

Everything inside carbon-lint is in g, kWh, W, s. `Decimal` so that `0.1 kg` is 100 g exactly.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import NamedTuple

from carbon_lint.errors import UsageError

# SI prefixes; 1 kWh = 3.6 MJ exactly (SI Brochure, 9th ed., table 8: 1 h = 3600 s).
GRAMS_PER = {
    "ug": Decimal("1e-6"),
    "\u00b5g": Decimal("1e-6"),  # the micro sign
    "\u03bcg": Decimal("1e-6"),  # Greek mu, what many keyboards give
    "mg": Decimal("1e-3"),
    "g": Decimal(1),
    "kg": Decimal(1000),
    "t": Decimal(1_000_000),
}
KWH_PER = {
    "mWh": Decimal("1e-6"),
    "Wh": Decimal("1e-3"),
    "kWh": Decimal(1),
    "MWh": Decimal(1000),
    "J": 1 / Decimal(3_600_000),
    "kJ": 1 / Decimal(3600),
    "MJ": 1 / Decimal("3.6"),
    "GJ": 1000 / Decimal("3.6"),
}
JOULES_PER_KWH = 3.6e6
MOST_PUE = 10.0
"""No building takes ten times what its computers do: a larger PUE is a percentage, or no PUE."""
MOST_PART_W = 4000.0
"""The CPUs of one machine, or its memory, draw no more; a counter that moves faster was reset."""
WATTS_PER = {"mW": Decimal("1e-3"), "W": Decimal(1), "kW": Decimal(1000)}
SECONDS_PER = {
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "min": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
GIB_PER = {
    "MiB": 1 / Decimal(1024),
    "Mi": 1 / Decimal(1024),
    "GiB": Decimal(1),
    "Gi": Decimal(1),
    "TiB": Decimal(1024),
    "Ti": Decimal(1024),
    "MB": Decimal(10**6) / 2**30,
    "GB": Decimal(10**9) / 2**30,
    "TB": Decimal(10**12) / 2**30,
}

_TONNE, _KILOGRAM = Decimal(1_000_000), Decimal(1000)
_SHORT_TON, _LONG_TON = Decimal("907184.74"), Decimal("1016046.9088")
_POUND = Decimal("453.59237")  # the international avoirdupois pound, exact


class MassUnit(NamedTuple):
    """A unit of mass as somebody wrote it. `grams` has one value, or several if the word means several units."""

    name: str
    grams: tuple[Decimal, ...]


def whole_number(text: str | None) -> int | None:
    """Return the number that ASCII digits write, at most 40 of them; `None` for anything else."""
    return int(text) if text is not None and re.fullmatch("[0-9]{1,40}", text) else None


def _named(name: str, words: str, *grams: Decimal) -> dict[str, MassUnit]:
    return dict.fromkeys(words.split(), MassUnit(name, grams))


_EXACT = {name: MassUnit(name, (grams,)) for name, grams in GRAMS_PER.items()}
_EXACT |= {name: MassUnit("Mg", (_TONNE, Decimal("1e-3"))) for name in ("Mg", "MG")}  # megagrams, or milligrams
_MEGATONNE = Decimal("1e12")
_EXACT |= {
    "kt": MassUnit("kt", (Decimal("1e9"),)),
    "Mt": MassUnit("Mt", (_MEGATONNE, _TONNE)),
    "MT": MassUnit("MT", (_TONNE, _MEGATONNE)),  # metric tons in the USA
    "mt": MassUnit("mt", (_TONNE, _MEGATONNE)),
}
_WORDS = {
    **_named("g", "gr gram grams gramme grammes gramm grama gramas gramo gramos \u514b \u30b0\u30e9\u30e0", Decimal(1)),
    **_named("kg", "kg kgs kilo kilos kilogram kilograms kilogramme kilogrammes kilogramm \u043a\u0433", _KILOGRAM),
    **_named("kg", "kilogramo kilogramos kilogramas quilograma quilogramas", _KILOGRAM),
    **_named("kg", "\u516c\u65a4 \u5343\u514b \u30ad\u30ed\u30b0\u30e9\u30e0", _KILOGRAM),
    **_named("mg", "milligram milligrams milligramme milligrammes", Decimal("1e-3")),
    **_named("\u00b5g", "microgram micrograms", Decimal("1e-6")),
    **_named("t", "tonne tonnes metric-ton metric-tons metric-tonne metric-tonnes", _TONNE),
    **_named("t", "tonnen tonelada toneladas \u5428 \u5678 \u30c8\u30f3", _TONNE),
    **_named("ton", "ton tons", _TONNE, _SHORT_TON, _LONG_TON),
    **_named("short ton", "short-ton short-tons", _SHORT_TON),
    **_named("long ton", "long-ton long-tons", _LONG_TON),
    **_named("lb", "lb lbs pound pounds", _POUND),
}


def mass_unit(text: str) -> MassUnit | None:
    """Return the unit of mass that a word names. Short names count in one case only: `T`, `G` and `MG` are not SI."""
    return _EXACT.get(text) or _WORDS.get("-".join(text.lower().split()))


_TYPESET_SPACES = "\u00a0\u2009\u202f"
_BLANKS = f" {_TYPESET_SPACES}'\u2019"
NUMBER = (
    rf"(?:[0-9]{{1,3}}(?:[{_BLANKS}][0-9]{{3}})+(?![0-9])(?:[.,][0-9]+)?|[0-9](?:_?[0-9])*(?:[.,][0-9]+)*(?:\.(?![0-9]))?"
    r"|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?"
)
"""A pattern for an unsigned number, with any separators that people write: pass what it finds to `readings_of`."""
_LONGEST_NUMBER = 60
_MOST_DIGITS = 300
"""Before or behind the point: what a float can hold."""
_THOUSANDS_COMMA = r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?"
_THOUSANDS_DOT = r"[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+|[0-9]{1,3}(?:\.[0-9]{3}){2,}"


def readings_of(number: str) -> tuple[Decimal, ...]:
    """Return what a written number can mean, the likeliest first; empty if it means nothing.

    `4,009.5` has thousands, `43,24` a decimal comma; `4,475` may be either, and counts as thousands first.
    """
    mantissa, mark, exponent = number.lower().partition("e")
    sign = mantissa[:1] if mantissa[:1] in {"+", "-"} else ""
    mantissa = mantissa[len(sign) :]
    if len(number) > _LONGEST_NUMBER or (mark and not re.fullmatch(r"[-+]?[0-9]{1,4}", exponent)):
        return ()
    if re.fullmatch(rf"[0-9]{{1,3}}(?:[{_BLANKS}][0-9]{{3}})+(?:[.,][0-9]*)?", mantissa):
        mantissa = "".join(mantissa.translate(dict.fromkeys(map(ord, _BLANKS))))
        texts = [mantissa.replace(",", ".")]
    else:
        texts = _without_separators(mantissa)
    values = (Decimal(f"{sign}{text}{mark}{exponent}") for text in texts)
    return tuple(value for value in values if value == 0 or abs(value.adjusted()) < _MOST_DIGITS)


def _without_separators(mantissa: str) -> list[str]:
    if re.fullmatch(r"[0-9](?:_?[0-9])*(?:\.[0-9]*)?|\.[0-9]+", mantissa):
        return [mantissa.replace("_", "")]
    if re.fullmatch(_THOUSANDS_COMMA, mantissa) and not mantissa.startswith("0"):
        thousands = mantissa.replace(",", "")
        is_lone = mantissa.count(",") == 1 and "." not in mantissa
        return [thousands, mantissa.replace(",", ".")] if is_lone else [thousands]
    if re.fullmatch(r"[0-9]+,[0-9]+", mantissa):
        return [mantissa.replace(",", ".")]
    if re.fullmatch(_THOUSANDS_DOT, mantissa):
        return [mantissa.replace(".", "").replace(",", ".")]
    return []


def plain(value: Decimal) -> str:
    """Return a number as every YAML reader takes it: digits and at most one dot."""
    text = f"{value.normalize():f}"
    return text if text != "-0" else "0"


LEAST_GRID_G_PER_KWH = 1.0
MOST_GRID_G_PER_KWH = 1500.0
"""Every grid's carbon intensity lies between: Quebec about 2, coal somewhat over 1,000 (CodeCarbon 3.3.2's tables)."""

KG_TO_G = 1000.0
"""CodeCarbon counts kilograms, a model card states grams. `grams_from_kilograms` is the one place that converts."""


def grams_from_kilograms(emissions_kg: float) -> float:
    """Return CodeCarbon's kilograms as the card's grams. The only such conversion in the program."""
    return emissions_kg * KG_TO_G


def kilograms_from_grams(emissions_g: float) -> float:
    """Return the card's grams as CodeCarbon's kilograms."""
    return emissions_g / KG_TO_G


def tonnes_from_grams(emissions_g: float) -> float:
    """Return grams as tonnes, as bills of materials state them."""
    return emissions_g / float(GRAMS_PER["t"])


def mwh_from_kwh(energy_kwh: float) -> float:
    """Return kilowatt-hours as megawatt-hours, as regulators ask for them."""
    return energy_kwh / float(KWH_PER["MWh"])


def hours_from_seconds(duration_s: float) -> float:
    """Return seconds as hours."""
    return duration_s / float(SECONDS_PER["h"])


def days_from_seconds(duration_s: float) -> float:
    """Return seconds as days."""
    return duration_s / float(SECONDS_PER["d"])


def mean_power_w(energy_kwh: float | None, duration_s: float) -> float | None:
    """Return the mean power in W; `None` if there is no energy or no time."""
    return None if energy_kwh is None or not duration_s else energy_kwh * JOULES_PER_KWH / duration_s


def parse_emissions_g(text: str) -> float:
    """Return `'1.5 kg'` as 1500.0. Raises UsageError if the unit is missing or unknown, or the number is not >= 0."""
    return _parse(text, GRAMS_PER, "an emissions quantity", "'500 g' or '1.2 kg'")


def parse_energy_kwh(text: str) -> float:
    """Return `'250 Wh'` as 0.25. Raises UsageError as `parse_emissions_g` does."""
    return _parse(text, KWH_PER, "an energy quantity", "'250 Wh' or '1.2 kWh'")


def parse_power_w(text: str) -> float:
    """Return `'15W'` as 15.0. Raises UsageError as `parse_emissions_g` does."""
    return _parse(text, WATTS_PER, "a power", "'15 W'")


def parse_part_power_w(text: str) -> float:
    """Return the power of a machine's CPUs or memory in W. Raises UsageError as above, or if none can draw that."""
    power_w = parse_power_w(text)
    if not 0 < power_w <= MOST_PART_W:
        raise UsageError(
            f"{text!r} is not what the CPUs or the memory of a machine draw",
            hint=f"give more than 0 and at most {MOST_PART_W:g} W, like '15 W', or leave it out",
        )
    return power_w


def parse_memory_gib(text: str) -> float:
    """Return `'16 GiB'` as 16.0. Raises UsageError as `parse_emissions_g` does."""
    return _parse(text, GIB_PER, "an amount of memory", "'16 GiB'")


def parse_duration_s(text: str) -> float:
    """Return `'30s'` or `'1.5h'` in seconds. Raises UsageError as `parse_emissions_g` does."""
    return _parse(text, SECONDS_PER, "a duration", "'30s' or '5m'")


def _parse(text: str, table: dict[str, Decimal], what: str, example: str) -> float:
    text = text.translate(dict.fromkeys(map(ord, _TYPESET_SPACES), " "))
    match = re.fullmatch(rf"\s*(?P<number>[+-]?{NUMBER})\s*(?P<unit>[^\d\s.+-].*?)?\s*", text, re.ASCII)
    readings = readings_of(match["number"]) if match else ()
    if match is None or not readings:
        raise UsageError(f"{text!r} is not {what}", hint=f"write a number and a unit, like {example}")
    unit = match["unit"]
    if unit is None:
        raise UsageError(f"{text!r} has no unit", hint=f"write the unit too, like {example}")
    mass = mass_unit(unit) if table is GRAMS_PER else None
    known = table.get(unit)
    factors = mass.grams if mass else (known,) if known is not None else ()
    if not factors:
        hint, suggest = _hint(text.strip(), unit, table)
        raise UsageError(f"{text!r}: unknown unit {unit!r}", hint=hint, suggest=suggest)
    if len(readings) > 1:
        either = " or ".join(map(plain, readings))
        raise UsageError(f"{text!r} can mean {either}", hint=f"write the number without a comma, like {example}")
    if len(factors) > 1:
        raise UsageError(f"{text!r}: {unit!r} has several meanings", hint=f"use one of {', '.join(table)}")
    value = float(readings[0] * factors[0])
    if value < 0 or not math.isfinite(value):
        raise UsageError(f"{text!r} must be a finite quantity of zero or more", hint=f"write {example}")
    return value


def _hint(text: str, unit: str, table: dict[str, Decimal]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Suggest what to write instead of an unknown unit; a quantity of the other kind belongs to the other limit."""
    if table is GRAMS_PER and unit in KWH_PER:
        return "that is energy", (("max-energy", text),)
    if table is KWH_PER and unit in GRAMS_PER:
        return "those are emissions", (("max-emissions", text),)
    gas = re.search(r"\s*CO2(?:-?eq?)?$", unit, re.IGNORECASE)
    if table is GRAMS_PER and gas is not None:
        return f"leave {gas[0].strip()} out: '{text.removesuffix(gas[0])}'", ()
    same = [known for known in table if known.lower() == unit.lower()]
    guess = f"did you mean {same[0]!r}? " if same else ""
    return f"{guess}known units: {', '.join(table)}", ()


_EMISSIONS_SCALES = (("t", 1e6), ("kg", 1e3), ("g", 1.0), ("mg", 1e-3), ("µg", 1e-6))
_ENERGY_SCALES = (("MWh", 1e3), ("kWh", 1.0), ("Wh", 1e-3), ("mWh", 1e-6))
_NARROW = 0.3  # of the value: a narrower range needs a digit more to be seen


def format_emissions(emissions_g: float) -> str:
    """Return grams for a person: three significant digits and the unit that fits, `0.0123` -> `12.3 mg`."""
    return _format(emissions_g, _EMISSIONS_SCALES)


def format_emissions_range(emissions_g: float, low_g: float, high_g: float) -> str:
    """Return grams with their range, the unit once: `4.2 mg (1.8 to 8)`."""
    return _format_range(emissions_g, low_g, high_g, _EMISSIONS_SCALES)


def format_energy(energy_kwh: float) -> str:
    """Return kilowatt-hours for a person, `0.0005` -> `500 mWh`."""
    return _format(energy_kwh, _ENERGY_SCALES)


def format_energy_range(energy_kwh: float, low_kwh: float, high_kwh: float) -> str:
    """Return kilowatt-hours with their range, the unit once: `68 mWh (41 to 120)`."""
    return _format_range(energy_kwh, low_kwh, high_kwh, _ENERGY_SCALES)


def format_emissions_of(emissions_g: float, whole_g: float) -> str:
    """Return grams of other grams, the unit once if it is the same: `4.19 of 4 mg`."""
    return _format_of(emissions_g, whole_g, _EMISSIONS_SCALES)


def format_energy_of(energy_kwh: float, whole_kwh: float) -> str:
    """Return kilowatt-hours of others, the unit once if it is the same: `68 of 70 mWh`."""
    return _format_of(energy_kwh, whole_kwh, _ENERGY_SCALES)


def format_power(power_w: float) -> str:
    """Return watts for a person: `4.4 W`."""
    return _format(power_w, (("kW", 1e3), ("W", 1.0), ("mW", 1e-3)))


def format_duration(duration_s: float) -> str:
    """Return seconds for a person: `7.3 s`, `2 min 05 s`, `3 h 20 min`."""
    if duration_s < 60:  # noqa: PLR2004  seconds in a minute
        return f"{duration_s:.1f} s"
    minutes, seconds = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {seconds:02d} s"


def significant(value: float, digits: int = 3) -> str:
    """Return `value` rounded to `digits` significant digits, without an exponent and without trailing zeros."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    rounded = round(value, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{Decimal(repr(rounded)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(value: float, digits: int = 3) -> str:
    """Return `value` with `digits` significant digits, zeros kept: `0.3` is `0.300`, `1234` is `1234`."""
    exact = Decimal(repr(value))
    return f"{value:.{max(0, digits - 1 - exact.adjusted())}f}" if value else "0"


def _format(value: float, scales: tuple[tuple[str, float], ...]) -> str:
    return " ".join(_scaled(value, scales))


def _scaled(value: float, scales: tuple[tuple[str, float], ...]) -> tuple[str, str]:
    """Return the number, and the unit that fits."""
    for unit, size in scales:
        # 0.9995 and not 1: 999.7 g rounds to 1000, which is written 1 kg
        if abs(value) >= 0.9995 * size:
            return significant(value / size), unit
    if value == 0:
        return "0", next(base for base, base_size in scales if base_size == 1.0)
    unit, size = scales[-1]
    return significant(value / size), unit


def _format_of(value: float, whole: float, scales: tuple[tuple[str, float], ...]) -> str:
    (number, unit), (whole_number, whole_unit) = _scaled(value, scales), _scaled(whole, scales)
    return f"{number}{'' if unit == whole_unit else f' {unit}'} of {whole_number} {whole_unit}"


def _format_range(value: float, low: float, high: float, scales: tuple[tuple[str, float], ...]) -> str:
    """Return the value, and its bounds in the value's own unit; a bound that is the value's is not repeated."""
    number, unit = _scaled(value, scales)
    if low == value == high:
        return f"{number} {unit}"
    size = dict(scales)[unit]
    digits = 2 if high - low > _NARROW * value else 3
    ends = (significant(end / size, digits) for end in (low, high))
    return f"{number} {unit} ({' to '.join(ends)})"


def check_intensity(g_per_kwh: float) -> float:
    """Return a carbon intensity in g/kWh as it is. Raises UsageError unless it is a finite number above 0."""
    if not 0 < g_per_kwh < math.inf:  # NaN fails too
        raise UsageError(
            f"{g_per_kwh:g} is not a number of g/kWh above 0",
            hint="give the grid's g CO2eq per kWh, such as 56.04",
        )
    return g_per_kwh


def check_pue(pue: float) -> float:
    """Return a power usage effectiveness as it is. Raises UsageError unless it is from 1 to `MOST_PUE`."""
    if not 1 <= pue <= MOST_PUE:
        raise UsageError(
            f"a PUE of {pue:g} cannot be: it is a number from 1 to {MOST_PUE:g}",
            hint="PUE is the building's whole energy over that of its computers",
        )
    return pue
