"""Say what the fields of a record may hold: reading a record refuses all else, NaN and infinity among it.

`schemas/record.schema.json` says the same to other programs. A test holds the two to each other.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

LARGEST = 1e300
"""No number of a record is larger, in either direction: sums stay finite."""

Number = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
Amount = Annotated[float, Meta(ge=0, le=LARGEST)]
Factor = Annotated[float, Meta(ge=1, le=LARGEST)]
Share = Annotated[float, Meta(ge=0, le=1)]
Index = Annotated[int, Meta(ge=0)]
Count = Annotated[int, Meta(ge=1)]
ExitStatus = Annotated[int, Meta(ge=0, le=255)]
Text = Annotated[str, Meta(min_length=1)]
Day = Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
UtcTime = Annotated[str, Meta(pattern="Z$")]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
LimitName = Annotated[str, Meta(pattern="^max-(emissions|energy|increase)$")]
LimitUnit = Annotated[str, Meta(pattern="^(g|kWh)$")]
