"""Check what the verbs that use the Hub need before they begin."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from urllib.parse import urlsplit

from carbon_lint.errors import HubError
from carbon_lint.project import install_hint

NEEDED = ("huggingface_hub", "tenacity")
_PUBLIC_HUB = "https://huggingface.co"
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


def need_hub(verb: str) -> None:
    """Raise HubError, with what to install, if the extra is not there."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise HubError(
            f"`carbon-lint {verb}` cannot start: missing packages: {', '.join(missing)}",
            hint=install_hint("hub"),
        )


def show_endpoint(endpoint: str) -> None:
    """Print where the card goes, unless it is the public Hub; a token over http can be read on the way."""
    if endpoint == _PUBLIC_HUB:
        return
    sys.stderr.write(f"carbon-lint: HF_ENDPOINT: the Hub is {endpoint}, not {_PUBLIC_HUB}\n")
    parts = urlsplit(endpoint)
    if parts.scheme == "http" and parts.hostname not in _THIS_MACHINE:
        sys.stderr.write(f"carbon-lint: warning: HF_ENDPOINT is {endpoint}: the token travels in clear text\n")
