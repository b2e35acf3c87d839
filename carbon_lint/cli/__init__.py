"""The command line: picks the verb, imports only that verb's file, and turns exceptions into text, once.

A verb is a module `carbon_lint.cli.<verb>` with `add_arguments(parser)` and `run(arguments) -> int`. It may have
`quick_arguments(argv)`, which gives what the parser would for the commonest calls, or None: argparse with what it
imports is a quarter of the time in which a hook should be done.
"""

from __future__ import annotations

import os
import sys

from carbon_lint import __version__, debug
from carbon_lint.cli.streams import open_streams
from carbon_lint.verbs import VERBS

# What a plain install does not have, and the extra that brings it.
_EXTRA_OF = {"codecarbon": "run", "huggingface_hub": "hub", "tenacity": "hub", "jinja2": "html"}


def console() -> None:
    """Run the console script."""
    output = open_streams()
    status = main(sys.argv[1:])
    output.finish()
    sys.exit(status)


def main(argv: list[str]) -> int:
    """Run one verb and return its exit code. Nothing below raises SystemExit but argparse."""
    try:
        if argv[:1] == ["--verbose"] or debug.wanted_by(os.environ):
            debug.switch_on(os.environ)
        return _written(_dispatch(argv[1:] if argv[:1] == ["--verbose"] else argv))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader is gone (`| head`): nothing more can be written, and Python must not try at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except Exception as error:  # noqa: BLE001  the one place where an exception becomes text
        return _report(error, argv[0] if argv else "")
    finally:
        debug.switch_off()


def _dispatch(argv: list[str]) -> int:
    if not argv or argv[0] in {"-h", "--help", "help"}:
        sys.stdout.write(overview())
        return 0 if argv else 2
    if argv[0] in {"-V", "--version"}:
        sys.stdout.write(f"carbon-lint {__version__}\n")
        return 0
    verb = argv[0]
    if verb not in VERBS:
        from difflib import get_close_matches

        near = get_close_matches(verb, VERBS, n=1)
        hint = f"did you mean `carbon-lint {near[0]}`?" if near else "`carbon-lint --help` lists the commands"
        sys.stderr.write(f"carbon-lint: unknown command {verb!r}\n  {hint}\n")
        return 2
    from importlib import import_module

    module = import_module(f"carbon_lint.cli.{VERBS[verb][0]}")
    quick = module.quick_arguments(argv[1:]) if hasattr(module, "quick_arguments") else None
    if quick is not None:
        return int(module.run(quick))
    from carbon_lint.cli.parser import VERBOSE, Parser

    parser = Parser(prog=f"carbon-lint {verb}", description=module.__doc__, allow_abbrev=False)
    module.add_arguments(parser)
    parser.add_argument("--verbose", action="store_true", help=VERBOSE)
    try:
        arguments = parser.parse_args(argv[1:])
    except SystemExit as stop:  # argparse has printed; 0 is --help, 2 is a usage error
        return int(stop.code or 0)
    if arguments.verbose:
        debug.switch_on(os.environ)
    return int(module.run(arguments))


def _written(status: int) -> int:
    """Return the status once the output is written: at exit it would be too late to say that it cannot be."""
    sys.stdout.flush()
    return status


def overview() -> str:
    """Return what `carbon-lint --help` prints."""
    rows = "\n".join(f"  {verb:<10}{text}" for verb, (_, text) in VERBS.items())
    return (
        "carbon-lint: measure -> gate -> write card -> lint -> publish\n\n"
        f"usage: carbon-lint COMMAND [OPTIONS]\n\ncommands:\n{rows}\n\n"
        "  carbon-lint COMMAND --help   the options of a command, with examples\n"
        "  carbon-lint --version        the version of carbon-lint\n"
        "  carbon-lint --verbose ...    log what is read, asked and decided\n"
        "                               (CARBON_LINT_LOG=debug does the same)\n"
    )


def _report(error: Exception, verb: str) -> int:
    from carbon_lint import redact
    from carbon_lint.cli.flags import spelled
    from carbon_lint.errors import CarbonLintError, ConfigError, HubError, exit_code_of
    from carbon_lint.text import terminal

    debug.log("error", "%s", type(error).__name__, error=error)
    missing = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if missing in _EXTRA_OF:
        from carbon_lint.project import install_hint

        extra = _EXTRA_OF[missing]
        kind = HubError if extra == "hub" else CarbonLintError
        error = kind(f"{missing} is not installed", hint=install_hint(extra))
    # From Python 3.13 on an import raises SystemError then.
    if isinstance(error, FileNotFoundError | SystemError) and _is_folder_gone():
        error = CarbonLintError("the folder that it was started in is gone", hint="cd to a folder that exists")
    if isinstance(error, CarbonLintError):
        secrets = redact.secrets_of(os.environ)
        advice = error.advice(spelled)
        hint = f"\n  {terminal(redact.text(advice, secrets))}" if advice else ""
        details = "".join(f"\n    {terminal(redact.text(line, secrets))}" for line in error.details)
        about = "" if error.option is None or isinstance(error, ConfigError) else f"--{error.option}: "
        sys.stderr.write(f"carbon-lint: {about}{terminal(redact.text(error.message, secrets))}{hint}{details}\n")
        return exit_code_of(error, verb)
    return _report_bug(error)


def _is_folder_gone() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _report_bug(error: Exception) -> int:
    import platform
    import traceback

    from carbon_lint import redact

    sys.stderr.write(redact.text("".join(traceback.format_exception(error))))
    sys.stderr.write(
        f"carbon-lint: this is a bug in carbon-lint {__version__} (Python {platform.python_version()}); "
        "please report it with the lines above\n"
    )
    return 2
