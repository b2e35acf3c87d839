"""Hold what only a front end knows of a run, beside what the user asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from carbon_lint.limits import BudgetException
from carbon_lint.records.comparable import Identity
from carbon_lint.records.ledger_url import LEDGER_FOLDER
from carbon_lint.records.record import Record


class Files(Protocol):
    """Reads what a baseline names: on a pull request the merge base's, so that no baseline is raised on the way."""

    def card(self, name: str) -> tuple[bytes | None, str]:
        """Return a card and how to call it; `None` if it is not there."""

    def record(self, name: str) -> tuple[Record | None, str]:
        """Return a record and how to call it; `None` if it is not there. Raises InputError for what is not a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What only the front end knows.

    Attributes:
        run: which runs the run can be compared with.
        environ: for the Hub and the ledger.
        files: reads the files that a baseline names.
        hub_token: the Hub's, if the front end was given one.
        ledger_folder: the ledger if none is named.
        exceptions: the front end's own, as by a label.
        only_own_group: see RunPlan.
        has_windows: the budgets of windows hold too, with what the ledger holds.
        record_path, card: the paths, checked by the front end.
        default_group: the run group if neither option nor configuration names one.
    """

    run: Identity
    environ: Mapping[str, str]
    is_measuring: bool = True
    files: Files | None = None
    hub_token: str | None = None
    ledger_folder: str = LEDGER_FOLDER
    exceptions: tuple[BudgetException, ...] = ()
    only_own_group: bool = False
    has_windows: bool = False
    record_path: str | None = None
    card: str | None = None
    default_group: str | None = None
