"""What PyYAML cannot read: the short way to the answer and the long one agree."""

from __future__ import annotations

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon_lint.card.read import read_card
from tests.effort import examples

PIECES = st.sampled_from(
    [
        *(
            "a",
            "b: ",
            "c:",
            "- ",
            "\n",
            "\n  ",
            "\n    ",
            '"x"',
            "'y'",
            "|",
            "|2",
            ">-",
            "> ",
            "#c",
            " #c",
            ": ",
            ":",
            "-",
        ),
        *("? ", "?", "[", "]", "{", "}", ", ", ",", "&a ", "*a", "!t ", "!!str ", "%", "@", "`", "1", "é", "🤗", "\\n"),
        *("\\x41", '"', "'", "  ", " ", "\r\n", "=", "<<: *a", "key: value\n", "- item\n", "~", "\t", "\x85", "\u2028"),
    ]
)


def python_reads(text):
    try:
        for _ in yaml.parse(text, Loader=yaml.SafeLoader):
            pass
    except yaml.YAMLError:
        return False
    return True


@settings(max_examples=examples(400))
@given(st.lists(PIECES, min_size=1, max_size=9).map("".join))
def test_what_pyyamls_own_parser_refuses_is_always_a_problem(matter):
    card = read_card(f"---\n{matter}\n---\n".encode(), "README.md")
    if card.front_matter is not None and not card.problems and card.yaml and not python_reads(card.yaml):
        assert card.pyyaml_error is not None
