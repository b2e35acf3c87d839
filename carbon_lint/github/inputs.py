"""The step's inputs: the one reader of `INPUT_*`. Everything is checked here, and every error names the input.

`ActionInputs` is the single list of inputs; tests hold action.yml, in-job/action.yml and docs/inputs.md against it.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from carbon_lint.config_keys import ON_EXCEED, ON_MODELLED, REQUIRABLE, SEVERITIES, is_variable
from carbon_lint.errors import UsageError
from carbon_lint.limits import MaxIncrease, Source, parse_age_s, parse_max_increase, parse_source
from carbon_lint.text import quoted
from carbon_lint.units import parse_duration_s, parse_emissions_g, parse_energy_kwh

ALL_INPUTS = "CARBON_LINT_INPUTS"
"""The composite action hands its inputs over as one JSON object; GitHub gives it no `INPUT_*`."""
OUR_VARIABLES = (ALL_INPUTS, "CARBON_LINT_PYTHONPATH")
"""What in-job/run.sh alone may set (`entry.trusted_environ`). The job never gets them."""

MAX_SCRIPT_CHARACTERS = 131_072  # what Linux lets one environment variable hold (MAX_ARG_STRLEN)
MAX_VALUE_CHARACTERS = 8192
_CLOSE = 0.8  # difflib's ratio from which an unknown input is a misspelling and not somebody else's variable
_RUNNERS_OWN = {"args", "entrypoint"}
_MEASURING = {
    *("setup", "working-directory", "location", "carbon-intensity", "electricity-maps", "on-exceed", "stop-when"),
    *("grace", "expected-duration", "require", "pass-env"),
}


def _input(name: str, parse: Callable[[str], Any], *, secret: bool = False, default: Any = None) -> Any:
    return field(default=default, repr=not secret, metadata={"input": name, "parse": parse})


def _text(value: str) -> str:
    if "\n" in value or "\r" in value:
        raise UsageError("is more than one line", hint="write it on one line")
    return _script(value)


def _script(value: str) -> str:
    if "\0" in value:
        raise UsageError("holds a NUL character")
    return value


def _increase(value: str) -> MaxIncrease:
    return parse_max_increase(_text(value), "input max-increase")


def _token(value: str) -> str:
    # Its text is shown in no message: it may be a token and a stray line.
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        raise UsageError("holds blanks, line breaks or other characters that no token has", hint="the token alone")
    return value


def _boolean(value: str) -> bool:
    # YAML 1.2 core, as actions/toolkit's getBooleanInput reads it
    if value in {"true", "True", "TRUE"}:
        return True
    if value in {"false", "False", "FALSE"}:
        return False
    raise UsageError(f"{quoted(value)} is neither true nor false", hint="true")


def _choice(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            near = get_close_matches(value, choices, n=1)
            raise UsageError(
                f"{quoted(value)} is not one of {', '.join(choices)}", hint=near[0] if near else choices[0]
            )
        return value

    return parse


def _fail_on(value: str) -> str:
    if value.lower() in {"none", "never", "false", "off", "no"}:
        raise UsageError(
            f"{quoted(value)} is no severity", hint='`lint: "false"` lints nothing; `fail-on: error` is mildest'
        )
    return str(_choice(*SEVERITIES)(value))


def _lines(value: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in _script(value).splitlines() if line.strip())


def _names(value: str) -> tuple[str, ...]:
    names = tuple(value.replace(",", " ").split())
    for name in names:
        if not is_variable(name):
            raise UsageError(f"{quoted(name)} is not the name of an environment variable", hint="HF_TOKEN")
    return names


def _intensity_g_per_kwh(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 < number < math.inf:  # NaN fails too
        raise UsageError(f"{quoted(value)} is not a carbon intensity in g/kWh", hint='"56.04"')
    return number


def _requirements(value: str) -> tuple[str, ...]:
    return tuple(_choice(*REQUIRABLE)(word) for word in value.replace(",", " ").split())


def _index(value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise UsageError(f"{quoted(value)} is not a number from 0", hint="${{ strategy.job-index }}")
    return int(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionInputs:
    """What the step was asked to do. `None` or empty is "not given"."""

    command: str | None = _input("command", _script)
    setup: str | None = _input("setup", _script)
    working_directory: str | None = _input("working-directory", _text)
    location: str | None = _input("location", _text)
    carbon_intensity: float | None = _input("carbon-intensity", _intensity_g_per_kwh)
    allow_unusual_intensity: bool = _input("allow-unusual-intensity", _boolean, default=False)
    electricity_maps: str | None = _input("electricity-maps", _text)
    electricity_maps_token: str | None = _input("electricity-maps-token", _token, secret=True)
    max_emissions_g: float | None = _input("max-emissions", parse_emissions_g)
    max_energy_kwh: float | None = _input("max-energy", parse_energy_kwh)
    baseline: Source | None = _input("baseline", lambda value: parse_source(_text(value)))  # noqa: RUF009  a field
    max_increase: MaxIncrease | None = _input("max-increase", _increase)  # noqa: RUF009  a field
    on_exceed: str | None = _input("on-exceed", _choice(*ON_EXCEED))
    stop_when: str | None = _input("stop-when", _choice("likely", "certain"))
    on_modelled: str | None = _input("on-modelled", _choice(*ON_MODELLED))
    grace_s: float | None = _input("grace", parse_duration_s)
    expected_duration_s: float | None = _input("expected-duration", parse_duration_s)
    require: tuple[str, ...] = _input("require", _requirements, default=())
    run_group: str | None = _input("run-group", _text)
    card: str | None = _input("card", _text)
    card_body: bool = _input("card-body", _boolean, default=False)
    cards: tuple[str, ...] = _input("cards", _lines, default=())
    lint: bool = _input("lint", _boolean, default=True)
    fail_on: str | None = _input("fail-on", _fail_on)
    config: str | None = _input("config", _text)
    publish: str = _input("publish", _choice("auto", "always", "pr", "never"), default="auto")
    replace_card: bool = _input("replace-card", _boolean, default=False)
    hub_repo: str | None = _input("hub-repo", _text)
    hf_token: str | None = _input("hf-token", _token, secret=True)
    pass_env: tuple[str, ...] = _input("pass-env", _names, default=())
    remote_ok: bool = _input("remote-ok", _boolean, default=False)
    leave_containers: bool = _input("leave-containers", _boolean, default=False)
    pr_comment: bool = _input("pr-comment", _boolean, default=False)
    github_token: str | None = _input("github-token", _token, secret=True)
    sarif_file: str | None = _input("sarif-file", _text)
    summary: bool = _input("summary", _boolean, default=True)
    record: str | None = _input("record", _text)
    allow_foreign: bool = _input("allow-foreign", _boolean, default=False)
    attestations: bool = _input("attestations", _boolean, default=False)
    with_evidence: bool = _input("with-evidence", _boolean, default=False)
    comment_on: str = _input("comment-on", _choice("change", "always", "failure"), default="change")
    job_index: int | None = _input("job-index", _index)
    baseline_max_age_s: float | None = _input("baseline-max-age", parse_age_s)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> ActionInputs:
        """Read and check every input. Raises UsageError that names the input and the line of YAML that fixes it."""
        given = _given(environ)
        known = {spec.metadata["input"]: spec for spec in fields(cls)}
        _check_names(given, known)
        values = {
            spec.name: _parsed(name, given[name], spec.metadata["parse"])
            for name, spec in known.items()
            if name in given
        }
        inputs = cls(**values)
        inputs._check_together()
        return inputs

    @classmethod
    def readable(cls, environ: Mapping[str, str]) -> ActionInputs:
        """Return every input that can be read alone, to report the end of a step with wrong inputs. Never raises."""
        values = {}
        with contextlib.suppress(UsageError):
            given = _given(environ)
            for spec in fields(cls):
                name = spec.metadata["input"]
                with contextlib.suppress(UsageError):
                    if name in given:
                        values[spec.name] = _parsed(name, given[name], spec.metadata["parse"])
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
        given = (spec for spec in fields(self) if spec.metadata["input"] in _MEASURING)
        return tuple(spec.metadata["input"] for spec in given if getattr(self, spec.name) not in {None, ()})

    def _check_together(self) -> None:
        if self.setup and not self.command:
            raise UsageError(
                "input 'setup' is given without 'command'", hint="add `command: python train.py`, or leave `setup` out"
            )
        if self.replace_card and self.card is None:
            raise UsageError("input 'replace-card' is given without 'card'", hint="add `card: README.md`")
        if self.allow_foreign and (self.record is None or self.command is not None):
            raise UsageError(
                "input 'allow-foreign' is for a `record` that is read, and here none is",
                hint="leave `allow-foreign` out, or name the `record` and leave `command` out",
            )
        if self.attestations and self.record is None and self.command is None:
            raise UsageError(
                "input 'attestations' is for the record of a run, and there is none",
                hint="add `command: python train.py` or `record: carbon-lint-record.json`, or leave it out",
            )
        if self.with_evidence and (self.hub_repo is None or (self.record is None and self.command is None)):
            raise UsageError(
                "input 'with-evidence' publishes the record of a run beside a card on the Hub, and one is not given",
                hint="add `hub-repo: OWNER/MODEL` and `command` or `record`, or leave it out",
            )
        if self.command is None and self.record is None:
            self._check_limits_without_a_run()

    def _check_limits_without_a_run(self) -> None:
        """Raise UsageError for a limit that needs a run: the linter holds cards against the other two alone."""
        if self.max_increase or self.baseline:
            raise UsageError(
                f"input '{'max-increase' if self.max_increase else 'baseline'}' compares a run, and there is none",
                hint="add `command: python train.py` or `record: carbon-lint-record.json`, or leave it out",
            )
        if (self.max_emissions_g is not None or self.max_energy_kwh is not None) and not self.lint:
            name = "max-emissions" if self.max_emissions_g is not None else "max-energy"
            raise UsageError(
                f"input '{name}' has nothing to judge: there is no `command`, no `record`, and `lint` is false",
                hint="add `command: python train.py`, or leave `lint: false` out: cards are then held against it",
            )


def unknown_inputs(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return names of `INPUT_*` that are neither an input nor a misspelling of one: worth a notice."""
    known = {spec.metadata["input"] for spec in fields(ActionInputs)}
    return tuple(sorted(_given(environ).keys() - known - _RUNNERS_OWN))


def _check_names(given: Mapping[str, str], known: Iterable[str]) -> None:
    """Raise UsageError for inputs that are misspelt or unknown if a run is to be judged.

    A limit under an unknown name would limit nothing.
    """
    unknown = sorted(given.keys() - set(known) - _RUNNERS_OWN)
    near = {name: get_close_matches(name.replace("_", "-"), known, n=1, cutoff=_CLOSE) for name in unknown}
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


def _parsed(name: str, text: str, parse: Callable[[str], Any]) -> Any:
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
    try:
        return parse(text)
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
