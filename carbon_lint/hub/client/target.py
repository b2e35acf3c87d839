"""Read what `--to` may name: a model repository, by id or by the address of its web page."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from carbon_lint.errors import UsageError
from carbon_lint.text import quoted

PUBLIC_HUB = "https://huggingface.co"
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,95}", re.ASCII)
_HOSTS = {"huggingface.co", "www.huggingface.co", "hf.co"}
_OTHER_KINDS = {f"{kind}s".lower(): kind for kind in ("dataset", "Space", "kernel", "bucket", "collection")}
_HINT = "name a model as owner/model, or paste the address of its page"


def parse_target(text: str, endpoint: str) -> str:
    """Return `owner/model` of an id or a page's address. Raises UsageError for anything but a model repository."""
    given = text.strip()
    is_page = "://" in given
    path = _path_of_page(given, endpoint) if is_page else given
    host, _, rest = given.partition("/")
    if not is_page and host.lower() in _HOSTS:
        path = rest
    parts = [part for part in path.split("/") if part or not is_page]
    if parts and parts[0] in _OTHER_KINDS:
        raise UsageError(f"{quoted(text)} is a {_OTHER_KINDS[parts[0]]}, not a model", hint=_HINT)
    if len(parts) > 2 and is_page:  # noqa: PLR2004  owner/model and what follows on its page
        _refuse_other_revision(text, parts[2:])
        parts = parts[:2]
    if len(parts) == 1 and _PART.fullmatch(parts[0]):
        raise UsageError(f"{quoted(text)} names a user or organisation, not a model", hint=_HINT)
    # as the Hub has it: no `..`, no `--`, neither at the start nor at the end a dash or dot
    are_names = all(_PART.fullmatch(part) and not re.search(r"\.\.|--|[.-]\Z", part) for part in parts)
    if len(parts) != 2 or not are_names:  # noqa: PLR2004  owner/model
        raise UsageError(f"{quoted(text)} is not the name of a model", hint=_HINT)
    return "/".join(parts)


def _path_of_page(url: str, endpoint: str) -> str:
    base = urlsplit(endpoint)
    parts = _split(url)
    if (
        parts is None
        or parts.scheme not in {"http", "https"}
        or (parts.hostname not in _HOSTS and parts.netloc != base.netloc)
    ):
        raise UsageError(f"{quoted(url)} is not a page of {endpoint}", hint=_HINT)
    return parts.path.removeprefix(base.path.rstrip("/")) if parts.netloc == base.netloc else parts.path


def _split(url: str) -> SplitResult | None:
    """Return the parts of an address; None for brackets without an IPv6 address, or a port that is not a number."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  asked for because it raises
    except ValueError:
        return None
    return parts


def _refuse_other_revision(text: str, rest: list[str]) -> None:
    """Refuse a page of another branch: it must not end up as `main`."""
    if rest[0] in {"tree", "blob", "resolve", "commit", "raw"} and rest[1:2] != ["main"] and len(rest) > 1:
        raise UsageError(
            f"{quoted(text)} is a page of the revision {quoted('/'.join(rest[1:]))}",
            hint="name the model alone; on the command line, --revision names the branch",
        )


def parse_endpoint(text: str | None) -> str:
    """Return `HF_ENDPOINT` without a trailing slash; the Hub's address if it is not set. Raises UsageError."""
    if not text:
        return PUBLIC_HUB
    parts = _split(text.strip())
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(
            f"HF_ENDPOINT is {quoted(text)}, which is not an http(s) address", hint="unset it, or write https://host"
        )
    if parts.username or parts.password:
        raise UsageError("HF_ENDPOINT holds a user name or password", hint="set HF_TOKEN to the token")
    return text.strip().rstrip("/")
