"""Makes every mention of an action, and of this project's owner, the same everywhere: README, docs, examples, hints.

  tools/pins.py           after Dependabot has changed a workflow, or OWNER in carbon_lint/project.py was set
  tools/pins.py --check   says what differs; the tests do the same

Of each action the newest release that is named anywhere, by its commit and a comment with its version, is the one that
holds. A hint in Python or shell names its major version only. Ours is named by the branch that follows the releases.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from carbon_lint.project import MAJOR_TAG, OWNER, PLACEHOLDER

ROOT = Path(__file__).resolve().parent.parent
_ACTION = re.compile(r"\b((?:actions|docker|github)/[a-z-]+(?:/[a-z-]+)?)@([0-9a-f]{40}|v[0-9.]+)( # v[0-9.]+)?")
_OURS = re.compile(rf"\b(?:{PLACEHOLDER}|{re.escape(OWNER)})/carbon-lint\b")
_OUR_TAG = re.compile(rf"\b((?:{re.escape(OWNER)}|NAME)/carbon-lint(?:/in-job|/lint)?)@v\d+(?![\d.])")

Pin = tuple[tuple[int, ...], str, str]
"""Version, commit, comment."""


def texts() -> dict[Path, str]:
    """Path -> text of every file of the repository that may name an action, the tests apart."""
    command = ("git", "ls-files", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    paths = (ROOT / name for name in listed if not name.startswith("tests/"))
    wanted = (path for path in paths if path.suffix in {".md", ".yml", ".yaml", ".py", ".sh"} and path.is_file())
    return {path: path.read_text(encoding="utf-8") for path in wanted}


def newest(found: dict[Path, str]) -> dict[str, Pin]:
    """Return each action's newest release among those that are named by commit and version."""
    pins: dict[str, Pin] = {}
    for text in found.values():
        for name, reference, comment in _ACTION.findall(text):
            if comment and not reference.startswith("v"):
                version = tuple(int(part) for part in comment.removeprefix(" # v").split("."))
                pins[name] = max(pins.get(name, ((), "", "")), (version, reference, comment))
    return pins


def same(path: Path, text: str, pins: dict[str, Pin]) -> str:
    """`text` with every mention as it should be. Raises KeyError for an action that nothing pins by commit."""

    def action(match: re.Match[str]) -> str:
        version, reference, comment = pins[match[1]]
        is_hint = path.suffix in {".py", ".sh"} and not match[3]
        return f"{match[1]}@v{version[0]}" if is_hint else f"{match[1]}@{reference}{comment}"

    return _OUR_TAG.sub(rf"\1@{MAJOR_TAG}", _OURS.sub(f"{OWNER}/carbon-lint", _ACTION.sub(action, text)))


def main(arguments: list[str]) -> int:
    """Write, or with --check only say, what differs."""
    is_check = "--check" in arguments
    found = texts()
    pins = newest(found)
    changed = {path: new for path, text in found.items() if (new := same(path, text, pins)) != text}
    for path, new in changed.items():
        print(f"{path.relative_to(ROOT)}: {'differs' if is_check else 'written'}")
        if not is_check:
            path.write_text(new, encoding="utf-8")
    return int(bool(changed) and is_check)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
