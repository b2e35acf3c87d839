"""Log what carbon-lint read, asked and decided: `--verbose`, or CARBON_LINT_LOG=debug. Without that it costs nothing.

The lines go through the logger `carbon_lint.AREA` of the standard library, which is imported only if it is wanted, and
to standard error, without anything that is or looks like a secret.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from logging import LogRecord

VARIABLE = "CARBON_LINT_LOG"
_ON: list[bool] = []


def is_on() -> bool:
    """Return whether debug lines are wanted."""
    return bool(_ON)


def wanted_by(environ: Mapping[str, str]) -> bool:
    """Return whether the environment asks for debug lines: by our variable, or GitHub's own debug logging."""
    return environ.get(VARIABLE, "").lower() == "debug" or environ.get("RUNNER_DEBUG") == "1"


def switch_on(environ: Mapping[str, str]) -> None:
    """Show debug lines from now on. The values of secret variables in `environ` are hidden in them."""
    if _ON:
        return
    import logging
    import platform
    import sys

    from carbon_lint import __version__, redact
    from carbon_lint.text import terminal

    secrets = redact.secrets_of(environ)

    class Formatter(logging.Formatter):
        """Formats a line without secrets, and without control characters but the line breaks of a traceback."""

        def format(self, record: LogRecord) -> str:
            """Return one or more lines, each of which begins with the program's name."""
            area = record.name.rpartition(".")[2]
            head = f"carbon-lint: debug {record.relativeCreated / 1000:.3f} {area}: "
            lines = redact.script(super().format(record), secrets).splitlines()
            return "\n".join(head + terminal(line) for line in lines)

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter())
    logger = logging.getLogger("carbon_lint")
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    _ON.append(True)
    log("start", "carbon-lint %s, Python %s, %s", __version__, platform.python_version(), platform.platform())
    log("start", "command line: %s", " ".join(redact.command(sys.argv, secrets)))
    log("start", "folder: %s", os.getcwd())


def switch_off() -> None:
    """Show no more debug lines."""
    _ON.clear()


def log(area: str, message: str, *values: object, error: BaseException | None = None) -> None:
    """Log a line if debug lines are wanted. `%s` of `message` stand for `values`; `error` adds its traceback."""
    if _ON:
        import logging

        logging.getLogger(f"carbon_lint.{area}").debug(message, *values, exc_info=error)
