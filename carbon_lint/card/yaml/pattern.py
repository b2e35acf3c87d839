"""Patterns that are compiled when they are first used, so that a start of `check` pays for none of them."""

from __future__ import annotations

import re
from functools import cache


@cache
def pattern(text: str) -> re.Pattern[str]:
    """Return a pattern that takes no notice of case, with `^` and `$` at lines; a blank in it must be written `[ ]`."""
    return re.compile(text, re.IGNORECASE | re.VERBOSE | re.MULTILINE)
