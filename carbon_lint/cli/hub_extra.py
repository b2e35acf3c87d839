"""Check what the verbs that use the Hub need before they begin."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from carbon_lint import redact
from carbon_lint.errors import HubError
from carbon_lint.hub.client.endpoint import notes_on
from carbon_lint.project import install_hint
from carbon_lint.text import terminal

NEEDED = ("huggingface_hub", "tenacity")


def need_hub(verb: str) -> None:
    """Raise HubError, with what to install, if the extra is not there."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise HubError(
            f"`carbon-lint {verb}` cannot start: missing packages: {', '.join(missing)}",
            hint=install_hint("hub"),
        )


def show_endpoint(endpoint: str) -> None:
    """Print where the card goes, unless it is the public Hub."""
    sys.stderr.write("".join(f"carbon-lint: {note}\n" for note in notes_on(endpoint)))


def show_wait(seconds: float, why: str) -> None:
    """Print why nothing moves."""
    sys.stderr.write(f"carbon-lint: {terminal(redact.text(why))}; trying again in {seconds:.1f} s\n")
