"""argparse whose errors say what to do, in two lines, as all others of carbon-lint do.

An option that takes one value refuses a second one: argparse would silently keep the last. Of two limits the tighter
one holds, as between a flag and the configuration.
"""

from __future__ import annotations

import sys
from argparse import Action, ArgumentError, ArgumentParser, RawDescriptionHelpFormatter
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

from carbon_lint.text import quoted, terminal

VERBOSE = "log what is read, asked and decided, without secrets"

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable


class Help(RawDescriptionHelpFormatter):
    """Show in the usage line what must be given; the options are listed below it."""

    def add_usage(
        self, usage: str | None, actions: Iterable[Action], groups: Iterable[Any], prefix: str | None = None
    ) -> None:
        """Add the usage line. argparse asks for one with an empty prefix to name the actions of a verb."""
        needed = [action for action in actions if action.required or not action.option_strings]
        if prefix is None:
            self._prog += " [OPTIONS]"
            groups = ()
        super().add_usage(usage, needed, groups, prefix)

    def _split_lines(self, text: str, width: int) -> list[str]:
        from textwrap import wrap

        return wrap(" ".join(text.split()), width, break_on_hyphens=False)  # names of flags and programs stay whole


class Parser(ArgumentParser):
    """The parser of one verb."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{"formatter_class": Help, **options})
        self._positionals.title = "arguments"
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
            known = [name for name in _OTHER_TOOLS.get(unknown[0], ()) if name in self._option_string_actions]
            near = known or get_close_matches(unknown[0], self._option_string_actions, n=1, cutoff=0.7)
            if near:
                return f"did you mean {near[0]}?"
        if TWICE in message:
            return "give it once: it takes one value"
        return f"`{self.prog} --help` shows what it takes"


TWICE = "it is given twice"
# What other tools, and readers, call our options.
_OTHER_TOOLS = {
    "--duration": ("--hours", "--expected-duration"),
    "--time": ("--hours", "--expected-duration"),
    "--timeout": ("--expected-duration",),
    **dict.fromkeys(("--region", "--country", "--country-iso-code", "--zone", "--place"), ("--location",)),
    **dict.fromkeys(("--budget", "--limit", "--max-co2", "--max-carbon"), ("--max-emissions", "--max")),
    **dict.fromkeys(("--out", "--output-file"), ("--output", "--record")),
    **dict.fromkeys(("--model", "--repo", "--hub-repo"), ("--to", "--pushes-to")),
}


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
