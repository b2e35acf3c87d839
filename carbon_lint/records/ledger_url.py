"""Name the ledger: by a flag, else by a variable, else the usual folder."""

from __future__ import annotations

import os

LEDGER_VARIABLE = "CARBON_LINT_LEDGER"
LEDGER_FOLDER = "ledger"


def ledger_url(given: str | None) -> str:
    """Return the ledger that is given, else the variable's, else the usual folder."""
    return given or os.environ.get(LEDGER_VARIABLE) or LEDGER_FOLDER
