"""The tables that are shipped with the package. `tools/` generates them: do not edit them by hand."""

import json
from functools import cache
from pathlib import Path
from typing import Any


def table(name: str) -> Path:
    """Return the path of a table, like `places.json`."""
    return Path(__file__).parent / name


@cache
def load(name: str) -> Any:
    """Return the content of a table, which is read once."""
    return json.loads(table(name).read_text(encoding="utf-8"))
