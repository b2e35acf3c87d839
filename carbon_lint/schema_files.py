"""Find the JSON Schemas: beside the package in a checkout, inside it in an installed wheel."""

from __future__ import annotations

import json
import os
from typing import Any

from carbon_lint.errors import InputError

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def schema_path(name: str) -> str:
    """Return the path of `<name>.schema.json`. Raises InputError if the installation lacks it."""
    for folder in (os.path.join(_PACKAGE, "schemas"), os.path.join(_PACKAGE, "..", "schemas")):
        path = os.path.join(folder, f"{name}.schema.json")
        if os.path.isfile(path):
            return os.path.normpath(path)
    raise InputError(f"schema {name!r} is not in this installation", hint="reinstall carbon-lint")


def load_schema(name: str) -> dict[str, Any]:
    """Return the schema as JSON."""
    with open(schema_path(name), encoding="utf-8") as stream:
        schema: dict[str, Any] = json.load(stream)
    return schema
