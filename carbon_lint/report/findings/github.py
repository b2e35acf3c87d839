"""GitHub workflow commands: annotations on the changed files. Worst first, as many as the runner shows."""

from __future__ import annotations

from itertools import groupby

from carbon_lint.lint.diagnostic import RANK, SEVERITIES, Diagnostic, LintReport
from carbon_lint.report.findings.forge import relative_path
from carbon_lint.report.findings.reporters import RenderOptions, counted, sentence
from carbon_lint.text import command_data, command_property, shortened, terminal

# The runner shows ten annotations a level and step, and cuts a message at 4096 characters
# (actions/runner, ExecutionContext.cs: _maxIssueCount, _maxIssueMessageLength).
MAX_PER_LEVEL = 10
MAX_MESSAGE_CHARACTERS = 4096
_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(report: LintReport, options: RenderOptions) -> str:
    """Return one workflow command a line, then the counts. Nothing of a card can become a command of its own."""
    worst_first = sorted(report.diagnostics, key=lambda found: RANK[found.severity])
    shown: list[Diagnostic] = []
    left = dict.fromkeys(SEVERITIES, 0)
    for severity, group in groupby(worst_first, key=lambda found: found.severity):
        found = list(group)
        shown += found[:MAX_PER_LEVEL]
        left[severity] = len(found[MAX_PER_LEVEL:])
    lines = [_command(found, options) for found in shown]
    if any(left.values()):
        lines.append(f"{counted(left)} more are not annotated: GitHub shows {MAX_PER_LEVEL} of a level in each step")
    lines.append(terminal(sentence(report)))
    return "".join(f"{line}\n" for line in lines)


def _command(found: Diagnostic, options: RenderOptions) -> str:
    properties = {
        "file": terminal(relative_path(found.path, options)),
        "line": str(found.line),
        "endLine": str(found.end_line),
        "title": terminal(f"{found.code} {found.name}"),
    }
    # GitHub takes columns only within one line.
    if found.line == found.end_line:
        properties["col"] = str(found.column)
        properties["endColumn"] = str(found.end_column)
    given = ",".join(f"{name}={command_property(value)}" for name, value in properties.items())
    message = terminal(found.message if found.fix is None else f"{found.message} (fix: {found.fix.title})")
    return f"::{_COMMANDS[found.severity]} {given}::{command_data(shortened(message, MAX_MESSAGE_CHARACTERS))}"
