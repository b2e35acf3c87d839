"""Lint model cards: find what is wrong with the carbon figure.

  carbon-lint check
  carbon-lint check README.md --fix
  carbon-lint check models/ --format sarif

Without a path it checks README.md here. In a folder it checks every
README.md. `-` is standard input.

Exit status: 0 clean, 1 findings, 2 did not run or a file could not be read,
3 nothing to check.
"""

from __future__ import annotations

import os
import re
import sys

from carbon_lint.cli import csv_flags
from carbon_lint.config import Settings, load_file
from carbon_lint.lint.batch import lint_paths
from carbon_lint.lint.diagnostic import SEVERITIES
from carbon_lint.lint.discover import CARD_NAME, CardFile
from carbon_lint.lint.engine import Checker, LintRequest, collect
from carbon_lint.text import terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from carbon_lint.lint.diagnostic import LintReport
    from carbon_lint.lint.evidence import Evidence
    from carbon_lint.report.findings.reporters import RenderOptions

STDIN = "-"
_HOOKS = ".pre-commit-config.yaml"
# As an entry of a list or in a flow map, and not in a comment.
_LINT_HOOK = r"(?m)^[^#\n]*\bid:[ \t]*[\"']?carbon-lint[\"']?[ \t]*(?:[,}#\n]|\Z)"
_QUICK_FLAGS = {"--hook": "hook", "--fix": "fix"}
_DEFAULTS = {
    "format": "text",
    "stdin_filename": None,
    "hook": False,
    "fail_on": None,
    "exit_zero": False,
    "config": None,
    "no_config": False,
    "fix": False,
    "unsafe_fixes": False,
    "diff": False,
    "force": False,
    **csv_flags.DEFAULTS,
}
_REPEATED: dict[str, Any] = {"action": "append", "default": []}
_REPEATABLE = ("output", "include", "select", "ignore", "record", "emissions_csv")


def quick_arguments(argv: list[str]) -> Any:
    """Return what argparse would for paths and the hook's own flags, None if anything else is given."""
    from types import SimpleNamespace

    values: dict[str, object] = {**_DEFAULTS, **{name: [] for name in _REPEATABLE}}
    paths = []
    for argument in argv:
        if argument in _QUICK_FLAGS:
            values[_QUICK_FLAGS[argument]] = True
        elif argument.startswith("-") or not argument:
            return None
        else:
            paths.append(argument)
    return SimpleNamespace(**values, paths=paths)


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `check`."""
    from carbon_lint.cli.flags import add_output_arguments
    from carbon_lint.report.findings.reporters import REPORTERS

    add = parser.add_argument
    add("paths", nargs="*", metavar="PATH", help="model cards and folders (default: README.md)")
    add("--format", choices=list(REPORTERS), default="text", help="how findings are shown (default: text)")
    add_output_arguments(parser, "also write a report; repeatable", metavar="FORMAT=PATH", **_REPEATED)
    add("--include", **_REPEATED, metavar="GLOB", help="in folders, also check files with such names")
    add("--hook", action="store_true", help="skip named files that have no front matter, as the pre-commit hook needs")
    add(
        "--stdin-filename",
        metavar="PATH",
        help="a name for standard input: it is shown, and the settings of its folder apply",
    )
    _add_policy(parser)
    _add_evidence(parser)
    _add_fix(parser)


def _add_policy(parser: ArgumentParser) -> None:
    add = parser.add_argument_group("rules and configuration").add_argument
    which = "run only these rules: codes, beginnings of codes, or names"
    add("--select", **_REPEATED, metavar="CODES", help=which)
    add("--ignore", **_REPEATED, metavar="CODES", help="do not run these rules")
    add("--fail-on", choices=SEVERITIES, help="exit with 1 from this severity on")
    add("--exit-zero", action="store_true", help="exit with 0 also if there are findings")
    add("--config", metavar="FILE", help="use this configuration, not the one found above the card")
    add("--no-config", action="store_true", help="use no configuration")


def _add_evidence(parser: ArgumentParser) -> None:
    add = parser.add_argument_group("evidence").add_argument
    add("--record", **_REPEATED, metavar="FILE", help="compare the card with this record")
    table = "compare the card with CodeCarbon's emissions.csv; repeatable"
    add("--emissions-csv", **_REPEATED, metavar="FILE", help=table)
    csv_flags.add_arguments(parser, price_title="the place, for an emissions.csv")


def _add_fix(parser: ArgumentParser) -> None:
    add = parser.add_argument_group("fixes").add_argument
    add("--fix", action="store_true", help="apply the safe fixes: they do not change the meaning")
    add(
        "--unsafe-fixes",
        action="store_true",
        help="with --fix or --diff: also make guesses, such as kilograms to grams",
    )
    add("--diff", action="store_true", help="show what --fix would change, and change nothing")


def run(arguments: Namespace) -> int:
    """Lint, print, and say how it went."""
    from carbon_lint.report.findings.reporters import REPORTERS

    outputs = []
    if arguments.output:
        from carbon_lint.report.findings.outputs import parse_outputs

        outputs = parse_outputs(arguments.output, force=arguments.force)
    request = _request(arguments)
    if not arguments.paths and not os.path.exists(CARD_NAME):
        from carbon_lint.errors import NoCardsError

        raise NoCardsError(f"there is no {CARD_NAME} here", hint="name a model card, or a folder that holds some")
    report, diffs = _lint_stdin(request, arguments) if STDIN in request.paths else lint_paths(request)
    options = _options(is_for_forge=bool(outputs) or arguments.format not in {"text", "concise", "json"})
    if arguments.hook and arguments.fix and not report.files_unread and _is_shown_by_the_other_hook():
        sys.stdout.write("".join(f"fixed {terminal(path)}\n" for path in report.fixed))
        return 1 if report.fixed else 0
    if arguments.diff:
        sys.stdout.write("".join(diffs))
    else:
        sys.stdout.write(REPORTERS[arguments.format](report, options))
    if outputs:
        from carbon_lint.report.findings.outputs import write_outputs

        write_outputs(report, outputs, options, force=arguments.force)
    if report.files_unread:
        return 2
    is_failing = report.is_failing or report.fixed or (diffs and arguments.diff)
    return 1 if is_failing and not arguments.exit_zero else 0


def _is_shown_by_the_other_hook() -> bool:
    """Return whether pre-commit runs our hook `carbon-lint` too: that one then shows what cannot be fixed."""
    try:
        with open(_HOOKS, encoding="utf-8") as stream:
            return re.search(_LINT_HOOK, stream.read()) is not None
    except (OSError, UnicodeDecodeError):
        return False


def _request(arguments: Namespace) -> LintRequest:
    refusal = _refusal(arguments)
    if refusal is not None:
        from carbon_lint.errors import UsageError

        message, hint = refusal
        raise UsageError(message, hint=hint)
    return LintRequest(
        tuple(arguments.paths) or (CARD_NAME,),
        include=tuple(arguments.include),
        settings=Settings() if arguments.no_config else load_file(arguments.config) if arguments.config else None,
        overrides=_overrides(arguments),
        evidence=_evidence(arguments) if arguments.record or arguments.emissions_csv else None,
        is_hook=arguments.hook,
        fix=("unsafe" if arguments.unsafe_fixes else "safe") if arguments.fix or arguments.diff else None,
        is_dry=arguments.diff,
    )


def _refusal(arguments: Namespace) -> tuple[str, str | None] | None:
    """Return why the flags cannot be combined, and what to do; None if they can."""
    if arguments.unsafe_fixes and not (arguments.fix or arguments.diff):
        return "--unsafe-fixes does nothing alone", "add --fix, or --diff to see what it would change"
    if arguments.config and arguments.no_config:
        return "--config and --no-config exclude each other", None
    if arguments.record and arguments.emissions_csv:
        return "--record and --emissions-csv exclude each other", "give one of the two"
    for flag in csv_flags.given(arguments) if not arguments.emissions_csv else ():
        return f"{flag} needs --emissions-csv FILE", f"give the table too, or leave {flag} out"
    return None


def _overrides(arguments: Namespace) -> dict[str, object]:
    overrides: dict[str, object] = {"fail-on": arguments.fail_on} if arguments.fail_on else {}
    for key in ("select", "ignore"):
        if values := getattr(arguments, key):
            overrides[key] = tuple(code.strip() for value in values for code in value.split(",") if code.strip())
    return overrides


def _evidence(arguments: Namespace) -> Evidence | None:
    from carbon_lint.cli.flags import say
    from carbon_lint.lint.evidence import from_emissions_csv, from_records

    if arguments.record:
        return from_records(arguments.record)
    evidence = from_emissions_csv(*arguments.emissions_csv, choice=csv_flags.choice_of(arguments))
    say(*evidence.notes)
    return evidence


def _lint_stdin(request: LintRequest, arguments: Namespace) -> tuple[LintReport, list[str]]:
    from carbon_lint.errors import UsageError

    if len(request.paths) > 1:
        raise UsageError("- (standard input) cannot be checked together with other paths")
    if arguments.fix and not arguments.diff:
        raise UsageError("standard input cannot be fixed in place", hint="use --diff to see the changes")
    data = sys.stdin.buffer.read()
    path = arguments.stdin_filename or "<stdin>"
    checked = Checker(request).check(CardFile(path, is_named=True), data)
    from carbon_lint.card.read import read_card

    return collect([checked], {path: read_card(data, path).text})


def _options(*, is_for_forge: bool) -> RenderOptions:
    from carbon_lint.report.findings.reporters import RenderOptions

    folder = os.getcwd() if is_for_forge else ""
    base = ""  # leaves paths as they are
    if is_for_forge:
        from carbon_lint.files import repository_root

        base = os.environ.get("GITHUB_WORKSPACE") or repository_root(folder) or ""
    is_terminal = sys.stdout.isatty()
    colour = is_terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    width = os.get_terminal_size(sys.stdout.fileno()).columns if is_terminal else 100
    colour = colour or bool(os.environ.get("FORCE_COLOR"))
    return RenderOptions(colour=colour, width=width or 100, base=base, folder=folder)
