"""The escaping functions: whatever goes in, nothing comes out that acts."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from carbon_lint import text
from tests.cases import cases

STEERING = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
# Commands and what is made of them, more often than chance would draw them.
PIECES = st.lists(
    st.sampled_from([":", "::", "#", "##[", "error", "\n", "\r", "\x1b[31m", "%0A", "`", "|", "\u202e", "a"])
)
ANY = st.one_of(st.text(), PIECES.map("".join), st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))


@given(ANY)
def test_terminal_text_is_one_line_that_steers_nothing_and_commands_nothing(anything):
    shown = text.terminal(anything)

    assert not STEERING.search(shown)
    assert "::" not in shown
    assert "##[" not in shown
    shown.encode("utf-8")
    assert text.terminal(shown) == shown


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=80))
def test_plain_text_is_left_as_it_is_except_commands(plain):
    assert text.terminal(plain).replace("\u200b", "") == plain


@given(ANY)
def test_quoted_text_is_one_short_line(anything):
    shown = text.quoted(anything, limit=40)

    assert not STEERING.search(shown)
    assert "::" not in shown


def runner_reads(line):
    """What actions/runner makes of a line (ActionCommand.cs): (command, properties, data), or None."""
    match = re.match(r"\s*::([^ :]+)(?: (.*?))?::(.*)", line, re.DOTALL)
    if match is None:
        return None

    def unescape(value, pairs):
        for sign, code in pairs:
            value = value.replace(code, sign)
        return value

    both = [("\r", "%0D"), ("\n", "%0A")]
    given_ = [pair.partition("=") for pair in (match[2] or "").split(",") if pair]
    properties = {name: unescape(value, [*both, (":", "%3A"), (",", "%2C"), ("%", "%25")]) for name, _, value in given_}
    return match[1], properties, unescape(match[3], [*both, ("%", "%25")])


@given(ANY, ANY)
def test_a_runner_reads_back_exactly_what_was_escaped_into_a_command(value, data):
    line = f"::error file={text.command_property(value)}::{text.command_data(data)}"

    assert len(re.split(r"[\r\n]", line)) == 1
    assert runner_reads(line) == ("error", {"file": value}, data)


@given(st.recursive(st.text() | PIECES.map("".join), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_without_raw_commands_has_the_same_value(value):
    encoded = text.json_literals(json.dumps(value, indent=2))

    assert json.loads(encoded) == value
    assert "::" not in encoded
    assert "##[" not in encoded
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\U0010ffff]", encoded)


@cases("mention", ["@me", "me/repo#12", "GH-12", "#12", "www.example.org", "https://example.org", "a@b.org"])
def test_what_github_would_make_a_link_of_is_parted(mention):
    assert mention not in text.markdown_text(f"see {mention} there")
    assert mention in text.markdown_text(f"see {mention} there").replace("\u200b", "").replace("\\", "")


def test_numbers_and_units_stay_readable_in_the_source_of_markdown():
    assert text.markdown_text("max-emissions: 12.3 g of 1 kg (1.23 %)") == "max-emissions: 12.3 g of 1 kg (1.23 %)"
