"""CL902: A suppression names no known rule."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.text import quoted


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports a `# carbon-lint:` comment that is not `ignore[RULE, ...]`, and what is in it that is neither the code nor
    the name of a rule.

    ## Why is this bad?
    It silences nothing, and whoever wrote it believes that it does.

    ## Example
    ```yaml
    license: mit # carbon-lint: ignore[CL999] no such rule
    ```

    ## Use instead
    ```yaml
    license: mit
    ```
    """
    for one in context.suppressions.comments:
        if not one.rules:
            yield Hit("not a suppression, expected carbon-lint: ignore[CODE] and why", one.start, one.end)
        for code, name, start, end in one.rules:
            if code is None:
                yield Hit(f"no rule has the code or name {quoted(name)}", start, end)
