"""Open a model on the Hub for a verb: endpoint, credentials, deadline, a log without tokens."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from carbon_lint import debug
from carbon_lint.errors import HubError
from carbon_lint.hub.client.auth import KeylessError, find_credentials, no_token
from carbon_lint.hub.client.catalogue import Catalogue
from carbon_lint.hub.client.endpoint import endpoint_of
from carbon_lint.hub.client.http import Deadline
from carbon_lint.hub.client.remote import ModelRepo, connected
from carbon_lint.hub.client.target import parse_target

_TRUE = {"1", "on", "yes", "true"}
_LOGGERS = ("huggingface_hub", "httpx", "httpx2")


@contextmanager
def open_model(
    target: str,
    environ: Mapping[str, str],
    *,
    deadline: Deadline,
    token: str | None = None,
    token_file: Path | None = None,
    needs_token: bool = True,
    is_anonymous: bool = False,
) -> Iterator[ModelRepo]:
    """Open the model that `target` names (`owner/model` or its page).

    Without `needs_token` a token is used if there is one, and keyless login may fail; `is_anonymous` uses none at all.
    Raises UsageError if `target` or HF_ENDPOINT cannot be read or HF_ENDPOINT is not the workflow's own, HubError if a
    token is needed and missing, or HF_HUB_OFFLINE is set.
    """
    endpoint = endpoint_of(environ)
    repo_id = parse_target(target, endpoint)
    _refuse_offline(environ)
    with connected(endpoint, deadline):
        credentials = None
        try:
            credentials = None if is_anonymous else find_credentials(environ, token=token, token_file=token_file)
        except KeylessError:
            if needs_token:
                raise
        if credentials is None and needs_token:
            raise no_token(environ)
        yield ModelRepo(repo_id, endpoint, credentials, deadline)


@contextmanager
def open_catalogue(
    environ: Mapping[str, str], *, deadline: Deadline, token_file: Path | None = None
) -> Iterator[Catalogue]:
    """Open the Hub's list of models. A token is used if there is one: it is allowed more requests.

    Raises UsageError if HF_ENDPOINT cannot be read, HubError if HF_HUB_OFFLINE is set.
    """
    endpoint = endpoint_of(environ)
    _refuse_offline(environ)
    with connected(endpoint, deadline):
        yield Catalogue(endpoint, find_credentials(environ, token_file=token_file))


def _refuse_offline(environ: Mapping[str, str]) -> None:
    if environ.get("HF_HUB_OFFLINE", "").lower() in _TRUE:
        raise HubError("HF_HUB_OFFLINE is set, so the Hub is not asked", hint="unset it for this step")


@contextmanager
def quiet_client() -> Iterator[None]:
    """Show nothing of what the client logs; with `--verbose` all of it, without tokens."""
    level = logging.DEBUG if debug.is_on() else logging.ERROR
    quiet: list[logging.Handler] = [logging.NullHandler()]
    handlers = logging.getLogger("carbon_lint").handlers if debug.is_on() else quiet
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [(logger, logger.level, logger.propagate, logger.handlers) for logger in loggers]
    for logger in loggers:
        # the client's own handler would print the same lines unredacted
        logger.handlers = list(handlers)
        logger.propagate = False
        logger.setLevel(level)
    try:
        yield
    finally:
        for logger, old_level, propagate, old_handlers in before:
            logger.handlers, logger.propagate = old_handlers, propagate
            logger.setLevel(old_level)
