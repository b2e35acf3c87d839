"""Every value and structure of the shared table is read as js-yaml 4 reads it.

The table names its structures and does not hold them; the documents below are written for this test after the names.
"""

from __future__ import annotations

import json
import math

from carbon_lint.card.document import property_name
from carbon_lint.card.yaml.compose import compose
from tests.cases import cases

BLOCK = "co2_eq_emissions:\n"
TWO = BLOCK + "  emissions: 2.04\n  source: x\n"
STRUCTURES = {
    "dup-top": "co2_eq_emissions: 1\nlicense: mit\nco2_eq_emissions: 2\n",
    "dup-sub": BLOCK + "  emissions: 1\n  emissions: 2\n",
    "merge": "x: &x {emissions: 5, source: cc}\nco2_eq_emissions:\n  <<: *x\n",
    "merge-list": "a: &a {emissions: 1}\nb: &b {source: s}\nco2_eq_emissions:\n  <<: [*a, *b]\n",
    "anchor-scalar": "e: &e 5.5\nco2_eq_emissions:\n  emissions: *e\n",
    "anchor-cycle": "co2_eq_emissions: &a\n  emissions: *a\n",
    "undef-alias": "co2_eq_emissions: *nope\n",
    "tab-indent-map": BLOCK + "\temissions: 2.04\n\tsource: CodeCarbon\n",
    "tab+space-indent-map (2021-12 HF docs)": BLOCK + '\t  emissions: "in grams of CO2"\n\t  source: x\n',
    "space-tab-indent": BLOCK + "  \temissions: 2.04\n",
    "tab-after-colon": BLOCK + "  emissions:\t2.04\n",
    "tab-trailing": BLOCK + "  emissions: 2.04\t\n  source: x\n",
    "tab-before-comment": BLOCK + "  emissions: 2.04\t# g\n",
    "tab-blank-line": BLOCK + "  emissions: 2.04\n\t\n  source: x\n",
    "list-of-single-maps (2021-12 HF docs)": BLOCK + "  - emissions: 1.2\n  - source: cc\n",
    "list-noindent": BLOCK + "- emissions: 1.2g CO2\n- hardware used: 12 CPU (x86)\n",
    "unindented children": BLOCK + "emissions: 5\nsource: x\n",
    "flow": "co2_eq_emissions: {emissions: 5, source: x}\n",
    "flow-nospace": "co2_eq_emissions: {emissions:5}\n",
    "json-flow": 'co2_eq_emissions: {"emissions":5}\n',
    "colon-in-source": BLOCK + "  emissions: 5\n  source: see: here\n",
    "url-source": BLOCK + "  emissions: 5\n  source: https://mlco2.github.io/impact/\n",
    "hash-in-source": BLOCK + "  emissions: 5\n  source: see #4\n",
    "at-hardware": BLOCK + "  emissions: 5\n  hardware_used: @home\n",
    "quoted-colon-key": 'co2_eq_emissions:\n  "emissions": 5\n',
    "capital-key": "CO2_eq_emissions:\n  emissions: 5\n",
    "dots-end": BLOCK + "  emissions: 5\n...\n",
    "dots-end-then-more": BLOCK + "  emissions: 5\n...\nlicense: mit\n",
    "doc-sep-inside": "license: mit\n--- \nco2_eq_emissions: 5\n",
    "yaml-directive": "%YAML 1.1\n---\nco2_eq_emissions: yes\n",
    "yaml-directive12": "%YAML 1.2\n---\nco2_eq_emissions: yes\n",
    "empty": "",
    "spaces": "   \n  ",
    "comment-only": "# nothing\n",
    "scalar-doc": "hello\n",
    "list-doc": "- a\n- b\n",
    "bom-inside": "\ufeffco2_eq_emissions: 5\n",
    "nbsp-indent": BLOCK + "\u00a0\u00a0emissions: 5\n",
    "nbsp-after-colon": "co2_eq_emissions:\u00a05\n",
    "zero-width": BLOCK + "  emissions: 5\u200b\n",
    "nul": "co2_eq_emissions: 5\0\n",
    "ctrl": "license: a\ab\nco2_eq_emissions: 5\n",
    "del": "license: a\x7fb\nco2_eq_emissions: 5\n",
    "nel": "license: a\x85b\nco2_eq_emissions: 5\n",
    "ls": "license: a\u2028b\nco2_eq_emissions: 5\n",
    "emoji": "tags: [🤗]\nco2_eq_emissions: 5\n",
    "surrogate-esc": 'tags: ["\\ud83e\\udd17"]\nco2_eq_emissions: 5\n',
    "crlf": BLOCK.replace("\n", "\r\n") + "  emissions: 5\r\n  source: x\r\n",
    "cr-only": BLOCK.replace("\n", "\r") + "  emissions: 5\r  source: x\r",
    "mixed-eol": BLOCK + "  emissions: 5\r\n  source: x\n",
    "int-key": "1: a\nco2_eq_emissions: 5\n",
    "bool-key": "yes: a\nco2_eq_emissions: 5\n",
    "null-key": "~: a\nco2_eq_emissions: 5\n",
    "list-key": "? [a, b]\n: c\nco2_eq_emissions: 5\n",
    "float-key": "1.0: a\nco2_eq_emissions: 5\n",
    "nested-under-model": "model:\n  co2_eq_emissions: 5\n",
    "nested-model-index": "model-index:\n- name: x\n  co2_eq_emissions: 5\n",
    "python-tag": "co2_eq_emissions: !!python/object/apply:os.system ['true']\n",
    "custom-tag": "co2_eq_emissions: !mine 5\n",
    "binary": "co2_eq_emissions: !!binary aGVsbG8=\n",
    "set": "co2_eq_emissions: !!set {a, b}\n",
    "omap": "co2_eq_emissions: !!omap\n- emissions: 5\n",
    "timestamp-tag": "co2_eq_emissions: !!timestamp 2024-01-01\n",
    "no-space-after-colon": "co2_eq_emissions:5\n",
    "space-before-colon": "co2_eq_emissions : 5\n",
    "block-scalar-fold": BLOCK + "  emissions: 5\n  source: >-\n    a\n    b\n",
    "multi-line-plain": BLOCK + "  emissions: 5\n  source: a\n    b\n    c\n",
    "single-quote-under-indented": "widget:\n- text: 'a\n\n b'\nco2_eq_emissions: 5\n",
    "dq-underindented": 'widget:\n- text: "a\n b"\nco2_eq_emissions: 5\n',
    "quoted-then-junk": 'language: "fr"tags: x\nco2_eq_emissions: 5\n',
    "__proto__": None,  # JavaScript's own: the table shows what JSON leaves of it
    "constructor": "constructor: 1\nco2_eq_emissions: 5\n",
    "deep-flow-500": "a: " + "[" * 500 + "]" * 500 + "\n",
    "deep-flow-5000": "a: " + "[" * 5000 + "]" * 5000 + "\n",
    "billion-laughs": "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
    "long-key-1025": "k" * 1025 + ": 1\nco2_eq_emissions: 5\n",
    "long-value-200k": "source: " + "x" * 200_000 + "\nco2_eq_emissions: 5\n",
}
# js-yaml takes these alone; JSON.stringify, which made the table, could not show a cycle.
SHOWN_OTHERWISE = {"billion-laughs"}


def shown(node):
    """A value in the table's notation."""
    if node is None:
        return "null"
    if node.type == "bytes":
        return "bytes"
    if node.type == "date":
        return "Date"
    if node.kind == "map":
        return "{" + ", ".join(f"{property_name(key)}: {shown(value)}" for key, value in node.items()) + "}"
    if node.kind == "list":
        return "[" + ", ".join(shown(item) for item in node.items_list()) + "]"
    value = node.value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else number(value)


def number(value):
    if math.isnan(value) or math.isinf(value):
        return {"nan": "nan", "inf": "inf", "-inf": "-inf"}[str(float(value))]
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def same(cell, ours):
    if cell.endswith("…"):
        return ours.startswith(cell[:-1])
    try:
        return float(cell) == float(ours) or (math.isnan(float(cell)) and math.isnan(float(ours)))
    except ValueError:
        return cell == ours


def rows(shared):
    lines = (shared / "cards/yaml-values.tsv").read_text(encoding="utf-8").split("\n")[1:]
    return [line.split("\t") for line in lines if line]


def judged(yaml):
    parsed = compose(yaml, 0, len(yaml))
    if any(problem.kind != "not-a-mapping" for problem in parsed.problems):
        return "ERR"
    return shown(parsed.root)


def test_every_value_is_what_js_yaml_4_makes_of_it(shared):
    compared = 0
    for cells in rows(shared):
        kind, _, text = cells[0].partition(":")
        if kind != "v":
            continue
        yaml = BLOCK + "  emissions: " + text.replace("\\n", "\n") + "\n"
        parsed = compose(yaml, 0, len(yaml))
        found = "ERR" if parsed.problems else shown(parsed.root.get("co2_eq_emissions").get("emissions"))
        assert same(cells[3], found), (text, cells[3], found)
        compared += 1
    assert compared > 110


def test_every_structure_is_what_js_yaml_4_makes_of_it(shared):
    compared = 0
    for cells in rows(shared):
        kind, _, name = cells[0].partition(":")
        if kind != "s":
            continue
        assert name in STRUCTURES, f"the table has a new structure: {name}"
        yaml = STRUCTURES[name]
        if yaml is None:
            continue
        found = judged(yaml)
        if name in SHOWN_OTHERWISE:
            assert (found == "ERR") == (cells[3] == "ERR"), name
        else:
            assert same(cells[3], found), (name, cells[3], found)
        compared += 1
    assert compared > 70


@cases("name", [name for name, yaml in STRUCTURES.items() if yaml is not None])
def test_every_structure_is_read_without_a_crash_and_with_spans_inside_it(name):
    yaml = STRUCTURES[name]
    parsed = compose(yaml, 0, len(yaml))
    for problem in parsed.problems:
        assert 0 <= problem.start <= problem.end <= len(yaml)
    assert parsed.root is None or 0 <= parsed.root.start <= parsed.root.end <= len(yaml)
