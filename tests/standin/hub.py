"""The stand-in Hub: a small server that speaks the protocol of huggingface_hub, with repositories in real git.

    python -m tests.standin.hub --port 0 --root DIR [--repo acme/model=README.md] [--tls]

It is local and is not huggingface.co. In a test: `with StandInHub(tmp_path) as hub: ... hub.endpoint ...`.
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import math
import socket
import ssl
import struct
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit

from tests.standin.faults import Fault, Faults
from tests.standin.http import Request, Response
from tests.standin.routes import answer
from tests.standin.state import HubState, Publisher, Repo, Token

WRITE_TOKEN = "hf_standInWriteToken"
READ_TOKEN = "hf_standInReadToken"
PR_TOKEN = "hf_standInPullRequestToken"
FOREIGN_TOKEN = "hf_standInForeignToken"
ID_REQUEST_TOKEN = "standInIdTokenRequestToken"
OWNER = "acme"
AUTHORITY = Path(__file__).with_name("authority.pem")
"""What clients of a plain server trust: see `tests.conftest`."""


class StandInHub:
    """A running stand-in Hub. `state` is what it holds, `faults` what is wrong with it, `requests` what was asked.

    Four tokens are known: `acme`'s write token, `acme`'s read token, one of the user `visitor` that may only open pull
    requests, and the write token of `stranger`, who owns nothing here.
    """

    def __init__(self, root: Path, *, port: int = 0, tls: bool = False) -> None:
        self.state = HubState(root)
        self.faults = Faults()
        self.requests: list[tuple[str, str, int]] = []
        self.ca_file: Path | None = None
        self.state.add_token(WRITE_TOKEN, OWNER)
        self.state.add_token(READ_TOKEN, OWNER, "read")
        self.state.add_token(PR_TOKEN, "visitor", "pr-only")
        self.state.add_token(FOREIGN_TOKEN, "stranger")
        self._server = _Server(("127.0.0.1", port), self)
        if tls:
            self.ca_file = root / "ca.pem"
            self._server.socket = _tls_context(self.ca_file).wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.endpoint = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)

    @property
    def closing(self) -> threading.Event:
        """Set when the server goes down, so that stalled answers end."""
        return self._server.closing

    def environ(self, token: str | None = WRITE_TOKEN, *, in_container: bool = False) -> dict[str, str]:
        """The variables that point huggingface_hub here; no file of this machine is in a container."""
        found = {"HF_ENDPOINT": self.endpoint, "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1"}
        if token is not None:
            found["HF_TOKEN"] = token
        if not in_container:
            found["SSL_CERT_FILE"] = str(self.ca_file or AUTHORITY)
        return found

    def oidc_environ(self, resource: str, repository: str = "acme/training", **claims: str) -> dict[str, str]:
        """The variables of a GitHub job with `id-token: write` in `repository`."""
        self.state.id_tokens[ID_REQUEST_TOKEN] = {"repository": repository, **claims}
        return {
            **self.environ(None),
            "GITHUB_ACTIONS": "true",
            "HF_OIDC_RESOURCE": resource,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.endpoint}/oidc/id-token",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": ID_REQUEST_TOKEN,
        }

    def trust(self, resource: str, repository: str = "acme/training", **claims: str) -> None:
        """Make the GitHub repository a trusted publisher of the model."""
        self.state.publishers.append(Publisher(resource=resource, repository=repository, **claims))

    def create(self, repo_id: str, card: str | bytes | None = None, **settings: object) -> Repo:
        """A new model repository."""
        return self.state.create_repo(repo_id, card, **settings)

    def card(self, repo_id: str, revision: str = "main") -> bytes | None:
        """The card as it is now."""
        git = self.state.repos[repo_id].git
        tip = git.tip(revision)
        assert tip is not None
        return git.read(tip, "README.md")

    def commit(
        self, repo_id: str, changes: dict[str, bytes | None], message: str = "Somebody else", ref: str = "main"
    ) -> str:
        """A commit that somebody else makes."""
        name = ref if ref.startswith("refs/") else f"refs/heads/{ref}"
        return self.state.repos[repo_id].git.commit(name, changes, message)

    def titles(self, repo_id: str, revision: str = "main") -> list[str]:
        """The titles of a revision's commits, newest first."""
        return [commit.title for commit in self.state.repos[repo_id].git.log(revision)]

    def asked(self, pattern: str) -> int:
        """How many requests so far had `pattern` in `METHOD /path`."""
        return sum(pattern in f"{method} {path}" for method, path, _ in self.requests)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], hub: StandInHub) -> None:
        self.hub = hub
        self.closing = threading.Event()
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is normal; anything else is a defect of the stand-in."""
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError, ssl.SSLError)):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    timeout = 60
    # one segment an answer: with Nagle's algorithm and delayed acknowledgements each would take 40 ms
    wbufsize = -1
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        hub = self.server.hub
        parts = urlsplit(self.path)
        fault = hub.faults.strike(f"{self.command} {self.path}") or Fault(matches="")
        if fault.reset_before:
            return self._reset()
        if fault.read_only is not None:
            self.rfile.read(fault.read_only)
            return self._reset()
        body = self._body()
        if fault.delay_s:
            self.server.closing.wait(fault.delay_s)
        if fault.first is not None:
            fault.first()
        if fault.status is not None:
            response = Response(status=fault.status, body=fault.body, headers=fault.headers)
        else:
            request = Request(
                method=self.command,
                path=parts.path,
                query=parse_qs(parts.query),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=body,
                base_url=hub.endpoint,
            )
            response = _within_allowance(hub.state, answer(hub.state, request))
        hub.requests.append((self.command, self.path, response.status))
        if fault.stall_s:
            self.server.closing.wait(fault.stall_s)
        if fault.reset_after:
            return self._reset()
        return self._send(response, fault.answer_bytes)

    do_GET = do_POST = do_PUT = do_HEAD = _serve  # noqa: N815  the base class names them so

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _send(self, response: Response, limit: int | None) -> None:
        head = [f"HTTP/1.1 {response.status} {http.HTTPStatus(response.status).phrase}"]
        head += [f"{name}: {value}" for name, value in response.headers.items()]
        head += [f"Content-Length: {len(response.body)}", "Connection: keep-alive"]
        data = ("\r\n".join(head) + "\r\n\r\n").encode("latin-1", "replace")
        if self.command != "HEAD":
            data += response.body
        self.wfile.write(data if limit is None else data[:limit])
        self.wfile.flush()
        if limit is not None:
            self._reset()

    def _reset(self) -> None:
        """Close with a reset, as a crashed proxy does, and not with an orderly end."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            self.wfile.flush()
        # closes the descriptor itself: `close()` would wait for the buffered readers on top of it
        with contextlib.suppress(OSError):
            socket.socket.close(self.connection)
        self.rfile.close()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  the base class names it so
        """`StandInHub.requests` is the log."""


def _within_allowance(state: HubState, response: Response) -> Response:
    """The answer with the Hub's `ratelimit` header, or a 429 if the allowance is used up."""
    left = state.spend()
    if left is None or state.allowance is None:
        return response
    count, seconds = left
    limit = {
        "ratelimit": f'"api";r={max(0, count)};t={math.ceil(seconds)}',
        "ratelimit-policy": f'"fixed window";"api";q={state.allowance[0]};w={math.ceil(state.allowance[1])}',
    }
    if count < 0:
        return Response(status=429, headers=limit)
    return Response(status=response.status, body=response.body, headers={**response.headers, **limit})


def _tls_context(ca_file: Path) -> ssl.SSLContext:
    """A context with a certificate for this machine, made now; its authority is written to `ca_file`."""
    import trustme

    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(ca_file))
    return context


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.standin.hub", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="0: any free port (default)")
    parser.add_argument("--root", type=Path, help="folder for the git repositories; default: a new temporary one")
    parser.add_argument("--repo", action="append", default=[], metavar="ID[=CARD]", help="a repository to begin with")
    parser.add_argument(
        "--trust", action="append", default=[], metavar="ID=OWNER/REPO", help="a trusted publisher of ID"
    )
    parser.add_argument("--tls", action="store_true", help="https, with a certificate authority made now")
    parser.add_argument("--lfs", action="store_true", help="weights go through git LFS")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Serve until interrupted. The first lines of output are shell assignments that point a client here."""
    arguments = _arguments(argv)
    root = arguments.root or Path(tempfile.mkdtemp(prefix="standin-hub-"))
    with StandInHub(root, port=arguments.port, tls=arguments.tls) as hub:
        hub.state.speaks_lfs = arguments.lfs
        for spec in arguments.repo:
            repo_id, _, card = spec.partition("=")
            hub.create(repo_id, Path(card).read_bytes() if card else None)
        for spec in arguments.trust:
            resource, _, repository = spec.partition("=")
            hub.trust(resource, repository)
            hub.oidc_environ(resource, repository)
        for name, value in hub.environ().items():
            print(f"{name}={value}", flush=True)
        print(f"# a local stand-in, not huggingface.co; repositories in {root / 'repos'}; Ctrl-C ends it", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(0.5)  # an interrupt just before a sleep begins is handled only when that sleep ends


__all__ = ["FOREIGN_TOKEN", "PR_TOKEN", "READ_TOKEN", "WRITE_TOKEN", "Fault", "Repo", "StandInHub", "Token"]

if __name__ == "__main__":
    main()
