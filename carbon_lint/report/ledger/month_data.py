"""Render a team's month for programs: CSV, one row a group, and JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from carbon_lint.records.uncertainty import Range
from carbon_lint.report.layout import csv_text, json_text
from carbon_lint.report.ledger.answer import Judged
from carbon_lint.report.ledger.month import Group, Month
from carbon_lint.report.ledger.runs import row as row_of_run

_ENDS = ("low", "likely", "high")
COLUMNS = (
    *("period", "by", "name", "runs", "share"),
    *(f"{figure}_{end}" for figure in ("emissions_g", "energy_kwh") for end in _ENDS),
    *("without_emissions", "without_energy"),
)
"""What a row of the CSV holds. `by` is `total`, a key such as `model`, `lost`, `retries`, or `unreadable` of a file."""


def as_csv(month: Month) -> str:
    """Return one row a group. A text that a spreadsheet would run as a formula gets a quote before it."""
    total = month.total
    whole = Group(
        name="",
        runs=total.runs,
        emissions_g=total.emissions_g,
        energy_kwh=total.energy_kwh,
        without_emissions=len(total.without_emissions),
        without_energy=len(total.without_energy),
    )
    named = [("total", whole), *((key, group) for key, groups in month.groups.items() for group in groups)]
    named += [*(("lost", group) for group in month.lost), ("retries", month.retries)]
    rows = [
        (
            *(key, each.name, each.runs, each.share, *_ends(each.emissions_g), *_ends(each.energy_kwh)),
            *(each.without_emissions, each.without_energy),
        )
        for key, each in named
    ]
    # With a file that cannot be read the true sum is larger.
    rows += [("unreadable", one.path, *[None] * (len(COLUMNS) - 3)) for one in month.broken]
    return csv_text(COLUMNS, ((month.period.name, *row) for row in rows))


def as_json(month: Month) -> str:
    """Return the month as a JSON document; `null` is not known."""
    total = month.total
    document = {
        "format": "carbon-lint/month@1",
        "period": month.period.name,
        "from": month.period.start.isoformat(),
        "to": month.period.end.isoformat(),
        "as_of": month.now.isoformat(timespec="seconds"),
        "runs": total.runs,
        "emissions_g": _range(total.emissions_g),
        "energy_kwh": _range(total.energy_kwh),
        "measured_share": total.measured_share,
        "bases": list(total.bases),
        "expected_emissions_g": None if month.outlook_g is None else _range(month.outlook_g.end),
        "budgets": list(map(_budget, month.budgets)),
        "by": {key: list(map(_group, groups)) for key, groups in month.groups.items()},
        "emissions_g_by_day": list(month.days_g),
        "largest": list(map(row_of_run, month.largest)),
        "lost": list(map(_group, month.lost)),
        "retries": _group(month.retries),
        "over_own_limit": month.over_own_limit,
        "exceptions": [{**one._asdict(), "until": one.until.isoformat()} for one in month.exceptions],
        "exceptions_used": [{**asdict(one), "over": dict(sorted(one.over.items()))} for one in month.let_through],
        "without_emissions": list(total.without_emissions),
        "without_energy": list(total.without_energy),
        "unreadable": [{"path": one.path, "why": one.error.message} for one in month.broken],
        "left_out": {str(reason): count for reason, count in total.left_out.items()},
    }
    return json_text(document)


def _budget(one: Judged) -> dict[str, Any]:
    budget, limit = one.spent.budget, one.limit
    return {
        "name": one.name,
        "models": list(budget.models),
        "owner": budget.owner,
        "window": one.spent.period.name,
        "unit": limit.unit,
        "spent": limit.measured,
        "range": None if limit.bounds is None else [limit.bounds.low, limit.bounds.high],
        "allowed": limit.allowed,
        "used": one.used,
        "warn_at": budget.warn_at,
        "expected": None if one.outlook is None else _range(one.end),
        "answer": str(one.answer),
        "runs_without_figure": one.missing,
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "name": group.name if group.is_named else None,
        "runs": group.runs,
        "share": group.share,
        "emissions_g": _range(group.emissions_g),
        "energy_kwh": _range(group.energy_kwh),
        "without_emissions": group.without_emissions,
        "without_energy": group.without_energy,
    }


def _range(known: Range | None) -> dict[str, float] | None:
    return None if known is None else asdict(known)


def _ends(known: Range | None) -> list[float | None]:
    return [None if known is None else getattr(known, end) for end in _ENDS]
