"""Look at a page as a browser does."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

_HARNESS = """<meta charset="utf-8">
<iframe id="page" style="width:{width}px;height:800px;border:0" srcdoc="{page}"></iframe>
<script>onload = () => {{
  const page = document.getElementById("page").contentWindow, root = page.document.documentElement;
  const asked = page.performance.getEntriesByType("resource").map(each => each.name);
  document.title = `wide ${{Math.max(root.scrollWidth, page.document.body.scrollWidth)}}`;
  asked.forEach(name => console.log("asked for " + name));
}}</script>"""


def browse(page, *, width):
    """Return the width that the page takes in a window of `width` pixels, and what the console says."""
    with tempfile.TemporaryDirectory() as folder:
        harness = Path(folder, "harness.html")
        harness.write_text(_HARNESS.format(width=width, page=html.escape(page)), encoding="utf-8")
        flags = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr")
        done = subprocess.run(
            [CHROMIUM, *flags, "--dump-dom", f"--user-data-dir={folder}/profile", harness.as_uri()],
            capture_output=True, text=True, timeout=100, check=True,
        )  # fmt: skip
    found = re.search(r"<title>wide (\d+)</title>", done.stdout)
    return found and int(found[1]), [line for line in done.stderr.splitlines() if "CONSOLE" in line]
