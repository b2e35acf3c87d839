"""The documentation's site builds without a warning; `tests/docs` tries what its pages say."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.slow
def test_the_site_builds_strictly_and_each_page_is_plain_markdown_too(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pages = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    assert {path.relative_to(tmp_path / "site") for path in (tmp_path / "site").rglob("*.md")} == pages
    page = (tmp_path / "site/ci-elsewhere/index.html").read_text(encoding="utf-8")
    assert "/blob/main/examples/elsewhere/shell.sh" in page
    assert 'href="../examples' not in page
    home = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    loaded = re.findall(r"<(?:script|link)[^>]*(?:src|href)=\"(https?://[^\"]+\.(?:js|css|woff2?))", home)
    assert loaded == []  # a reader's browser asks nobody else
