"""`measure` in a real notebook: a kernel of its own, and the real meter."""

from __future__ import annotations

import pytest

from carbon_lint.records.record import Outcome
from carbon_lint.records.store import load_record

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CELLS = (
    "import os, signal\nfrom carbon_lint import BudgetExceeded, measure\nbefore = dict(os.environ), os.getcwd()",
    'with measure(location="FRA", max_energy="2 kWh", record="r.json") as run:\n    sum(range(5_000_000))\nprint(run)',
    "assert (dict(os.environ), os.getcwd()) == before\nassert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL",
    # Another one in the same process: CodeCarbon is there already.
    """
try:
    with measure(location="FRA", max_energy="1 mWh", tick="50ms", record="over.json") as run:
        while True:
            run.check()
except BudgetExceeded as error:
    print(error.record.outcome)
""",
    # A tracker of the notebook's own still sees the GPUs' library.
    "from codecarbon.core import gpu\nassert gpu.pynvml is None or gpu.pynvml.__file__",
)


def test_a_notebook_is_measured_twice_and_is_as_before():
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])

    options = {"timeout": 120, "kernel_name": "python3", "resources": {"metadata": {"path": "."}}}
    nbclient.NotebookClient(notebook, **options).execute()

    texts = ["".join(output.get("text", "") for output in cell.outputs) for cell in notebook.cells]
    assert "Within budget" in texts[1]
    assert texts[3].endswith("over-budget\n")
    record = load_record("r.json")
    assert (record.outcome, record.command) == (Outcome.COMPLETED, ("notebook",))
    assert 0 < record.energy_kwh.total < 0.001
    assert load_record("over.json").outcome is Outcome.OVER_BUDGET
