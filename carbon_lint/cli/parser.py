"""argparse whose errors say what to do, in two lines, as all others of carbon-lint do."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from difflib import get_close_matches
from typing import NoReturn

from carbon_lint.text import terminal


class Parser(ArgumentParser):
    """The parser of one verb."""

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
        return f"`{self.prog} --help` shows what it takes"
