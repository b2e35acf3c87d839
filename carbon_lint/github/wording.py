"""A message in the words of a workflow: inputs where the command line has flags, and paths as the user knows them."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING

from carbon_lint.cli import VERBS
from carbon_lint.config_file import KEYS
from carbon_lint.github.inputs import ActionInputs

if TYPE_CHECKING:
    from carbon_lint.github.context import Context

# What the command line says and a step has no input of that name for.
_PHRASES = (
    ("`carbon-lint run --record`", "a step with `command`"),
    (
        "--include GLOB, or include in the configuration, takes other names",
        "`cards: models/X.md` takes files with other names, one a line; so does `include` in carbon-lint.toml",
    ),
    ("by --ledger", "by `env: {CARBON_LINT_LEDGER: …}`"),
    ("--token-file", "`hf-token`"),
    ("--create-pr", "`publish: pr`"),
    ("--overwrite", "`carbon-lint publish --overwrite`"),
    ("by --ledger", "by `CARBON_LINT_LEDGER`"),
    ("say --replace", "run `carbon-lint card --replace`"),
)
_INPUTS = {spec.metadata["input"] for spec in fields(ActionInputs)}
_KEYS = set(KEYS) - _INPUTS


def _named(names: set[str]) -> str:
    return "|".join(sorted(names, key=len, reverse=True))


_FLAG = re.compile(
    # A whole command line stays as it is: it is to be typed on a machine of one's own.
    rf"(?P<command>\bcarbon-lint (?:{'|'.join(VERBS)})\b[^`;,)\n]*)"
    rf"|`?--(?:(?P<name>{_named(_INPUTS)})|(?P<key>{_named(_KEYS)}))\b(?!-)"
    r"(?:[ =](?P<value>'[^']*'|\"[^\"]*\"|[A-Z0-9][^\s,;)`]*|none\b|gpu\b))?`?"
)


def in_yaml(text: str) -> str:
    """A hint for the command line in the words of a workflow: `--location FRA` becomes `location: FRA`."""
    for said, instead in _PHRASES:
        text = text.replace(said, instead)
    return _FLAG.sub(_as_input, text)


def _as_input(match: re.Match[str]) -> str:
    if match["command"]:
        return match[0]
    name, value = match["name"] or match["key"], match["value"]
    if value and match["name"] and re.fullmatch(r"(['\"])\w[\w .%/-]*\1", value):
        value = value[1:-1]  # YAML needs no quotes there
    where = "" if match["name"] else " in carbon-lint.toml"
    separator = ": " if match["name"] else " = "
    return f"`{name}{separator}{value}`{where}" if value else f"`{name}`{where}"


def users_paths(context: Context, text: str) -> str:
    """`text` with paths as the user writes them: `/github/workspace/models/X.md` becomes `models/X.md`."""
    for root in sorted({str(context.workspace), str(context.workspace.resolve())}, key=len, reverse=True):
        if root.strip("./"):
            text = re.sub(rf"(?<![\w.-]){re.escape(root)}/+(?=[^\s'\"`,;:()])", "", text)
            text = re.sub(rf"(?<![\w.-]){re.escape(root)}/*(?![\w.-])", "the workspace", text)
    return text


def users_words(context: Context, text: str) -> str:
    """A message as the step says it."""
    return users_paths(context, in_yaml(text))
