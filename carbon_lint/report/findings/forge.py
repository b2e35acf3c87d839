"""Say what a forge needs of a finding: the address of its rule, its path, and what stays the same of it over edits."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

from carbon_lint.lint.diagnostic import Diagnostic
from carbon_lint.project import DOCS_URL
from carbon_lint.report.findings.reporters import RenderOptions


def rule_url(code: str) -> str:
    """Return the page of one rule."""
    return f"{DOCS_URL}/rules/{code}.md"


def relative_path(path: str, options: RenderOptions) -> str:
    """Return `path` relative to `options.base`; as it is if no base is given or it lies outside."""
    if not options.base:
        return path.removeprefix("./")
    base = posixpath.normpath(options.base)
    whole = posixpath.normpath(posixpath.join(options.folder or base, path))
    if whole == base or not whole.startswith(base.rstrip("/") + "/"):
        return path
    return posixpath.relpath(whole, base)


def fingerprints(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str]) -> Iterator[tuple[Diagnostic, str]]:
    """Yield each finding with its fingerprint: path, rule, the words of its line, and its number among equal ones.

    Lines and columns are not part of it, so edits above a finding do not change it; neither is the message, whose
    figures may come from elsewhere in the card. No two findings of a report have the same.
    """
    seen: dict[tuple[str, str, str], int] = {}
    for found in diagnostics:
        key = (found.path, found.code, _words(found, sources))
        seen[key] = seen.get(key, 0) + 1
        yield found, sha256("\0".join((*key, str(seen[key]))).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _words(found: Diagnostic, sources: Mapping[str, str]) -> str:
    text = sources.get(found.path)
    if not text:
        return ""
    start = found.start - (found.column - 1)
    line = text[start : start + 10_000].split("\n", 1)[0].split("\r", 1)[0]
    # The characters found keep two findings of one line apart from each other, and in either order.
    return f"{' '.join(line.split())}\0{text[found.start : min(found.end, found.start + 1000)]}"
