"""The block is written, and not one byte around it changes."""

from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from carbon_lint.card.edit import encode, replace_span, write_block
from carbon_lint.card.read import read_card
from carbon_lint.card.yaml.quoting import READERS, scalar_text
from carbon_lint.errors import InputError
from tests.cases import cases
from tests.effort import examples, sample

BLOCK = {
    "emissions": 12.5,
    "source": "codecarbon",
    "training_type": "fine-tuning",
    "geographical_location": "France",
    "hardware_used": "1 x NVIDIA A100",
}
SHORT = {"emissions": 12.5, "source": "codecarbon"}


def written(text, block=SHORT):
    return write_block(read_card(text.encode(), "README.md"), block)


GOLDEN = {
    "an empty file": ("", "---\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n---\n"),
    "a title only": ("# T\n", "---\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n---\n\n# T\n"),
    "a title with CRLF": (
        "# T\r\n",
        "---\r\nco2_eq_emissions:\r\n  emissions: 12.5\r\n  source: codecarbon\r\n---\r\n\r\n# T\r\n",
    ),
    "two fences and nothing": (
        "---\n---\nx",
        "---\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n---\nx",
    ),
    "an empty line between the fences": (
        "---\n\n---\nx",
        "---\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n---\nx",
    ),
    "two CRLF fences": (
        "---\r\n---\r\nx",
        "---\r\nco2_eq_emissions:\r\n  emissions: 12.5\r\n  source: codecarbon\r\n---\r\nx",
    ),
    "a comment only": (
        "---\n# c\n---\n",
        "---\n# c\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n---\n",
    ),
    "other keys, a comment and blank lines at the end": (
        "---\nlicense: 'mit' # c\n# end\n\n---\nx",
        "---\nlicense: 'mit' # c\n# end\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n\n---\nx",
    ),
    "no line break after the closing fence": (
        "---\na: b\n---",
        "---\na: b\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n---",
    ),
    "lone carriage returns": (
        "---\ra: b\r---",
        "---\ra: b\rco2_eq_emissions:\r  emissions: 12.5\r  source: codecarbon\r---",
    ),
    "front matter indented as a whole": (
        "\n---\n      license: mit\n      tags:\n      - a\n---\n",
        (
            "\n---\n      license: mit\n      tags:\n      - a\n      co2_eq_emissions:\n        emissions: 12.5\n"
            "        source: codecarbon\n---\n"
        ),
    ),
    "neighbours indented by four": (
        "---\nm:\n    x: 1\n---\n",
        "---\nm:\n    x: 1\nco2_eq_emissions:\n    emissions: 12.5\n    source: codecarbon\n---\n",
    ),
    "a last key whose text would change": (
        "---\nlicense: mit\n# about\nd: |\n  text\n---\nx",
        "---\nlicense: mit\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n# about\nd: |\n  text\n---\nx",
    ),
    "a last key that keeps its blank lines": (
        "---\nd: |+\n  text\n\n---\nx",
        "---\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\nd: |+\n  text\n\n---\nx",
    ),
    "a scalar": (
        "---\nco2_eq_emissions: 5\nlicense: mit\n---\n",
        "---\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\nlicense: mit\n---\n",
    ),
    "a scalar with a comment": (
        "---\nco2_eq_emissions: 5 # old\nlicense: mit\n---\n",
        "---\nco2_eq_emissions: # old\n  emissions: 12.5\n  source: codecarbon\nlicense: mit\n---\n",
    ),
    "nothing": (
        "---\nco2_eq_emissions:\nlicense: mit\n---\n",
        "---\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\nlicense: mit\n---\n",
    ),
    "text over lines": (
        "---\nco2_eq_emissions: |\n  5 kg\n\nlicense: mit\n---\n",
        "---\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n\nlicense: mit\n---\n",
    ),
    "a map with comments and keys of its own": (
        "---\nco2_eq_emissions:\n  # about\n  emissions: 5  # g\n  other: [1, 2]\nlicense: mit\n---\n",
        (
            "---\nco2_eq_emissions:\n  # about\n  emissions: 12.5  # g\n  other: [1, 2]\n  source: codecarbon\n"
            "license: mit\n---\n"
        ),
    ),
    "a map indented by six": (
        "---\nco2_eq_emissions:\n      emissions: 5\n---\n",
        "---\nco2_eq_emissions:\n      emissions: 12.5\n      source: codecarbon\n---\n",
    ),
    "a map with a missing value": (
        "---\nco2_eq_emissions:\n  emissions:\n  source: codecarbon\n---\n",
        "---\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n---\n",
    ),
    "a map that holds it already, quoted otherwise": (
        '---\nco2_eq_emissions:\n  emissions: 12.50\n  source: "codecarbon"\n---\n',
        '---\nco2_eq_emissions:\n  emissions: 12.50\n  source: "codecarbon"\n---\n',
    ),
    "a number as text": (
        "---\nco2_eq_emissions:\n  emissions: '12.5'\n  source: codecarbon\n---\n",
        "---\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n---\n",
    ),
    "a number that PyYAML takes for text": (
        "---\nco2_eq_emissions:\n  emissions: 125e-1\n  source: codecarbon\n---\n",
        "---\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n---\n",
    ),
    "braces": (
        "---\nco2_eq_emissions: {emissions: 5, x: y}\n---\n",
        "---\nco2_eq_emissions: {emissions: 12.5, x: y, source: codecarbon}\n---\n",
    ),
    "empty braces": (
        "---\nco2_eq_emissions: {}\n---\n",
        "---\nco2_eq_emissions: {emissions: 12.5, source: codecarbon}\n---\n",
    ),
    "braces over lines": (
        "---\nco2_eq_emissions: {\n  emissions: 5,\n}\n---\n",
        "---\nco2_eq_emissions: {\n  emissions: 12.5, source: codecarbon\n}\n---\n",
    ),
    "a list of single-key maps": (
        '---\nco2_eq_emissions:\n- emissions: 1.2g CO2\n- hardware used: 12 CPU # c\n- x: "y"\nlicense: mit\n---\n',
        None,
    ),
    "a list of single-key maps without comments": (
        '---\nco2_eq_emissions:\n- emissions: 1.2g CO2\n- hardware used: 12 CPU\n- x: "y"\nlicense: mit\n---\n',
        (
            '---\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n  hardware_used: 12 CPU\n  x: "y"\n'
            "license: mit\n---\n"
        ),
    ),
    "an alias": (
        "---\nx: &x 5\nco2_eq_emissions: *x\n---\n",
        "---\nx: &x 5\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n---\n",
    ),
    "a merge": (
        "---\nb: &b {emissions: 1}\nco2_eq_emissions:\n  <<: *b\n---\n",
        "---\nb: &b {emissions: 1}\nco2_eq_emissions:\n  <<: *b\n  emissions: 12.5\n  source: codecarbon\n---\n",
    ),
    "a quoted key": (
        '---\n"co2_eq_emissions" : 5\n---\n',
        '---\n"co2_eq_emissions" :\n  emissions: 12.5\n  source: codecarbon\n---\n',
    ),
    "the end of a document": (
        "---\na: 1\n...\n---\n",
        "---\na: 1\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n...\n---\n",
    ),
    "a TAB that only PyYAML minds": (
        "---\nlicense:\tmit\nco2_eq_emissions:\t5\n---\n",
        "---\nlicense:\tmit\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n---\n",
    ),
    "an example in a code block": (
        "# T\n```yaml\nco2_eq_emissions: 1\n```\n",
        (
            "---\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n---\n"
            "\n# T\n```yaml\nco2_eq_emissions: 1\n```\n"
        ),
    ),
}


@cases("name", [name for name in GOLDEN if GOLDEN[name][1] is not None])
def test_the_block_is_spliced_in_and_a_second_write_changes_nothing(name):
    before, after = GOLDEN[name]
    assert after == written(before)
    assert after == written(after)


@cases(
    ("text", "where", "what"),
    [
        ("---\na: 1\na: 2\n---\n", "README.md:3:1", "already there, on line 2"),
        ("---\na: [\n---\n", "README.md:2:5", "not valid YAML"),
        ("---\n- a\n---\n", "README.md:2:1", "is a list"),
        ("---\n~\n---\n", "README.md:2:1", "'~'"),
        ("---\n{a: b}\n---\n", "README.md:2:1", "braces"),
        ("Hello\n---\nlicense: mit\n---\n", "README.md:1:1", "text stands before"),
        ("---\nlicense: mit\n ---\n", "README.md:3:1", "indented"),
        ("---\nco2_eq_emissions: &x 5\ny: *x\n---\n", "README.md:2:1", "without changing"),
        ("---\nco2_eq_emissions: [5]\n---\n", "README.md:2:19", "is a list"),
        (GOLDEN["a list of single-key maps"][0], "README.md:3:1", "list with comments"),
        ("---\nco2_eq_emissions:\n  emissions: {a: b}\n---\n", "README.md:3:14", "is a map"),
        ("---\n? co2_eq_emissions\n: 5\n---\n", "README.md:2:3", "start their lines"),
    ],
)
def test_a_card_that_cannot_be_written_safely_is_refused_with_the_place(text, where, what):
    with pytest.raises(InputError) as refused:
        written(text)
    assert refused.value.message.startswith(where + ": ")
    assert what in refused.value.message
    assert refused.value.hint


def test_a_card_that_is_not_utf8_is_refused():
    card = read_card(b"---\nlicense: \xff\n---\n", "README.md")
    with pytest.raises(InputError, match="not UTF-8"):
        write_block(card, SHORT)


def test_the_byte_order_mark_stays():
    data = b"\xef\xbb\xbf---\r\nlicense: mit\r\n---\r\n"
    card = read_card(data, "README.md")
    new = encode(card, write_block(card, SHORT))
    assert new.startswith(b"\xef\xbb\xbf---\r\nlicense: mit\r\nco2_eq_emissions:\r\n")


@cases("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_finite_number_is_never_written(value):
    with pytest.raises(InputError):
        written("", {"emissions": value})


@cases(
    ("value", "text"),
    [
        (1e-05, "0.00001"),
        (2.4699354187091408e-05, "0.000024699354187091408"),
        (1e-30, "1.0e-30"),
        (1e22, "1.0e+22"),
        (1.5e300, "1.5e+300"),
        (5e-324, "5.0e-324"),
        (4475000.0, "4475000.0"),
        (1e16, "10000000000000000.0"),
        (0.1, "0.1"),
        (12, "12"),
        (True, "true"),
        ("no", "'no'"),
        ("y", "'y'"),
        ("1e3", "'1e3'"),
        ("24_700_000", "'24_700_000'"),
        ("2024-01-01", "'2024-01-01'"),
        ("", "''"),
        ("it's", "'it''s'"),
        ("a: b", "'a: b'"),
        ("a #b", "'a #b'"),
        ("- a", "'- a'"),
        ("two\nlines", '"two\\nlines"'),
        ("\x1b[31m", '"\\x1b[31m"'),
        ("\u2028", '"\\u2028"'),
        ("Île-de-France, France", "Île-de-France, France"),
        ("Intel(R) Xeon(R) CPU @ 2.20GHz", "Intel(R) Xeon(R) CPU @ 2.20GHz"),
        ("1 x NVIDIA A100", "1 x NVIDIA A100"),
    ],
)
def test_a_value_is_written_so_that_nobody_misreads_it(value, text):
    assert text == scalar_text(value)


VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**14), 10**14),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.sampled_from(
        ["yes", "null", "1:30", "0x1F", "=", "<<", "~", "-", "? a", "&a", "*a", "!x", "%", "@", "a,b", "]"]
    ),
)


@given(VALUES)
def test_every_reader_takes_a_written_scalar_for_the_same_value(value):
    text = scalar_text(value)
    if text[0] in "'\"":
        assert value == yaml.safe_load(text)
        return
    for reader in READERS:
        assert value == reader(text)[1]


@settings(max_examples=examples(200))
@given(st.dictionaries(st.sampled_from([*BLOCK, "x y", "no"]), VALUES, min_size=1), st.sampled_from(sorted(GOLDEN)))
def test_any_values_are_written_and_read_back(block, name):
    before = GOLDEN[name][0]
    try:
        after = written(before, block)
    except InputError:
        assert GOLDEN[name][1] is None
        return
    card = read_card(after.encode(), "README.md")
    for key, value in block.items():
        assert value == card.block.get(key).value
    assert after == write_block(card, block)
    assert written(before, dict(reversed(block.items()))).count("\n") >= before.count("\n")


LINES = st.sampled_from(
    [
        *(
            "license: mit",
            "tags:",
            "- a",
            "  - b",
            "- c: d",
            "  e: f",
            "# comment",
            "",
            "   ",
            "x: |",
            "  text",
            "y: >-",
        ),
        *(
            "co2_eq_emissions:",
            "co2_eq_emissions: 5 # c",
            "  emissions: 1",
            "  source: 'x'",
            "  extra: [a, b]",
            "    n: 1",
        ),
        *(
            "co2_eq_emissions: {a: b}",
            "z: &z 1",
            "w: *z",
            "v: {a: 1,",
            "  b: 2}",
            '"q": "r',
            '  s"',
            "m:",
            "\tt: 1",
            "k:\tv",
        ),
        *("- emissions: 2", "- source: y", "? c", ": d", "u: 'it''s'", "...", "emissions: 3"),
    ]
)
BREAKS = st.sampled_from(["\n", "\r\n", "\n"])


@settings(max_examples=examples(300))
@given(
    st.lists(st.tuples(LINES, BREAKS), max_size=12), st.sampled_from(["", "\n", "\ufeff", "  "]), st.text(max_size=20)
)
def test_whatever_the_card_all_that_is_not_the_block_stays(lines, start, body):
    assume("\ud800" not in body)
    text = f"{start}---\n" + "".join(line + end for line, end in lines) + f"---\n{body}"
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return
    card = read_card(data, "README.md")
    try:
        after = write_block(card, BLOCK)
    except InputError:
        return
    new = read_card(encode(card, after), "README.md")
    assert after == write_block(new, BLOCK)
    if card.front_matter is not None:
        assert card.text[slice(*card.body)] == new.text[slice(*new.body)]
    assert removed_lines(card, new) == []
    same_to_pyyaml(card, new)


def removed_lines(card, new):
    """Lines of the old text outside the block that the new text lacks."""
    if card.front_matter is None or card.block is None:
        return [line for line in card.text.splitlines() if line and line not in new.text.splitlines()]
    key, block = card.block_key, card.block
    outside = card.text[: key.start].splitlines()[:-1] + card.text[max(key.end, block.end) :].splitlines()[1:]
    return [line for line in outside if line and line not in new.text.splitlines()]


def is_only_inserted(before, after):
    """True if `after` is `before` with one piece put in."""
    same = next((at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), len(before))
    return after.endswith(before[same:])


def same_to_pyyaml(card, new):
    """huggingface_hub reads every other key as before, and the block as it was asked for."""
    if card.front_matter is None or card.pyyaml_error is not None:
        return
    old = yaml.safe_load(card.yaml) or {}
    after = yaml.safe_load(new.yaml)
    block = after.pop("co2_eq_emissions")
    old.pop("co2_eq_emissions", None)
    assert repr(old) == repr(after)
    assert all(value == block[name] for name, value in BLOCK.items())


def test_replacing_spans_of_the_old_text_and_refusing_overlaps():
    assert replace_span("abcd", [(3, 3, "!"), (0, 1, "A")]) == "Abc!d"
    with pytest.raises(ValueError, match="overlap"):
        replace_span("abcd", [(0, 2, ""), (1, 3, "")])
    with pytest.raises(ValueError, match="overlap"):
        replace_span("abcd", [(3, 9, "")])


def test_all_real_cards_take_the_block_and_keep_every_other_byte(real_cards):
    refused = []
    for path, data in sample(real_cards):
        card = read_card(data, path)
        try:
            after = write_block(card, BLOCK)
        except InputError as error:
            refused.append(error.message)
            continue
        new = read_card(encode(card, after), path)
        assert after == write_block(new, BLOCK), path
        assert card.text[slice(*card.body)] == new.text[slice(*new.body)] or card.front_matter is None, path
        if card.block is None:
            assert is_only_inserted(card.text, after), path
        else:
            assert removed_lines(card, new) == [], path
    assert len(refused) < 0.02 * len(sample(real_cards)), refused


def test_real_cards_with_a_block_mean_the_same_to_pyyaml_afterwards(real_cards):
    compared = 0
    for path, data in sample(real_cards):
        card = read_card(data, path)
        if card.front_matter is None or card.block is None or card.problems:
            continue
        new = read_card(encode(card, write_block(card, BLOCK)), path)
        same_to_pyyaml(card, new)
        compared += 1
    assert compared > 0.05 * len(sample(real_cards))
