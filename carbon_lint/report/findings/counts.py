"""What a report comes to, in words. Every count is stated, also those of findings that are not shown."""

from __future__ import annotations

from carbon_lint.lint.diagnostic import SEVERITIES, LintReport
from carbon_lint.text import plural


def counted(numbers: dict[str, int]) -> str:
    """Return `1 error, 2 warnings` for `{'error': 1, 'warning': 2}`; what is 0 is left out."""
    return ", ".join(plural(count, noun) for noun, count in numbers.items() if count)


def by_severity(report: LintReport) -> dict[str, int]:
    """Return severity -> number of findings, worst first."""
    return {severity: report.count(severity) for severity in SEVERITIES}


def sentence(report: LintReport) -> str:
    """Return the whole report in one line, without the final period."""
    parts = [f"{plural(report.files_checked, 'file')} checked: {counted(by_severity(report)) or 'no findings'}"]
    if report.files_unread:
        parts.append(f"{plural(report.files_unread, 'file')} not read")
    if report.files_skipped:
        parts.append(f"{plural(report.files_skipped, 'file')} skipped (not a model card)")
    if report.suppressed:
        parts.append(f"{report.suppressed:,} suppressed")
    if report.fixed:
        parts.append(f"{plural(len(report.fixed), 'file')} fixed")
    fixable = fixable_sentence(report)
    return "; ".join([*parts, fixable] if fixable else parts)


def fixable_sentence(report: LintReport) -> str:
    """Return how many findings `--fix` would fix, and how many only with `--unsafe-fixes`; empty if none."""
    fixes = [found.fix for found in report.diagnostics if found.fix]
    safe = sum(fix.is_safe for fix in fixes)
    unsafe = len(fixes) - safe
    parts = [f"{safe:,} fixable with --fix"] if safe else []
    if unsafe:
        parts.append(f"{unsafe:,} {'more ' if safe else 'fixable '}with --fix --unsafe-fixes")
    return ", ".join(parts)
