"""Ask Electricity Maps for the carbon intensity of this hour, and only if a user asks for it.

https://app.electricitymaps.com/docs: `GET /v4/carbon-intensity/latest`, the token as `auth-token`. What is asked for is
written out, hourly and by life cycle, and an answer that is not exactly that is refused:

* for a zone that it does not know, the service would answer for the place that it takes the caller's IP address for
  (`disableCallerLookup`);
* a sandbox token is given figures that are made up.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode

from carbon_lint.errors import PlaceError
from carbon_lint.measurement.grid.web import RefusedError, get_text
from carbon_lint.places import unusual_intensity
from carbon_lint.text import quoted
from carbon_lint.units import whole_number

URL = "https://api.electricitymaps.com"
HOUR_S = 3600
FACTORS = "lifecycle"
MOST_AGE_S = 24 * HOUR_S  # yesterday's figure does not hold now
MOST_AHEAD_S = HOUR_S  # nobody has measured the hour after the next: one of the two clocks is wrong
PAUSES_S = (1.0, 3.0)  # between the tries before a job starts

_TIMEOUT_S = 10.0
_MOST_G_PER_KWH = 1e9
_MOST_PAUSE_S = 3600.0
_ZONE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,12}){0,3}")
_TOKEN = re.compile(r"[\x21-\x7e]+")
_SANDBOX = "SANDBOX MODE"
_BUSY = 429
_SERVER_FAULT = 500
_HINTS = {
    401: "the token is wrong, or has been withdrawn",
    403: "the token's plan does not cover this zone",
    404: "is there such a zone? app.electricitymaps.com/map lists them",
    _BUSY: "the token has been used too often; ask for a plan with more, or name the place as `location`",
}
_NAME_IT = "name the place as `location`, or its `carbon-intensity`"


class NoFigureError(PlaceError):
    """The service gave no figure that can be used.

    `wait_s`: after how many seconds asking again may help, 0 if the service does not say; `None` if it will not help.
    """

    def __init__(self, message: str, *, hint: str, wait_s: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True, kw_only=True)
class GridHour:
    """What the service says of one hour: carbon intensity in g/kWh, by life cycle."""

    zone: str
    start: datetime
    g_per_kwh: float
    is_estimated: bool

    @property
    def number(self) -> int:
        """Hours since 1970."""
        return int(self.start.timestamp() // HOUR_S)

    @property
    def label(self) -> str:
        """`2026-11-24T10:00Z`."""
        return self.start.strftime("%Y-%m-%dT%H:%MZ")

    @property
    def source(self) -> str:
        """Whose figure it is, whatever the hour."""
        return f"Electricity Maps, zone {self.zone}, {FACTORS} factors"


class ElectricityMaps:
    """Asks for one zone, FR or US-CAL-CISO. The token is in no message, and in no `repr`.

    `clock` gives seconds since 1970. With `allow_unusual` a figure outside every grid's range is taken.

    Raises PlaceError if zone or token cannot be one.
    """

    def __init__(
        self,
        zone: str,
        token: str,
        *,
        url: str | None = None,
        clock: Callable[[], float] = time.time,
        allow_unusual: bool = False,
    ) -> None:
        if _ZONE.fullmatch(zone) is None:
            raise PlaceError(f"{quoted(zone)} is not an Electricity Maps zone", hint="write it like FR or US-CAL-CISO")
        if _TOKEN.fullmatch(token.strip()) is None:
            # Its text is shown in no message: it may be a token and a stray line.
            raise PlaceError(
                "the token of Electricity Maps is empty, or holds characters that no token has", hint="the token alone"
            )
        self.zone = zone
        self.allow_unusual = allow_unusual
        self.clock = clock
        self._token = token.strip()
        self._url = url
        self._asked = {"zone": zone, "emissionFactorType": FACTORS, "temporalGranularity": "hourly"}

    def first(self) -> GridHour:
        """Return `latest`, asked up to three times while the fault may pass: one lost packet should not stop a job.

        Raises NoFigureError.
        """
        for pause_s in PAUSES_S:
            try:
                return self.latest()
            except NoFigureError as error:
                if error.wait_s is None or error.wait_s > pause_s:
                    raise
            time.sleep(pause_s)
        return self.latest()

    def latest(self) -> GridHour:
        """Return the newest hour that the service has a figure for. Raises NoFigureError."""
        try:
            asked = urlencode({**self._asked, "disableCallerLookup": "true"})
            address = f"{self._url or URL}/v4/carbon-intensity/latest?{asked}"
            text = get_text(address, {"auth-token": self._token}, timeout_s=_TIMEOUT_S)
        except RefusedError as error:
            raise self._refused(error) from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None)  # of urllib, which wraps what happened
            text = quoted(str(reason or error) or type(error).__name__)
            raise self._nothing(f"cannot be asked: {text}", wait_s=0.0) from None
        except ValueError:
            raise self._nothing("answers something that is not text") from None
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            raise self._nothing("answers something that is not JSON") from None
        return self._checked(answer)

    def _checked(self, answer: Any) -> GridHour:
        if not isinstance(answer, dict):
            raise self._nothing("answers no object")
        marks = (answer.get("estimationMethod"), answer.get("_disclaimer"))
        if any(isinstance(mark, str) and _SANDBOX in mark.upper().replace("_", " ") for mark in marks):
            raise self._nothing("gives figures that are made up", hint="this is a sandbox token: use a real one")
        for name, wanted in self._asked.items():
            # An older service leaves the last two out; they are what it was asked for.
            found = answer.get(name, None if name == "zone" else wanted)
            if found != wanted:
                raise self._nothing(f"answers {name} {_shown(found)}, and {wanted} was asked for")
        hour = GridHour(
            zone=self.zone,
            start=self._start(answer.get("datetime")),
            g_per_kwh=self._g_per_kwh(answer.get("carbonIntensity")),
            is_estimated=answer.get("isEstimated") is not False,  # what is not stated is not measured
        )
        age_s = self.clock() - hour.start.timestamp()
        if not -MOST_AHEAD_S <= age_s < MOST_AGE_S:
            away = f"{abs(age_s) / HOUR_S:.0f} h {'ago' if age_s > 0 else 'ahead'} by this machine's clock"
            raise self._nothing(f"has no newer hour than {hour.label}, {away}", hint=f"set the clock, or {_NAME_IT}")
        return hour

    def _start(self, text: object) -> datetime:
        try:
            start = datetime.fromisoformat(text) if isinstance(text, str) else None
            # In UTC at once: a time that does not exist there (year 1, year 9999) does not exist here.
            if start is not None and start.tzinfo is not None:
                return start.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise self._nothing(f"states no hour: datetime is {_shown(text)}")

    def _g_per_kwh(self, value: object) -> float:
        # NaN and infinity, which Python reads out of JSON, are not below anything.
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _MOST_G_PER_KWH:
            unusual = None if self.allow_unusual else unusual_intensity(value)
            if unusual is not None:
                hint = f"{_NAME_IT}, or set allow-unusual-intensity"
                raise self._nothing(f"states an intensity that no grid has: {unusual[0]}", hint=hint)
            return float(value)
        raise self._nothing(f"states no intensity: carbonIntensity is {_shown(value)}")

    def _refused(self, error: RefusedError) -> NoFigureError:
        is_passing = error.status == _BUSY or error.status >= _SERVER_FAULT
        asked_s = min(float(whole_number(error.retry_after) or 0), _MOST_PAUSE_S)  # 0 for a date, or without it
        wait_s = asked_s if is_passing else None
        return self._nothing(f"answers {error.status}", hint=_HINTS.get(error.status, _NAME_IT), wait_s=wait_s)

    def _nothing(self, what: str, *, hint: str = _NAME_IT, wait_s: float | None = None) -> NoFigureError:
        return NoFigureError(f"Electricity Maps {what} (zone {self.zone})", hint=hint, wait_s=wait_s)


def _shown(value: object) -> str:
    """Return a field of the answer for a message; of a table or a list its kind, for it may be nested without end."""
    return quoted(str(value)) if isinstance(value, str | int | float | None) else type(value).__name__
