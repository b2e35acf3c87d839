"""Read the journal of a run that has ended, as tests compare it."""

from __future__ import annotations

from carbon_lint.records.journal import journal_lines


def journal_text(path="r.jsonl"):
    """Return the text of `r.jsonl`, or of `r.jsonl.gz` if the run has ended."""
    return b"".join(journal_lines(path)).decode(errors="replace")
