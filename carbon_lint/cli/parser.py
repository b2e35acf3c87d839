"""argparse whose errors say what to do, in two lines, as all others of carbon-lint do.

An option that takes one value refuses a second one: argparse would silently keep the last. Of two limits the tighter
one holds, as between a flag and the configuration.
"""

from __future__ import annotations

import sys
from argparse import Action, ArgumentError, ArgumentParser
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

from carbon_lint.text import quoted, terminal

VERBOSE = "log what is read, asked and decided, without secrets"

if TYPE_CHECKING:
    from argparse import Namespace


class Parser(ArgumentParser):
    """The parser of one verb."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name in (None, "store"):  # groups and actions of this parser look there, too
            self.register("action", name, OneValue)

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and what to do, and exit with 2."""
        from carbon_lint import redact  # a value that is refused may be a token

        sys.stderr.write(f"{self.prog}: {terminal(redact.script(message))}\n  {terminal(self._hint(message))}\n")
        raise SystemExit(2)

    def _hint(self, message: str) -> str:
        unknown = [word.partition("=")[0] for word in message.split() if word.startswith("-")]
        if message.startswith("unrecognized arguments") and unknown:
            near = get_close_matches(unknown[0], self._option_string_actions, n=1)
            if near:
                return f"did you mean {near[0]}?"
        if TWICE in message:
            return "give it once: it takes one value"
        return f"`{self.prog} --help` shows what it takes"


TWICE = "it is given twice"


class OneValue(Action):
    """Stores a value, as `store` does, and refuses another one for the same option."""

    _seen_in: Namespace | None = None

    def __call__(
        self,
        parser: ArgumentParser,  # noqa: ARG002  argparse hands it over
        namespace: Namespace,
        values: Any,
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        """Store the value. Raises ArgumentError."""
        earlier = getattr(namespace, self.dest, None)
        is_second = bool(self.option_strings) and self._seen_in is namespace
        self._seen_in = namespace
        if is_second and self.dest in _LIMITS:
            values = min(earlier, values, key=lambda text: self._size(str(text)))
        elif is_second and values != earlier:
            raise ArgumentError(self, f"{TWICE}, as {quoted(str(earlier))} and as {quoted(str(values))}")
        setattr(namespace, self.dest, values)

    def _size(self, text: str) -> float:
        from carbon_lint import units
        from carbon_lint.errors import UsageError

        try:
            size: float = getattr(units, _LIMITS[self.dest])(text)
        except UsageError as error:
            from carbon_lint.cli.flags import spelled

            raise ArgumentError(self, f"{error.message}; {error.advice(spelled)}") from error
        return size


_LIMITS = {"max_emissions": "parse_emissions_g", "max_energy": "parse_energy_kwh"}
