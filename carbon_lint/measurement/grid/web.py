"""Send one HTTP request with the standard library: short, bounded, and following no redirect."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from carbon_lint import debug

_MOST_BYTES = 65_536
_CHUNK_BYTES = 8192


class RefusedError(OSError):
    """The server answered with this HTTP status. `retry_after` is that header's text, if it was sent."""

    def __init__(self, status: int, *, retry_after: str | None = None) -> None:
        super().__init__(str(status))
        self.status = status
        self.retry_after = retry_after


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: a token must not be passed on, and a captive portal is not a metadata service."""

    def redirect_request(self, *arguments: Any) -> None:
        """Send no further request: the redirect itself is the answer, an error."""


def get_text(url: str, headers: Mapping[str, str], *, timeout_s: float, method: str = "GET") -> str:
    """Return the answer's text, 64 KiB of it at most. `timeout_s` is for each wait, and for the whole of the body.

    Raises RefusedError if the status is not a success, OSError, HTTPException, ValueError (no UTF-8).
    """
    request = urllib.request.Request(url, headers=dict(headers), method=method)  # noqa: S310  our own addresses
    handlers: list[urllib.request.BaseHandler] = [_Stay()]
    # Without proxies if it is the metadata service: a proxy would answer for its own machine.
    handlers += [urllib.request.ProxyHandler({})] if url.startswith("http://") else []
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=timeout_s) as answer:
            data = _body(answer, time.monotonic() + timeout_s)
            debug.log("http", "%s %s: %s", method, url.partition("?")[0], answer.status)
    except urllib.error.HTTPError as error:
        debug.log("http", "%s %s: %s", method, url.partition("?")[0], error.code)
        error.close()
        raise RefusedError(error.code, retry_after=error.headers.get("Retry-After")) from None
    return data.decode().strip()


def _body(answer: Any, until_s: float) -> bytes:
    data = b""
    while len(data) < _MOST_BYTES:
        chunk: bytes = answer.read1(_CHUNK_BYTES)
        if not chunk:
            break
        if time.monotonic() > until_s:
            raise TimeoutError("the answer does not end")
        data += chunk
    return data[:_MOST_BYTES]
