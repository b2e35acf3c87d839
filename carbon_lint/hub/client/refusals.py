"""Turn what the client raises into one clear message: what the Hub refused, why, and what to do."""

from __future__ import annotations

from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from carbon_lint import redact
from carbon_lint.errors import HubError
from carbon_lint.hub.client.auth import HOW_TO_GIVE_ONE, Credentials
from carbon_lint.hub.client.http import UnansweredError
from carbon_lint.text import quoted

EXPECTED = (HfHubHTTPError, ValueError, KeyError, TypeError, AttributeError)
"""What the client raises for an answer that it does not like: it parses bodies before it looks at them."""


class ForbiddenError(HubError):
    """The token may not do this. Who it belongs to is worth a question, then."""


class MissingError(HubError):
    """There is no such model, or none that this token may see."""


def explain(error: Exception, repo_id: str, revision: str | None, credentials: Credentials | None) -> HubError:
    """Return a HubError for anything of `EXPECTED`."""
    words = (error.server_message or "") if isinstance(error, HfHubHTTPError) else str(error)
    answer = redact.text(" ".join(words.split()), [credentials.token if credentials else None])
    if isinstance(error, HfHubHTTPError):
        return _refused(error, answer, repo_id, revision, credentials)
    if isinstance(error, HFValidationError):
        return HubError(answer)
    if isinstance(error, ValueError) and answer.startswith("Invalid metadata"):
        return HubError(f"the Hub refuses the card for {repo_id}: {answer}")
    return UnansweredError(
        f"the Hub's answer for {repo_id} is not what it should be ({type(error).__name__}: {answer})"
    )


def _refused(
    error: HfHubHTTPError, answer: str, repo_id: str, revision: str | None, credentials: Credentials | None
) -> HubError:
    status = error.response.status_code
    if isinstance(error, GatedRepoError):
        return HubError(
            f"{repo_id} is gated, and {_who(credentials)} has not been let in",
            hint="ask for access on its page, or use a token of somebody who has it",
        )
    if isinstance(error, DisabledRepoError):
        return HubError(f"{repo_id} is disabled on the Hub")
    if isinstance(error, RevisionNotFoundError):
        return HubError(
            f"{repo_id} has no revision {quoted(revision or 'main')}",
            hint="create the branch first (`hf repo branch create`), or leave `revision` out",
        )
    if status == 401 and "Invalid credentials" in answer and credentials is not None:  # noqa: PLR2004
        return rejected(credentials)
    if isinstance(error, RepositoryNotFoundError) or status in {401, 404}:
        return _missing(error, repo_id, credentials)
    if status == 403:  # noqa: PLR2004
        return ForbiddenError(f"{_who(credentials)} may not do this in {repo_id}: {answer or 'forbidden'}")
    return HubError(f"the Hub refused ({status}) for {repo_id}: {answer or 'it does not say why'}")


def rejected(credentials: Credentials) -> HubError:
    """Return the error for a token that the Hub does not know."""
    return HubError(
        f"the Hub does not accept {credentials.source}: it is mistyped, revoked or expired",
        hint="make a new one with write access at https://huggingface.co/settings/tokens",
    )


def _missing(error: HfHubHTTPError, repo_id: str, credentials: Credentials | None) -> MissingError:
    if credentials is None:
        return MissingError(
            f"there is no public model {repo_id} on the Hub, and without a token a private one cannot be seen",
            hint=HOW_TO_GIVE_ONE,
        )
    if "discussions" in str(error.response.url):
        return MissingError(f"{repo_id} has no such pull request", hint="its discussions page lists them")
    return MissingError(
        f"there is no model {repo_id} on the Hub, or {credentials.source} may not see it",
        hint=f"check the name; `hf repo create {repo_id}` makes a new one",
    )


def _who(credentials: Credentials | None) -> str:
    return f"the owner of {credentials.source}" if credentials else "somebody without a token"
