"""Word an error as a workflow does: options as inputs, and paths as the user knows them."""

from __future__ import annotations

import re

from carbon_lint.config_keys import KEYS
from carbon_lint.errors import CarbonLintError, ConfigError
from carbon_lint.github.context import StepContext
from carbon_lint.github.interface import INPUTS

# An option of the command line -> what a step has for it.
_INSTEAD = {
    "create-pr": "`publish: pr`",
    "include": "`cards: models/X.md` (one a line), or `include` in carbon-lint.toml",
    "ledger": "`env: {CARBON_LINT_LEDGER: …}`",
    "token-file": "`hf-token: ${{ secrets.HF_TOKEN }}`",
}


def spelled(option: str, value: str) -> str:
    """Return an option as a workflow states it, `location: FRA`, else as carbon-lint.toml does."""
    if option in _INSTEAD:
        return _INSTEAD[option]
    if option in INPUTS:
        return f"`{option}: {value}`" if value else f'`{option}: "true"`'
    return f'`{option} = "{value}"` in carbon-lint.toml' if value and option in KEYS else f"`{option}`"


def worded(error: CarbonLintError) -> str:
    """Return the message of an error, with the input that it is about and what to do, in the words of a workflow."""
    about = ""
    if error.option is not None and not isinstance(error, ConfigError):
        about = f"input {error.option!r}: " if error.option in INPUTS else f"`{error.option}`: "
    advice = error.advice(spelled)
    return f"{about}{error.message}" + (f"\n  {advice}" if advice else "")


def users_paths(context: StepContext, text: str) -> str:
    """Return `text` with paths as the user writes them: `/github/workspace/models/X.md` becomes `models/X.md`."""
    for root in sorted({str(context.workspace), str(context.workspace.resolve())}, key=len, reverse=True):
        if root.strip("./"):
            text = re.sub(rf"(?<![\w.-]){re.escape(root)}/+(?=[^\s'\"`,;:()])", "", text)
            text = re.sub(rf"(?<![\w.-]){re.escape(root)}/*(?![\w.-])", "the workspace", text)
    return text
