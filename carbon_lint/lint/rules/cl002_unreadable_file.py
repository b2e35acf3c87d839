"""CL002: The file cannot be read."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports a file that cannot be read: it is not there, access is denied, it is a pipe or a device.

    ## Why is this bad?
    A card that was not read was not checked. The others that were named are still checked.

    ## Example
    ```text
    carbon-lint check no-such-file.md
    ```

    ## Use instead
    ```text
    carbon-lint check README.md
    ```
    """
    yield Hit(f"the file cannot be read: {context.unreadable}", 0, 0)
