"""Put a month into tables: the same rows for the terminal, Markdown and the page. Cells are plain text, untrusted."""

from __future__ import annotations

from typing import NamedTuple

from carbon_lint.records.ledger_sum import Counted
from carbon_lint.report.ledger.answer import NO_RUNS, Judged
from carbon_lint.report.ledger.month import Group, Month
from carbon_lint.report.ledger.sum import figures_of
from carbon_lint.report.run.phrases import amount, percent, with_range

MOST_ROWS = 20
_DAY = len("2026-11-28")
_FIGURES = ("Runs", "Emissions", "Share", "Energy")


class Table(NamedTuple):
    """Some rows of one kind below their heads. `note` is a sentence below them."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def tables(month: Month) -> list[Table]:
    """Return every table that has rows, what matters most first."""
    found = [_budgets(month), *(_groups(f"By {key}", key, groups) for key, groups in month.groups.items())]
    found += [_largest(month), _lost(month), _let_through(month), _exceptions(month), _not_in_sum(month)]
    return [table for table in found if table.rows]


def facts(month: Month) -> list[tuple[str, str]]:
    """Return the four figures of the top."""
    total = month.total
    grams, energy_kwh = figures_of(total, is_whole=not month.broken)
    share = total.measured_share
    measured = "not known of every run" if share is None else f"{percent(share)} of the energy"
    if not total.runs and not month.broken:
        grams = energy_kwh = measured = NO_RUNS
    names = ("Emissions", "Energy", "Runs", "Measured by sensors")
    return list(zip(names, (grams, energy_kwh, str(total.runs), measured), strict=True))


def _budgets(month: Month) -> Table:
    heads = ("Budget", "Window", "Used", "Allowed", "Expected", "Kept?", "Owner")
    return Table("Budgets", heads, tuple(map(_budget, month.budgets)))


def _budget(one: Judged) -> tuple[str, ...]:
    limit, budget = one.limit, one.spent.budget
    used = "" if one.used is None else f" ({percent(one.used)})"
    at_least = "at least " if one.missing else ""
    spent = f"{at_least}{amount(limit.unit, limit.measured)}{used}"
    return (
        one.name,
        one.spent.period.name,
        spent if one.spent.total.runs or one.missing else NO_RUNS,
        amount(limit.unit, limit.allowed),
        "" if one.outlook is None else with_range(limit.unit, one.end),
        str(one.answer),
        budget.owner or "",
    )


def _groups(title: str, key: str, groups: tuple[Group, ...]) -> Table:
    """Return the groups of a key; nothing if no run states it."""
    if not any(group.is_named for group in groups):
        return Table(title, (), ())
    shown, rest = groups[:MOST_ROWS], groups[MOST_ROWS:]
    note = f"{len(rest)} more are in --format csv and json." if rest else ""
    return Table(title, (key.capitalize(), *_FIGURES), tuple(map(_group, shown)), note)


def _group(group: Group) -> tuple[str, ...]:
    share = "" if group.share is None else percent(group.share)
    grams, energy_kwh = figures_of(group)
    return group.name, str(group.runs), grams, share, energy_kwh


def _largest(month: Month) -> Table:
    heads = ("Ended", "Model", "Branch", "Outcome", "Took", "Run")
    return Table("The largest runs", heads, tuple(map(_run, month.largest)))


def _run(each: Counted) -> tuple[str, ...]:
    record = each.entry.record
    where = record.provenance
    return (
        record.ended_at[:_DAY],
        where.model_name or where.repository or "",
        (where.ref or "").removeprefix("refs/heads/"),
        str(record.outcome),
        with_range("kWh", each.ranges[1]) if each.ranges[0] is None else with_range("g", each.ranges[0]),
        where.run_url or record.run_id,
    )


def _lost(month: Month) -> Table:
    rows, note = [_group(group) for group in month.lost], ""
    if month.retries.runs:
        rows.append(_group(month.retries))
        note = "Energy that was spent counts, however the run ended. A retry that failed is in two rows."
    return Table("Failures and retries", ("What", *_FIGURES), tuple(rows), note)


def _let_through(month: Month) -> Table:
    rows = []
    for one in month.let_through:
        over = ", ".join(amount(unit, value) for unit, value in sorted(one.over.items()))
        rows.append((one.limit, one.owner, one.until, one.reason, str(one.runs), over))
    return Table("Exceptions used", ("Limit", "Owner", "Until", "Reason", "Runs", "Over by"), tuple(rows))


def _exceptions(month: Month) -> Table:
    count = month.over_own_limit
    runs = "No run" if not count else "1 run" if count == 1 else f"{count} runs"
    note = f"{runs} went over a limit of {'its' if count <= 1 else 'their'} own in this time."
    rows = tuple((one.limit, one.owner, one.until.isoformat(), one.reason) for one in month.exceptions)
    return Table("Exceptions in force", ("Limit", "Owner", "Until", "Reason"), rows, note)


def _not_in_sum(month: Month) -> Table:
    total = month.total
    rows = [("cannot be read", broken.path, broken.error.message) for broken in month.broken]
    unpriced, unmeasured = set(total.without_emissions), set(total.without_energy)
    for run_id in dict.fromkeys((*total.without_emissions, *total.without_energy)):
        if run_id in unmeasured:
            rows.append(("no figures" if run_id in unpriced else "no energy", run_id, "the run was not measured"))
        else:
            rows.append(("no emissions", run_id, "the run was at no known place"))
    shown, more = rows[:MOST_ROWS], len(rows) - MOST_ROWS
    note = "The true sum is larger than stated." + (f" {more} more are not shown." if more > 0 else "")
    return Table("Not in the sum", ("What", "File or run", "Why"), tuple(shown), note)
