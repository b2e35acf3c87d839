"""`audit --engine ray` on a local cluster: the same results as in this process, bad rows kept as rows."""

from __future__ import annotations

import json

import pytest

from carbon_lint.config import Settings
from carbon_lint.hub.audit.run import audit_in_processes
from carbon_lint.hub.audit.sources import cards_in
from tests.hub.test_audit import CARDS, write_jsonl

pytest.importorskip("ray", reason="Ray is an extra of half a gigabyte: the extra `ray`")

# what Ray and what it brings along warn of is theirs
pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module", autouse=True)
def cluster():
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def on_ray(path, **options):
    from carbon_lint.hub.audit.ray_engine import audit_on_ray

    return list(audit_on_ray(str(path), Settings(), None, **options))


def here(path, **options):
    return list(audit_in_processes(cards_in(str(path)), Settings(), 1, **options))


def test_json_lines_are_judged_as_in_this_process_bad_rows_and_all(tmp_path):
    path = write_jsonl(tmp_path / "cards.jsonl", CARDS)
    path.write_text(path.read_text() + 'no json\n{"id": "a/b", "card": 5}\n')
    assert on_ray(path) == here(path)
    assert on_ray(path, only_mentioning=True) == here(path, only_mentioning=True)


def test_parquet_is_judged_as_in_this_process(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [f"a/m{index}" for index in range(3000)]
    texts = [list(CARDS.values())[index % len(CARDS)] for index in range(3000)]
    pq.write_table(pa.table({"id": names, "card": texts}), tmp_path / "cards.parquet", row_group_size=500)
    assert on_ray(tmp_path / "cards.parquet") == here(tmp_path / "cards.parquet")


def test_the_verb_reports_the_same(cli, tmp_path):
    path = write_jsonl(tmp_path / "cards.jsonl", CARDS)
    reports = [
        json.loads(cli("audit", "--from", path, "--format", "json", "--engine", engine)[1])
        for engine in ("local", "ray")
    ]
    assert reports[0] == reports[1]
