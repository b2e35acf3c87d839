"""Check a file by a schema as `check-jsonschema` does, in this process: a start of the program takes a second."""

from __future__ import annotations

from click.testing import CliRunner


def check_jsonschema(*arguments):
    """Return the exit status and the output of `check-jsonschema ARGUMENTS`."""
    from check_jsonschema import main

    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return done.exit_code, done.output
