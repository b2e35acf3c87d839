"""Faults that a publication meets, by name, and what must hold whatever the fault: nothing lost unseen, nothing twice.

`begun(hub)` is the model before it, `publish` one try within a time.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from carbon_lint.hub.client.http import GRACE_S
from tests.effort import busy
from tests.hub.conftest import CARD
from tests.standin.faults import Fault, html_502

OLD = "---\nlicense: mit\n---\n# Old\n"
TITLE = "State the carbon emissions: 12.5 g CO2eq"

ONCE = {
    "status 500": lambda where: Fault(matches=where, status=500),
    "status 429": lambda where: Fault(matches=where, status=429, headers={"Retry-After": "0"}),
    "HTML 502": html_502,
    "delay": lambda where: Fault(matches=where, delay_s=0.1),
    "stall, nothing done": lambda where: Fault(matches=where, delay_s=60, status=504),
    "stall after it was done": lambda where: Fault(matches=where, stall_s=60),
    "reset before": lambda where: Fault(matches=where, reset_before=True),
    "reset in the middle of the request": lambda where: Fault(matches=where, read_only=30),
    "reset after it was done": lambda where: Fault(matches=where, reset_after=True),
    "answer cut in its head": lambda where: Fault(matches=where, answer_bytes=12),
    "answer cut in its body": lambda where: Fault(matches=where, answer_bytes=150),
    "an answer that is not JSON": lambda where: Fault(matches=where, status=200, body=b"<html>hello"),
    "an answer of another shape": lambda where: Fault(matches=where, status=200, body=b'{"ok": true}'),
}
SOME = ("HTML 502", "reset before", "reset after it was done", "an answer of another shape")
OF_A_CONNECTION = [name for name in ONCE if name.startswith(("stall", "reset", "answer cut"))]
COMMIT = "POST .*/commit/"
READS = ("GET /api/models/acme/m$", "GET /acme/m/resolve/", "POST .*/preupload/", "POST /api/validate-yaml")

LASTING = {
    "status 500": lambda where: Fault(matches=where, times=99, status=500),
    "HTML 502": lambda where: html_502(where, 99),
    "stall": lambda where: Fault(matches=where, times=99, delay_s=30),
    "reset before": lambda where: Fault(matches=where, times=99, reset_before=True),
    "wait an hour": lambda where: Fault(matches=where, times=99, status=429, headers={"Retry-After": "3600"}),
}


def begun(hub):
    """The Hub without faults, with `acme/m` whose card states nothing, and ours in README.md."""
    hub.faults.clear()
    hub.state.repos.pop("acme/m", None)
    shutil.rmtree(hub.state.root / "repos", ignore_errors=True)
    hub.create("acme/m", OLD)
    Path("README.md").write_text(CARD)
    return hub


def publish(cli, *more, timeout="30s"):
    start = time.monotonic()
    code, out, err = cli("publish", "README.md", "--whole-card", "--to", "acme/m", "--timeout", timeout, *more)
    assert "Traceback" not in err
    assert time.monotonic() - start < float(timeout[:-1]) + GRACE_S + 3 * busy()
    return code, out, err


def ours(hub, revision="main"):
    return hub.titles("acme/m", revision).count(TITLE)


def commit_outlives(server, cli, fault):
    server.faults.add(fault)
    code, _, err = publish(cli)
    assert code == 0, err
    assert server.card("acme/m") == CARD.encode()
    assert ours(server) == 1
    assert fault.times == 0


def pull_outlives(server, cli, fault):
    server.faults.add(fault)
    code, _, err = publish(cli, "--create-pr")
    assert code == 0, err
    still_open = [pull for pull in server.state.repos["acme/m"].discussions.values() if pull.status == "open"]
    assert len(still_open) == 1
    assert server.card("acme/m") == OLD.encode()
    assert server.card("acme/m", still_open[0].ref) == CARD.encode()
    assert ours(server, still_open[0].ref) == 1
    assert ours(server) == 0
    assert fault.times == 0


def ends_in_time(server, cli, fault, *how):
    server.faults.add(fault)
    code, _, err = publish(cli, *how, timeout="2s")
    assert code == 4
    assert server.card("acme/m") == OLD.encode()
    assert ours(server) == 0
    assert len(server.state.repos["acme/m"].discussions) <= 1
    assert any(words in err for words in ("the old card is there", "could not be found out", "main is as it was"))
