"""Lint files and folders: find the cards, judge each, and make one report of them."""

from __future__ import annotations

import os

from carbon_lint.lint.batch import check_all
from carbon_lint.lint.discover import CARD_NAME, find_cards
from carbon_lint.lint.engine import Checker, collect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbon_lint.lint.diagnostic import LintReport
    from carbon_lint.lint.engine import LintRequest


def lint_paths(request: LintRequest) -> tuple[LintReport, list[str]]:
    """Lint files and folders; with the report the unified diffs of what `--fix` did or would do.

    Raises NoCardsError if nothing was found, ConfigError, and OutputError if a fix cannot be written.
    """
    checker = Checker(request)
    report, diffs = collect(check_all(checker, find_cards(request.paths, request.include, checker.included_in)))
    if not report.files_checked and not report.files_unread and not (report.files_skipped and _names_a_file(request)):
        _raise_nothing(request)
    return report, diffs


def _names_a_file(request: LintRequest) -> bool:
    return any(not os.path.isdir(path) for path in request.paths)


def _raise_nothing(request: LintRequest) -> None:
    from carbon_lint.errors import NoCardsError

    names = ", ".join((CARD_NAME, *request.include))
    where = ", ".join(request.paths)
    raise NoCardsError(
        f"no model card found: looked for {names} below {where}",
        hint="name a card, or a folder that holds one; what .gitignore excludes and what has no front matter is "
        "skipped; to take other names",
        suggest=(("include", "GLOB"),),
    )
