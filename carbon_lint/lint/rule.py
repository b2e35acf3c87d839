"""What a rule's file declares, with what the table of rules says of it.

The docstring of the file is `CODE: summary.` A rule is a function `check` from a card to hits. It knows neither its
severity nor the path, and never raises on content. Its docstring is the rule's page in the documentation, with these
headings in this order: What it does, Why is this bad?, [Known problems], Example, [Use instead], [Fix safety],
[References]. The examples run as tests. A line `...` in one stands for the fields that a whole block has besides those
above it. A page that leaves out `Use instead` shows a whole block there.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module

from carbon_lint.lint.rules import TABLE, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbon_lint.lint.context import Context
    from carbon_lint.lint.diagnostic import Hits

_FIRST_VERSION = "0.1.0"
_OTHER_FIELDS = {
    "source": "codecarbon",
    "training_type": "fine-tuning",
    "geographical_location": "Paris, France",
    "hardware_used": "1 x NVIDIA H100",
}
_USE_INSTEAD = """
## Use instead
```yaml
co2_eq_emissions:
  emissions: 12.5
  ...
```
"""


class Rule:
    """A rule: its `check`, what its fixes are (`safe`, `unsafe`, `both` or None), and what else is known of it."""

    def __init__(self, module: str) -> None:
        """Import the rule of one module of `TABLE`. A file that has `SINCE` is newer than the first version."""
        declared = import_module(f"carbon_lint.lint.rules.{module}")
        self.check: Callable[[Context], Hits] = declared.check
        self._page: str = declared.check.__doc__ or ""
        self.code, self.name = module[:5].upper(), name_of(module)
        _, self.severity, self.fix = TABLE[module]
        self.since: str = getattr(declared, "SINCE", _FIRST_VERSION)
        self.summary = (declared.__doc__ or "").removeprefix(f"{self.code}: ").removesuffix(".")

    @property
    def docs(self) -> str:
        """The rule's page, in Markdown."""
        from inspect import cleandoc

        def fields(match: re.Match[str]) -> str:
            above = page[page.rindex("```", 0, match.start()) : match.start()]
            return "\n".join(f"{match[1]}{name}: {value}" for name, value in _OTHER_FIELDS.items() if name not in above)

        page = cleandoc(self._page)
        if "## Use instead" not in page:
            page = re.sub(r"(?s)(## Example\n.+?\n)(?=\n## |\Z)", rf"\1{_USE_INSTEAD}", page + "\n").rstrip()
        return re.sub(r"(?m)^( +)\.\.\.$", fields, page)


@cache
def load(module: str) -> Rule:
    """Return the rule of one module of `TABLE`."""
    return Rule(module)


def load_all() -> tuple[Rule, ...]:
    """Return every rule, by code: for the documentation and the reporters; `check` does not call it."""
    return tuple(load(module) for module in sorted(TABLE))
