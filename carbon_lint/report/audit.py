"""An audit's sums and findings as text, JSON, HTML and SARIF. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from carbon_lint.hub.audit.cards import AuditedCard, Tally, diagnostic_of
from carbon_lint.lint.diagnostic import SEVERITIES, LintReport
from carbon_lint.report import pages
from carbon_lint.report.findings.forge import rule_url
from carbon_lint.report.findings.reporters import REPORTERS, RenderOptions
from carbon_lint.report.layout import json_text
from carbon_lint.report.pages import Bars
from carbon_lint.text import plural, terminal
from carbon_lint.units import format_emissions, format_energy

SHOWN = 50
"""Findings that the text lists, and the page under one rule; `--format json` has up to `audit.KEPT_FINDINGS`."""
_MOST_BARS = 12
_UNITS = "CL2"  # the family of rules on values and units


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
    diagnostics = tuple(sorted(map(diagnostic_of, sums.findings)))
    report = LintReport(diagnostics=diagnostics, files_checked=sums.cards, files_skipped=0)
    return REPORTERS["sarif"](report, RenderOptions())


def render_html(sums: Tally, about: About) -> str:
    """Return a page of its own: what the cards state, the models to look at, and the findings by rule."""
    lists = [
        (title, [(_model_link(about.endpoint, name), name, why) for name, why in rows])
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
        charts=_charts(sums),
        rules=_rules(sums, about.endpoint),
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
    return "" if stated is None else f"{stated.text!r}: {stated.note}" if stated.text else stated.note or ""


def _named(head: str, rows: list[tuple[str, str]]) -> list[str]:
    if not rows:
        return []
    lines = ["", head, *(f"  {terminal(name)}: {terminal(why)}" for name, why in rows[:SHOWN])]
    return [*lines, f"  and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else lines


class _Rule(NamedTuple):
    """A rule and the cards that it found something in: link, place and message of each."""

    severity: str
    code: str
    name: str
    findings: str
    url: str
    cards: list[tuple[str | None, str, str]]
    more: int


def _model_link(endpoint: str | None, name: str) -> str | None:
    """Return the model's page, if the Hub was asked and the name is one."""
    if endpoint is None or not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)?", name, re.ASCII):
        return None
    return f"{endpoint}/{name}"


def _charts(sums: Tally) -> list[Bars]:
    """Return the charts of what there is to draw."""
    stated = [
        ("in grams", sums.readable - sums.zero - sums.converted),
        ("converted from text", sums.converted),
        ("zero", sums.zero),
        ("not readable", len(sums.unreadable)),
        ("no figure", sums.cards - sums.stating - sums.without_card - len(sums.problems)),
        ("no card", sums.without_card),
        ("not judged", len(sums.problems)),
    ]
    sources = sums.by_source.most_common()
    if len(sources) > _MOST_BARS:
        rest = sum(count for _, count in sources[_MOST_BARS - 1 :])
        sources = [*sources[: _MOST_BARS - 1], ("other sources", rest)]
    units = [(code, count) for code, count in sums.by_code.most_common() if code.startswith(_UNITS)]
    bars = (
        _bars("What the cards state", "stated", stated),
        _bars("Who computed the figures", "source", sources),
        _bars("Problems of value and unit", "rule", units[:_MOST_BARS]),
    )
    return [each for each in bars if each.labels]


def _bars(title: str, of: str, counts: list[tuple[str, int]]) -> Bars:
    known = {name: float(count) for name, count in counts if count > 0}
    return Bars(
        title=title,
        show=lambda value: f"{value:,.0f}",
        labels=tuple(known),
        series={"cards": tuple(known.values())},
        of=of,
    )


def _rules(sums: Tally, endpoint: str | None) -> list[_Rule]:
    """Return the rules with findings, the worst and most frequent first."""
    by_rule: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for found in sums.findings:
        by_rule.setdefault((found["severity"], found["code"], found["name"]), []).append(found)
    ordered = sorted(by_rule.items(), key=lambda item: (SEVERITIES.index(item[0][0]), -len(item[1]), item[0][1]))
    return [
        _Rule(
            *rule,
            findings=plural(len(found), "finding"),
            url=rule_url(rule[1]),
            cards=[_place(each, endpoint) for each in found[:SHOWN]],
            more=max(0, len(found) - SHOWN),
        )
        for rule, found in ordered
    ]


def _place(found: dict[str, Any], endpoint: str | None) -> tuple[str | None, str, str]:
    model = found["path"].removesuffix("/README.md")
    return _model_link(endpoint, model), f"{found['path']}:{found['line']}:{found['column']}", found["message"]
