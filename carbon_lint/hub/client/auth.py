"""Find the token to use, and its origin. The token itself never leaves `Credentials` but to the client."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError, OIDCError

from carbon_lint.errors import HubError
from carbon_lint.files import why
from carbon_lint.hub.client.http import UnansweredError

HOW_TO_GIVE_ONE = (
    "set HF_TOKEN, name a file that holds it as token-file, run `hf auth login`, or in GitHub Actions set "
    "HF_OIDC_RESOURCE=owner/model, without any secret, with `permissions: id-token: write` (docs/publishing.md)"
)


class KeylessError(HubError):
    """Keyless login was asked for and failed."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A token and the name of its source. `repr` shows the source alone. `resource` is the model of keyless login."""

    token: str = field(repr=False)
    source: str
    resource: str | None = None


def find_credentials(
    environ: Mapping[str, str], *, token: str | None = None, token_file: Path | None = None
) -> Credentials | None:
    """Return the token to use: given, from a file, keyless, from HF_TOKEN, from `hf auth login`; else None.

    Keyless login is exchanged here. The client keeps the token for an hour and exchanges again after that. Raises
    HubError if a token is named but empty, broken or unreadable, or the keyless exchange failed.
    """
    if token is not None:
        return Credentials(_clean(token, "the token"), "the token given")
    if token_file is not None:
        return Credentials(_clean(_read(token_file), f"the token file {token_file}"), f"the token file {token_file}")
    resource = environ.get("HF_OIDC_RESOURCE") or None
    try:
        found = huggingface_hub.get_token()
    except OIDCError as error:
        raise _keyless_failed(str(error)) from None
    except HfHubHTTPError as error:
        raise _keyless_failed(str(error.server_message or f"the Hub answered {error.response.status_code}")) from None
    except (UnansweredError, KeyError, ValueError) as error:
        raise _keyless_failed(f"the exchange returned no token: {error}") from None
    if found is None:
        return None
    named = "HF_TOKEN" if environ.get("HF_TOKEN") else "HUGGING_FACE_HUB_TOKEN"
    if resource is not None:
        named = f"keyless login for {resource}"
    elif not environ.get(named):
        named = "`hf auth login`"
    return Credentials(_clean(found, named), named, resource)


def no_token(environ: Mapping[str, str]) -> HubError:
    """Return the error for a token that is needed and missing."""
    if "HF_TOKEN" in environ:
        return HubError(
            "HF_TOKEN is set but empty",
            hint="in a workflow that is a secret that does not exist under this name, or a pull request from a fork; "
            + HOW_TO_GIVE_ONE,
        )
    return HubError("there is no token for the Hub", hint=HOW_TO_GIVE_ONE)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = why(error) if isinstance(error, OSError) else "it is not text"
        raise HubError(f"cannot read the token file {path}: {reason}", hint=HOW_TO_GIVE_ONE) from None


def _clean(token: str, source: str) -> str:
    cleaned = token.strip()
    if not cleaned:
        raise HubError(f"{source} is empty", hint=HOW_TO_GIVE_ONE)
    if not re.fullmatch(r"[\x21-\x7e]+", cleaned):
        raise HubError(
            f"{source} holds blanks, line breaks or other characters that no token has",
            hint="it must be the token alone, on one line",
        )
    return cleaned


def _keyless_failed(reason: str) -> KeylessError:
    hint = (
        "the job needs `permissions: id-token: write`, and the model's settings must name this repository, workflow "
        "and branch as a trusted publisher, exactly; unset HF_OIDC_RESOURCE to use HF_TOKEN"
    )
    return KeylessError(f"keyless login failed: {' '.join(reason.split())}", hint=hint)
