"""Take the pictures of the README from real runs: the terminal, the page of a run, the comment on a pull request.

    python tools/pictures.py [--browser chromium]

Trains the demo's small model twice, and needs a Chromium for the pages. Nothing is drawn by hand. The team's month is
the one that `tools/invented_month.py` invents; `--month` takes that picture alone.
"""

from __future__ import annotations

import argparse
import os
import pty
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from invented_month import write_page
from markdown_it import MarkdownIt
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
PROGRAM = [sys.executable, "-m", "carbon_lint"]
TRAIN = [sys.executable, str(ROOT / "examples" / "demo" / "train.py")]
COLUMNS = 112
PAIR = "760,725"
"""Pixels of the two pictures that stand side by side: legible in half the width of a README."""
# The comment as GitHub shows it, near enough: its font and its tables.
STYLE = """<meta charset="utf-8"><style>
body { font: 14px/1.5 "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif, "Noto Color Emoji"; }
body { margin: 16px; color: #1f2328; }
table { border-collapse: collapse; margin: 12px 0; } th, td { border: 1px solid #d0d7de; padding: 6px 13px; }
blockquote { color: #59636e; border-left: 4px solid #d0d7de; margin: 0; padding: 0 16px; }
</style>"""


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--browser", default=shutil.which("chromium") or "chromium", help="a Chromium")
    parser.add_argument("--month", action="store_true", help="only the page of a team's month")
    parser.add_argument("--epochs", type=int, default=90, help="of the demo's training")
    parser.add_argument("--limit", default="40 mg", help="what the run is held to")
    options = parser.parse_args()
    browser = options.browser
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        month = Path(folder, "month.html")
        write_page(Path(folder), month)
        photograph(browser, month, PICTURES / "month.png", "1000,1010")
    if options.month:
        return
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "examples" / "demo" / "card.md", Path(folder, "README.md"))
        shown = ["run", "--forecast", "--location", "FRA", "--max-emissions", options.limit, "--record", "r.json"]
        shown += ["--card", "README.md"]
        train = [*TRAIN, "--epochs", str(options.epochs)]
        screen = typed(folder, [*PROGRAM, *shown, "--", *train], shown=[*shown, "--", "python", "train.py"])
        check = ["check", "README.md"]
        screen += typed(folder, [*PROGRAM, *check], shown=check)
        terminal(screen, PICTURES / "terminal.svg")
        asked = ["report", "r.json", "--max-emissions", options.limit, "--format"]
        page = Path(folder, "run.html")
        page.write_text(output(folder, [*asked, "html"]), encoding="utf-8")
        photograph(browser, page, PICTURES / "page.png", PAIR)
        comment = Path(folder, "comment.html")
        text = output(folder, [*asked, "comment"])
        html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
        comment.write_text(STYLE + html, encoding="utf-8")
        photograph(browser, comment, PICTURES / "comment.png", PAIR)


def typed(folder: str, command: list[str], *, shown: list[str]) -> str:
    """Run a command on a terminal of its own; return the prompt and what the screen shows at the end."""
    seen: list[bytes] = []

    def read(descriptor: int) -> bytes:
        data = os.read(descriptor, 4096)
        seen.append(data)
        return data

    before = os.getcwd()
    os.environ.update(COLUMNS=str(COLUMNS), TERM="xterm-256color", PYTHONPATH=str(ROOT))
    os.chdir(folder)
    try:
        pty.spawn(command, read)
    finally:
        os.chdir(before)
    lines = b"".join(seen).decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    last = [line.rstrip("\r").rpartition("\r")[2] for line in lines]  # a live line is written over itself
    words = " ".join(f"'{word}'" if " " in word else word for word in shown)
    return "\n".join((f"$ carbon-lint {words}", *(line for line in last if line.strip("\x1b[K ")))) + "\n\n"


def output(folder: str, arguments: list[str]) -> str:
    """Return what the program prints."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*PROGRAM, *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=True)
    return done.stdout


def terminal(text: str, path: Path) -> None:
    """Draw a terminal's text, colours kept."""
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    console.print(Text.from_ansi(text), soft_wrap=False)
    console.save_svg(str(path), title="carbon-lint")


def photograph(browser: str, page: Path, path: Path, size: str) -> None:
    """Take a picture of a page."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={size}"]
    subprocess.run(
        [browser, *flags, f"--screenshot={path}", page.as_uri()], check=True, capture_output=True, timeout=120
    )


if __name__ == "__main__":
    main()
