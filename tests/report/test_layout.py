"""JSON that is printed to a log: a runner reads `##[` anywhere in a line, and not only at its start."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from carbon_lint import report
from carbon_lint.records.ledger import Entry
from carbon_lint.records.ledger_sum import count
from carbon_lint.records.record import Provenance
from carbon_lint.report.layout import json_text
from carbon_lint.report.ledger import runs
from tests.records.builders import a_record

HOSTILE = "##[error]x\n::add-mask::1\x7f ü"


def test_a_runner_finds_no_command_in_json_and_a_reader_finds_the_same_value():
    text = json_text({"model": HOSTILE})
    assert "##[" not in text
    assert "::" not in text
    assert text.isascii()
    assert json.loads(text) == {"model": HOSTILE}


def test_a_branch_is_not_a_command_in_the_rows_of_a_ledger():
    one = a_record(provenance=Provenance(ref="##[error]x"))
    text = runs.as_json(count([Entry(path="a.json", record=one)])).decode()
    assert "##[" not in text
    assert json.loads(text)[0]["ref"] == "##[error]x"


def test_no_report_writes_json_by_other_means():
    """The JSON of find, audit, gate, publish, doctor, estimate, ledger sum and ledger report held `##[` as it came."""
    allowed = {"layout.py", "month_issue.py", "runs.py"}  # the notice of an issue; rows, one a line
    folder = Path(report.__file__).parent
    for path in folder.rglob("*.py"):
        names = {node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)}
        assert "dumps" not in names or path.name in allowed, path
