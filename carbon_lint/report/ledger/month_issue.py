"""Keep one issue up to date with a team's month, and tell each budget's owner once at each threshold. Pure.

The issue holds the last notice to its owners, in a comment that GitHub does not show. So nothing else is stored, and
a new month begins from zero.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from carbon_lint.report.ledger.answer import Judged, sentence
from carbon_lint.report.ledger.month import Month
from carbon_lint.report.ledger.month_text import MARK, markdown
from carbon_lint.report.run.phrases import percent
from carbon_lint.text import markdown_text

_TOLD = re.compile(r"\A<!-- carbon-lint told (\{.*\}) -->")
# Who can be mentioned: a user (39 characters at most), or a team of an organisation.
_MENTION = re.compile(r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})(?:/[A-Za-z0-9._-]{1,100})?")


def told_in(body: str) -> dict[str, float]:
    """Return the last notice in an issue's text: limit -> the highest share; nothing for any other text."""
    match = _TOLD.match(body)
    try:
        found = json.loads(match[1]) if match else {}
    except (ValueError, RecursionError):
        return {}
    return {str(name): float(share) for name, share in found.items() if isinstance(share, int | float)}


def passed(month: Month) -> dict[str, float]:
    """Return the highest threshold that each limit has passed: the share at which its owner is warned, or 1.0."""
    highest = {
        _name(one): max((share for share in (one.spent.budget.warn_at, 1.0) if (one.used or 0.0) >= share), default=0.0)
        for one in month.budgets
    }
    return {name: share for name, share in highest.items() if share}


def issue(month: Month) -> str:
    """Return the text of the issue. It states the notice as sent, so send it too."""
    told = re.sub("[-<>]", lambda sign: f"\\u{ord(sign[0]):04x}", json.dumps(passed(month)))
    return f"<!-- carbon-lint told {told} -->\n{markdown(month).removeprefix(MARK).lstrip()}"


def notice(month: Month, told: Mapping[str, float]) -> str:
    """Return what to tell the owners now: a line for each limit that has passed a threshold since."""
    now = passed(month)
    due = [one for one in month.budgets if now.get(_name(one), 0.0) > told.get(_name(one), 0.0)]
    return "".join(f"{_line(one, now[_name(one)])}\n\n" for one in due)


def _line(one: Judged, share: float) -> str:
    owner = one.spent.budget.owner or ""
    # The one place that mentions somebody, and only whom the configuration names as an owner.
    who = f"{owner}: " if _MENTION.fullmatch(owner) else f"{markdown_text(owner)}: " if owner else ""
    reached = "is used up" if share >= 1 else f"has reached {percent(share)}"
    return f"{who}the budget {markdown_text(one.name, is_start=False)} {reached}. {markdown_text(sentence(one))}."


def _name(one: Judged) -> str:
    """Return the limit's name in the issue: a budget of a calendar month is another one each month."""
    period = one.spent.period
    return f"{one.name} {one.limit.unit}{f' {period.name}' if period.is_month else ''}"
