"""Gather what the page of an audit shows: charts of what the cards state, and the findings by rule."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from carbon_lint.hub.audit.cards import Tally
from carbon_lint.lint.diagnostic import SEVERITIES
from carbon_lint.report.findings.forge import rule_url
from carbon_lint.report.plot import Bars
from carbon_lint.text import plural

SHOWN = 50
"""Cards that the page lists under one rule."""
_MOST_BARS = 12
_UNITS = "CL2"  # the family of rules on values and units


class Rule(NamedTuple):
    """A rule and the cards that it found something in: link, place and message of each."""

    severity: str
    code: str
    name: str
    findings: str
    url: str
    cards: list[tuple[str | None, str, str]]
    more: int


def charts(sums: Tally) -> list[Bars]:
    """Return the charts of what there is to draw."""
    return [plot for plot in (_stated(sums), _sources(sums), _units(sums)) if plot is not None]


def model_link(endpoint: str | None, name: str) -> str | None:
    """Return the model's page, if the Hub was asked and the name is one."""
    if endpoint is None or not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)?", name, re.ASCII):
        return None
    return f"{endpoint}/{name}"


def _stated(sums: Tally) -> Bars | None:
    counts = [
        ("in grams", sums.readable - sums.zero - sums.converted),
        ("converted from text", sums.converted),
        ("zero", sums.zero),
        ("not readable", len(sums.unreadable)),
        ("no figure", sums.cards - sums.stating - sums.without_card - len(sums.problems)),
        ("no card", sums.without_card),
        ("not judged", len(sums.problems)),
    ]
    return _bars("What the cards state", "stated", counts)


def _sources(sums: Tally) -> Bars | None:
    ordered = sums.by_source.most_common()
    rest = sum(count for _, count in ordered[_MOST_BARS - 1 :]) if len(ordered) > _MOST_BARS else 0
    shown = ordered if not rest else [*ordered[: _MOST_BARS - 1], ("other sources", rest)]
    return _bars("Who computed the figures", "source", shown)


def _units(sums: Tally) -> Bars | None:
    counts = [(code, count) for code, count in sums.by_code.most_common() if code.startswith(_UNITS)]
    return _bars("Problems of value and unit", "rule", counts[:_MOST_BARS])


def _bars(title: str, of: str, counts: Iterable[tuple[str, int]]) -> Bars | None:
    known = [(name, count) for name, count in counts if count > 0]
    if not known:
        return None
    names, numbers = zip(*known, strict=True)
    return Bars(
        title=title,
        show=lambda value: f"{value:,.0f}",
        labels=names,
        series={"cards": tuple(map(float, numbers))},
        of=of,
    )


def rules(sums: Tally, endpoint: str | None) -> list[Rule]:
    """Return the rules with findings, the worst and most frequent first."""
    by_rule: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for found in sums.findings:
        by_rule.setdefault((found["severity"], found["code"], found["name"]), []).append(found)
    ordered = sorted(by_rule.items(), key=lambda item: (SEVERITIES.index(item[0][0]), -len(item[1]), item[0][1]))
    return [
        Rule(
            severity,
            code,
            name,
            plural(len(found), "finding"),
            rule_url(code),
            [_place(each, endpoint) for each in found[:SHOWN]],
            max(0, len(found) - SHOWN),
        )
        for (severity, code, name), found in ordered
    ]


def _place(found: dict[str, Any], endpoint: str | None) -> tuple[str | None, str, str]:
    model = found["path"].removesuffix("/README.md")
    return model_link(endpoint, model), f"{found['path']}:{found['line']}:{found['column']}", found["message"]
