"""Read our schemas, and check a file by one as `check-jsonschema` does, in this process: its start takes a second."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner


def load_schema(name):
    """Return `schemas/<name>.schema.json`."""
    path = Path(__file__).resolve().parent.parent / "schemas" / f"{name}.schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


def check_jsonschema(*arguments):
    """Return the exit status and the output of `check-jsonschema ARGUMENTS`."""
    from check_jsonschema import main

    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return done.exit_code, done.output
