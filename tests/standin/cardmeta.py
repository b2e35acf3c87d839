"""The card's metadata as the Hub's JSON shows it: found by the Hub's regex, read as YAML 1.2 core (js-yaml 4)."""

from __future__ import annotations

import math
import re
from typing import ClassVar

import yaml

_FRONT_MATTER = re.compile(r"^(\s*---(?:\r\n|\r|\n))([\S\s]*?)((?:\r\n|\r|\n)---[ \t]*(\r\n|\n|$))")


class CardError(ValueError):
    """The Hub would refuse this card; the message is what it says."""


class _CoreLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML 1.2 core schema, and duplicate keys are an error."""

    yaml_implicit_resolvers: ClassVar[dict] = {}

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, (str, int, float, bool, type(None))):
                raise yaml.constructor.ConstructorError(None, None, "unhashable key", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"duplicated mapping key {key!r}", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def _number(loader, node):
    text = loader.construct_scalar(node)
    if re.fullmatch(r"[-+]?0[xob][0-9a-fA-F]+", text):
        return int(text, 0)
    if re.fullmatch(r"[-+]?\.(inf|Inf|INF)", text):
        return -math.inf if text[0] == "-" else math.inf
    if text.lower() == ".nan":
        return math.nan
    return int(text) if re.fullmatch(r"[-+]?[0-9]+", text) else float(text)


_NUMBER = (
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("tag:carbon-lint,2026:number", _NUMBER, list("-+.0123456789")),
):
    _CoreLoader.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), _first)
_CoreLoader.add_constructor("tag:carbon-lint,2026:number", _number)


def card_data(text: str) -> dict | None:
    """The metadata of a card; None if it has none. Raises CardError if the Hub would refuse it."""
    match = _FRONT_MATTER.search(text.removeprefix("\ufeff"))
    if match is None:
        return None
    try:
        data = yaml.load(match[2], _CoreLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise CardError(f"Invalid YAML metadata: {str(error).splitlines()[0]}") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise CardError("Invalid YAML metadata: repo card metadata block should be a dict")
    return data


def card_data_or_none(text: str) -> dict | None:
    """`card_data`, and None for a card that the Hub refuses."""
    try:
        return card_data(text)
    except CardError:
        return None


def jsonable(value):
    """As JSON.stringify writes it: NaN and infinities become null."""
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [jsonable(item) for item in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 1e21 else value
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)


def tags_of(data: dict | None) -> list[str]:
    """The tags that the Hub derives from a card's metadata."""
    if not data:
        return []
    listed = data.get("tags")
    tags = [str(tag) for tag in listed] if isinstance(listed, list) else []
    tags += [str(data[key]) for key in ("library_name", "pipeline_tag") if isinstance(data.get(key), str)]
    if "co2_eq_emissions" in data:
        tags.append("co2_eq_emissions")
    return tags
