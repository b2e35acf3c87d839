"""Read the Hub's list of models, entry by entry, as the JSON it is: a strange card must never end the list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status, paginate

from carbon_lint.hub.client import refusals
from carbon_lint.hub.client.auth import Credentials
from carbon_lint.hub.client.http import UnansweredError

_END = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One model of the list. `metadata` is the card's as the Hub gives it: a mapping, or anything else, or None."""

    id: str
    metadata: Any
    downloads: int | None
    likes: int | None
    task: str | None
    library: str | None


class Catalogue:
    """Lists and describes models. Use inside `remote.connected`. Raises HubError."""

    def __init__(self, endpoint: str, credentials: Credentials | None) -> None:
        self.endpoint = endpoint
        self.credentials = credentials
        self._headers = build_hf_headers(token=credentials.token if credentials else False)

    def models(self, parameters: Mapping[str, Any]) -> Iterator[Entry]:
        """Return the models that match, page by page. `parameters` are those of `GET /api/models`."""
        items = iter(paginate(f"{self.endpoint}/api/models", params=dict(parameters), headers=self._headers))
        while True:
            try:
                item = next(items, _END)
            except refusals.EXPECTED as error:
                raise refusals.explain(error, "the list of models", None, self.credentials) from None
            if item is _END:
                return
            entry = entry_of(item)
            if entry is None:
                raise UnansweredError("the Hub's list of models is not what it should be")
            yield entry

    def model(self, repo_id: str) -> Entry:
        """Return one model. Raises HubError if there is none, or it may not be seen."""
        try:
            response = get_session().get(f"{self.endpoint}/api/models/{repo_id}", headers=self._headers)
            hf_raise_for_status(response)
            entry = entry_of(response.json())
        except refusals.EXPECTED as error:
            raise refusals.explain(error, repo_id, None, self.credentials) from None
        if entry is None:
            raise UnansweredError(f"the Hub's answer for {repo_id} is not what it should be")
        return entry


def entry_of(item: Any) -> Entry | None:
    """Return an entry from its JSON; None if that is not an entry."""
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        return None
    return Entry(
        id=item["id"],
        metadata=item.get("cardData"),
        downloads=_count(item.get("downloads")),
        likes=_count(item.get("likes")),
        task=_text(item.get("pipeline_tag")),
        library=_text(item.get("library_name")),
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
