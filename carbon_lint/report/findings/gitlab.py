"""GitLab Code Quality: the JSON that `artifacts: reports: codequality:` takes."""

from __future__ import annotations

from typing import Any

from carbon_lint.lint.diagnostic import Diagnostic, LintReport
from carbon_lint.report.findings.forge import fingerprints, relative_path
from carbon_lint.report.findings.reporters import RenderOptions
from carbon_lint.report.layout import json_text

# GitLab knows info, minor, major, critical and blocker. An error is what the gate fails on by default.
_SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}


def render(report: LintReport, options: RenderOptions) -> str:
    """Return a JSON list with one entry a finding; `[]` if there is none, as GitLab wants a report each time."""
    entries = [
        _entry(found, fingerprint, options) for found, fingerprint in fingerprints(report.diagnostics, report.sources)
    ]
    return json_text(entries)


def _entry(found: Diagnostic, fingerprint: str, options: RenderOptions) -> dict[str, Any]:
    return {
        "description": f"{found.code} {found.name}: {found.message}",
        "check_name": found.code,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[found.severity],
        "location": {
            "path": relative_path(found.path, options),
            "lines": {"begin": found.line, "end": found.end_line},
        },
    }
