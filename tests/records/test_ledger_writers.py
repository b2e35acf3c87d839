"""Writers that add to one ledger at once lose nothing: threads, processes, on a disk and in a store that speaks S3."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import uuid
from dataclasses import replace

import pytest

from carbon_lint.records import ledger as ledger_module
from carbon_lint.records.ledger import add, contents
from carbon_lint.records.store import write_record
from tests.cases import cases
from tests.conftest import ROOT
from tests.records.builders import a_record, fitting
from tests.records.ledgers import entries, ran, summed

EACH = 12


def records_of(folder, first):
    """`EACH` records of one writer; those of two writers with numbers in common are the same runs."""
    folder.mkdir()
    for number in range(first, first + EACH):
        node = replace(a_record().hardware, node=f"node-{number}", gpus=())
        one = fitting(a_record(run_id=f"run-{number}", emissions_g=10.0 + number, hardware=node))
        write_record(one, folder / f"{number}.json")
    return str(folder)


def add_at_once(tmp_path, ledger):
    """Two writers of the same machine: half of what they add is the same, and one run has other figures."""
    folders = [records_of(tmp_path / "a", 0), records_of(tmp_path / "b", EACH // 2)]
    other = fitting(
        a_record(run_id="run-8", emissions_g=99.0, hardware=replace(a_record().hardware, node="node-8", gpus=()))
    )
    write_record(other, tmp_path / "b" / "8.json")
    command = [sys.executable, "-m", "carbon_lint", "ledger", "add", "--ledger", ledger]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    writers = [
        subprocess.Popen([*command, folder], env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for folder in folders
    ]
    message = [writer.communicate(timeout=100)[0] for writer in writers]
    assert sorted(writer.returncode for writer in writers) == [0, 2], message
    assert sum("NOT added: the same run has other figures" in text for text in message) == 1
    found = contents(ledger)
    assert found.broken == ()
    grams = {entry.record.run_id: entry.record.emissions_g for entry in found.entries}
    assert set(grams) == {f"run-{number}" for number in range(EACH + EACH // 2)}
    assert grams.pop("run-8") in {18.0, 99.0}
    assert all(value == 10.0 + int(name.removeprefix("run-")) for name, value in grams.items())


def test_on_a_disk(tmp_path):
    add_at_once(tmp_path, str(tmp_path / "ledger"))
    assert [name for name in os.listdir(tmp_path / "ledger" / "2026-11") if not name.endswith(".json")] == []


@pytest.mark.s3
def test_in_a_store_that_speaks_s3(tmp_path, monkeypatch):
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    try:
        boto3.client("s3").create_bucket(Bucket="team")
        add_at_once(tmp_path, "s3://team/ledger")
    finally:
        server.stop()


def test_writers_on_many_machines_lose_nothing(tmp_path):
    threads = [threading.Thread(target=add, args=(ran(number), str(tmp_path))) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert summed(str(tmp_path)).runs == 16


def test_of_two_writers_with_one_key_the_second_learns_what_the_first_wrote(ledger, monkeypatch):
    """Both listed the month before either wrote."""
    add(ran(9), ledger)
    real = ledger_module.open_storage(ledger)
    monkeypatch.setattr(ledger_module, "open_storage", lambda _: Late(real))

    same, other = ran(1), ran(1, emissions_g=20.0, energy_kwh=0.4, duration_s=250.0)
    assert [add(one, ledger).status for one in (same, same, other)] == ["added", "known", "conflict"]
    monkeypatch.undo()
    assert summed(ledger).emissions_g.likely == 20.0


class Late:
    """A ledger's folder as it was before anybody wrote to it."""

    def __init__(self, storage):
        self._storage = storage

    def __getattr__(self, name):
        return getattr(self._storage, name)

    def names(self, folder):
        return []


@cases("place", ["folder", "memory"])
def test_sixteen_writers_with_one_key_leave_one_whole_record_and_report_the_others(place, tmp_path):
    url = str(tmp_path) if place == "folder" else f"memory://ledger-{uuid.uuid4().hex}"
    reported = []
    runs = [ran(1, emissions_g=10.0 + number) for number in range(16)]
    threads = [threading.Thread(target=lambda one=one: reported.append(add(one, url))) for one in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(added.status for added in reported) == ["added", *["conflict"] * 15]
    assert len(entries(url)) == 1
