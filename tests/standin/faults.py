"""Faults that a test can give the stand-in Hub. Each names the requests it strikes and how often."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HTML_502 = b"<html>\n<head><title>502 Bad Gateway</title></head>\n<body>nginx</body>\n</html>\n"


@dataclass(slots=True, kw_only=True)
class Fault:
    """What goes wrong, for requests whose `METHOD /path` the pattern is found in, `times` times.

    Attributes:
        matches: regular expression, searched in "POST /api/models/o/m/commit/main".
        skip: let this many matching requests pass first.
        status, headers, body: answer this without doing anything.
        delay_s: wait before doing anything.
        stall_s: do it, then hold the answer back.
        read_only: read this many bytes of the request's body, then reset.
        reset_before: close the connection before doing anything.
        reset_after: do it, then close the connection without an answer.
        answer_bytes: do it, then send this many bytes of the answer (head included) and close.
        first: called before the request is handled: somebody else's commit.
    """

    matches: str
    times: int = 1
    skip: int = 0
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay_s: float = 0
    stall_s: float = 0
    read_only: int | None = None
    reset_before: bool = False
    reset_after: bool = False
    answer_bytes: int | None = None
    first: Callable[[], object] | None = None


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Remove every fault."""
        with self._lock:
            self._faults.clear()

    def strike(self, request: str) -> Fault | None:
        """The fault that strikes this request, one time less for it afterwards."""
        with self._lock:
            for fault in self._faults:
                if fault.times > 0 and re.search(fault.matches, request):
                    if fault.skip > 0:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None


def html_502(matches: str, times: int = 1) -> Fault:
    """A gateway's error page."""
    return Fault(matches=matches, times=times, status=502, headers={"Content-Type": "text/html"}, body=HTML_502)
