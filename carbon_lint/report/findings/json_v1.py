"""JSON, format 1: `schemas/report.schema.json` describes it. Written by hand, so that no inner change leaks out."""

from __future__ import annotations

from typing import Any

from carbon_lint import __version__
from carbon_lint.lint.diagnostic import SEVERITIES, Diagnostic, Fix, LintReport
from carbon_lint.report.findings.reporters import RenderOptions
from carbon_lint.report.layout import json_text


def render(report: LintReport, options: RenderOptions) -> str:
    """Return the report as JSON, ASCII only, in an order that does not change."""
    del options
    value = {
        "format": 1,
        "carbon_lint": __version__,
        "files_checked": report.files_checked,
        "files_skipped": report.files_skipped,
        "counts": {severity: report.count(severity) for severity in SEVERITIES},
        "suppressed": report.suppressed,
        "fixed": list(report.fixed),
        "diagnostics": [_diagnostic(found) for found in report.diagnostics],
    }
    return json_text(value)


def _diagnostic(found: Diagnostic) -> dict[str, Any]:
    value: dict[str, Any] = {
        "code": found.code,
        "name": found.name,
        "severity": found.severity,
        "message": found.message,
        "path": found.path,
        "line": found.line,
        "column": found.column,
        "end_line": found.end_line,
        "end_column": found.end_column,
        "fixable": found.fix is not None,
        "fix": _fix(found.fix) if found.fix else None,
    }
    if found.related:
        value["related"] = [
            {
                "message": related.message,
                "line": related.line,
                "column": related.column,
                "end_line": related.end_line,
                "end_column": related.end_column,
            }
            for related in found.related
        ]
    return value


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        "title": fix.title,
        "safe": fix.is_safe,
        "edits": [{"start": edit.start, "end": edit.end, "text": edit.text} for edit in fix.edits],
    }
