"""Reports to render: built from real offsets into real text, as the engine builds them."""

from __future__ import annotations

from carbon_lint.lint.diagnostic import Diagnostic, Edit, Fix, Lines, LintReport, Related

CARD = "---\nlicense: mit\nco2_eq_emissions:\n  emissions: 17g\n  source: CodeCarbon\n---\n# A model\n"


def diagnostic(text, needle, *, path="README.md", code="CL201", name="unit-in-value", **fields):
    """A finding on the first occurrence of `needle` (a string, or a pair of offsets) in `text`."""
    start, end = needle if isinstance(needle, tuple) else (text.index(needle), text.index(needle) + len(needle))
    line, column, end_line, end_column = Lines(text).span(start, end)
    fields = {"severity": "error", "message": "emissions is '17g', which is text", **fields}
    return Diagnostic(
        code=code,
        name=name,
        path=path,
        start=start,
        end=end,
        line=line,
        column=column,
        end_line=end_line,
        end_column=end_column,
        **fields,
    )


def related(text, needle, message):
    """A further place of a finding."""
    start = text.index(needle)
    end = start + len(needle)
    return Related(message, start, end, *Lines(text).span(start, end))


def report(*diagnostics, sources=None, **counts):
    """A report over files whose text is given by path."""
    sources = {"README.md": CARD} if sources is None else sources
    counts = {"files_checked": max(1, len(sources)), **counts}
    return LintReport(diagnostics=tuple(diagnostics), sources=sources, **counts)


def fix(text, needle, replacement, *, title="write the number alone", is_safe=True):
    """A fix that replaces `needle`."""
    start = text.index(needle)
    return Fix(title, (Edit(start, start + len(needle), replacement),), is_safe=is_safe)
