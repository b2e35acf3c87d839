"""A server that speaks Electricity Maps' protocol, as far as a client can notice."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOKEN = "em-secret-token"
PATH = "/v4/carbon-intensity/latest"
HOUR_S = 3600


def hour_of(seconds, g_per_kwh=31, *, zone="FR", **changes):
    """The service's answer for the hour that holds `seconds`."""
    start = datetime.fromtimestamp(seconds // HOUR_S * HOUR_S, UTC)
    return {
        "zone": zone,
        "carbonIntensity": g_per_kwh,
        "datetime": start.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "updatedAt": "2026-11-24T10:15:00.000Z",
        "createdAt": "2026-11-21T10:15:00.000Z",
        "emissionFactorType": "lifecycle",
        "isEstimated": True,
        "estimationMethod": "TIME_SLICER_AVERAGE",
        "temporalGranularity": "hourly",
        **changes,
    }


class Grid:
    """`grid.answer` is the answer to the next questions: a document, bytes, a status, or a function that gives one.

    A status may come with headers: `(429, {"Retry-After": "7"})`. `asked` holds the questions' parameters.
    """

    def __init__(self, answer):
        self.answer = answer
        self.asked = []
        grid = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                grid.reply(self)

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def reply(self, handler):
        asked = urlsplit(handler.path)
        self.asked.append({name: value[0] for name, value in parse_qs(asked.query).items()})
        answer = self.answer() if callable(self.answer) else self.answer
        if handler.headers.get("auth-token") != TOKEN:
            answer = 401
        elif asked.path != PATH:
            answer = 404
        if answer == "stall":
            time.sleep(30)
            return
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        if not isinstance(status, int):
            status, headers = 200, {}
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        if status == 200:
            handler.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())
