"""Ask a model repository on the Hub through huggingface_hub: read its card at a commit, commit a card, look back.

Nothing is read from huggingface_hub's cache: with a warm one `ModelCard.load` hands out the old card when the Hub
refuses, without a word.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import huggingface_hub
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError
from huggingface_hub.utils import (
    build_hf_headers,
    disable_progress_bars,
    get_session,
    hf_raise_for_status,
    set_client_factory,
)

from carbon_lint import __version__, redact
from carbon_lint.errors import HubError
from carbon_lint.hub.client import refusals
from carbon_lint.hub.client.auth import Credentials
from carbon_lint.hub.client.http import BoundedClient, Deadline, UnansweredError, hard_limit, plain_client

CARD = "README.md"
STALE = 412
LARGEST_CARD = 2**24
LARGEST_FILE = 2**28
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """The head of a revision and the card in it; `card` is None if there is none."""

    sha: str
    card: bytes | None


class StaleError(HubError):
    """Somebody else has committed since the tip was read."""


@contextmanager
def connected(endpoint: str, deadline: Deadline) -> Iterator[None]:
    """Bound all of huggingface_hub's requests by `deadline`, and let it send no telemetry."""
    constants = huggingface_hub.constants
    before = constants.ENDPOINT
    # keyless login and the client's links go by this constant: a token must go to no other place
    constants.ENDPOINT = endpoint
    constants.HF_HUB_DISABLE_TELEMETRY = True
    disable_progress_bars()
    set_client_factory(lambda: BoundedClient(deadline))
    try:
        with hard_limit(deadline):
            yield
    finally:
        constants.ENDPOINT = before
        set_client_factory(plain_client)


def _refuse_what_is_no_card(headers: Mapping[str, str], content: bytes, revision: str) -> None:
    """Refuse a proxy's page with status 200: it would be read as the card, edited and committed.

    The Hub names the commit, and the file by the hash that git (or, for large files, LFS) has for it.
    """
    commit = headers.get("x-repo-commit")
    if commit is None or (_HASH.fullmatch(revision) and commit != revision):
        raise UnansweredError("the response for the card did not come from the Hub: it names another commit, or none")
    etag = (headers.get("x-linked-etag") or headers.get("etag") or "").removeprefix("W/").strip('"')
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    hashes = {40: blob, 64: hashlib.sha256(content).hexdigest()}
    if _HASH.fullmatch(etag) and hashes[len(etag)] != etag:
        raise UnansweredError("the response for the card is not what the Hub has: its hash differs")


class ModelRepo:
    """One model on the Hub. Use inside `connected`. All methods raise HubError, of which UnansweredError is one."""

    def __init__(
        self, repo_id: str, endpoint: str, credentials: Credentials | None, deadline: Deadline | None = None
    ) -> None:
        self.id = repo_id
        self.endpoint = endpoint
        self.credentials = credentials
        self.deadline = deadline or Deadline(None)
        token = credentials.token if credentials else False
        self.api = HfApi(endpoint=endpoint, token=token, library_name="carbon-lint", library_version=__version__)

    def tip(self, revision: str) -> Tip:
        """Return the head of a revision now, and its card. Raises HubError also if the model has been renamed."""
        sha = self._head(revision)
        return Tip(sha=sha, card=self.file_at(sha, CARD))

    def _head(self, revision: str) -> str:
        with self.speaking(revision):
            info = self.api.model_info(self.id, revision=None if revision == "main" else revision)
        if info.id != self.id:
            raise HubError(f"{self.id} has been renamed to {info.id}", hint=f"publish to {info.id}")
        if info.sha is None:
            raise UnansweredError(f"the Hub does not say which commit {self.id} is at")
        return info.sha

    def check_may_publish(self, *, by_pull_request: bool) -> None:
        """Ask the Hub whether the token may publish, without a change. Raises HubError if not.

        A token of keyless login is a write token for the model that it names, so only that name is compared.
        """
        assert self.credentials is not None  # noqa: S101  the caller has found some
        resource = self.credentials.resource
        if resource is not None and resource.lower() != self.id.lower():
            hint = f"set HF_OIDC_RESOURCE to {self.id}"
            raise HubError(f"keyless login is for {resource}, and the card goes to {self.id}", hint=hint)
        role = None if resource is not None else self._whoami().get("auth", {}).get("accessToken", {}).get("role")
        self._head("main")
        if role == "read":
            raise self.forbidden("write to")
        if resource is not None or by_pull_request:
            return
        try:
            with self.speaking(None):
                self.api.auth_check(self.id, write=True)
        except refusals.ForbiddenError:
            raise self.forbidden("write to") from None
        except refusals.MissingError:
            return  # the model is there, so this server does not know the question: the commit itself will tell

    def file_at(self, sha: str, name: str, *, limit: int = LARGEST_CARD) -> bytes | None:
        """Return a file's bytes at a commit; None if it is not there. Raises HubError if it is larger than `limit`."""
        # not `hf_hub_url`: its address was fixed when huggingface_hub was imported
        url = f"{self.endpoint}/{self.id}/resolve/{sha}/{name}"
        data = b""
        try:
            with (
                self.speaking(sha),
                get_session().stream("GET", url, headers=build_hf_headers(token=self.api.token)) as response,
            ):
                if response.is_error:
                    response.read()
                hf_raise_for_status(response)
                for chunk in response.iter_bytes():
                    data += chunk
                    if len(data) > limit:
                        raise HubError(f"{name} of {self.id} is larger than {limit:,} bytes, which is not read")
        except EntryNotFoundError:
            return None
        # A large file is answered by a store that the Hub leads to: the Hub's own words come before.
        answers = (*response.history, response)
        headers = next((each.headers for each in answers if "x-repo-commit" in each.headers), response.headers)
        _refuse_what_is_no_card(headers, data, sha)
        return data

    def commit_card(
        self,
        card: bytes,
        *,
        parent: str,
        revision: str,
        title: str,
        description: str,
        files: Mapping[str, bytes],
    ) -> str:
        """Commit the card, and `files` beside it, onto `parent`; return the new commit.

        Raises StaleError if `parent` is not the head of `revision` any more: nothing was done; UnansweredError if it
        may have been done.
        """
        operations = [
            CommitOperationAdd(path_in_repo=name, path_or_fileobj=data) for name, data in {CARD: card, **files}.items()
        ]
        try:
            with self.speaking(revision), warnings.catch_warnings():
                # the Hub warns of empty metadata; the linter says it better
                warnings.simplefilter("ignore", UserWarning)
                done = self.api.create_commit(
                    self.id,
                    operations,
                    commit_message=title,
                    commit_description=description,
                    revision=revision,
                    parent_commit=parent,
                )
        except refusals.ForbiddenError:
            raise self.forbidden("write to") from None
        except HfHubHTTPError as error:
            raise StaleError(f"somebody else has committed to {self.id} meanwhile") from error
        return str(done.oid)

    def commits_beyond_main(self, revision: str) -> list[str]:
        """Return the messages of the commits that a revision has and main has not."""
        with self.speaking(revision):
            on_main = {commit.commit_id for commit in self.api.list_repo_commits(self.id)}
            commits = self.api.list_repo_commits(self.id, revision=revision)
        return [f"{commit.title}\n{commit.message}" for commit in commits if commit.commit_id not in on_main]

    def find_commit(self, revision: str, marker: str, *, since: str) -> str | None:
        """Return the commit newer than `since` whose description holds `marker`."""
        with self.speaking(revision):
            commits = self.api.list_repo_commits(self.id, revision=revision)
        for commit in commits:
            if commit.commit_id == since:
                return None
            if marker in commit.message:
                return commit.commit_id
        return None

    def user(self) -> str | None:
        """Return the user whose token it is; None if the Hub does not say."""
        return None if self.credentials is None else str(self._whoami()["name"])

    def _whoami(self) -> dict[str, Any]:
        assert self.credentials is not None  # noqa: S101  without a token nothing is asked
        try:
            with self.speaking(None):
                return dict(self.api.whoami())
        except refusals.MissingError:
            # the client replaces the Hub's words by its own, and no model was asked for
            raise refusals.rejected(self.credentials) from None

    def forbidden(self, what: str) -> HubError:
        """Return why a change is forbidden. Asked only then: the Hub allows this question seldom."""
        answer = self._whoami()
        assert self.credentials is not None  # noqa: S101  or there was no answer
        who = f"{self.credentials.source} ({answer['name']}'s)"
        if answer.get("auth", {}).get("accessToken", {}).get("role") == "read":
            hint = "use a token with write access: https://huggingface.co/settings/tokens"
            return HubError(f"{who} may only read", hint=hint)
        hint = "use a token that may" + (", or open a pull request" if what == "write to" else "")
        suggest = (("create-pr", ""),) if what == "write to" else ()
        return HubError(f"{who} may not {what} {self.id}", hint=hint, suggest=suggest)

    def commit_url(self, sha: str) -> str:
        """Return the web page of a commit."""
        return f"{self.endpoint}/{self.id}/commit/{sha}"

    @contextmanager
    def speaking(self, revision: str | None) -> Iterator[None]:
        """Translate what the client raises into a HubError; a 412 and a missing file pass."""
        try:
            yield
        except EntryNotFoundError:
            raise
        except HubError as error:
            secret = self.credentials.token if self.credentials else None
            raise error.again(message=redact.text(error.message, [secret])) from None
        except refusals.EXPECTED as error:
            if isinstance(error, HfHubHTTPError) and error.response.status_code == STALE:
                raise
            # `from None`: the client's own exceptions hold request headers
            raise refusals.explain(error, self.id, revision, self.credentials) from None
