"""Reading a card: values as the Hub has them, every span inside the text, no exception whatever the bytes."""

from __future__ import annotations

import math
import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon_lint.card.document import property_name
from carbon_lint.card.read import read_card
from carbon_lint.card.yaml.compose import compose
from carbon_lint.card.yaml.plain import is_plainly_fine
from tests.cases import cases
from tests.effort import examples, sample


def card_of(metadata, body="# Title\n"):
    return read_card(f"---\n{metadata}\n---\n{body}".encode(), "README.md")


def plain_value(node):
    """A node as Python values, keys as JavaScript has them."""
    if node is None:
        return None
    if node.kind == "map":
        return {property_name(key): plain_value(value) for key, value in node.items()}
    if node.kind == "list":
        return [plain_value(item) for item in node.items_list()]
    return node.value


def kinds(card):
    return [problem.kind for problem in card.problems]


READ = {
    "anchor-scalar": ("e: &a 5.5\nb:\n  emissions: *a", {"e": 5.5, "b": {"emissions": 5.5}}),
    "tab-after-colon": ("b:\n  emissions:\t2.04", {"b": {"emissions": 2.04}}),
    "tab-trailing": ("b:\n  emissions: 2.04\t\n  source: x", {"b": {"emissions": 2.04, "source": "x"}}),
    "tab-before-comment": ("b:\n  emissions: 2.04\t# g", {"b": {"emissions": 2.04}}),
    "tab-blank-line": ("b:\n  emissions: 2.04\n\t\n  source: x", {"b": {"emissions": 2.04, "source": "x"}}),
    "tab-comment-line": ("a: 1\n\t# x\nb: 2", {"a": 1, "b": 2}),
    "tab-after-dash": ("a:\n-\tx\n- \ty", {"a": ["x", "y"]}),
    "tab-before-nested-scalar": ("a:\n  \tb", {"a": "b"}),
    "tab-in-flow": ("a: [\tx,\ty]", {"a": ["x", "y"]}),
    "tabs-by-the-hundred": ("a:\n" + "-\tx\n" * 300 + "b: 1", {"a": ["x"] * 300, "b": 1}),
    "tab-inside-text": ('a: x\ty\nb: "x\ty"', {"a": "x\ty", "b": "x\ty"}),
    "tab-after-block-scalar": ("a: |\n  x\n\t\nb: 1", {"a": "x\n", "b": 1}),
    "nel": ("a: x\x85y\nb: 5", {"a": "x\x85y", "b": 5}),
    "line-separator": ("a: x\u2028y\nb: 5", {"a": "x\u2028y", "b": 5}),
    "line-separator-quoted": ('a: "x\u2028y"', {"a": "x\u2028y"}),
    "surrogate-escape": ('a: ["\\ud83e\\udd17"]', {"a": ["🤗"]}),
    "long-key": ("k" * 1025 + ": 1\nb: 2", {"k" * 1025: 1, "b": 2}),
    "long-quoted-key": ('"' + "k" * 3000 + '": 1\nb: 2', {"k" * 3000: 1, "b": 2}),
    "long-nested-key": ("a:\n  " + "k" * 1025 + ": 1\n  b: 2", {"a": {"k" * 1025: 1, "b": 2}}),
    "anchor-with-a-dot": ("a: &x.y 1\nb: *x.y", {"a": 1, "b": 1}),
    "byte-order-mark-first": ("\ufeffa: 1", {"a": 1}),
    "byte-order-mark-inside": ("a: 1\n\ufeffb: 2", {"a": 1, "\ufeffb": 2}),
    "lone-tag": ("a: !\nb: ! 5", {"a": None, "b": "5"}),
    "equals": ("a: =\nb: <<", {"a": "=", "b": "<<"}),
    "list-key": ("? [a, b]\n: c\nd: 5", {"a,b": "c", "d": 5}),
    "float-key": ("1.0: a", {"1": "a"}),
    "null-key": ("~: a", {"null": "a"}),
    "bool-key": ("yes: a\ntrue: b", {"yes": "a", "true": "b"}),
    "merge": ("x: &x {emissions: 5, source: cc}\nb:\n  <<: *x\n  source: me", None),
    "list-of-maps": ("b:\n- emissions: 1.2\n- source: cc", {"b": [{"emissions": 1.2}, {"source": "cc"}]}),
    "unindented": ("b:\nemissions: 5", {"b": None, "emissions": 5}),
    "flow-nospace": ("b: {emissions:5}", {"b": {"emissions:5": None}}),
    "json": ('b: {"emissions": 5}', {"b": {"emissions": 5}}),
    "quoted-key": ('"b" : 5', {"b": 5}),
    "dots-end": ("b: 5\n...", {"b": 5}),
    "directive": ("%YAML 1.2\n--- # x\nb: no", {"b": "no"}),
    "nbsp": ("b:\n\u00a0\u00a0emissions: 5", {"b": None, "\u00a0\u00a0emissions": 5}),
    "fold": ("b: >\n  a\n  b", {"b": "a b\n"}),
    "literal-at-the-end": ("b: |\n  a", {"b": "a\n"}),
    "multi-line": ("b: a\n  b\n  c\nd: 1", {"b": "a b c", "d": 1}),
    "under-indented-quote": ("w:\n- text: 'a\n\n b'\nb: 5", {"w": [{"text": "a\nb"}], "b": 5}),
    "proto": ("constructor: 1\n__proto__: 2", {"constructor": 1, "__proto__": 2}),
    "empty-values": ("a:\nb: ~\nc: ''", {"a": None, "b": None, "c": ""}),
    "tags": ('a: !!str 5\nb: !!int "5"\nc: !!float 5', {"a": "5", "b": 5, "c": 5.0}),
    "crlf": ("a:\r\n  b: 1\r\nc: 2", {"a": {"b": 1}, "c": 2}),
    "cr-only": ("a:\r  b: 1\rc: 2", {"a": {"b": 1}, "c": 2}),
    "indented-whole": ("      a: 1\n      b:\n        c: 2", {"a": 1, "b": {"c": 2}}),
    "depth-100": ("a: " + "[" * 98 + "x" + "]" * 98, None),
}


@cases("name", READ)
def test_the_hub_reads_it_and_so_do_we(name):
    metadata, expected = READ[name]
    card = card_of(metadata)
    assert kinds(card) == []
    if expected is not None:
        assert expected == plain_value(card.root)


REFUSED = {
    "dup-top": ("a: 1\nb: 2\na: 3", "duplicate-key"),
    "dup-sub": ("a:\n  b: 1\n  b: 2", "duplicate-key"),
    "dup-with-a-blank": ("a: 1\nb: 2\na : 3", "duplicate-key"),
    "dup-that-ends-in-a-dash": ("a- : 1\nb: 2\na- : 3", "duplicate-key"),
    "dup-quoted": ("a: 1\n'a': 2", "duplicate-key"),
    "dup-number": ("1: a\n0x1: b", "duplicate-key"),
    "dup-bool": ("true: a\nTrue: b", "duplicate-key"),
    "dup-in-list": ("a:\n- b: 1\n  c: 2\n  b: 3", "duplicate-key"),
    "dup-flow": ("a: {b: 1, b: 2}", "duplicate-key"),
    "dup-after-list": ("a:\n- b: 1\n- b: 2\na: 1", "duplicate-key"),
    "undefined-alias": ("a: *x", "yaml-error"),
    "cycle": ("a: &x [*x]", "yaml-error"),
    "tab-indent": ("a:\n\tb: 1", "yaml-error"),
    "tab-space-indent": ("a:\n\t  b: 1", "yaml-error"),
    "space-tab-indent": ("a:\n  \tb: 1", "yaml-error"),
    "tab-dash-key": ("a:\n-\tb: 1", "yaml-error"),
    "tab-top": ("\ta: 1", "yaml-error"),
    "second-document": ("a: 1\n--- \tb\n", "yaml-error"),
    "after-dots": ("a: 1\n...\nb: 2", "yaml-error"),
    "python-tag": ("a: !!python/object:os.system x", "yaml-error"),
    "custom-tag": ("a: !mine 5", "yaml-error"),
    "anchor-with-a-colon": ("a: 1\n&b: 2", "yaml-error"),
    "wrong-tag": ("a: !!int x", "yaml-error"),
    "at-sign": ("a: @5", "yaml-error"),
    "backtick": ("a: `5`", "yaml-error"),
    "percent": ("a: %5", "yaml-error"),
    "colon-in-text": ("a: b: c", "yaml-error"),
    "dash-after-colon": ("a: - 5", "yaml-error"),
    "quoted-then-junk": ('a: "fr"tags:\n- x', "yaml-error"),
    "fold-junk": ("a: > 1000", "yaml-error"),
    "unclosed-quote": ("a: 'x", "yaml-error"),
    "unclosed-flow": ("a: [x", "yaml-error"),
    "depth-101": ("a: " + "[" * 99 + "x" + "]" * 99, "yaml-error"),
    "depth-block": ("- " * 101 + "x", "yaml-error"),
    "merge-scalar": ("a:\n  <<: 5", "yaml-error"),
    "nul": ("a: x\0y", "nul"),
    "bell": ("a: x\ay", "control-character"),
    "del": ("a: x\x7fy", "control-character"),
    "list": ("- a\n- b", "not-a-mapping"),
    "text": ("just text", "not-a-mapping"),
}


@cases("name", REFUSED)
def test_the_hub_refuses_it_and_the_problem_names_what_and_where(name):
    metadata, kind = REFUSED[name]
    card = card_of(metadata)
    assert kind in kinds(card)
    for problem in card.problems:
        assert 4 <= problem.start <= problem.end <= len(card.text)
        assert problem.message


@cases("name", [name for name in READ if name != "tab-inside-text"])
def test_it_is_read_alike_if_pyyaml_was_built_without_libyaml(name, monkeypatch):
    """But for TABs inside plain text, which PyYAML's own scanner takes for blanks."""
    monkeypatch.setattr("carbon_lint.card.yaml.parser.Parser", None)
    test_the_hub_reads_it_and_so_do_we.one_case(name)


@cases("name", REFUSED)
def test_it_is_refused_alike_if_pyyaml_was_built_without_libyaml(name, monkeypatch):
    monkeypatch.setattr("carbon_lint.card.yaml.parser.Parser", None)
    test_the_hub_refuses_it_and_the_problem_names_what_and_where.one_case(name)


def test_a_duplicate_key_is_pointed_at_and_the_first_one_named():
    card = card_of("a: 1\nb: 2\na: 3")
    (problem,) = card.problems
    assert card.text[problem.start : problem.end] == "a"
    assert card.text.rindex("a: 3") == problem.start
    assert "line 2" in problem.message


def test_what_only_pyyaml_refuses_is_readable_with_a_problem():
    for metadata in ("a:\t1", "a: x\u2028y", "a: =", "? [x]\n: y", "a: 2024-13-45", "k" * 1025 + ": 1"):
        card = card_of(metadata)
        assert kinds(card) == []
        assert card.pyyaml_error is not None
        with pytest.raises((yaml.YAMLError, ValueError)):
            yaml.safe_load(metadata)
    assert card_of("a: 1\nb: {c: 2024-12-13}\nd: 'x'").pyyaml_error is None


def test_merged_keys_are_found_and_an_own_key_wins():
    card = card_of("x: &x {emissions: 5, source: cc}\nb:\n  <<: *x\n  source: me")
    block = card.root.get("b")
    assert plain_value(block) == {"emissions": 5, "source": "me"}
    assert block.get("emissions").value == 5
    assert [key.text for key, _ in block.own_items()] == ["<<", "source"]


def test_spans_are_of_the_source_as_it_stands():
    text = (
        '---\r\nlicense: "mit" # c\r\nco2_eq_emissions:\r\n  emissions: 1_0\r\n  source: |\r\n    a\r\n\r\n---\r\nbody'
    )
    card = read_card(b"\xef\xbb\xbf" + text.encode(), "x")
    assert text == card.text
    assert card.root.get("license").raw == '"mit"'
    assert "'" not in card.root.get("license").text
    assert card.block_key.raw == "co2_eq_emissions"
    assert card.block.raw.startswith("emissions: 1_0")
    assert card.block.raw.endswith("|\r\n    a")
    assert text[slice(*card.body)] == "body"


@cases(
    ("data", "kind"),
    [
        (b"---\nlicense: \xff\n---\n", "not-utf8"),
        ("---\nlicense: mit\n---\n".encode("utf-16"), "not-utf8"),
        (b"\x00\x01\x02" * 100, "no-front-matter"),
        (b"", "no-front-matter"),
        (b"# Title\n", "no-front-matter"),
        (b"Hello\n---\nlicense: mit\n---\n", "laxer-reader"),
    ],
)
def test_a_file_without_readable_metadata_is_a_card_with_a_problem(data, kind):
    assert kind in kinds(read_card(data, "README.md"))


def test_the_offset_of_a_byte_that_is_not_utf8_is_in_characters():
    card = read_card("---\nlicense: ééé".encode() + b"\xff\n---\n", "README.md")
    (problem,) = card.problems
    assert card.text[problem.start : problem.end] == "\ufffd"


HOSTILE = {
    "ten megabytes of body": b"---\nlicense: mit\n---\n" + b"text --- text\n" * 750_000,
    "ten thousand brackets": b"---\na: " + b"[" * 10_000 + b"\n---\n",
    "ten thousand closed brackets": b"---\na: " + b"[" * 10_000 + b"]" * 10_000 + b"\n---\n",
    "ten thousand braces": b"---\na: " + b"{a: " * 10_000 + b"\n---\n",
    "ten thousand dashes": b"---\n" + b"- " * 10_000 + b"\n---\n",
    "ten thousand question marks": b"---\n" + b"? " * 10_000 + b"\n---\n",
    "a key of 200 kB": b"---\n" + b"k" * 200_000 + b": 1\n---\n",
    "a value of 200 kB": b"---\nk: " + b"v" * 200_000 + b"\n---\n",
    "many TABs": b"---\n" + b"".join(b"k%d: [\n\t\tx]\t# c\n" % n for n in range(2000)) + b"---\n",
    "many TABs after dashes": b"---\na:\n" + b"-\tx\n" * 2000 + b"---\n",
    "many lone quotes": b"---\na: " + b"' " * 100_000 + b"\n---\n",
    "many escapes": b'---\na: "' + b"\\ud83e\\udd17" * 20_000 + b'"\n---\n',
    "many spaces": b"---\na:" + b" " * 1_000_000 + b"\n---\n",
    "many comments": b"---\n" + b"# x\n" * 100_000 + b"---\n",
    "many keys": b"---\n" + b"".join(b"key%d: value\n" % n for n in range(20_000)) + b"---\n",
    "many lists": b"---\na:\n" + b"- b: c\n  d: e\n" * 10_000 + b"---\n",
}


@pytest.mark.slow
@cases("name", HOSTILE)
def test_a_hostile_card_is_read_in_seconds(name):
    began = time.process_time()
    card = read_card(HOSTILE[name], "README.md")
    _ = card.root, card.block, card.pyyaml_error
    assert time.process_time() - began < 5.0


def test_a_billion_laughs_stay_small():
    lines = ["a0: &a0 [lol, lol]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    card = card_of("\n".join(lines))
    assert len(list(card.root.items())) == 30
    merges = ["m0: &m0 {k: 1}"] + [f"m{n}: &m{n}\n  <<: [{', '.join([f'*m{n - 1}'] * 90)}]" for n in range(1, 30)]
    card = card_of("\n".join(merges))
    assert card.root is None or card.root.get("m29").get("k").value == 1


FRAGMENTS = st.sampled_from(
    [
        *(
            "a: 1\n",
            "b: x\n",
            "a",
            ": ",
            ":\n",
            "- ",
            "-\n",
            "  ",
            " ",
            "\n",
            "\r\n",
            "\t",
            "'",
            '"',
            "[",
            "]",
            "{",
            "}",
        ),
        *(",", "#", " # c\n", "&x ", "*x", "!", "!!int ", "|\n", ">\n", "? ", "<<: ", "---", "...", "%", "@", "=", "~"),
        *(
            "co2_eq_emissions:\n  emissions: 1.5\n",
            "1",
            "0x1",
            "true",
            "\\",
            "\\ud83e",
            "é",
            "\x85",
            "\u2028",
            "\ufeff",
        ),
        *("\x7f", "\0", "\a", "k" * 1030, "2024-01-01", "tags: [a, b]\n", "- name: x\n  type: y\n", "\r", "\\n"),
    ]
)
DOCUMENTS = st.lists(FRAGMENTS, max_size=25).map("".join)


def walk(node):
    yield node
    for pair in node.own_items():
        for child in pair:
            yield from walk(child)
    for child in node.items_list():
        yield from walk(child)


@settings(max_examples=examples(300))
@given(DOCUMENTS)
def test_any_metadata_gives_spans_inside_the_text(metadata):
    card = card_of(metadata)
    for problem in (*card.problems, *filter(None, [card.pyyaml_error])):
        assert 0 <= problem.start <= problem.end <= len(card.text)
    if card.root is not None:
        for node in walk(card.root):
            assert card.front_matter.start <= node.start <= node.end <= card.front_matter.end
            assert node.value is None or isinstance(node.value, str | int | float | bool)


@settings(max_examples=examples(300))
@given(st.binary())
def test_any_bytes_make_a_card(data):
    card = read_card(data, "x")
    assert card.front_matter is not None or card.problems


@settings(max_examples=examples(500))
@given(DOCUMENTS)
def test_what_is_plainly_fine_has_no_problem_when_looked_at_closely(metadata):
    if is_plainly_fine(metadata):
        parsed = compose(metadata, 0, len(metadata))
        assert parsed.problems == ()
        assert parsed.root.kind == "map"
        yaml.safe_load(metadata)


LINE = st.from_regex(
    r"( {0,4}|  - |- |\t)([a-c]|true|1|\"a\"|'b'|a b)( ?:( |\n|\t)?)?([\w./\"'#\[\],:{} -]{0,8}| &x| \*x)",
    fullmatch=True,
)


@settings(max_examples=examples(1000))
@given(st.lists(LINE, min_size=1, max_size=6).map("\n".join))
def test_lines_that_are_nearly_plain_are_not_called_plain_by_mistake(metadata):
    if is_plainly_fine(metadata):
        parsed = compose(metadata, 0, len(metadata))
        assert parsed.problems == ()
        assert parsed.root.kind == "map"
        yaml.safe_load(metadata)


ENTRY = st.tuples(
    st.sampled_from(["", "", "", "- ", "  ", "  - ", "    ", "-   "]),
    st.sampled_from(["a", "b", "c", "a-"]),
    st.sampled_from([": 1", ":", " : x", ": [a, b]", ": 'a'", ":  # c"]),
).map("".join)


@settings(max_examples=examples(1000))
@given(st.lists(ENTRY, min_size=2, max_size=7).map("\n".join))
def test_a_repeated_key_is_never_called_plainly_fine(metadata):
    if is_plainly_fine(metadata):
        assert compose(metadata, 0, len(metadata)).problems == ()


# Without what YAML 1.1 takes for line breaks: PyYAML writes them so that only PyYAML reads them back.
TEXT = st.text(st.characters(exclude_characters="\x85\u2028\u2029", exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=examples(200))
@given(st.dictionaries(TEXT, st.one_of(st.none(), st.booleans(), st.integers(), TEXT)))
def test_what_pyyaml_dumps_reads_back_equal(data):
    dumped = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
    parsed = compose(dumped, 0, len(dumped))
    if data and not parsed.problems:
        assert list(data) == [key.text for key, _ in parsed.root.items()]
        for (key, value), (_, node) in zip(data.items(), parsed.root.items(), strict=True):
            # the text, because PyYAML leaves strings unquoted that are numbers to others, such as `0E0`
            read = node.text if isinstance(value, str) else node.value
            assert value == read or (isinstance(value, int) and math.isclose(value, read)), key


def test_all_real_cards_are_read_and_a_plain_one_is_truly_plain(real_cards):
    plain = 0
    for path, data in sample(real_cards):
        card = read_card(data, path)
        if card.front_matter is not None and is_plainly_fine(card.yaml):
            plain += 1
            parsed = compose(card.text, card.front_matter.start, card.front_matter.end)
            assert parsed.problems == (), path
    assert plain > 0.85 * len(sample(real_cards))
