"""Give huggingface_hub its HTTP client: every call has a timeout, the whole has a deadline, one policy of retries.

huggingface_hub's own client waits for an answer without end, retries some calls for half a minute and sleeps as long as
a `Retry-After` says. Here a request that may be repeated is repeated, with jitter, while the deadline allows; one that
may not (it could have landed) raises `UnansweredError`, and the caller finds out what happened.
"""

from __future__ import annotations

import re
import signal
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import tenacity
from huggingface_hub.utils import HfHubHTTPError, parse_ratelimit_headers

from carbon_lint import debug
from carbon_lint.errors import HubError, InputError

if TYPE_CHECKING:
    import httpx2 as httpx


def _library() -> ModuleType:
    """Return httpx2 under huggingface_hub 2, httpx before: the one that huggingface_hub's errors are made of."""
    names = (base.__module__.split(".")[0] for base in HfHubHTTPError.__mro__)
    return import_module(next(name for name in names if name.startswith("httpx")))


if not TYPE_CHECKING:
    httpx = _library()

_Done = TypeVar("_Done")

RETRY_STATUS = frozenset({408, 429, 500, 502, 503, 504})
# Asking these twice does nothing twice. All other requests that are not GET or HEAD change something.
_REPEATABLE_POST = re.compile(r"/(validate-yaml|preupload/[^/]+|oauth/token|paths-info/[^/]+)$")
CONNECT_TIMEOUT_S = 10.0
CALL_TIMEOUT_S = 20.0
TRIES = 6
FIRST_WAIT_S = 0.5
MAX_WAIT_S = 8.0
GRACE_S = 1.0
"""Seconds after the deadline until what is being waited for is broken off: the calls' own limits come first."""


_OFFLINE = "check the network, and HTTPS_PROXY if you need one"


class UnansweredError(HubError):
    """A request has no usable answer: whether it was carried out is not known."""

    def __init__(self, message: str, *, hint: str | None = None, retry_after_s: float = 0.0) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class Deadline:
    """How long the whole may still take, and what shows each wait, by its seconds and why.

    `seconds=None` sets no limit. Waits are random up to an exponentially growing bound: many CI jobs fail at once.
    """

    def __init__(self, seconds: float | None, on_wait: Callable[[float, str], None] | None = None) -> None:
        self.seconds = float("inf") if seconds is None else seconds
        self.on_wait = on_wait
        self._end_s = time.monotonic() + self.seconds

    def remaining_s(self) -> float:
        """Return seconds left; infinite if there is no deadline, never negative."""
        return max(0.0, self._end_s - time.monotonic())

    def retry(self, do: Callable[[], _Done], *on: type[BaseException]) -> _Done:
        """Return what `do` returns; repeat it on the errors `on` while tries and time are left, then raise the last."""
        backoff = tenacity.wait_random_exponential(multiplier=FIRST_WAIT_S, max=MAX_WAIT_S)

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            return max(backoff(state), getattr(error, "retry_after_s", 0.0))

        def stop(state: tenacity.RetryCallState) -> bool:
            return state.attempt_number >= TRIES or state.upcoming_sleep >= self.remaining_s()

        def announce(state: tenacity.RetryCallState) -> None:
            if self.on_wait is not None and state.outcome is not None:
                self.on_wait(state.upcoming_sleep, str(state.outcome.exception()))

        retry = tenacity.retry_if_exception_type(on)
        return tenacity.Retrying(retry=retry, wait=wait, stop=stop, before_sleep=announce, reraise=True)(do)


class BoundedClient(httpx.Client):
    """An httpx client for `huggingface_hub.set_client_factory`, bounded by `deadline`."""

    def __init__(self, deadline: Deadline) -> None:
        try:
            super().__init__(follow_redirects=True)
        except OSError as error:
            raise InputError(
                f"the certificates of the authorities cannot be read: {error.strerror or error}",
                hint="SSL_CERT_FILE must name a file of certificates, or not be set",
            ) from error
        self.deadline = deadline
        self._not_before = 0.0

    def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        """Send, and send again if that is harmless. Raises UnansweredError if no answer came."""
        is_repeatable = request.method in {"GET", "HEAD"} or _REPEATABLE_POST.search(request.url.path)
        again = (UnansweredError,) if is_repeatable else ()
        return self.deadline.retry(lambda: self._send_once(request, stream, options), *again)

    def _send_once(self, request: httpx.Request, stream: bool, options: dict[str, Any]) -> httpx.Response:
        self._keep_pace()
        left = self.deadline.remaining_s()
        if left <= 0:
            late = f"not sent, the time limit of {self.deadline.seconds:g} s is over"
            raise UnansweredError(f"{_name(request)}: {late}")
        call = min(CALL_TIMEOUT_S, left)
        connect = min(CONNECT_TIMEOUT_S, call)
        request.extensions["timeout"] = {"connect": connect, "read": call, "write": call, "pool": call}
        try:
            response = super().send(request, stream=True, **options)
            response.stream = _Bounded(response.stream, self.deadline, call)
            with ExitStack() as unless_read:
                unless_read.callback(response.close)
                if not stream or response.status_code in RETRY_STATUS:
                    response.read()
                unless_read.pop_all()
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.TooManyRedirects) as error:
            raise HubError(f"{_name(request)}: {error}") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            debug.log("http", "%s: %s", _name(request), error)
            if _is_untrusted(error):
                hint = "SSL_CERT_FILE names the file of the authority that signed it"
                raise HubError(f"{_name(request)}: its certificate is not trusted", hint=hint) from error
            is_offline = isinstance(error, httpx.ConnectError)
            raise UnansweredError(
                f"{_name(request)}: {_message(error)}", hint=_OFFLINE if is_offline else None
            ) from error
        debug.log("http", "%s: %s", _name(request), response.status_code)
        wait_s = retry_after_s(response.headers)
        if response.status_code in RETRY_STATUS:
            raise UnansweredError(
                f"{_name(request)}: the Hub answered {response.status_code} {response.reason_phrase}".rstrip(),
                retry_after_s=wait_s,
            )
        if wait_s > 0:
            self._not_before = max(self._not_before, time.monotonic() + wait_s)
        return response

    def _keep_pace(self) -> None:
        """Wait if the last answer showed that the allowance is used up: a request now would only be refused."""
        wait_s = self._not_before - time.monotonic()
        if 0 < wait_s < self.deadline.remaining_s():
            if self.deadline.on_wait is not None and wait_s >= 1:
                self.deadline.on_wait(wait_s, "the Hub's allowance of requests is used up")
            time.sleep(wait_s)


@contextmanager
def hard_limit(deadline: Deadline) -> Iterator[None]:
    """Raise UnansweredError a little after the deadline, whatever is being waited for.

    Time limits of sockets start again with every byte: an answer whose head comes byte by byte keeps none of them. Only
    the main thread can be interrupted so; elsewhere this does nothing.
    """
    seconds = deadline.remaining_s()
    if seconds == float("inf") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_signal: int, _frame: object) -> None:
        raise UnansweredError(f"no whole answer within the time limit of {round(seconds, 1):g} s")

    handler = signal.signal(signal.SIGALRM, interrupt)
    start = time.monotonic()
    before_s, _ = signal.setitimer(signal.ITIMER_REAL, seconds + GRACE_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if before_s:
            signal.setitimer(signal.ITIMER_REAL, max(0.01, before_s - (time.monotonic() - start)))


def plain_client() -> httpx.Client:
    """Return a client as huggingface_hub makes it by default."""
    return httpx.Client(follow_redirects=True, timeout=None)


class _Bounded(httpx.SyncByteStream):
    """A body that must end by the deadline, and within one call's time, however slowly it dribbles."""

    def __init__(self, stream: Any, deadline: Deadline, call_timeout_s: float) -> None:
        self._stream = stream
        self._deadline = deadline
        self._call = Deadline(call_timeout_s)

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            if self._deadline.remaining_s() <= 0 or self._call.remaining_s() <= 0:
                raise httpx.ReadTimeout("the answer took too long")
            yield chunk

    def close(self) -> None:
        self._stream.close()


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Return seconds that the Hub asks to wait, by `Retry-After` or an exhausted `ratelimit`; 0 if it says nothing."""
    named = headers.get("retry-after", "").strip()
    seconds = float(named) if re.fullmatch(r"\d+(\.\d+)?", named) else 0.0
    limit = parse_ratelimit_headers(dict(headers))
    if limit is not None and limit.remaining == 0:
        seconds = max(seconds, float(limit.reset_in_seconds))
    return seconds


def _name(request: httpx.Request) -> str:
    return f"{request.method} {request.url.copy_with(query=None)}"


def _is_untrusted(error: BaseException | None) -> bool:
    """Return whether the server's certificate was not accepted: httpx keeps ssl's own error as a cause."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None


def _message(error: Exception) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return "no connection within the time limit"
    if isinstance(error, httpx.TimeoutException):
        return "no answer within the time limit"
    if isinstance(error, httpx.ConnectError):
        return f"no connection ({error})"
    return f"the connection broke ({str(error) or type(error).__name__})"
