"""Add and read the flags that several verbs share. Nothing heavy is imported here: `check` shares one of them."""

from __future__ import annotations

import sys

from carbon_lint.config import PLACE_KEYS
from carbon_lint.text import quoted, terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace, _ActionsContainer
    from collections.abc import Callable
    from typing import Any, TypeVar

    from carbon_lint.config_keys import ValueKind
    from carbon_lint.pipeline.options import Options

    Read = TypeVar("Read")

_METAVARS = {
    **dict.fromkeys(("max-emissions", "max-energy", "cpu-power", "ram-power"), "QUANTITY"),
    "location": "PLACE",
    "carbon-intensity": "G",
    "electricity-maps": "ZONE",
    "run-group": "NAME",
    "grace": "DURATION",
}
"""How the help names a value, if not by the last word of its key."""
_MOST_DIGITS = 20  # Python refuses to make a number of some thousands


def add_keys(parser: _ActionsContainer, *names: str, **more: str) -> None:
    """Add the flag of each key of the configuration. `more` stands behind the words on it."""
    from carbon_lint.config import default_words
    from carbon_lint.config_keys import KEYS

    for name in names:
        key = KEYS[name]
        default = default_words(key.attribute)
        words = f"{key.purpose}{more.get(key.attribute, '')}{f' (as configured, else {default})' if default else ''}"
        parser.add_argument(f"--{name}", help=words.replace("%", "%%"), **_argument(name, key.kind))


def _argument(name: str, kind: ValueKind) -> dict[str, Any]:
    """Return the arguments of argparse for the value of a key."""
    if kind.schema.get("type") == "boolean":
        return {"action": "store_true"}
    choices = kind.schema.get("items", kind.schema).get("enum")
    return {
        **({"choices": choices} if choices else {"metavar": _METAVARS.get(name, name.rpartition("-")[2].upper())}),
        **({"action": "append"} if kind.schema.get("type") == "array" else {}),
    }


def add_place_arguments(parser: _ActionsContainer, *, is_run: bool = False) -> None:
    """Add the flags that say where the energy comes from. A run may span hours, an estimate is made in one."""
    from carbon_lint.measurement.job.environment import GRID_TOKEN_VARIABLE

    hour = "" if is_run else ", here the present one"
    token = f"{hour}; the token is in {GRID_TOKEN_VARIABLE}"
    add_keys(parser, *PLACE_KEYS, "allow-unusual-intensity", electricity_maps=token)
    parser.add_argument("--intensity-source", metavar="TEXT", help="where the figure of --carbon-intensity comes from")


def add_format_argument(parser: _ActionsContainer, *formats: str) -> None:
    """Add `--format`: text by default, or JSON unless others are named."""
    formats = formats or ("text", "json")
    parser.add_argument("--format", choices=formats, default="text", help="format of the output (default text)")


def add_output_arguments(
    parser: _ActionsContainer, words: str = "write it to FILE", *, metavar: str = "FILE", **more: Any
) -> None:
    """Add `--output`, and `--force` for a file that it would leave alone. `more` goes to argparse."""
    parser.add_argument("-o", "--output", metavar=metavar, help=words, **more)
    parser.add_argument("--force", action="store_true", help="with --output: overwrite whatever file is there")


def add_baseline_arguments(parser: _ActionsContainer) -> None:
    """Add the flags of the verbs that compare a run with what came before, in a group of their own."""
    from carbon_lint.records.ledger_url import LEDGER_FOLDER, LEDGER_VARIABLE

    group = parser.add_argument_group("compare with an earlier run")
    add_keys(group, "baseline", "max-increase", "baseline-max-age")
    group.add_argument(
        "--baseline-card", metavar="FILE", help="for --baseline card (default: as configured, else README.md)"
    )
    group.add_argument(
        "--ledger",
        metavar="URL",
        help=f"for --baseline ledger:BRANCH (default ${LEDGER_VARIABLE}, else {LEDGER_FOLDER})",
    )


def options_from(arguments: Namespace, *, without: tuple[str, ...] = ()) -> Options:
    """Return what the flags of any verb ask for, `without` those that mean something else to it. Raises UsageError."""
    import os

    from carbon_lint.measurement.job.environment import GRID_TOKEN_VARIABLE
    from carbon_lint.pipeline.options import read_options

    return read_options(
        {name: value for name, value in vars(arguments).items() if name not in without},
        grid_token=os.environ.get(GRID_TOKEN_VARIABLE),
        grid_token_hint=f"set {GRID_TOKEN_VARIABLE}, or use --location FRA",
    )


def read_flag(arguments: Namespace, name: str, parse: Callable[[str], Read]) -> Read | None:
    """Return what a flag states; `None` if it is not given. Raises an error that names the flag."""
    text = getattr(arguments, name)
    if text is None:
        return None
    from carbon_lint.pipeline.options import naming

    with naming(name.replace("_", "-"), text):
        return parse(text)


def say(*lines: str) -> None:
    """Print lines on standard error, each marked as ours and unable to steer the terminal."""
    sys.stderr.write("".join(f"carbon-lint: {terminal(line)}\n" for line in lines))


def show_wait(seconds: float, why: str) -> None:
    """Print why nothing moves."""
    from carbon_lint import redact

    say(f"{redact.text(why)}; trying again in {seconds:.1f} s")


def whole(text: str) -> int:
    """Read a whole number of 1 or more. Raises UsageError."""
    if not (text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS and int(text)):
        from carbon_lint.errors import UsageError

        raise UsageError(f"{quoted(text)} is not a whole number of 1 or more", hint="write a number, like 8")
    return int(text)


def check_output(arguments: Namespace, form: str) -> None:
    """Raise OutputError if `--output` names a file that is not an earlier report in the format `form`."""
    from carbon_lint.report.earlier import check_replaceable

    if arguments.output is not None and not arguments.force:
        check_replaceable(arguments.output, form)


def check_blank(path: str) -> None:
    """Raise OutputError if a file is at `path` that holds anything."""
    from carbon_lint.files import check_is_ours

    check_is_ours(path, "empty", lambda _: False)


def put(text: str, path: str | None) -> None:
    """Write a report to the file that `--output` names, else to standard output. Raises OutputError."""
    if path is None:
        sys.stdout.write(text)
        return
    from carbon_lint.files import write_atomically

    write_atomically(path, text.encode("utf-8", "backslashreplace"))


def spelled(option: str, value: str) -> str:
    """Return an option as it is typed: `--max-emissions '1 kg'`."""
    from shlex import quote

    return f"--{option} {value if value.isupper() else quote(value)}" if value else f"--{option}"
