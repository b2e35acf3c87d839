"""A ledger in each kind of place, records in files, and what a ledger reads."""

from __future__ import annotations

import uuid

import pytest

from carbon_lint.records import ledger as ledger_module
from carbon_lint.records.store import write_record
from tests.records.builders import fitting


@pytest.fixture(params=["folder", "file-url", "memory-url"])
def ledger(request, tmp_path):
    """The same ledger in each kind of place."""
    if request.param == "folder":
        return str(tmp_path / "team" / "ledger")
    if request.param == "file-url":
        return f"file://{tmp_path}/ledger"
    return f"memory://ledger-{uuid.uuid4().hex}"


@pytest.fixture
def files():
    """Records as files in the working folder."""

    def write(**records):
        for name, one in records.items():
            write_record(fitting(one), f"{name}.json")
        return [f"{name}.json" for name in records]

    return write


class Counting:
    """A ledger's folder that counts what is asked of it."""

    def __init__(self, storage, calls):
        self._storage, self._calls = storage, calls

    def __getattr__(self, name):
        def counted(*arguments):
            self._calls.append((name, *arguments[:1]))
            return getattr(self._storage, name)(*arguments)

        return counted


@pytest.fixture
def calls(monkeypatch):
    """What a ledger asks of its folder, call by call."""
    found = []
    real = ledger_module.open_storage
    monkeypatch.setattr(ledger_module, "open_storage", lambda url: Counting(real(url), found))
    return found
