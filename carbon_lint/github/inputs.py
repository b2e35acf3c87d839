"""The step's inputs: the one reader of `INPUT_*`. Everything is checked here, and every error names the input.

`interface.INPUTS` is the single list of inputs.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from carbon_lint.config_keys import SEVERITIES, is_variable, parse_choice
from carbon_lint.errors import UsageError
from carbon_lint.github.interface import INPUTS
from carbon_lint.pipeline.options import INPUT, PARSERS, Options, option_of
from carbon_lint.text import quoted

ALL_INPUTS = "CARBON_LINT_INPUTS"
"""The composite action hands its inputs over as one JSON object; GitHub gives it no `INPUT_*`."""
OUR_VARIABLES = (ALL_INPUTS, "CARBON_LINT_PYTHONPATH")
"""What in-job/run.sh alone may set (`entry.trusted_environ`). The job never gets them."""

MAX_SCRIPT_CHARACTERS = 131_072  # what Linux lets one environment variable hold (MAX_ARG_STRLEN)
MAX_VALUE_CHARACTERS = 8192
_CLOSE = 0.8  # difflib's ratio from which an unknown input is a misspelling and not somebody else's variable
_RUNNERS_OWN = {"args", "entrypoint"}
_MEASURING = (
    *("setup", "working-directory", "location", "carbon-intensity", "electricity-maps", "on-exceed", "stop-when"),
    *("grace", "expected-duration", "require", "pass-env"),
)


def _text(value: str) -> str:
    if "\n" in value or "\r" in value:
        raise UsageError("is more than one line", hint="write it on one line")
    return _script(value)


def _script(value: str) -> str:
    if "\0" in value:
        raise UsageError("holds a NUL character")
    return value


def _token(value: str) -> str:
    # Its text is shown in no message: it may be a token and a stray line.
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        raise UsageError("holds blanks, line breaks or other characters that no token has", hint="the token alone")
    return value


def _boolean(value: str) -> bool:
    # YAML 1.2 core, as actions/toolkit's getBooleanInput reads it
    if value in {"true", "True", "TRUE", "false", "False", "FALSE"}:
        return value.lower() == "true"
    raise UsageError(f"{quoted(value)} is neither true nor false", hint="true")


def _fail_on(value: str) -> str:
    if value.lower() in {"none", "never", "false", "off", "no"}:
        raise UsageError(
            f"{quoted(value)} is not a severity", hint='`lint: "false"` lints nothing; `fail-on: error` is mildest'
        )
    return parse_choice(value, SEVERITIES)


def _lines(value: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in _script(value).splitlines() if line.strip())


def _names(value: str) -> tuple[str, ...]:
    names = tuple(value.replace(",", " ").split())
    for name in names:
        if not is_variable(name):
            raise UsageError(f"{quoted(name)} is not the name of an environment variable", hint="HF_TOKEN")
    return names


def _index(value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise UsageError(f"{quoted(value)} is not a number from 0", hint="${{ strategy.job-index }}")
    return int(value)


_READERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("command", "setup"), _script),
    **dict.fromkeys(("electricity-maps-token", "hf-token", "github-token"), _token),
    "publish": lambda text: parse_choice(text, ("auto", "always", "pr", "never")),
    "comment-on": lambda text: parse_choice(text, ("change", "always", "failure")),
    "fail-on": _fail_on,
    "require": lambda text: PARSERS["require"](text.replace(",", " ").split()),
    "pass-env": _names,
    "cards": _lines,
    "job-index": _index,
}
"""Input -> how its text is read; what is not here is read as the option is, or is true or false, or is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionInputs(Options):
    """What the step was asked to do: the options of a run, and what the step alone does. `None` is "not given"."""

    spelling: str = INPUT
    command: str | None = None
    setup: str | None = None
    working_directory: str | None = None
    electricity_maps_token: str | None = field(default=None, repr=False)
    cards: tuple[str, ...] = ()
    lint: bool = True
    fail_on: str | None = None
    config: str | None = None
    publish: str = "auto"
    replace_card: bool = False
    hub_repo: str | None = None
    hf_token: str | None = field(default=None, repr=False)
    pr_comment: bool = False
    github_token: str | None = field(default=None, repr=False)
    sarif_file: str | None = None
    summary: bool = True
    allow_foreign: bool = False
    attestations: bool = False
    with_evidence: bool = False
    comment_on: str = "change"
    job_index: int | None = None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> ActionInputs:
        """Read and check every input. Raises UsageError that names the input and the line of YAML that fixes it."""
        given = _given(environ)
        _check_names(given)
        typed = {name: given[name] for name in (option_of(each.name) for each in fields(Options)) if name in given}
        values = {FIELDS[name].name: _parsed(name, given[name]) for name in FIELDS if name in given}
        inputs = cls(typed=typed, **values)
        inputs._check_together()
        return inputs

    @classmethod
    def readable(cls, environ: Mapping[str, str]) -> ActionInputs:
        """Return every input that can be read alone, to report the end of a step with wrong inputs. Never raises."""
        values = {}
        with contextlib.suppress(UsageError):
            given = _given(environ)
            for name in FIELDS.keys() & given:
                with contextlib.suppress(UsageError):
                    values[FIELDS[name].name] = _parsed(name, given[name])
        return cls(**values)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens given, which nothing may show."""
        return tuple(filter(None, (self.hf_token, self.github_token, self.electricity_maps_token)))

    @property
    def without_effect(self) -> tuple[str, ...]:
        """Names of the inputs given that say how to measure, if nothing is measured."""
        if self.command is not None:
            return ()
        return tuple(name for name in _MEASURING if getattr(self, FIELDS[name].name) not in {None, ()})

    def _check_together(self) -> None:
        if self.setup and not self.command:
            raise UsageError(
                "input 'setup' is given without 'command'", hint="add `command: python train.py`, or leave `setup` out"
            )
        if self.replace_card and self.card is None:
            raise UsageError("input 'replace-card' is given without 'card'", hint="add `card: README.md`")
        if self.allow_foreign and (self.record is None or self.command is not None):
            raise UsageError(
                "input 'allow-foreign' needs a `record` and no `command`",
                hint="leave `allow-foreign` out, or name the `record` and leave `command` out",
            )
        if self.attestations and self.record is None and self.command is None:
            raise UsageError(
                "input 'attestations' needs a run whose record it signs",
                hint="add `command: python train.py` or `record: carbon-lint-record.json`, or leave it out",
            )
        if self.with_evidence and (self.hub_repo is None or (self.record is None and self.command is None)):
            raise UsageError(
                "input 'with-evidence' needs `hub-repo`, and `command` or `record`",
                hint="add them, or leave it out",
            )
        if self.command is None and self.record is None:
            self._check_limits_without_a_run()

    def _check_limits_without_a_run(self) -> None:
        """Raise UsageError if nothing is asked for, or a limit needs a run: two limits alone can check a card."""
        if not self.lint and self.hub_repo is None:
            raise UsageError(
                "nothing is asked for: there is no `command`, no `record`, no `hub-repo`, and `lint` is false",
                hint="add `command: python train.py`, or leave `lint: false` out",
            )
        if self.max_increase or self.baseline:
            raise UsageError(
                f"input '{'max-increase' if self.max_increase else 'baseline'}' needs a run to compare",
                hint="add `command: python train.py` or `record: carbon-lint-record.json`, or leave it out",
            )
        if (self.max_emissions_g is not None or self.max_energy_kwh is not None) and not self.lint:
            name = "max-emissions" if self.max_emissions_g is not None else "max-energy"
            raise UsageError(
                f"input '{name}' has nothing to judge: there is no `command`, no `record`, and `lint` is false",
                hint="add `command: python train.py`, or leave `lint: false` out, so that cards are checked against it",
            )


FIELDS = {option_of(each.name): each for each in fields(ActionInputs) if option_of(each.name) in INPUTS}
"""Input -> the field that holds it."""


def unknown_inputs(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return names of `INPUT_*` that are neither an input nor a misspelling of one: worth a notice."""
    return tuple(sorted(_given(environ).keys() - INPUTS.keys() - _RUNNERS_OWN))


def _check_names(given: Mapping[str, str]) -> None:
    """Raise UsageError for inputs that are misspelt or unknown if a run is to be judged.

    A limit under an unknown name would limit nothing.
    """
    unknown = sorted(given.keys() - INPUTS.keys() - _RUNNERS_OWN)
    near = {name: get_close_matches(name.replace("_", "-"), INPUTS, n=1, cutoff=_CLOSE) for name in unknown}
    meant = list(dict.fromkeys(names[0] for names in near.values() if names))
    is_run = "command" in given or "record" in given
    wrong = unknown if is_run else [name for name in unknown if near[name]]
    if not wrong:
        return
    hints = [f"did you mean {' and '.join(f'`{name}`' for name in meant)}?"] if meant else []
    if not all(near[name] for name in wrong):
        hints.append("limits are `max-emissions`, `max-energy` and `max-increase`; docs/inputs.md lists all inputs")
    are = "is" if len(wrong) == 1 else "are"
    raise UsageError(
        f"input{'s' if are == 'are' else ''} {' and '.join(map(repr, wrong))} {are} not known", hint="; ".join(hints)
    )


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    """Return input name -> text, trimmed, without empty ones: the runner passes an input not given as ""."""
    found = {
        # The runner upper-cases a name and turns spaces into `_`; dashes stay.
        variable.removeprefix("INPUT_").lower(): value
        for variable, value in environ.items()
        if variable.startswith("INPUT_")
    }
    if ALL_INPUTS in environ:
        found.update(_from_json(environ[ALL_INPUTS]))
    return {name: value.strip() for name, value in found.items() if value.strip()}


def _from_json(text: str) -> dict[str, str]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise UsageError(f"{ALL_INPUTS} is not JSON: {error}") from error
    if not isinstance(document, dict) or not all(isinstance(value, str) for value in document.values()):
        raise UsageError(f"{ALL_INPUTS} is not an object of strings")
    return document


def _parsed(name: str, text: str) -> Any:
    is_script = name in {"command", "setup"}
    limit = MAX_SCRIPT_CHARACTERS if is_script else MAX_VALUE_CHARACTERS
    if len(text) > limit:
        raise UsageError(
            f"input {name!r} is {len(text):,} characters long, at most {limit:,} are read",
            hint=f"put it into a file: `{name}: bash train.sh`" if is_script else f"shorten `{name}`",
        )
    if "${{" in text and not is_script:
        raise UsageError(
            f"input {name!r} still holds an expression, {quoted(text)}",
            hint=f"GitHub replaces expressions only in a workflow file; write `{name}: ${{{{ … }}}}` there, unquoted",
        )
    of_option = _boolean if FIELDS[name].type == "bool" else PARSERS.get(FIELDS[name].name, str)
    try:
        return _READERS[name](text) if name in _READERS else of_option(_text(text))
    except UsageError as error:
        hint = _mending_line(name, error.hint)
        shown = None if name.endswith("-token") else text
        raise UsageError(error.message, hint=hint, option=name, value=shown, suggest=error.suggest) from error


def _mending_line(name: str, hint: str | None) -> str | None:
    if hint is None:
        return None
    if "`" in hint:  # says which input itself
        return hint
    return f"`{name}: {hint}`" if " " not in hint else f"`{name}`: {hint}"
