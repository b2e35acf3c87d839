"""The tables that are shipped with the package. `tools/` generates them: do not edit them by hand."""

from pathlib import Path


def table(name: str) -> Path:
    """Return the path of a table, like `places.json`."""
    return Path(__file__).parent / name
