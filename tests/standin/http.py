"""Requests and answers of the stand-in Hub as plain values, so that routes know nothing of sockets."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. `path` is as it came, still percent-encoded; `query` holds lists."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]  # names in lower case
    body: bytes
    base_url: str

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def first(self, name: str) -> str | None:
        """A query parameter's first value."""
        values = self.query.get(name)
        return values[0] if values else None

    def is_set(self, name: str) -> bool:
        """True if a query flag is on, as the client writes it."""
        return (self.first(name) or "").lower() in {"1", "true"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class RefusalError(Exception):
    """An answer that is an error, raised from anywhere in a route."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        headers = {"Content-Type": "application/json; charset=utf-8", "X-Error-Message": message.replace("\n", " ")}
        if code is not None:
            headers["X-Error-Code"] = code
        self.response = Response(status=status, body=json.dumps({"error": message}).encode(), headers=headers)


def as_json(value: Any, status: int = 200, **headers: str) -> Response:
    """A JSON answer."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(
        status=status,
        body=json.dumps(value).encode(),
        headers={"Content-Type": "application/json; charset=utf-8", **named},
    )
