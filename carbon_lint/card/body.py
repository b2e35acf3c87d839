"""Figures that a card's own text states: emissions with their unit, and energy, hours and hardware where it has them.

Only what is bound to a label is taken (`CO2 Emissions (in grams): 1.2`, `**Carbon Emitted**: 0.42 kg`, a table's column
`Emissions (KgCO2eq)`): prose on what a car emits, rates per kWh and offsets are not figures of the model.
"""

from __future__ import annotations

import math
import re
from itertools import islice

_GRAMS = {"g": 1.0, "k": 1000.0, "m": 0.001, "t": 1_000_000.0}
_KWH = {"w": 0.001, "k": 1.0, "m": 1000.0}
_HOURS = {"h": 1.0, "m": 1 / 60, "s": 1 / 3600, "d": 24.0, "w": 168.0}

_NUMBER = r"(?P<number>\d[\d.,_]{0,40}(?:[eE][-+]?\d{1,4})?)"
_UNIT = (
    r"(?P<unit>kilograms?|kilogrammes?|kilos?|kgs?|milligrams?|mg|grams?|grammes?|gr|g"
    r"|metric\s+tonn?e?s?|tonnes?|tons?|t(?=[ ]?(?:of[ ])?CO))"
)
# Every run of blanks is bounded: a line of two thousand must not cost a million steps.
_CO2 = r"(?:[ ]{0,2}\(?[ ]?(?:eq\.?|of|equivalents?)?[ ]?(?:CO2|CO₂|CO<sub>2</sub>|CO_2|carbon)[\w.\-₂]{0,12})?"
# A rate is no figure: `g/kWh`, `kg per hour`.
_END = r"(?![\w₂])(?!" + _CO2 + r"[ ]{0,2}(?:/|per\b|\beach\b|\ba[ ](?:year|day|month)))"
_LABEL = (
    r"(?:CO2|CO₂|CO<sub>2</sub>|carbon|GHG|greenhouse[ ]gas)?[ _-]{0,2}(?:eq(?:uivalent)?s?)?[ _-]{0,2}"
    r"(?:emissions?\b(?!\.csv)|emitted\b|emits?\b|footprint\b)"
)
# What may stand between a label and its number: no digit but the one in CO2, no sentence's end.
_GAP = r"(?:CO2|CO_2|CO<sub>2</sub>|[^\d\n.!?;]|\.(?=[A-Za-z*]))"

_AFTER_LABEL = re.compile(
    rf"{_LABEL}{_GAP}{{0,160}}?(?<![\w.,-]){_NUMBER}[ ]{{0,2}}{_UNIT}(?=CO|{_END}){_CO2}", re.IGNORECASE
)
_UNIT_IN_LABEL = re.compile(
    rf"{_LABEL}[ *_]{{0,6}}\((?:[^()\n]{{0,40}}?[ ])?(?:in[ ])?{_UNIT}"
    rf"(?:[ ]?(?:of[ ])?CO[\w₂.\- ]{{0,12}}|[ ]eq[\w.]{{0,9}})?\)"
    rf"[ *_:=|~≈]{{1,12}}{_NUMBER}(?![\w%])",
    re.IGNORECASE,
)
_UNIT_BEHIND = re.compile(
    rf"{_LABEL}[ *_\"':=|~≈]{{1,12}}{_NUMBER}[ ]{{0,2}}\([^()\n]{{0,30}}?\b(?:in[ ])?{_UNIT}\b[^()\n]{{0,20}}\)",
    re.IGNORECASE,
)
_PATTERNS = (_UNIT_IN_LABEL, _AFTER_LABEL, _UNIT_BEHIND)
_SPEAKS = re.compile(r"emi(?:ssion|tted|ts?\b)|footprint", re.IGNORECASE)
_WORDS = ("emission", "emit", "footprint")
# Lines on something else than what this model took.
_FOREIGN = re.compile(
    r"\b(?:cars?|driv(?:e|ing)|flights?|flying|households?|passengers?|offset|saved|savings?|avoid(?:ed)?"
    r"|average[ ]person|trees?|per[ ]capita|kWh/|/kWh)\b",
    re.IGNORECASE,
)
_TABLE_UNIT = re.compile(rf"{_LABEL}[^|\n]{{0,60}}?\(?\b(?:in[ ])?{_UNIT}(?:[ ]?(?:of[ ])?CO|\b)", re.IGNORECASE)
_SEPARATOR = re.compile(r"\n[ ]{0,3}\|?[ ]{0,9}:?-[-: |]{2,500}\r?$", re.MULTILINE)
_ROW = re.compile(r"[^\n]*\|[^\n]*")
_CELL_NUMBER = re.compile(rf"[ *_]{{0,20}}{_NUMBER}[ *_]{{0,80}}")
_MAX_LINE = 2000
_MAX_FIGURES = 200
_MAX_LINES = 1000
_MAX_WORDS = 12
_DIGIT = re.compile(r"\d")


class BodyFigure:
    """Emissions as the text states them: `text[start:end]` is the number, `grams` what it comes to.

    `alternatives` holds the other reading of an ambiguous comma, in grams: `4,475 kg` is 4,475,000 or 4,475.
    """

    __slots__ = ("alternatives", "end", "grams", "number_text", "start", "unit")

    def __init__(self, number_text: str, unit: str, start: int, end: int) -> None:
        factor = _GRAMS[unit[0].lower()] if not unit.lower().startswith("metric") else _GRAMS["t"]
        readings = [value * factor for value in readings_of(number_text)]
        self.grams = readings[0]
        self.alternatives = tuple(readings[1:])
        self.number_text = number_text
        self.unit = unit
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"BodyFigure({self.number_text} {self.unit} = {self.grams:g} g at {self.start})"


class Mention:
    """Another figure of the text: `value` in the unit that the function names, `raw` as it stands at `[start, end)`."""

    __slots__ = ("end", "raw", "start", "value")

    def __init__(self, value: float, raw: str, start: int, end: int) -> None:
        self.value = value
        self.raw = raw
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"Mention({self.value:g}, {self.raw!r} at {self.start})"


def figures(text: str, start: int) -> list[BodyFigure]:
    """Emissions that `text[start:]` states, in order."""
    found: list[BodyFigure] = []
    lowered = text[start:].lower()
    if not any(word in lowered for word in _WORDS):
        return found
    line_end, lines = start, 0
    for word in _SPEAKS.finditer(text, start):
        if word.start() < line_end:
            continue
        if len(found) >= _MAX_FIGURES:
            break
        line_start = max(start, text.rfind("\n", start, word.start()) + 1)
        line_end = text.find("\n", word.end())
        line_end = len(text) if line_end < 0 else line_end
        lines += 1
        if lines > _MAX_LINES:
            break
        if line_end - line_start <= _MAX_LINE and _is_prose(text, line_start, line_end):
            found += _in_line(text, line_start, line_end)
            if text.find("|", line_start, line_end) >= 0 and _SEPARATOR.match(text, line_end):
                found += _in_table(text, line_start, line_end)
    return found


def _is_prose(text: str, start: int, end: int) -> bool:
    """Whether a line may hold a figure, and speaks of emissions no more than a person would: it is matched in n²."""
    words = sum(1 for _ in islice(_SPEAKS.finditer(text, start, end), _MAX_WORDS + 1))
    return words <= _MAX_WORDS and _DIGIT.search(text, start, end) is not None


def _in_line(text: str, start: int, end: int) -> list[BodyFigure]:
    if _FOREIGN.search(text, start, end):
        return []
    taken: dict[int, BodyFigure] = {}
    for pattern in _PATTERNS:
        for match in pattern.finditer(text, start, end):
            number, at = _trimmed(match["number"]), match.start("number")
            if at not in taken and readings_of(number):
                taken[at] = BodyFigure(number, match["unit"], at, at + len(number))
    return [taken[at] for at in sorted(taken)]


def _in_table(text: str, start: int, end: int) -> list[BodyFigure]:
    """The cells below a header that names emissions and their unit."""
    header = text[start:end].strip().strip("|").split("|")
    columns = [(number, match["unit"]) for number, cell in enumerate(header) if (match := _TABLE_UNIT.search(cell))]
    found: list[BodyFigure] = []
    position = end + 1
    while columns and len(found) < _MAX_FIGURES:
        row = _ROW.match(text, position)
        if row is None:
            break
        found += [
            figure for number, unit in columns if (figure := _in_cell(text, row.start(), row.end(), number, unit))
        ]
        position = row.end() + 1
    return found


def _in_cell(text: str, start: int, end: int, number: int, unit: str) -> BodyFigure | None:
    line = text[start:end]
    position = start + len(line) - len(line.lstrip())
    if text[position] == "|":
        position += 1
    for _ in range(number):
        bar = text.find("|", position, end)
        if bar < 0:
            return None
        position = bar + 1
    bar = text.find("|", position, end)
    match = _CELL_NUMBER.fullmatch(text[position : bar if bar >= 0 else end].rstrip("\r"))
    if match is None or not readings_of(match["number"]):
        return None
    at = position + match.start("number")
    return BodyFigure(match["number"], unit, at, at + len(match["number"]))


def _trimmed(number: str) -> str:
    # a full stop or comma behind a number ends the sentence
    return number.rstrip(".,_")


def readings_of(number: str) -> list[float]:
    """What a written number can mean, the likeliest first; empty where it means nothing.

    `4,009.5` has thousands, `43,24` a decimal comma; `4,475` may be either and is taken for thousands first.
    """
    mantissa, mark, exponent = number.replace("_", "").lower().partition("e")
    if re.fullmatch(r"\d+(?:\.\d*)?", mantissa):
        texts = [mantissa]
    elif re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?", mantissa):
        texts = [mantissa.replace(",", "")]
        if mantissa.count(",") == 1 and "." not in mantissa:
            texts.append(mantissa.replace(",", "."))
    elif re.fullmatch(r"\d+,\d+", mantissa):
        texts = [mantissa.replace(",", ".")]
    elif re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", mantissa):
        texts = [mantissa.replace(".", "").replace(",", ".")]
    else:
        return []
    values = [float(f"{text}{mark}{exponent}") for text in texts]
    return [value for value in values if math.isfinite(value)]


_ENERGY = re.compile(
    r"(?:energy|electricity|power)[ _-]{0,2}(?:consum\w{1,8}|used|usage|use)?[^\d\n.!?;]{0,80}?(?<![\w.,-])"
    r"(?P<number>\d[\d.,_]{0,40}(?:[eE][-+]?\d{1,4})?)[ ]{0,2}(?P<unit>[kM]?Wh)\b(?![ ]{0,2}(?:/|per\b))",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?:hours[ _-]{1,2}used|training[ _-]{1,2}(?:time|duration)|trained[ ]for|time[ ]spent)[^\d\n.!?;]{0,60}?"
    r"(?<![\w.,-])"
    r"(?P<number>\d[\d.,_]{0,40})(?:[ ]{0,2}(?P<unit>hours?|hrs?|h|minutes?|mins?|seconds?|secs?|days?|weeks?)\b)?",
    re.IGNORECASE,
)
_HARDWARE = re.compile(
    r"^[ \t>*_|-]{0,12}hardware(?:[ _-](?:type|used))?[ *_|]{0,4}:[ *_]{0,4}(?P<text>[^\n]{2,200})",
    re.IGNORECASE | re.MULTILINE,
)
_COUNT = re.compile(r"(?P<count>\d{1,5})[ ]?(?:[xX\u00d7*][ ]?)?(?=[A-Za-z])")


def energy(text: str, start: int) -> list[Mention]:
    """Energy that `text[start:]` states, in kWh."""
    return _mentions(_ENERGY, text, start, _KWH)


def hours(text: str, start: int) -> list[Mention]:
    """Hours that the training took, as `text[start:]` states them. A bare number after `Hours used` is hours."""
    return _mentions(_TIME, text, start, _HOURS)


def hardware(text: str, start: int) -> list[Mention]:
    """Hardware that `text[start:]` names on a line of its own; `raw` is the name, `value` how many (1 where unsaid)."""
    found = []
    for match in _HARDWARE.finditer(text, start):
        raw = match["text"].strip(" *_|\r")
        count = _COUNT.match(raw)
        if raw:
            at = match.start("text") + match["text"].index(raw)
            found.append(Mention(float(count["count"]) if count else 1.0, raw, at, at + len(raw)))
    return found[:_MAX_FIGURES]


def _mentions(pattern: re.Pattern[str], text: str, start: int, factors: dict[str, float]) -> list[Mention]:
    found = []
    for match in pattern.finditer(text, start):
        number = _trimmed(match["number"])
        values = readings_of(number)
        unit = (match["unit"] or "h")[0].lower()
        if values:
            at = match.start("number")
            found.append(Mention(values[0] * factors[unit], text[at : match.end()], at, match.end()))
    return found[:_MAX_FIGURES]
