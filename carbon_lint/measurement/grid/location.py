"""Find where the energy comes from: a place that was named, or one that this machine's cloud or configuration states.

Asked for by `--location auto`: first the configuration's `[[machine]]` tables, then the metadata service of the cloud,
which only answers from inside it. Never a service that guesses a place from an IP address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.errors import PlaceError
from carbon_lint.files import text_at
from carbon_lint.limits import Machine
from carbon_lint.measurement.grid.web import get_text
from carbon_lint.places import Place, find_place

if TYPE_CHECKING:
    from carbon_lint.measurement.grid.electricity_maps import ElectricityMaps

# The link-local address of all three; none of it leaves the machine's own host.
METADATA_URL = "http://169.254.169.254"
_TIMEOUT_S = 1.0
_REGION = re.compile(r"[a-z][a-z0-9-]{1,40}")
_NAME_IT = (("location", "FRA"), ("location", "USA/virginia"), ("carbon-intensity", "56.04"))
_AWS_TOKEN_SECONDS = "60"  # noqa: S105  how long a session token lives
_VENDORS = {"amazon": "aws", "microsoft": "azure", "google": "gcp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedPlace:
    """Where the energy comes from. A grid that is priced hour by hour is not asked yet."""

    place: Place | ElectricityMaps | None = None  # `None` states energy alone
    how: str | None = None  # `auto` found it; `None` if it was named

    @property
    def shown(self) -> str | None:
        """What to say of a place that was found: `location: FRA (France), 44.18 g/kWh, by ...`."""
        place = self.place
        if self.how is None or not isinstance(place, Place):
            return None
        return f"location: {place.code} ({place.name}), {place.figure}, by {self.how}"


def resolve(text: str, machines: Iterable[Machine], node: str) -> LocatedPlace:
    """Return `text` as a place, or `locate` for `auto`. Raises PlaceError."""
    return locate(machines, node) if is_auto(text) else LocatedPlace(place=find_place(text))


def is_auto(text: str) -> bool:
    """Return whether this location asks this machine's configuration and cloud."""
    return text.strip().lower() == "auto"


def locate(
    machines: Iterable[Machine], node: str, *, metadata_url: str = METADATA_URL, root: Path = Path("/")
) -> LocatedPlace:
    """Return the place of this machine, for `--location auto`.

    `machines` are the configuration's `[[machine]]` tables, each with `match` (a glob of host names) and `location`;
    `node` is this machine's name.

    Raises PlaceError if neither they nor a cloud say where this is, or say a place that is not known.
    """
    for machine in machines:
        if machine.location is not None and fnmatchcase(node.lower(), machine.match.lower()):
            how = f"[[machine]] match {machine.match!r} of this host, {node}"
            try:
                return LocatedPlace(place=find_place(machine.location), how=how)
            except PlaceError as error:
                raise error.again(message=f"{how}: {error.message}") from error
    return _ask_cloud(metadata_url, root)


def _ask_cloud(url: str, root: Path) -> LocatedPlace:
    """Ask the cloud that built this machine; all three if it does not say."""
    vendor = text_at(root / "sys/class/dmi/id/sys_vendor").lower()
    likely = [provider for word, provider in _VENDORS.items() if word in vendor] or list(_VENDORS.values())
    with ThreadPoolExecutor(len(likely)) as pool:  # at once: outside a cloud each of them waits until it gives up
        regions = list(pool.map(lambda provider: _region(provider, url), likely))
    for provider, region in zip(likely, regions, strict=True):
        if region is not None:
            how = f"the metadata service of this machine's cloud: {provider}, region {region}"
            return LocatedPlace(place=find_place(f"{provider}/{region}"), how=how)
    raise PlaceError(
        "cannot tell where this machine is: no [[machine]] of the configuration matches it, and no cloud's "
        "metadata service answers",
        hint="name the place",
        suggest=_NAME_IT,
    )


def _region(provider: str, url: str) -> str | None:
    """Return the region by one cloud's metadata service; `None` if it does not answer."""
    get = partial(get_text, timeout_s=_TIMEOUT_S)
    try:
        if provider == "aws":
            seconds = {"X-aws-ec2-metadata-token-ttl-seconds": _AWS_TOKEN_SECONDS}
            token = get(f"{url}/latest/api/token", seconds, method="PUT")
            region = get(f"{url}/latest/meta-data/placement/region", {"X-aws-ec2-metadata-token": token})
        elif provider == "azure":
            path = "/metadata/instance/compute/location?api-version=2021-02-01&format=text"
            region = get(url + path, {"Metadata": "true"})
        else:
            zone = get(f"{url}/computeMetadata/v1/instance/zone", {"Metadata-Flavor": "Google"})
            region = zone.rpartition("/")[2].rpartition("-")[0]
    except (OSError, HTTPException, ValueError):
        return None
    return region if _REGION.fullmatch(region) else None
