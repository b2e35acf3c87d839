"""SARIF 2.1.0 as GitHub's code scanning takes it. Plain dicts; the tests compare them with the official schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from carbon_lint import __version__
from carbon_lint.lint.diagnostic import RANK, Diagnostic, Fix, Lines, LintReport
from carbon_lint.lint.rule import Rule, load_all
from carbon_lint.project import DOCS_URL
from carbon_lint.report.findings.forge import fingerprints, relative_path, rule_url
from carbon_lint.report.findings.reporters import RenderOptions
from carbon_lint.report.layout import json_text
from carbon_lint.text import plural

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MAX_RESULTS = 5000
"""GitHub keeps no more of one run (it takes 25,000): docs.github.com, "SARIF results exceed one or more limits"."""

_SOURCE_ROOT = "%SRCROOT%"
_PROBLEM_SEVERITIES = {"error": "error", "warning": "warning", "note": "recommendation"}


def render(report: LintReport, options: RenderOptions) -> str:
    """Return one run with every rule in its driver, and the findings worst first, at most 5,000."""
    rules = load_all()
    index = {rule.code: position for position, rule in enumerate(rules)}
    ranked = sorted(fingerprints(report.diagnostics, report.sources), key=lambda pair: RANK[pair[0].severity])
    results = [_result(found, mark, index, report.sources, options) for found, mark in ranked[:MAX_RESULTS]]
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "carbon-lint",
                        "semanticVersion": __version__,
                        "informationUri": DOCS_URL,
                        "rules": [_rule(rule) for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [{"executionSuccessful": True, **_left_out(len(ranked) - len(results))}],
                "results": results,
            }
        ],
    }
    return json_text(log)


def _rule(rule: Rule) -> dict[str, Any]:
    docs = rule.docs
    body = "\n".join(line for line in docs.split("\n") if not line.startswith("#"))
    first_paragraph = " ".join(body.strip().partition("\n\n")[0].split())
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": first_paragraph or rule.summary},
        "help": {"text": docs or rule.summary, "markdown": docs or rule.summary},
        "helpUri": rule_url(rule.code),
        "defaultConfiguration": {"level": rule.severity},
        "properties": {"tags": ["model-card"], "problem.severity": _PROBLEM_SEVERITIES[rule.severity]},
    }


def _left_out(count: int) -> dict[str, Any]:
    text = f"{plural(count, 'more finding')} left out: code scanning keeps {MAX_RESULTS:,} of one run"
    return {"toolExecutionNotifications": [{"level": "warning", "message": {"text": text}}]} if count else {}


def _result(
    found: Diagnostic, fingerprint: str, index: Mapping[str, int], sources: Mapping[str, str], options: RenderOptions
) -> dict[str, Any]:
    artifact = _artifact(found.path, options)
    region = _region(found.line, found.column, found.end_line, found.end_column)
    result: dict[str, Any] = {
        "ruleId": found.code,
        "level": found.severity,
        "message": {"text": found.message},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint},
    }
    if found.code in index:
        result["ruleIndex"] = index[found.code]
    if found.related:
        result["relatedLocations"] = [
            {
                "message": {"text": related.message},
                "physicalLocation": {
                    "artifactLocation": artifact,
                    "region": _region(related.line, related.column, related.end_line, related.end_column),
                },
            }
            for related in found.related
        ]
    text = sources.get(found.path)
    if found.fix and text is not None:
        result["fixes"] = [_fix(found.fix, Lines(text), artifact)]
    return result


def _region(line: int, column: int, end_line: int, end_column: int) -> dict[str, int]:
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}


def _artifact(path: str, options: RenderOptions) -> dict[str, str]:
    relative = relative_path(path, options)
    uri = quote(relative, errors="backslashreplace")
    if relative.startswith("/"):
        return {"uri": f"file://{uri}"}
    # A first segment with a colon would be read as a scheme (RFC 3986, 4.2); quote() has escaped it.
    return {"uri": uri, "uriBaseId": _SOURCE_ROOT}


def _fix(fix: Fix, lines: Lines, artifact: dict[str, str]) -> dict[str, Any]:
    replacements = [
        {"deletedRegion": _region(*lines.span(edit.start, edit.end)), "insertedContent": {"text": edit.text}}
        for edit in fix.edits
    ]
    title = fix.title if fix.is_safe else f"{fix.title} (unsafe: look at it first)"
    return {
        "description": {"text": title},
        "artifactChanges": [{"artifactLocation": artifact, "replacements": replacements}],
    }
