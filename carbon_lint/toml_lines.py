"""The lines of a TOML file on which its keys stand: `tomllib` does not tell them."""

from __future__ import annotations

import re


def lines_of_keys(text: str, table: str) -> dict[str, int]:
    """Return the line on which each key of the table, or the first table below it, begins."""
    found: dict[str, int] = {}
    within = ""
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line)
        pair = re.match(r"\s*[\"']?([\w-]+)[\"']?\s*[.=]", line)
        if header is not None:
            within = re.sub(r"[\s\"']", "", header[1])
            below = within.removeprefix(f"{table}.") if table else within
            if not table or below != within:
                found.setdefault(below.partition(".")[0], number)
        elif pair is not None and within == table:
            found.setdefault(pair[1], number)
    return found
