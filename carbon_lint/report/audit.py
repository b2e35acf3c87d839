"""An audit's sums and findings as text, JSON, HTML and SARIF. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from carbon_lint.hub.audit.cards import AuditedCard, Tally, diagnostic_of
from carbon_lint.lint.diagnostic import LintReport
from carbon_lint.report import audit_page, pages
from carbon_lint.report.findings.reporters import REPORTERS, RenderOptions
from carbon_lint.report.layout import json_text
from carbon_lint.text import plural, terminal
from carbon_lint.units import format_emissions, format_energy

SHOWN = 50
"""Findings that the text lists; `--format json` has them all, up to `audit.KEPT_FINDINGS`."""


class About(NamedTuple):
    """What was audited, when, and on which Hub; `endpoint` is None for a file of cards."""

    title: str
    when: str
    endpoint: str | None = None


def render_text(sums: Tally, about: About) -> str:
    """Return the report for a terminal."""
    head = f"audit of {terminal(about.title)} on {about.when}: {plural(sums.cards, 'card')}"
    lines = [head, "", *(f"  {line}" for line in summary_lines(sums))]
    if sums.by_source:
        lines += ["", "by source"]
        lines += [f"  {count:>6}  {terminal(source)}" for source, count in sums.by_source.most_common()]
    if sums.by_code:
        lines += ["", "findings"]
        lines += [f"  {count:>6}  {code}" for code, count in sums.by_code.most_common()]
    errors = [finding for finding in sums.findings if finding["severity"] == "error"]
    if errors:
        lines += ["", "errors", *(f"  {terminal(str(diagnostic_of(finding)))}" for finding in errors[:SHOWN])]
        if len(errors) > SHOWN:
            lines.append(f"  and {len(errors) - SHOWN} more (--format json lists them)")
    for title, rows in _lists(sums):
        lines += _named(title, rows)
    return "".join(f"{line}\n" for line in lines)


def _lists(sums: Tally) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the models that somebody should look at: a title, and each model with the reason."""
    return [
        ("emissions that cannot be read", [(it.id, _unreadable(it)) for it in sums.unreadable]),
        ("could not be judged", [(it.id, it.problem or "") for it in sums.problems]),
        (
            "kilograms in the grams field, by their own figures",
            [(it.id, it.proposal.evidence if it.proposal else "") for it in sums.proposals],
        ),
    ]


def summary_lines(sums: Tally) -> list[str]:
    """Return the sums in words, one a line."""
    silent = _with_verb(sums.cards - sums.stating, "does", "do")
    lines = [f"{_with_verb(sums.stating, 'states', 'state')} emissions, {silent} not"]
    if sums.without_card:
        lines.append(f"{_with_verb(sums.without_card, 'has', 'have')} no card")
    if sums.problems:
        lines.append(f"{len(sums.problems)} could not be judged")
    if sums.readable:
        converted = f", {sums.converted} of them converted from text" if sums.converted else ""
        lines.append(
            f"{format_emissions(sums.emissions_g)} CO2eq in sum, over {plural(sums.readable, 'card')}{converted}"
        )
    if sums.with_energy:
        stating = "states" if sums.with_energy == 1 else "state"
        lines.append(
            f"{format_energy(sums.energy_kwh)} in sum, over {plural(sums.with_energy, 'card')} that {stating} energy"
        )
    if sums.zero:
        lines.append(f"{_with_verb(sums.zero, 'states', 'state')} zero, which is often a placeholder")
    if sums.unreadable:
        unreadable = _with_verb(len(sums.unreadable), "states", "state")
        lines.append(f"{unreadable} something that cannot be read, which is in no sum")
    if sums.proposals:
        wrong = _with_verb(len(sums.proposals), "holds", "hold")
        lines.append(f"{wrong} kilograms, by what else the card states: the sum is too small")
    verb = "has" if sums.with_errors == 1 else "have"
    errors = sums.by_severity["error"]
    lines.append(f"{plural(sums.with_errors, 'card')} {verb} errors ({plural(errors, 'error')})")
    return lines


def render_json(sums: Tally, about: About) -> str:
    """Return the report for a program. `format` rises when a key changes its meaning."""
    document = {
        "format": 1,
        "audited": about.title,
        "audited_at": about.when,
        "cards": sums.cards,
        "without_card": sums.without_card,
        "stating": sums.stating,
        "readable": sums.readable,
        "converted": sums.converted,
        "zero": sums.zero,
        "emissions_g": sums.emissions_g if sums.readable else None,
        "energy_kwh": sums.energy_kwh if sums.with_energy else None,
        "stating_energy": sums.with_energy,
        "by_source": dict(sums.by_source.most_common()),
        "findings": dict(sums.by_code.most_common()),
        "severities": {name: sums.by_severity[name] for name in ("error", "warning", "note")},
        "cards_with_errors": sums.with_errors,
        "diagnostics": sums.findings,
        "diagnostics_left_out": sums.left_out,
        "unreadable": [
            {"id": it.id, "stated": it.stated.text, "note": it.stated.note} for it in sums.unreadable if it.stated
        ],
        "problems": [{"id": it.id, "problem": it.problem} for it in sums.problems],
        "kilograms": [{"id": it.id, "evidence": it.proposal.evidence} for it in sums.proposals if it.proposal],
    }
    return json_text(document)


def render_sarif(sums: Tally, _about: About) -> str:
    """Return the findings alone, in `owner/model/README.md`, for code scanning."""
    return REPORTERS["sarif"](lint_report(sums), RenderOptions())


def render_html(sums: Tally, about: About) -> str:
    """Return a page of its own: what the cards state, the models to look at, and the findings by rule."""
    lists = [
        (title, [(audit_page.model_link(about.endpoint, name), name, why) for name, why in rows])
        for title, rows in _lists(sums)
        if rows
    ]
    return pages.render(
        "carbon_lint.report",
        "audit.html.j2",
        title=about.title,
        when=about.when,
        total=plural(sums.cards, "card"),
        lines=summary_lines(sums),
        lists=lists,
        charts=audit_page.charts(sums),
        rules=audit_page.rules(sums, about.endpoint),
    )


def lint_report(sums: Tally) -> LintReport:
    """Return the findings as the reporters take them."""
    return LintReport(
        diagnostics=tuple(sorted(map(diagnostic_of, sums.findings))), files_checked=sums.cards, files_skipped=0
    )


RENDER: dict[str, Callable[[Tally, About], str]] = {
    "text": render_text,
    "json": render_json,
    "html": render_html,
    "sarif": render_sarif,
}


def _with_verb(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def _unreadable(audited: AuditedCard) -> str:
    stated = audited.stated
    if stated is None:
        return ""
    return f"{stated.text!r}: {stated.note}" if stated.text else stated.note or ""


def _named(head: str, rows: list[tuple[str, str]]) -> list[str]:
    if not rows:
        return []
    lines = ["", head, *(f"  {terminal(name)}: {terminal(why)}" for name, why in rows[:SHOWN])]
    return [*lines, f"  and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else lines
