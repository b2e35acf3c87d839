"""As much of GitHub's REST API as the step uses, over HTTP, for the real PyGithub: comments, labels, a merge base."""

from __future__ import annotations

import base64
import http.server
import json
import re
import threading
from urllib.parse import parse_qs, urlsplit

PAGE = 3  # comments a page, so that few comments are many pages


class GitHubApi:
    """One repository, one pull request. `comments` are (id, user, body); `refusals` maps a method to a status."""

    def __init__(self):
        self.comments: list[dict] = []
        self.events: list[dict] = []
        self.permissions: dict[str, str] = {}
        self.base_files: dict[str, bytes] = {}
        self.lists_files = True
        self.refusals: dict[str, int] = {}
        self.requests: list[str] = []
        self.user: str | None = None  # whom the token belongs to; an App's may not ask
        self.viewer: str | None = "github-actions[bot]"  # whom GraphQL names
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def asked(self, method):
        return [line for line in self.requests if line.startswith(method)]

    def answer(self, method, path, query, body):  # noqa: C901  one route a line
        """Status, document, headers."""
        if method in self.refusals:
            return self.refusals[method], {"message": "Resource not accessible by integration"}, {}
        if path in {"/user", "/graphql"}:
            return self._identity(path)
        if re.fullmatch(r"/repos/octo/model/pulls/7", path):
            return 200, {"number": 7, "url": f"{self.url}/repos/octo/model/pulls/7",
                         "issue_url": f"{self.url}/repos/octo/model/issues/7",
                         "comments_url": f"{self.url}/repos/octo/model/issues/7/comments"}, {}  # fmt: skip
        if re.fullmatch(r"/repos/octo/model/issues/7/comments", path):
            return self._new_comment(body) if method == "POST" else self._page(path, self.comments, query)
        if match := re.fullmatch(r"/repos/octo/model/issues/comments/(\d+)", path):
            comment = next(one for one in self.comments if one["id"] == int(match[1]))
            comment["body"] = body["body"]
            return 200, comment, {}
        if re.fullmatch(r"/repos/octo/model/issues/7/events", path):
            return self._page(path, self.events, query)
        if match := re.fullmatch(r"/repos/octo/model/collaborators/(\w+)/permission", path):
            return 200, {"permission": self.permissions.get(match[1], "read")}, {}
        if re.fullmatch(r"/repos/octo/model/compare/\w+\.\.\.\w+", path):
            return 200, {"merge_base_commit": {"sha": "ba5e", "url": f"{self.url}/x"}, "url": f"{self.url}/y"}, {}
        if path == "/repos/octo/model/git/trees/ba5e" and self.lists_files:
            tree = [{"path": name, "type": "blob", "mode": "100644", "sha": "b10b"} for name in self.base_files]
            return 200, {"sha": "ba5e", "tree": tree, "truncated": False, "url": f"{self.url}/t"}, {}
        if match := re.fullmatch(r"/repos/octo/model/contents/(.+)", path):
            assert query["ref"] == ["ba5e"]
            return self._contents(match[1])
        return 404, {"message": "Not Found"}, {}

    def add_comment(self, body, user="somebody"):
        identity = len(self.comments) + 1
        url = f"{self.url}/repos/octo/model/issues/comments/{identity}"
        page = f"https://github.com/octo/model/pull/7#issuecomment-{identity}"
        comment = {"id": identity, "body": body, "user": {"login": user}, "url": url, "html_url": page}
        self.comments.append(comment)
        return comment

    def label(self, name, user, event="labeled"):
        self.events.append({"id": len(self.events), "event": event, "label": {"name": name}, "actor": {"login": user}})

    def _identity(self, path):
        if path == "/user" and self.user is not None:
            return 200, {"login": self.user}, {}
        if path == "/graphql" and self.viewer is not None:
            return 200, {"data": {"viewer": {"login": self.viewer}}}, {}
        return 403, {"message": "Resource not accessible by integration"}, {}

    def _new_comment(self, body):
        return 201, self.add_comment(body["body"], "github-actions[bot]"), {}

    def _page(self, path, items, query):
        page = int(query.get("page", ["1"])[0])
        headers = {}
        if len(items) > page * PAGE:
            headers["Link"] = f'<{self.url}{path}?page={page + 1}>; rel="next"'
        return 200, items[(page - 1) * PAGE : page * PAGE], headers

    def _contents(self, name):
        if name not in self.base_files:
            return 404, {"message": "Not Found"}, {}
        content = base64.b64encode(self.base_files[name]).decode()
        return 200, {"name": name, "path": name, "type": "file", "encoding": "base64", "content": content,
                     "size": 1, "url": f"{self.url}/z"}, {}  # fmt: skip


def _handler(api):
    class Handler(http.server.BaseHTTPRequestHandler):
        def _serve(self):
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            api.requests.append(f"{self.command} {self.path}")
            status, document, headers = api.answer(self.command, parts.path, parse_qs(parts.query), body)
            data = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(data)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815  the base class names them so

        def log_message(self, *_):
            pass

    return Handler
