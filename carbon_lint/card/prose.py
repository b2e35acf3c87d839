"""Figures of emissions that a card's own text states, with their unit; and the hours of training.

Only an amount that is bound to a label is taken (`CO2 Emissions (in grams): 1.2`, `**Carbon Emitted**: 0.42 kg`, a
table's column `Emissions (KgCO2eq)`). Rates, and the emissions of cars, data sets and other models, are not figures of
the model; `subject` distinguishes them.
"""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from typing import NamedTuple

from carbon_lint.card.markup import hidden, pattern, plain
from carbon_lint.card.quantity import Named, numbers, quantities, quantity_of, unit_at, units_in
from carbon_lint.card.subject import Subjects
from carbon_lint.card.table import html_tables, pipe_table
from carbon_lint.units import readings_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbon_lint.card.markup import Plain

_MAX_LINE = 2000
_MAX_FIGURES = 200
_MAX_WORDS = 5000
_MAX_NUMBERS = 60
_LONGEST_GAP = 160
_WORDS = ("emission", "emit", "footprint", "co2", "co\u2082", "co\u00b2", "co<sub>2", "co_", "co$", "co~2", "carbon")

_SPEAKS = (
    r"[e\u00e9]mi(?:ssion|tt?e?d?s?\b)|emisi|footprint|(?:empreinte|bilan|huella|pegada)\b[^\n]{0,6}\bcarbon"
    r"|CO(?:2|\u2082|\u00b2|<sub>2|[_$~{]{1,3}2|&\#8322)"
)
_LABEL = (
    r"(?<![A-Za-z\u00e9])(?:[e\u00e9]missions?(?!\.csv)"
    r"(?![ _-](?:factor|intensity|rate|trading|scenario|data|reduction|target|saving|allowance))"
    r"|emissionen|emisiones|emissioni|emiss(?:\u00f5es|\u00e3o)|emisi\u00f3n|emitted|emits?|emitting"
    r"|\u00e9mis|emiti(?:\u00f3|u)|(?:empreinte|bilan|huella|pegada)(?:[ ]de)?[ ]carbon[eo]"
    r"|Fu(?:\u00df|ss)abdruck|Aussto(?:\u00df|ss)|\u6392\u653e\u91cf?|\u6392\u51fa\u91cf|\ubc30\ucd9c\ub7c9"
    r"|\u0432\u044b\u0431\u0440\u043e\u0441\u044b?"
    r"|(?<!memory[ ])(?<!storage[ ])(?<!disk[ ])(?<!hardware[ ])(?<!VRAM[ ])(?<!GPU[ ])footprint)(?![A-Za-z0-9])"
)
# A weaker label counts only if CO2 is named with the amount.
_WEAK = (
    r"\b(?:produced?|produces|released?|releases|generated?|generates"
    r"|(?:carbon|climate|environmental)[ ](?:cost|impact|output))\b"
)
_KEY = (
    r"^[ \t>*+|\u2022-]{0,12}(?:\d{1,2}[.)][ ])?(?:[A-Za-z][\w-]{0,20}[ ]){0,3}?"
    r"(?:CO2(?:[ _-]?(?:eq(?:uivalents?)?|e))?|GHG|greenhouse[ ]gas(?:es)?|carbon(?:[ ]dioxide)?)"
    r"(?:[ ]?[(\[][^()\[\]\d]{0,40}[)\]])?[ ]?(?=[:=|])"
)
_KEY_CELL = r"\W{0,6}(?:CO2(?:[ _-]?(?:eq(?:uivalents?)?|e))?|carbon(?:[ ]dioxide)?|GHG)[ ]?(?:[(\[]|$)"
_BEHIND_LABEL = (
    r"[ ]{0,2}(?:\([^()\d]{0,30}\)[ ])?(?:of[ ])?"
    r"(?:(?:total|training|carbon|greenhouse[ ]gas|GHG|CO2(?:eq)?|estimated|equivalent)[ ]){0,3}"
    r"(?:emissions?|(?:(?:was|were|is|are|has[ ]been|have[ ]been|being)[ ])?"
    r"(?:emitted|produced|released|generated))\b"
)
# Numbers that may stand between a label and its amount: names, dates, and counts of other things.
_OTHER_NUMBER = (
    r"CO_?2|scope[ ][123]|\d{1,5}[ ]?(?:[x\u00d7*][ ]?)?(?:NVIDIA|AMD|TPU|[A-Z]{1,4}\d{1,4})\w*"
    r"|[A-Za-z][\w-]*\d[\w.-]*|\b(?:19|20)\d\d\b"
    r"|\d[\d.,]*[ -]?(?:hours?|hrs?|h|days?|weeks?|months?|minutes?|epochs?|steps?"
    r"|[kM]?Wh|k?W|%|x|B|M|billion|million|GPUs?|TPUs?|nodes?|seeds?|runs?|trials?|experiments?|models?|parameters?|params|GB)\b|\d[\d.,]*%"
)
_SENTENCE_END = (
    r"(?<!\bapprox)(?<!\beq)(?<!\bequiv)(?<!\bca)(?<!\best)(?<!\bincl)(?<!\bvs)(?<!\be\.g)(?<!\bi\.e)(?<!\bno)"
    r"[.!;](?=\s|$)|\?(?=\s|$)|\u3002"
)
_ANSWER = r"\s*[|:]?\s*(?:about|around|approximately|approx\.?|roughly|~)?\s*\d"
_SEPARATES = r"[ \"':=|~\u2192]{0,12}(?:(?:about|around|approximately|approx\.?|roughly|ca\.?|~)[ ]?)?$"
_CONTINUES = r"[ \t]*(?:[*_$(~\u2248`]{0,3})(?-i:[a-z]|\d(?!\d{0,2}[.)][ ]))"
# What may be beside a number in a cell.
_BESIDE = (
    r"[^\w<>\u2264\u2265\u00b1+/-]{0,12}(?:(?:approx|ca|about|est|estimated|total)\b[^\w]{0,4})?"
    r"(?:\([^()\d]{0,40}\))?\W{0,6}"
)
_BRACKETS = r"[ ]{0,2}\((?P<held>[^()\d]{0,30}(?:CO2[^()\d]{0,30})?)\)"
# What follows a number that is not an amount in the label's unit: `5 GPUs`, `3 %`, `2 kWh`, `5-10`.
_COUNTED = (
    r"[\w%]|[ ]{1,2}(?:%|[kM]?Wh\b|k?W\b|hours?\b|h\b|GPUs?\b|\+/-|to[ ]\d)"
    r"|\s?[-\u2013\u00b1]\s?\d"
)
# `3 x 5 kg` and `5 kg x 3` are not totals, and of `10 kg to 20 kg` neither is.
_FACTOR_BEFORE = r"\d[ ]{0,2}[x\u00d7\u00b7*][ ]{0,2}$"
_FACTOR_BEHIND = r"[ ]{0,2}[x\u00d7*][ ]{0,2}\d|[ ]{1,3}\d[\d.,]{0,12}[ ]{0,2}="
_RANGE_BEHIND = r"[ ]{0,2}(?:\b(?:to|bis)\b|\u00e0|[-\u2013\u2014~])[ ]{0,2}(?P<last>\d[\d.,]{0,20})"
_FORMULA = r"[^\d=;|]{0,60}\d[^=;|]{0,80}?(?:[x\u00d7\u00b7*]|[ ]{2}(?=\d))[^=;|]{1,80}=[ ~]{0,3}"
_SUM = r"\W{0,6}(?:grand[ ]|overall[ ])?(?:total|sum|all)\b[^|]{0,30}"
_DIGIT = re.compile(r"\d")
_HOURS = {"h": 1.0, "m": 1 / 60, "s": 1 / 3600, "d": 24.0, "w": 168.0}
_TIME = (
    r"(?:hours[ _-]{1,2}used|training[ _-]{1,2}(?:time|duration)|trained[ ]for|time[ ]spent)[^\d\n.!?;]{0,60}?"
    r"(?<![\w.,-])"
    r"(?P<number>\d[\d.,_]{0,40})(?:[ ]{0,2}(?P<unit>hours?|hrs?|h|minutes?|mins?|seconds?|secs?|days?|weeks?)\b)?"
)


class BodyFigure(NamedTuple):
    """Emissions as the text states them: `text[start:end]` is the number, `grams` what it comes to.

    `alternatives` holds the other readings in grams: `4,475 kg` is 4,475,000 or 4,475, a ton is one of three.
    """

    number_text: str
    unit: str
    start: int
    end: int
    grams: float
    alternatives: tuple[float, ...]
    unit_g: float


def figures(text: str, start: int) -> list[BodyFigure]:
    """Return the emissions that `text[start:]` states, in order."""
    lowered = text[start:].lower()
    if not any(word in lowered for word in _WORDS):
        return []
    return _Reader(text, start).read()


def hours(text: str, start: int) -> list[float]:
    """Return the hours that `text[start:]` states for the training. A bare number after `Hours used` is hours."""
    found = []
    for match in pattern(_TIME).finditer(text, start):
        values = readings_of(match["number"].rstrip(".,_"))
        if values:
            found.append(float(values[0]) * _HOURS[(match["unit"] or "h")[0].lower()])
    return found[:_MAX_FIGURES]


class _Reader:
    """Reads one card: what is hidden, what its sections are about, and the figures so far, by their place."""

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.start = start
        self.hidden = hidden(text, start)
        self.subjects = Subjects(text, start)
        self.found: dict[int, BodyFigure] = {}

    def read(self) -> list[BodyFigure]:
        for start, end, rows in html_tables(self.text, self.start):
            if not self._is_passed_over(start):
                self._take_table(rows)
            insort(self.hidden, (start, end))  # its lines are not read once more
        done = self.start
        for number, word in enumerate(pattern(_SPEAKS).finditer(self.text, self.start)):
            if len(self.found) >= _MAX_FIGURES or number >= _MAX_WORDS:
                break
            if word.start() >= done:
                done = self._take_line_at(word.start(), word.end())
        return [self.found[at] for at in sorted(self.found)][:_MAX_FIGURES]

    def _take_line_at(self, word_start: int, word_end: int) -> int:
        """Take the figures of a line, or of the table or the sentence that it belongs to; return where that ends."""
        text = self.text
        begin = max(self.start, text.rfind("\n", self.start, word_start) + 1)
        end = text.find("\n", word_end)
        end = len(text) if end < 0 else end
        if end - begin > _MAX_LINE or self._is_passed_over(word_start):
            return end
        table = pipe_table(text, begin, end)
        if table is not None:
            self._take_table(table[0])
            return table[1]
        end = self._continued(end)
        self._take_line(plain(text, begin, min(end, begin + _MAX_LINE)))
        return end

    def _is_passed_over(self, position: int) -> bool:
        """Return whether the text at `position` is code, a comment, a table that was read, or about something else."""
        number = bisect_right(self.hidden, (position, len(self.text)))
        is_hidden = any(position < end for _, end in self.hidden[max(0, number - 4) : number])
        return is_hidden or self.subjects.is_aside(position)

    def _continued(self, line_end: int) -> int:
        """Return the end of the paragraph's next two lines, if the sentence plainly goes on there."""
        text, end = self.text, line_end
        for _ in range(2):
            if (
                end >= len(text)
                or text[end - 1 : end] in {".", "!", "?", "|"}
                or not pattern(_CONTINUES).match(text, end + 1)
            ):
                break
            following = text.find("\n", end + 1)
            following = len(text) if following < 0 else following
            if following - end > _MAX_LINE or ":" in text[end:following]:
                break
            end = following
        return end

    def _take_line(self, line: Plain) -> None:
        if not _DIGIT.search(line.text):
            return
        position = 0
        for end in [*_sentence_ends(line.text), len(line.text)]:
            if _DIGIT.search(line.text, position, end):
                self._take_sentence(line, position, end)
            position = end

    def _take_sentence(self, line: Plain, start: int, end: int) -> None:
        sentence = line.text[start:end]
        labels = [match.span() for match in pattern(_LABEL).finditer(sentence)]
        labels += [match.span() for match in [pattern(_KEY).match(sentence)] if match]
        weak = [match.span() for match in pattern(_WEAK).finditer(sentence)]
        window = 0
        for number_start, number_end in numbers(sentence)[:_MAX_NUMBERS]:
            unit = _unit_of(sentence, number_start, number_end, window, labels)
            if unit is None:
                continue
            before, behind = sentence[window:number_start], sentence[max(unit.gas_end, number_end) :]
            is_direct = unit.start >= number_end
            at = [(a - window, b - window) for a, b in labels if window <= a < b <= number_start]
            if unit.names_gas:
                at += [(a - window, b - window) for a, b in weak if window <= a < b <= number_start]
            label = _label_of(before, at, behind) if is_direct else max(at, default=(None,))[0]
            result_of = _formula_before(sentence, number_start, labels) if is_direct else None
            if result_of is not None and not self.subjects.is_other_subject(sentence[:number_start]):
                label, before = result_of[0], sentence[: result_of[1]]
            if (
                label is not None
                and not unit.is_rate
                and not _is_part(before, behind)
                and not self.subjects.is_foreign(before, label, behind)
            ):
                self._take(line, start + number_start, start + number_end, unit)
            window = max(unit.gas_end, number_end)

    def _take(self, line: Plain, start: int, end: int, unit: Named) -> None:
        text = line.text[start:end]
        values = readings_of(text)
        if not values or (values[0] == 0 and not _DIGIT.search(text.partition(".")[2])):
            return  # a bare zero is a claim or a gap, not a figure
        likeliest, *others = (float(value * factor) for factor in unit.mass.grams for value in values)
        where = line.span(start, end)
        figure = BodyFigure(text, unit.text, *where, likeliest, tuple(others), float(unit.mass.grams[0]))
        self.found.setdefault(figure.start, figure)

    def _take_table(self, rows: list[list[tuple[int, int]]]) -> None:
        """Take cells under a column that names emissions, and cells beside a row's label that does."""
        cells = [[plain(self.text, begin, min(end, begin + _MAX_LINE)) for begin, end in row] for row in rows]
        if len(cells) <= 1:
            return
        header, body = [cell.text for cell in cells[0]], cells[1:]
        names = [row[0].text.strip() for row in body]
        columns = {number: self._heads(head) for number, head in enumerate(header)}
        own_rows = [self.subjects.is_own(name) for name in names]
        sums = [pattern(_SUM).fullmatch(name) is not None for name in names]
        if any(own_rows) and all(own or total for own, total in zip(own_rows, sums, strict=True)):
            own_rows = [True] * len(names)
        own_columns = {number for number, head in enumerate(header) if self.subjects.is_own(head)}
        others = {number for number, head in enumerate(header) if self.subjects.is_other_subject(head)}
        others |= columns.keys() - own_columns if own_columns else set()
        if self._heads(header[0]) and any(any(quantities(cell)) for cell in header[1:]):
            # a table without a head: the row in its place is like the others
            body, names, own_rows = [cells[0], *body], [header[0], *names], [False, *own_rows]
        for row, name, is_own in zip(body, names, own_rows, strict=True):
            labelled = self._heads(name)
            if (any(own_rows) and not (is_own or labelled)) or self.subjects.is_other_subject(name):
                continue
            row_unit = (labelled and labelled[1]) or _unit_cell(row[1:])
            for number, cell in enumerate(row):
                head = columns.get(number)
                if head is not None:
                    self._take_cell(cell, head[1])
                elif labelled and number > 0 and number not in others:
                    self._take_cell(cell, row_unit)

    def _heads(self, label: str) -> tuple[bool, Named | None] | None:
        """Return what the name of a column or row says of its cells: that they are emissions, and in which unit."""
        units = list(units_in(label))
        has_gas = any(unit.names_gas for unit in units)
        is_label = pattern(_LABEL).search(label) or pattern(_KEY_CELL).match(label)
        if (
            (not is_label and not has_gas)
            or any(quantities(label))
            or self.subjects.is_rate_or_other(label)
            or any(unit.is_rate for unit in units)
        ):
            return None
        return True, units[0] if units else None

    def _take_cell(self, cell: Plain, unit: Named | None) -> None:
        found = numbers(cell.text)
        if len(found) != 1:
            return
        start, end = found[0]
        quantity = quantity_of(cell.text, start, end)
        stated = unit_at(cell.text, end) if quantity else unit
        rest = cell.text[:start] + cell.text[quantity.unit.gas_end if quantity else end :]
        if stated is None or stated.is_rate or not pattern(_BESIDE).fullmatch(rest.strip()):
            return
        self._take(cell, start, end, stated)


def _sentence_ends(text: str) -> list[int]:
    return [
        match.end()
        for match in pattern(_SENTENCE_END).finditer(text)
        if match[0] != "?" or not pattern(_ANSWER).match(text, match.end())
    ]


def _unit_of(text: str, start: int, end: int, window: int, labels: list[tuple[int, int]]) -> Named | None:
    """Return the unit of the number `text[start:end]`: behind it, in brackets behind it, or in the label before it."""
    direct = unit_at(text, end)
    if direct is not None:
        return direct
    brackets = pattern(_BRACKETS).match(text, end)
    if brackets is not None:
        for unit in units_in(brackets["held"]):
            shift = brackets.start("held")
            return unit._replace(start=unit.start + shift, end=unit.end + shift, gas_end=brackets.end())
    before = text[window:start]
    if not any(window <= label and label_end <= start for label, label_end in labels):
        return None
    if not pattern(_SEPARATES).search(before) or pattern(_COUNTED).match(text, end):
        return None
    units = list(units_in(before))
    return units[-1]._replace(start=0, gas_end=0) if units else None


def _label_of(before: str, labels: list[tuple[int, int]], behind: str) -> int | None:
    """Return where the label of an amount starts: before the number with no other number between, or at once behind."""
    if labels:
        label, label_end = max(labels, key=lambda span: span[1])
        gap = before[label_end:]
        if len(gap) <= _LONGEST_GAP and not _DIGIT.search(pattern(_OTHER_NUMBER).sub(" ", gap)):
            return label
    return len(before) if pattern(_BEHIND_LABEL).match(behind) else None


def _is_part(before: str, behind: str) -> bool:
    """Return whether an amount is a factor of a formula, or an end of a range."""
    if pattern(_FACTOR_BEFORE).search(before[-12:]) or pattern(_FACTOR_BEHIND).match(behind):
        return True
    last = pattern(_RANGE_BEHIND).match(behind)
    return last is not None and unit_at(behind, last.end()) is not None


def _formula_before(sentence: str, number: int, labels: list[tuple[int, int]]) -> tuple[int, int] | None:
    """Return the label of an amount that is a formula's result: `Emissions: 100 kWh x 0.4 kg/kWh = 40 kg`."""
    found = [label for label in labels if label[1] <= number]
    if not found or not sentence[:number].rstrip(" ~").endswith("="):
        return None
    label = max(found, key=lambda span: span[1])
    return label if pattern(_FORMULA).fullmatch(sentence, label[1], number) else None


def _unit_cell(cells: list[Plain]) -> Named | None:
    """Return the unit that a cell of its own names."""
    for cell in cells:
        text = cell.text.strip()
        unit = unit_at(text, 0)
        if unit is not None and not text[unit.gas_end :].strip(" ()[]."):
            return unit
    return None
