"""Define the exception tree and the exit codes. Front ends turn an error into text and exit status, once.

A bad *card* is a diagnostic, never an exception.
"""

from __future__ import annotations

from enum import IntEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self


class ExitCode(IntEnum):
    """What each exit status of carbon-lint means. `docs/exit-codes.md` says it to users."""

    CLEAN = 0
    FINDINGS = 1  # findings, or over budget
    DID_NOT_RUN = 2  # usage, configuration, cannot read or write
    NOTHING_TO_CHECK = 3
    NOT_PUBLISHED = 4
    NOT_MEASURED = 125
    COMMAND_NOT_EXECUTABLE = 126
    COMMAND_NOT_FOUND = 127
    INTERRUPTED = 130


class CarbonLintError(Exception):
    """State what was found and expected in `message`, in one line, and what to do next in `hint`.

    `details` are lines below the two, such as what there is to choose from. `option` is the option that the error is
    about, by the name that flag, input and key share (`location`), and `value` what the user gave for it; `suggest`
    holds options that would fix it, each with an example (empty for a switch). Each front end spells them in its own
    terms. Nothing of an error changes after it was raised: `raise Another(...) from error` adds what the caller knows.
    """

    exit_code: int = ExitCode.DID_NOT_RUN
    path: str | None = None
    line: int | None = None
    column: int | None = None
    """Where the error is in a file, line and column from 1, if they are known."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        details: tuple[str, ...] = (),
        option: str | None = None,
        value: str | None = None,
        suggest: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details
        self.option = option
        self.value = value
        self.suggest = suggest

    def advice(self, spell: Callable[[str, str], str]) -> str | None:
        """Return hint and suggestions in one line, None without either; `spell` writes an option and its value."""
        options = " or ".join(spell(name, value) for name, value in self.suggest)
        return ": ".join(part for part in (self.hint, options) if part) or None

    def again(self, **changes: object) -> Self:
        """Return another error of this kind with `changes` to its attributes, to be raised from this one."""
        another = type(self).__new__(type(self))
        another.__dict__.update(self.__dict__, **changes)
        another.args = (another.message,)
        return another


class UsageError(CarbonLintError):
    """Flags that cannot be combined, or a value that cannot be read."""


class SecondCardError(UsageError):
    """A card would be made beside `other`, whose name is almost the same."""

    def __init__(self, path: str, other: str) -> None:
        self.other, self.how_else = other, "if a second card is meant, make it first: an empty file will do"
        super().__init__(
            f"{path} is not there, and {other} is: a second card would be made", hint=f"name {other}; {self.how_else}"
        )


class ConfigError(CarbonLintError):
    """The configuration file holds an unknown key or a wrong value, at `line` of `path`, from 1."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        option: str | None = None,
        path: str | None = None,
        line: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint, option=option)
        self.path, self.line = path, line


class InputError(CarbonLintError):
    """A named file cannot be read, or is not what it should be."""


class CardPlaceError(InputError):
    """Figures cannot be read from a card, or written into it, because of what stands at `line` and `column`, from 1."""

    def __init__(self, flaw: str, *, path: str, line: int, column: int, hint: str, is_for_writer: bool) -> None:
        self.flaw, self.place = flaw, f"{path}:{line}:{column}"
        unchanged = "the card was not changed: " if is_for_writer else ""
        super().__init__(f"{self.place}: {unchanged}{flaw}", hint=hint)
        self.path, self.line, self.column = path, line, column


class MissingFigureError(InputError):
    """What was given holds no figure that can be trusted."""


class PlaceError(MissingFigureError):
    """The place is not known, or its carbon intensity cannot be had."""


class OutputError(CarbonLintError):
    """A record, card or report cannot be written."""


class NothingFoundError(CarbonLintError):
    """Nothing is there that could be judged: no card, or no run."""

    exit_code = ExitCode.NOTHING_TO_CHECK


class NoCardsError(NothingFoundError):
    """The search found no card."""


class HubError(CarbonLintError):
    """The Hub refused, could not be reached, or does not know what was named."""


class MeasurementError(CarbonLintError):
    """There is no trustworthy figure."""

    exit_code = ExitCode.NOT_MEASURED


class CommandNotRunnableError(MeasurementError):
    """The job's command is not there (127) or cannot be executed (126), as a shell says it."""

    def __init__(self, message: str, *, found: bool, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = ExitCode.COMMAND_NOT_EXECUTABLE if found else ExitCode.COMMAND_NOT_FOUND


def exit_code_of(error: CarbonLintError, doing: str) -> int:
    """Return the exit status for an error that ended `doing`: a verb, or the `step` of a workflow.

    What happened decides: a Hub that refuses is a failed publication only if something was to be published, and a
    missing figure a failed measurement only if a job was to be measured.
    """
    if error.exit_code == ExitCode.DID_NOT_RUN:
        if isinstance(error, HubError) and doing in {"publish", "step"}:
            return ExitCode.NOT_PUBLISHED
        if isinstance(error, MissingFigureError) and doing in {"run", "step"}:
            return ExitCode.NOT_MEASURED
    return int(error.exit_code)
