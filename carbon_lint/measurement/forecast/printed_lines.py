"""Read what one printed line says of how far a job is: a progress bar, a step of so many, an epoch of so many.

Pure, and safe on any text: a line is cut at `MAX_LINE_BYTES`, and no pattern has a repeat within a repeat.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum

MAX_LINE_BYTES = 2048  # a bar of 500 columns in characters of three bytes
_MAX_NAME_CHARACTERS = 40
_LEAST_STEPS = 20  # `Step 2/5: tokenize` is a stage of a script, and stages are not alike
_SCALES = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}  # as tqdm writes large counts

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_COUNT = r"(\d{1,15}(?:\.\d{1,6})?)([kMGTP]?)"
# tqdm: `desc:  42%|####2     | 420/1000 [00:10<00:14, 41.20it/s, loss=0.3]`; without room there is no bar in it.
_TQDM = re.compile(rf"(?<!\d)(\d{{1,3}})%(?:\|[^|]*\|)?\s*{_COUNT}/{_COUNT}\s*\[([^\]]*)")
# rich: `Working... ━━━━╸━━━ 42% 0:00:12`.
_RICH_PERCENT = re.compile(r"[━╸╺]\s+(\d{1,3})%\s+(?:\d+:\d\d|-:--)")
# Lightning's rich bar: `Epoch 3/9 ━━━━╸━━━ 40/100 0:00:10`. Keras has the count first: `40/100 ━━━━ 3s 20ms/step`.
_RICH = re.compile(r"[━╸╺]\s+(\d{1,12})/(\d{1,12})\s")
_KERAS = re.compile(r"\s*(\d{1,12})/(\d{1,12})\s+(?:[━╸╺]|\[[=>.]{2})")
_STEP = re.compile(
    r"\b(steps?|iter(?:ation)?s?|updates?|batch(?:es)?)\b[^\w/.+-]{0,12}(\d{1,12})\s{0,12}(?:/|of)\s{0,12}(\d{1,12})(?![\w.])",
    re.IGNORECASE,
)
_PERCENT = re.compile(
    r"\bprogress\b[^\w.+-]{0,4}(\d{1,3}(?:\.\d{1,6})?)\s?%"  # `Progress: 42%`
    r"|(?:^|[\]:|])\s{0,8}(\d{1,3}(?:\.\d{1,6})?)\s?% (?:done|complete)",  # `42% done`
    re.IGNORECASE,
)
# `[12/600] loss 0.3`, and no `[12/600] /usr/bin/c++ ...` of a build.
_BRACKETS = re.compile(r"(?<!\])\[\s{0,8}(\d{1,12})\s?/\s{0,8}(\d{1,12})\](?!\s{0,4}(?:\[|\S{0,80}/|[cg]\+\+))")
# `[12][50/500]`, `Train: 12 [ 500/1251 ( 40%)]`, `epoch 003:   420 / 3000 loss=2.1`, `Epoch: [0]  [  10/5005]`
_WITHIN = re.compile(
    r"(?:\[\s{0,8}(\d{1,7})\]\s{0,4}|\b(?:epoch|train)\b[ :]{1,4}(\d{1,7})(?!\d)[ :]{1,8})"
    r"\[?\s{0,8}(\d{1,12})\s{0,4}/\s{0,4}(\d{1,12})(?![\w.])",
    re.IGNORECASE,
)
# Ultralytics: `      3/50      2.36G     0.0421 ...  640: 100%|###| 8/8 [00:04<00:00, 1.9it/s]`
_ROW = re.compile(r"\s{0,12}(\d{1,7})/(\d{1,7})\s+\d{1,4}(?:\.\d{1,4})?G\s")
# `Epoch: [0/5]  [  50/1001]`, `[Epoch 1/120][Iter: 0/400]`
_OF_THIS_EPOCH = re.compile(r"[\]):,| ]{1,6}\[(?:\w{1,12}: )?\s{0,8}(\d{1,12})\s?/\s{0,8}(\d{1,12})\]")
# Swin and its like: `Train: [3/300][240/1251]`
_TRAIN_EPOCH = re.compile(r"\btrain: \[\s{0,4}(\d{1,7})\s?/\s{0,4}(\d{1,7})(?=\]\s?\[)", re.IGNORECASE)
_EPOCH_ALONE = re.compile(r"\bepoch\W{0,3}(\d{1,7})(?![\d.]|\s{0,12}(?:/|of\b))", re.IGNORECASE)
_FOLD = re.compile(r"\bfold\b[^\w/.+-]{1,12}(\d{1,4})\s{0,4}(?:/|of)\s{0,4}(\d{1,4})(?![\w.])", re.IGNORECASE)
# `max_iters = 5000`, `Num Epochs = 3`, `Namespace(epochs=90, ...)`: how many there will be, before they are counted.
_ANNOUNCED = re.compile(
    r"\b(?:max|num|total|scheduled)[_ ](epoch|iter|step|update)s?\b['\"]?(?:\s{0,4}[=:]\s{0,4}['\"]?|(?<=total steps) )"
    r"(\d[\d,]{0,12})(?![\w/]|\.\d)"
    r"|\b(epoch)s['\"]?\s{0,4}[=:]\s{0,4}(\d{1,7})(?![\w/]|\.\d|\s{0,4}(?:/|of\b))",
    re.IGNORECASE,
)
_STEP_ALONE = re.compile(
    r"\b(?:iter(?:ation)?|(?:global_)?step|num_updates)\b[ =:]{1,3}(\d{1,12})(?![\w./]|\s{0,12}(?:/|of\b))",
    re.IGNORECASE,
)
# detectron2, mmdet: `eta: 1:02:03`, `eta: 1 day, 2:03:04`. Of minutes alone it is an epoch's more often than the job's.
_ETA = re.compile(r"\beta(?:: |=)(?:(\d{1,4}) days?, )?(\d{1,4}):(\d\d):(\d\d)(?!\d)", re.IGNORECASE)
_MAY_SAY = re.compile(rb"[/%]| of |eta[:=]|epoch|iter|step|update", re.IGNORECASE)
_EPOCH = re.compile(r"\bepochs?\b[^\w/.+-]{1,12}(\d{1,7})\s{0,12}(?:/|of)\s{0,12}(\d{1,7})(?![\w.])", re.IGNORECASE)

# What a training does besides: a bar so named, or that counts such things, is never the job.
_ASIDE = re.compile(
    r"download|upload|fetch|load|map\b|map |filter|tokeniz|caching|index|saving|writing|reading|resolv|extract|cast|"
    r"\(val\)|^val\b(?! ?(?:loss|acc))|"
    r"valid|eval|\btest|predict|sanity|shard|num_proc|compress|decompress|build|compil|linking|install",
    re.IGNORECASE,
)
_ASIDE_UNITS = re.compile(
    r"[\d?][kMGTP]?i?B/s|s/i?B\b|bytes|examples?/s|s/example|files?/s|s/file|tables?/s|splits?/s", re.IGNORECASE
)
_NUMBERED = re.compile(r"(?<!best )\b(?:epoch|ep|fold|round|trial|run|rank|seed|batch)\W{0,3}\d", re.IGNORECASE)
_VALUE = re.compile(r"(?<!\d)[=:]\s*[-+]?\d|\bloss\b|\bacc", re.IGNORECASE)


class Role(StrEnum):
    """What a counter may count."""

    WHOLE = "whole"  # the job, unless it is seen to start again
    PART = "part"  # one round of something that is done several times
    ASIDE = "aside"  # a download, a tokenizing, an evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """`done` of `total`. `name` distinguishes it from others; `kind` and `shown` are for a person.

    `is_at_once`: written past the buffer in which printed lines may wait for their like, as tqdm does. `is_below`:
    drawn in the row below another bar of the same process.
    """

    name: str
    kind: str
    done: float
    total: float
    shown: str
    role: Role = Role.WHOLE
    is_at_once: bool = False
    is_below: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochLine:
    """Epoch `number` of `total`, which is `None` if the line does not say it.

    `is_result`: figures follow, as they do when an epoch has ended. `has_last`: if the first one is 0, the total is
    the last one (`Epoch 0/9` alone, or before a bar) and not how many there are (`[0/10]`, `Epoch: 0/10, loss=0.3`).
    """

    number: int
    total: int | None
    is_result: bool = False
    has_last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one line says. A counter beside an epoch is of that epoch.

    `fold` is its number and how many there are. `announced` is how many `epoch`s or `step`s there will be. `step` is a
    number without its total, and `left_s` the time that the job says is left.
    """

    epoch: EpochLine | None = None
    counter: Counter | None = None
    fold: tuple[int, int] | None = None
    announced: tuple[str, int] | None = None
    step: int | None = None
    left_s: float | None = None


def read_line(raw: bytes, *, is_ended: bool = True) -> Line | None:
    """Return what the line says; `None` if it says nothing, or is too long to be a bar.

    `is_ended` is false for what stands at the end of the output so far: a number there may be cut, so it is read only
    if a bracket closes it, as tqdm's bars are.
    """
    if len(raw) > MAX_LINE_BYTES or _MAY_SAY.search(raw) is None:
        return None
    # What we say ourselves may be in the same file, and follows a bar on its line.
    text = _ESCAPES.sub("", raw.decode("utf-8", "replace")).partition("carbon-lint: ")[0].rstrip()
    if not is_ended and not text.endswith("]"):
        return None
    epoch, counter = _within_epoch(text)
    if counter is None:
        counter = _tqdm(text, is_below=raw.endswith(_ABOVE)) or _bar(text) or _printed(text)
    if counter is not None and counter.role is Role.ASIDE:
        return None
    line = Line(
        epoch=epoch or _epoch(text, has_counter=counter is not None),
        counter=counter,
        fold=_fold(text),
        announced=_announced(text),
        step=_number(_STEP_ALONE, text),
        left_s=_left_s(text),
    )
    return None if line == _NOTHING else line


_ABOVE = b"\x1b[A"  # tqdm's, behind a bar that it drew below another
_NOTHING = Line()


def _within_epoch(text: str) -> tuple[EpochLine | None, Counter | None]:
    """Read an epoch by its number alone, and what is done of it."""
    match = _WITHIN.search(text)
    if match is None:
        return None, None
    role = Role.ASIDE if _ASIDE.search(text[: match.start()]) else Role.PART
    counter = _counted("", "the steps it prints", match[3], match[4], role)
    return EpochLine(number=int(match[1] or match[2]), total=None), counter


def _epoch(text: str, *, has_counter: bool) -> EpochLine | None:
    match = _epoch_of(text) or _ROW.match(text)
    if match is None:
        number = _number(_EPOCH_ALONE, text) if has_counter else None
        return None if number is None else EpochLine(number=number, total=None)
    number, total = int(match[1]), int(match[2])
    if not 0 <= number <= total or not total:
        return None
    is_result = _VALUE.search(text, match.end()) is not None
    is_plain = match[0].partition(match[1])[0].casefold() == "epoch " and text[match.start() - 1 : match.start()] != "["
    has_last = match.re is _ROW or (is_plain and (has_counter or match.end() == len(text)))
    return EpochLine(number=number, total=total, is_result=is_result, has_last=has_last)


def _epoch_of(text: str) -> re.Match[str] | None:
    return _EPOCH.search(text) or _TRAIN_EPOCH.search(text)


def _fold(text: str) -> tuple[int, int] | None:
    match = _FOLD.search(text)
    number, total = (int(match[1]), int(match[2])) if match else (0, 0)
    return (number, total) if 1 <= number <= total else None


def _announced(text: str) -> tuple[str, int] | None:
    match = _ANNOUNCED.search(text)
    if match is None:
        return None
    total = int((match[2] or match[4]).replace(",", ""))
    word = "epoch" if (match[1] or match[3]).lower() == "epoch" else "step"
    return (word, total) if total else None


def _number(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.search(text)
    return None if match is None else int(match[1])


def _left_s(text: str) -> float | None:
    match = _ETA.search(text)
    if match is None or _ASIDE.search(text[: match.start()]) or _ASIDE_UNITS.search(text):
        return None
    return float(int(match[1] or 0) * 86_400 + int(match[2]) * 3600 + int(match[3]) * 60 + int(match[4]))


def _role(name: str) -> Role:
    if _ASIDE.search(name):
        return Role.ASIDE
    return Role.PART if _NUMBERED.search(name) else Role.WHOLE


def _tqdm(text: str, *, is_below: bool) -> Counter | None:
    match = _TQDM.search(text)
    if match is None:
        return None
    name = text[: match.start()].strip(" :|\t")[-_MAX_NAME_CHARACTERS:]
    return _sane(
        Counter(
            name=re.sub(r"\d+", "#", name),
            kind="its bar",
            done=float(match[2]) * _SCALES.get(match[3], 1.0),
            total=float(match[4]) * _SCALES.get(match[5], 1.0),
            shown=f"{match[2]}{match[3]}/{match[4]}{match[5]}",
            role=Role.ASIDE if _ASIDE_UNITS.search(match[6]) else _role(name),
            is_at_once=True,
            is_below=is_below,
        )
    )


def _bar(text: str) -> Counter | None:
    if match := _KERAS.match(text):
        # An evaluation or a prediction if no epoch is known.
        return _counted("", "its bar", match[1], match[2], Role.PART)
    if match := _RICH.search(text):
        name = text[: match.start()].strip(" ━╸╺")
        role = Role.ASIDE if _ASIDE.search(name) else Role.PART
        return _counted("", "its bar", match[1], match[2], role)
    if match := _RICH_PERCENT.search(text):
        name = text[: match.start()].strip(" ━╸╺")
        return _counted(name, "its bar", match[1], "100", _role(name), shown=f"{match[1]}%")
    return None


def _printed(text: str) -> Counter | None:
    epoch = _epoch_of(text)
    if epoch and (match := _OF_THIS_EPOCH.match(text, epoch.end())):
        return _counted("", "the steps it prints", match[1], match[2], Role.PART)
    if (match := _STEP.search(text)) and int(match[3]) >= _LEAST_STEPS:
        word = match[1].lower()
        role = Role.PART if word.startswith("batch") else Role.WHOLE
        return _counted(word, "the steps it prints", match[2], match[3], role)
    if match := _PERCENT.search(text):
        role = Role.ASIDE if _ASIDE.search(text[: match.start()]) else Role.WHOLE
        percent = match[1] or match[2]
        return _counted("", "the progress it prints", percent, "100", role, shown=f"{percent}%")
    if epoch is None and (match := _BRACKETS.search(text)) and int(match[2]) >= _LEAST_STEPS:
        return _counted("[]", "the steps it prints", match[1], match[2], _role(text[: match.end() + 16]))
    return None


def _counted(name: str, kind: str, done: str, total: str, role: Role, *, shown: str = "") -> Counter | None:
    shown = shown or f"{done}/{total}"
    return _sane(Counter(name=name, kind=kind, done=float(done), total=float(total), shown=shown, role=role))


def _sane(counter: Counter) -> Counter | None:
    return counter if math.isfinite(counter.total) and 0 <= counter.done <= counter.total > 0 else None
