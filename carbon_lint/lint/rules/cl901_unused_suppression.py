"""CL901: a comment that silences nothing."""

from __future__ import annotations

from carbon_lint.lint.diagnostic import Edit, Fix, Hit
from carbon_lint.lint.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbon_lint.lint.context import Context


def check(context: Context) -> Iterator[Hit]:
    """
    ## What it does
    Reports a code in `# carbon-lint: ignore[...]` that silences no finding.

    ## Why is this bad?
    A suppression that outlives its reason hides the next mistake of the kind.

    ## Example
    ```yaml
    license: mit # carbon-lint: ignore[CL203] the text is about another model
    ```

    ## Use instead
    ```yaml
    license: mit
    ```

    ## Fix safety
    Safe: only the comment changes.
    """
    for one in context.suppressions:
        unused = [
            (code, start, end) for code, start, end in one.codes if code not in one.used and code in context.active
        ]
        for code, start, end in unused:
            is_whole = len(unused) == len(one.codes)
            fix = Fix(
                "remove the suppression", (_removal(context.text, one.start, one.end, one.is_alone),), is_safe=True
            )
            yield Hit(f"{code} is not found here, so nothing is silenced", start, end, fix if is_whole else None)


def _removal(text: str, start: int, end: int, is_alone: bool) -> Edit:
    """The comment with the blanks before it; the whole line where nothing else stands on it."""
    while start > 0 and text[start - 1] in " \t":
        start -= 1
    if is_alone:
        end = len(text) if end >= len(text) else end + (2 if text.startswith("\r\n", end) else 1)
    return Edit(start, end, "")


RULE = Rule(summary="A suppression is not used", since="0.1.0", check=check, fix="safe")
