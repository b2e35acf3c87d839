"""CL901: A suppression is not used."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Edit, Fix, Hit, Hits


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports a rule in `# carbon-lint: ignore[...]` that silences no finding. A rule is named by its code or its name, as
    in the configuration.

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
    found = context.suppressions
    for one in found.comments:
        unused = [rule for rule in one.rules if rule[0] in context.active and not found.is_used(one, rule[0])]
        is_whole = len(unused) == len(one.rules)
        removal = _removal(context.text, one.start, one.end, one.is_alone) if is_whole else None
        for _, name, start, end in unused:
            fix = Fix("remove the suppression", (removal,), is_safe=True) if removal is not None else None
            yield Hit(f"{name} is not found here, so nothing is silenced", start, end, fix)


def _removal(text: str, start: int, end: int, is_alone: bool) -> Edit:
    """Return the span of the comment with the blanks before it, or of the whole line if it holds nothing else."""
    while start > 0 and text[start - 1] in " \t":
        start -= 1
    if is_alone:
        end = len(text) if end >= len(text) else end + (2 if text.startswith("\r\n", end) else 1)
    return Edit(start, end, "")
