"""Read the Hub's list of models, entry by entry, as the JSON it is: a strange card must never end the list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status, paginate

from carbon_lint.hub.client import refusals
from carbon_lint.hub.client.auth import Credentials
from carbon_lint.hub.client.http import UnansweredError


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModel:
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

    def models(self, parameters: Mapping[str, Any]) -> Iterator[ListedModel]:
        """Return the models that match, page by page. `parameters` are those of `GET /api/models`."""
        try:
            for item in paginate(f"{self.endpoint}/api/models", params=dict(parameters), headers=self._headers):
                yield _listed(item, "list of models")
        except refusals.EXPECTED as error:
            raise refusals.explain(error, "the list of models", None, self.credentials) from None

    def model(self, repo_id: str) -> ListedModel:
        """Return one model. Raises HubError if there is none, or it may not be seen."""
        try:
            response = get_session().get(f"{self.endpoint}/api/models/{repo_id}", headers=self._headers)
            hf_raise_for_status(response)
            return _listed(response.json(), f"answer for {repo_id}")
        except refusals.EXPECTED as error:
            raise refusals.explain(error, repo_id, None, self.credentials) from None


def _listed(item: Any, what: str) -> ListedModel:
    """Return an entry from its JSON. Raises UnansweredError if that is not an entry."""
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        raise UnansweredError(f"the Hub's {what} is not what it should be")
    return ListedModel(
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
