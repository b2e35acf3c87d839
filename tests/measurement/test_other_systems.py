"""On another system than Linux: one plain line, before the job and before anything of Linux is looked for."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from tests.cases import cases


@cases("lack", ["Linux", "os.eventfd"])
def test_a_system_that_lacks_what_measuring_needs_gets_an_error_before_the_job(cli, monkeypatch, lack):
    if lack == "Linux":
        monkeypatch.setattr(platform, "system", lambda: "Darwin")
    else:
        monkeypatch.delattr(os, "eventfd")
    monkeypatch.delattr(os, "sched_getaffinity")  # which macOS lacks
    for argv in (("run", "--energy-only", "--record", "r.json", "--", "touch", "trained"), ("doctor",)):
        code, _, err = cli(*argv)
        assert code == 125
        assert "on Linux only, by a Python that has os.eventfd" in err
        assert platform.system() in err
        assert "Traceback" not in err
    assert list(Path.cwd().iterdir()) == []
