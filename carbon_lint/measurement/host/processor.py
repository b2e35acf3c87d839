"""Find the power of a processor by its name: in the table of carbon-lint, else in CodeCarbon's list."""

from __future__ import annotations

import csv
import os
import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from carbon_lint.data import load
from carbon_lint.files import text_at
from carbon_lint.units import whole_number

GENERATION_WIDENING = (0.8, 1.7)
"""For a generation or an Arm core: W of TDP a thread, as a multiple of what is taken for it.

Of the 24 parts in the table that were made for clouds, whose machines hide their model, 21 lie between these (EPYC 7V13
0.86, 7R32 1.66); Xeon 8124M, 8151 and 8252C do not.
"""
CODECARBON_LIST = "CodeCarbon's list of processors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Socket:
    """One processor: the maker's thermal design power, in W, and whose figures these are."""

    name: str
    tdp_w: float
    threads: int | None  # hardware threads of one socket; CodeCarbon's list has none
    source: str
    doubt: str | None = None  # what a reader should know of them; `None` for a maker's own figure
    table: str = "cpu_power"  # for `Assumptions.tables`
    widening: tuple[float, float] = (1.0, 1.0)  # see `CpuModel`


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """What /proc/cpuinfo says of the first processor, and how many threads there are."""

    model: str | None
    vendor: str | None
    family: int | None
    number: int | None
    implementer: str | None
    part: str | None
    threads: int
    siblings: int
    is_virtual: bool


def read_processor(root: Path) -> Processor:
    """Read /proc/cpuinfo; what it does not say is `None`."""
    text = text_at(root / "proc/cpuinfo")
    first: dict[str, str] = {}
    for line in text.partition("\n\n")[0].splitlines():
        key, _, value = line.partition(":")
        first.setdefault(key.strip(), value.strip())
    sockets = set(re.findall(r"^physical id\s*:\s*(\d+)", text, re.MULTILINE))
    threads = len(re.findall(r"^processor\s*:", text, re.MULTILINE)) or os.cpu_count() or 1
    return Processor(
        model=first.get("model name") or None,
        vendor=first.get("vendor_id"),
        family=whole_number(first.get("cpu family")),
        number=whole_number(first.get("model")),
        implementer=first.get("CPU implementer"),
        part=first.get("CPU part"),
        threads=threads,
        # Also right if a container's /proc/cpuinfo lists only some of the host's threads.
        siblings=whole_number(first.get("siblings")) or max(1, threads // max(1, len(sockets))),
        is_virtual="hypervisor" in first.get("flags", "").split() or (root / "sys/hypervisor/type").exists(),
    )


def socket_of(processor: Processor) -> Socket | None:
    """Return the processor's socket: by name, by its Arm part, or by its generation if a host hides the model."""
    name = plain_name(processor.model or "")
    found = _in_table(name)
    if found is not None:
        return found
    for row in cpu_table()["arm"]:
        if (processor.implementer, processor.part) == (row["implementer"], row["part"]):
            return _socket(row)
    if processor.is_virtual:
        for row in cpu_table()["generations"]:
            low, high = row["models"]
            same = (processor.vendor, processor.family) == (row["vendor"], row["family"])
            if same and processor.number is not None and low <= processor.number <= high:
                return _socket(row)
        return None  # CodeCarbon's list does not say how many threads a socket has
    return _in_list(name)


def find_socket(name: str) -> Socket | None:
    """Return the socket that a name means, however it is spelt (`Intel(R) Xeon(R) E5-2660V2 @ 2.20GHz`)."""
    plain = plain_name(name)
    with_its_power = _in_list(name.strip()) if re.search(r"\(\d+ ?W\)", name) else None  # `Athlon 631 (65W)`
    found = with_its_power or _in_table(plain)
    if found is not None:
        return found
    for row in cpu_table()["arm"]:
        # `also` has the threads of a socket of each; its power is that of as many of the similar part's.
        for called, threads in {row["name"]: row["threads"], **row.get("also", {})}.items():
            if _letters(plain_name(called)) == _letters(plain):
                tdp_w = row["tdp_w"] * threads / row["threads"]
                return replace(_socket(row), name=called, threads=threads, tdp_w=round(tdp_w, 1))
    return _in_list(plain) or _of_generation(name)


def _in_table(plain: str) -> Socket | None:
    for row in cpu_table()["parts"]:
        is_near = row["match"].replace("\\", "").casefold() in plain.casefold()  # a pattern costs more to compile
        if is_near and re.search(rf"(?<![\w+]){row['match']}(?![\w+])", plain, re.IGNORECASE):
            return _socket(row)
    return None


def _in_list(plain: str) -> Socket | None:
    spellings = (plain, f"Intel {plain}", f"AMD {plain}", f"Intel Xeon {plain}", f"Intel Core {plain}")
    for names, key in ((_listed, str.casefold), (_listed_by_letters, _letters)):
        for spelling in spellings:
            listed, text = names().get(key(spelling), ("", ""))
            # Four of its lines are not numbers (`27.29.5`), one is 0.
            if re.fullmatch(r"\d+(?:\.\d+)?", text) and float(text) > 0:
                own = Socket(name=listed, tdp_w=float(text), threads=None, source=CODECARBON_LIST, table="codecarbon")
                return _in_table(listed) or own
    return None


def _of_generation(name: str) -> Socket | None:
    """Return the socket of a name without a model, as clouds give them: `Intel Ice Lake`, `AMD EPYC-Rome Processor`."""
    if re.search(r"\d{3}|\b(core|ryzen|pentium)\b", re.sub(r"\d+(\.\d+)?\s*[GM]Hz", "", name), re.IGNORECASE):
        return None
    words = _letters(name)
    found = []
    for row in cpu_table()["generations"]:
        maker, _, called = str(row["name"]).partition(" ")
        is_named = any(_letters(each) in words for each in called.split(" or "))
        if is_named and (maker.casefold() in words or "xeon" in words or "epyc" in words):
            found.append(row)
    return _socket(found[-1]) if found else None


def plain_name(name: str) -> str:
    """Return a processor's name without marks, clock and remarks: `AMD EPYC 7763` for most spellings of it."""
    name = re.sub(r"\((R|TM|C)\)|[®™©]", " ", name, flags=re.IGNORECASE)
    name = re.sub(r"\([^)]*\)?", " ", name)
    name = re.sub(r"[,;]?\s*@?\s*\b\d+(\.\d+)?\s*[GM]Hz\b.*$", "", name, flags=re.IGNORECASE)
    name = re.sub(r"\bXeon 6 (?=\d{4}[A-Z])", "Xeon ", name, flags=re.IGNORECASE)
    name = re.sub(
        r"\b\w+-generation\b|\b(\d+|dual|quad|six|eight)[- ]cores?\b|\b(CPU|Processor|APU)\b|\bwith .*$",
        " ",
        name,
        flags=re.IGNORECASE,
    )
    name = re.sub(r"(?<=\d)(L?)\s*v(\d)\b", r"\1 v\2", name, flags=re.IGNORECASE)
    name = re.sub(r"^(\d+th Gen |GenuineIntel |AuthenticAMD )+", "", " ".join(name.split()), flags=re.IGNORECASE)
    return re.sub(r"(?<=[0-9L]) 0$", "", name.strip(" @,-"))  # the kernel's `E5-2670 0` is the first of its name


def _letters(name: str) -> str:
    """Return what tells one part's name from another's: `Core(TM) i3 CPU 540` and `Core i3-540` are one."""
    noise = r"\b(cpu|processor|apu|oem only|dual-core|\d+th gen|arm|aws|amazon|microsoft|google)\b|[^\w+.]|_"
    return re.sub(noise, "", name.casefold())


def near_names(name: str) -> list[str]:
    """Return up to three names that are spelt like this one."""
    rows = [*cpu_table()["parts"], *cpu_table()["arm"], *cpu_table()["generations"]]
    ours = [str(row.get("name") or row["match"]).replace("\\", "") for row in rows]
    known = {key.casefold(): key for key in (*ours, *(name for name, _ in _listed().values()))}
    return [known[key] for key in get_close_matches(plain_name(name).casefold(), known, n=3, cutoff=0.6)]


def cpu_table() -> dict[str, Any]:
    """Return the table of processors."""
    content: dict[str, Any] = load("cpu_power.json")
    return content


def _socket(row: dict[str, Any]) -> Socket:
    name = str(row.get("name") or row["match"]).replace("\\", "")
    return Socket(
        name=name,
        tdp_w=float(row["tdp_w"]),
        threads=row["threads"],
        source=row["source"],
        doubt=_doubt(row, name),
        widening=GENERATION_WIDENING if "family" in row or "part" in row else (1.0, 1.0),
    )


def _doubt(row: dict[str, Any], name: str) -> str | None:
    """Return what a reader should know of a line whose figure is not the maker's own for this very part."""
    if row["basis"] == "stand-in":
        # A line that is found by the family is of a host that hides more; the source is in the plan.
        the = "" if "name" in row else "the "
        why = f"this {name} is in no table" if "family" in row else f"no power is published for {the}{name}"
        return f"CPU power is estimated: {why}; used that of a similar one ({row['as']})"
    if row["basis"] == "listed":
        return f"CPU power is from public lists, not from its maker: {row['source']}"
    return None


@lru_cache(maxsize=1)
def _listed() -> dict[str, tuple[str, str]]:
    """Return CodeCarbon's list, name and TDP, read as a file: CodeCarbon's own lookup costs a second."""
    found = find_spec("codecarbon")
    if found is None or found.origin is None:
        return {}
    try:
        with (Path(found.origin).parent / "data/hardware/cpu_power.csv").open(encoding="utf-8", newline="") as file:
            return {row[0].casefold(): (row[0], row[1]) for row in csv.reader(file) if len(row) > 1}
    except OSError:
        return {}


@lru_cache(maxsize=1)
def _listed_by_letters() -> dict[str, tuple[str, str]]:
    """Return CodeCarbon's list by the letters of its names, without those that tell two parts apart no more."""
    by_letters: dict[str, set[tuple[str, str]]] = {}
    for name, tdp in _listed().values():
        by_letters.setdefault(_letters(name), set()).add((name, tdp.removesuffix(".0")))
    return {key: min(found) for key, found in by_letters.items() if len({tdp for _, tdp in found}) == 1}
