"""What one printed line says of how far a job is: a progress bar, a step of so many, an epoch of so many.

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
# Lightning's rich bar: `Epoch 3/9 ━━━━╸━━━ 40/100 0:00:10`. Keras has the count first: `40/100 ━━━━ 3s 20ms/step`.
_RICH = re.compile(r"[━╸╺]\s+(\d{1,12})/(\d{1,12})\s")
_KERAS = re.compile(r"\s*(\d{1,12})/(\d{1,12})\s+(?:[━╸╺]|\[[=>.]{2})")
_STEP = re.compile(
    r"\b(steps?|iter(?:ation)?s?|updates?|batch(?:es)?)\b[^\w/.+-]{0,12}(\d{1,12})\s{0,12}(?:/|of)\s{0,12}(\d{1,12})(?![\w.])",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"\bprogress\b[^\w.+-]{0,4}(\d{1,3}(?:\.\d{1,6})?)\s?%", re.IGNORECASE)
_EPOCH = re.compile(r"\bepochs?\b[^\w/.+-]{1,12}(\d{1,7})\s{0,12}(?:/|of)\s{0,12}(\d{1,7})(?![\w.])", re.IGNORECASE)

# What a training does besides: a bar so named, or that counts such things, is never the job.
_ASIDE = re.compile(
    r"download|upload|fetch|load|map\b|map |filter|tokeniz|caching|index|saving|writing|reading|resolv|extract|cast|"
    r"valid|eval|\btest|predict|sanity|shard|num_proc|compress|decompress",
    re.IGNORECASE,
)
_ASIDE_UNITS = re.compile(
    r"[\d?][kMGTP]?i?B/s|s/i?B\b|bytes|examples?/s|s/example|files?/s|s/file|tables?/s|splits?/s", re.IGNORECASE
)
_NUMBERED = re.compile(r"\b(?:epoch|ep|fold|round|trial|run|rank|seed|batch)\W{0,3}\d", re.IGNORECASE)
_VALUE = re.compile(r"[=:]\s*[-+]?\d|\bloss\b|\bacc", re.IGNORECASE)


class Role(StrEnum):
    """What a counter may stand for."""

    WHOLE = "whole"  # the job, unless it is seen to start again
    PART = "part"  # one round of something that is done several times
    ASIDE = "aside"  # a download, a tokenizing, an evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """`done` of `total`. `name` tells it from others; `kind` and `shown` are for a person.

    `is_at_once`: written past the buffer in which printed lines may wait for their like, as tqdm does.
    """

    name: str
    kind: str
    done: float
    total: float
    shown: str
    role: Role = Role.WHOLE
    is_at_once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochLine:
    """Epoch `number` of `total`. `is_result`: figures follow, as they do when an epoch has ended."""

    number: int
    total: int
    is_result: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Where both are there the counter is of that epoch."""

    epoch: EpochLine | None = None
    counter: Counter | None = None


def read_line(raw: bytes, *, is_ended: bool = True) -> Line | None:
    """What the line says; `None` where it says nothing, or is too long to be a bar.

    `is_ended` is false for what stands at the end of the output so far: a number there may be cut, so it is read only
    where a bracket closes it, as tqdm's bars are.
    """
    if len(raw) > MAX_LINE_BYTES or (b"/" not in raw and b"%" not in raw and b" of " not in raw):
        return None
    # What we say ourselves may be in the same file, and follows a bar on its line.
    text = _ESCAPES.sub("", raw.decode("utf-8", "replace")).partition("carbon-lint: ")[0].rstrip()
    if not is_ended and not text.endswith("]"):
        return None
    epoch_match = _EPOCH.search(text)
    counter = _tqdm(text) or _others(text)
    if counter is not None and counter.role is Role.ASIDE:
        return None
    epoch = _epoch(epoch_match, text) if epoch_match else None
    return None if epoch is None and counter is None else Line(epoch=epoch, counter=counter)


def _epoch(match: re.Match[str], text: str) -> EpochLine | None:
    number, total = int(match[1]), int(match[2])
    if not 0 <= number <= total or not total:
        return None
    return EpochLine(number=number, total=total, is_result=_VALUE.search(text, match.end()) is not None)


def _tqdm(text: str) -> Counter | None:
    match = _TQDM.search(text)
    if match is None:
        return None
    done = float(match[2]) * _SCALES.get(match[3], 1.0)
    total = float(match[4]) * _SCALES.get(match[5], 1.0)
    name = text[: match.start()].strip(" :|\t")[-_MAX_NAME_CHARACTERS:]
    shown = f"{match[2]}{match[3]}/{match[4]}{match[5]}"
    role = Role.WHOLE
    if _ASIDE.search(name) or _ASIDE_UNITS.search(match[6]):
        role = Role.ASIDE
    elif _NUMBERED.search(name):
        role = Role.PART
    name = re.sub(r"\d+", "#", name)
    return _sane(Counter(name=name, kind="its bar", done=done, total=total, shown=shown, role=role, is_at_once=True))


def _others(text: str) -> Counter | None:
    if match := _KERAS.match(text):
        # An evaluation or a prediction where no epoch is known.
        return _counted("", "its bar", match[1], match[2], Role.PART)
    if match := _RICH.search(text):
        name = text[: match.start()].strip(" ━╸╺")
        role = Role.ASIDE if _ASIDE.search(name) else Role.PART
        return _counted("", "its bar", match[1], match[2], role)
    if (match := _STEP.search(text)) and int(match[3]) >= _LEAST_STEPS:
        word = match[1].lower()
        role = Role.PART if word.startswith("batch") else Role.WHOLE
        return _counted(word, "the steps it prints", match[2], match[3], role)
    if match := _PERCENT.search(text):
        kind, shown = "the progress it prints", f"{match[1]}%"
        return _sane(Counter(name="", kind=kind, done=float(match[1]), total=100.0, shown=shown))
    return None


def _counted(name: str, kind: str, done: str, total: str, role: Role) -> Counter | None:
    return _sane(
        Counter(name=name, kind=kind, done=float(done), total=float(total), shown=f"{done}/{total}", role=role)
    )


def _sane(counter: Counter) -> Counter | None:
    return counter if math.isfinite(counter.total) and 0 <= counter.done <= counter.total > 0 else None
