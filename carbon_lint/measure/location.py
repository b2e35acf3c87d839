"""Where the energy comes from: a place that was named, or one that this machine's cloud or configuration states.

Asked for by `--location auto`: first the configuration's `[[machine]]` tables, then the metadata service of the cloud,
which only answers from inside it. Never a service that guesses a place from an IP address.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carbon_lint.errors import ConfigError, MeasurementError
from carbon_lint.places import custom_place, find_place
from carbon_lint.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carbon_lint.places import Place

# The link-local address of all three; none of it leaves the machine's own host.
METADATA_URL = "http://169.254.169.254"
ELECTRICITY_MAPS_URL = "https://api.electricitymaps.com"
_TIMEOUT_S = 1.0
_ELECTRICITY_MAPS_TIMEOUT_S = 10.0
_MOST_BYTES = 65_536
_REGION = re.compile(r"[a-z][a-z0-9-]{1,40}")
_ZONE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,12}){0,3}")
_NAME_IT = "name the place: --location FRA (or USA/virginia, gcp/us-central1, ...), or --carbon-intensity 56.04"
_AWS_TOKEN_SECONDS = "60"  # noqa: S105  how long a session token lives
_VENDORS = {"amazon": "aws", "microsoft": "azure", "google": "gcp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A place, and how it was found; `None` where it was named."""

    place: Place
    how: str | None

    def __str__(self) -> str:
        return f"location: {self.place.code} ({self.place.name}, {self.place.g_per_kwh:.4g} g/kWh), by {self.how}"


def resolve(text: str, machines: Iterable[Mapping[str, Any]], node: str) -> Found:
    """`text` as a place, or `locate` for `auto`. Raises MeasurementError, ConfigError."""
    return locate(machines, node) if is_auto(text) else Found(place=find_place(text), how=None)


def is_auto(text: str) -> bool:
    """True for the location that asks this machine's configuration and cloud."""
    return text.strip().lower() == "auto"


def locate(
    machines: Iterable[Mapping[str, Any]], node: str, *, metadata_url: str = METADATA_URL, root: Path = Path("/")
) -> Found:
    """The place of this machine, for `--location auto`.

    Args:
        machines: the configuration's `[[machine]]` tables, each with `match` (a glob of host names) and `location`.
        node: this machine's name.
        metadata_url: where the cloud's metadata service answers.
        root: the file tree that holds /sys.

    Raises:
        ConfigError: a `[[machine]]` table lacks a key.
        MeasurementError: neither the configuration nor a cloud says where this is, or says a place that is not known.
    """
    for table in machines:
        pattern, location = table.get("match"), table.get("location")
        if not isinstance(pattern, str) or not isinstance(location, str):
            raise ConfigError("a [[machine]] needs match and location", hint='match = "gpu-par-*", location = "FRA"')
        if fnmatchcase(node.lower(), pattern.lower()):
            return Found(place=find_place(location), how=f"[[machine]] match {pattern!r} of this host, {node}")
    return _ask_cloud(metadata_url, root)


def electricity_maps(zone: str, token: str, *, url: str = ELECTRICITY_MAPS_URL) -> Place:
    """The carbon intensity of `zone` in this hour, from Electricity Maps. Only called when asked for.

    Raises MeasurementError where the service gives none, or a figure that cannot be.
    """
    if _ZONE.fullmatch(zone) is None:
        raise MeasurementError(f"{quoted(zone)} is no zone of Electricity Maps", hint="write it like FR or US-CAL-CISO")
    address = f"{url}/v3/carbon-intensity/latest?zone={zone}"
    try:
        text = _get(address, {"auth-token": token}, timeout_s=_ELECTRICITY_MAPS_TIMEOUT_S)
        answer = json.loads(text)
        g_per_kwh, hour = float(answer["carbonIntensity"]), str(answer["datetime"])
    except _RefusedError as error:
        raise MeasurementError(
            f"Electricity Maps answers {error} for {zone}", hint="is the token right, and does it cover this zone?"
        ) from error
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
        raise MeasurementError(f"Electricity Maps gives no intensity for {zone}: {error}", hint=_NAME_IT) from error
    kind = "estimated" if answer.get("isEstimated") else "measured"
    factors = str(answer.get("emissionFactorType", "lifecycle"))
    source = f"Electricity Maps, zone {zone}, hour of {hour[:20]}, {factors[:20]} factors, {kind}"
    return custom_place(g_per_kwh, source=source, name=zone, year=_year(hour))


def _ask_cloud(url: str, root: Path) -> Found:
    """Ask the cloud that built this machine; all three where it does not say."""
    vendor = _text(root / "sys/class/dmi/id/sys_vendor").lower()
    likely = [provider for word, provider in _VENDORS.items() if word in vendor] or list(_VENDORS.values())
    with ThreadPoolExecutor(len(likely)) as pool:  # at once: outside a cloud each of them waits until it gives up
        regions = list(pool.map(lambda provider: _region(provider, url), likely))
    for provider, region in zip(likely, regions, strict=True):
        if region is not None:
            how = f"the metadata service of this machine's cloud: {provider}, region {region}"
            return Found(place=find_place(f"{provider}/{region}"), how=how)
    raise MeasurementError(
        "where this machine stands cannot be found: no [[machine]] of the configuration matches it, and no cloud's "
        "metadata service answers",
        hint=_NAME_IT,
    )


def _region(provider: str, url: str) -> str | None:
    """The region by one cloud's metadata service; `None` where it does not answer."""
    try:
        if provider == "aws":
            seconds = {"X-aws-ec2-metadata-token-ttl-seconds": _AWS_TOKEN_SECONDS}
            token = _get(f"{url}/latest/api/token", seconds, method="PUT")
            region = _get(f"{url}/latest/meta-data/placement/region", {"X-aws-ec2-metadata-token": token})
        elif provider == "azure":
            path = "/metadata/instance/compute/location?api-version=2021-02-01&format=text"
            region = _get(url + path, {"Metadata": "true"})
        else:
            zone = _get(f"{url}/computeMetadata/v1/instance/zone", {"Metadata-Flavor": "Google"})
            region = zone.rpartition("/")[2].rpartition("-")[0]
    except (OSError, HTTPException, ValueError):
        return None
    return region if _REGION.fullmatch(region) else None


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows nobody: a token must not be carried on, and a captive portal is no metadata service."""

    def redirect_request(self, *arguments: Any) -> None:
        """No further request: the redirect itself is the answer, an error."""


class _RefusedError(OSError):
    """The server answered with this HTTP status."""


def _get(url: str, headers: dict[str, str], *, method: str = "GET", timeout_s: float = _TIMEOUT_S) -> str:
    """The answer's text. Raises OSError, HTTPException, ValueError."""
    request = urllib.request.Request(url, headers=headers, method=method)  # noqa: S310  our own addresses
    # Without proxies where it is the metadata service: a proxy would answer for its own machine.
    handlers: list[urllib.request.BaseHandler] = [_Stay()]
    handlers += [urllib.request.ProxyHandler({})] if url.startswith("http://") else []
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=timeout_s) as answer:
            data: bytes = answer.read(_MOST_BYTES)
    except urllib.error.HTTPError as error:
        error.close()
        raise _RefusedError(error.code) from None
    return data.decode("ascii").strip()


def _year(hour: str) -> int | None:
    return int(hour[:4]) if hour[:4].isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
