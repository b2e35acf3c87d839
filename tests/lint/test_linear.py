"""The whole of `check` takes time that grows with the length of a card, not with its square, for every construct.

CPU times are compared over eight times the length, generously: what is linear takes 8 times as long, what is quadratic
64 times.
"""

from __future__ import annotations

import time

import pytest

from carbon_lint.card.read import read_card
from carbon_lint.config import Settings
from carbon_lint.lint.card_linter import examine
from carbon_lint.lint.diagnostic import LintReport
from carbon_lint.lint.fix import fix_card
from carbon_lint.lint.policy import Policy
from carbon_lint.report.findings.reporters import REPORTERS, RenderOptions
from tests.cases import cases

POLICY = Policy(Settings().with_values({"max-emissions": "1 kg", "max-energy": "1 kWh"}, "test"))
SMALL, TIMES = 400, 8
MOST_TIMES = 28
NO_MATTER_S = 0.1
PARTS = 8

HEAD = "co2_eq_emissions:\n  emissions: 5\n"
FIELD = "co2_eq_emissions:\n  emissions: 1\n  hours_used: 5\n"


def card(matter, body="# A model\n"):
    return f"---\n{matter}---\n{body}"


def lines(template, n):
    return "".join(template.replace("@", str(i)) for i in range(n))


def cased(name, end, n):
    """The name in n spellings of upper and lower case, a line each."""
    spelt = ("".join(c.upper() if (i + 1) >> j & 1 else c for j, c in enumerate(name)) for i in range(n))
    return "".join(one + end for one in spelt)


def laughs(n, end):
    """Lists of two aliases of the list before, up to thirty deep, and `@` for the last."""
    depth = min(n // 100, 30)
    lists = "".join(f"a{i + 1}: &a{i + 1} [*a{i}, *a{i}]\n" for i in range(depth))
    return "a0: &a0 x\n" + lists + end.replace("@", f"*a{depth}")


CONSTRUCTS = {
    "plain keys": lambda n: card(HEAD + lines("k@: v\n", n)),
    "dup keys": lambda n: card(HEAD + "k: v\n" * n),
    "supp comments": lambda n: card(HEAD + lines("k@: v # carbon-lint: ignore[CL206] x\n", n)),
    "supp comments alone": lambda n: card(HEAD + "# carbon-lint: ignore[CL206] x\n" * n),
    "one suppression of many rules": lambda n: card(HEAD + "a: b # carbon-lint: ignore[" + "CL206," * n + "] x\n"),
    "supp many codes unknown": lambda n: card(HEAD + "a: b # carbon-lint: ignore[" + "CL999," * n + "] x\n"),
    "supp in quoted": lambda n: card(HEAD + 'a: "' + "# carbon-lint: ignore[CL206] x\n  " * n + '"\n'),
    "supp off": lambda n: card(HEAD + "# carbon-lint: off\n" * n),
    "supp start": lambda n: card(HEAD + "# carbon-lint: " * n + "\n"),
    "tab list": lambda n: card(HEAD + "a:\n" + "-\tx\n" * n),
    "tab values": lambda n: card(HEAD + lines("k@:\tx\n", n)),
    "tab blank": lambda n: card(HEAD + "a: b\n" + "\t\n" * n),
    "tab comment": lambda n: card(HEAD + "a: b\n" + "\t# x\n" * n),
    "tabs one line": lambda n: card(HEAD + "a:" + "\t" * n + "b\n"),
    "nested tab values": lambda n: card(HEAD + "a:\n" + lines("  k@:\tx\n", n)),
    "tabs dashes": lambda n: card(HEAD + "a:\n" + "- \tx\n" * n),
    "anchors": lambda n: card(HEAD + lines("k@: &a.b@ x\n", n)),
    "anchor flow": lambda n: card(HEAD + "a: [" + lines("&a.b@ x, ", n) + "]\n"),
    "anchor long": lambda n: card(HEAD + "a: &" + "." * n + " x\n"),
    "good anchors": lambda n: card(HEAD + lines("k@: &a@ x\n", n)),
    "aliases": lambda n: card(HEAD + "a: &a x\n" + lines("k@: *a\n", n)),
    "bad aliases": lambda n: card(HEAD + lines("k@: *a\n", n)),
    "surrogates": lambda n: card(HEAD + lines('k@: "\\ud83e\\udd17"\n', n)),
    "surrogates one": lambda n: card(HEAD + 'k: "' + "\\ud83e\\udd17" * n + '"\n'),
    "surrogates distinct": lambda n: card(
        HEAD + 'k: "' + "".join(f"\\ud83e\\ud{0xC00 + i % 1000:03x}" for i in range(n)) + '"\n'
    ),
    "nel": lambda n: card(HEAD + "a: " + "x\x85y" * n + "\n"),
    "bom inside": lambda n: card(HEAD + "\ufeffa: 1\n" + lines("\ufeffk@: 1\n", n)),
    "private": lambda n: card(HEAD + "a: \x85" + "".join(chr(0xE000 + i % 6400) for i in range(n)) + "\n"),
    "controls": lambda n: card(HEAD + lines("k@: \x7fx\n", n)),
    "long keys": lambda n: card(HEAD + lines("k@" + "k" * 1030 + ": x\n", n // 50)),
    "very long key": lambda n: card(HEAD + "k" * (n * 10) + ": x\n"),
    "long line value": lambda n: card(HEAD + "a: " + "x " * n + "\n"),
    "an alias behind quotes": lambda n: card(HEAD + lines('k@: "Q&A *bold*"s\n', n)),
    "an alias in quotes": lambda n: card(HEAD + 'title: "the *best"model\n' * n),
    "an anchor in quotes": lambda n: card(HEAD + "tags: ['a &b'c]\n" * n),
    "brackets": lambda n: card(HEAD + "a: " + "[" * n + "\n"),
    "brackets ok": lambda n: card(HEAD + "a: " + "[" * n + "]" * n + "\n"),
    "brackets shallow": lambda n: card(HEAD + "a: [" + "[]," * n + "]\n"),
    "braces": lambda n: card(HEAD + "a: " + "{a: " * n + "\n"),
    "brackets with tab": lambda n: card(HEAD + "b:\tx\na: " + "[" * n + "\n"),
    "flow many": lambda n: card(HEAD + "a: [" + "x, " * n + "]\n"),
    "flow pairs": lambda n: card(HEAD + "a: [" + "x: y, " * n + "]\n"),
    "flow map": lambda n: card(HEAD + "a: {" + lines("k@: y, ", n) + "}\n"),
    "dashes": lambda n: card(HEAD + "a:\n  " + "- " * n + "x\n"),
    "indent": lambda n: card(HEAD + "".join(" " * i + f"k{i}:\n" for i in range(min(n, 1000)))),
    "block scalar": lambda n: card(HEAD + "a: |\n" + "  x\n" * n),
    "block scalars": lambda n: card(HEAD + lines("k@: |\n  x\n", n)),
    "block scalar blank": lambda n: card(HEAD + "a: |\n" + "\n" * n),
    "quoted multi": lambda n: card(HEAD + 'a: "' + "x\n  " * n + '"\n'),
    "quoted unclosed": lambda n: card(HEAD + 'a: "' + "x\n  " * n + "\n"),
    "quotes": lambda n: card(HEAD + "a: " + "'" * n + "\n"),
    "dquotes": lambda n: card(HEAD + "a: " + '"' * n + "\n"),
    "backslashes": lambda n: card(HEAD + 'a: "' + "\\" * n + '"\n'),
    "tags": lambda n: card(HEAD + lines("k@: !!str x\n", n)),
    "bad tags": lambda n: card(HEAD + lines("k@: !foo x\n", n)),
    "directives": lambda n: card("%TAG !a! b\n" * 1 + lines("%TAG !a@! b\n", n) + "--- # x\n" + HEAD),
    "merge": lambda n: card(HEAD + "a: &a {" + lines("m@: 1, ", 50) + "}\n" + lines("k@: {<<: *a}\n", n)),
    "merge chain": lambda n: card(
        HEAD + "a: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{<<: *a{i - 1}, y{i}: 1}}\n" for i in range(1, n))
    ),
    "list keys": lambda n: card(HEAD + lines("? [a@, b]\n: c\n", n)),
    "list of fields": lambda n: card("co2_eq_emissions:\n" + lines("- k@: 5\n", n)),
    "many fields": lambda n: card("co2_eq_emissions:\n  emissions: 5\n" + lines("  sorce@: 5\n", n)),
    "misspelt fields": lambda n: card(
        HEAD + "".join("  geo" + "_" * (i + 1) + "location: x\n" for i in range(min(n, 400)))
    ),
    "misspelt fields case": lambda n: card(
        "co2_eq_emissions:\n  emissions: 5\n  " + cased("hardware_used", ": x\n  ", n) + "z: 1\n"
    ),
    "misspelt blocks": lambda n: card(cased("co2_eq_emissions", ": 5\n", n)),
    "nested blocks": lambda n: card("a:\n" + "- co2_eq_emissions: 5\n" * n),
    "deep nested blocks": lambda n: card(
        "".join(" " * i + f"k{i}:\n" for i in range(90))
        + lines(" " * 90 + "x@:\n" + " " * 91 + "co2_eq_emissions: 5\n", n)
    ),
    "stray fields": lambda n: card("co2_eq_emissions:\n" + "emissions: 5\n" + lines("k@: 1\n", n)),
    "figure digits": lambda n: card("co2_eq_emissions:\n  emissions: " + "9" * n + "\n"),
    "figure commas": lambda n: card("co2_eq_emissions:\n  emissions: " + "1," * n + "\n"),
    "figure string": lambda n: card("co2_eq_emissions:\n  emissions: " + "1 g " * n + "\n"),
    "figure blanks": lambda n: card("co2_eq_emissions:\n  emissions: 1" + " " * n + "g\n"),
    "figure list": lambda n: card("co2_eq_emissions:\n  emissions: [" + "1," * n + "]\n"),
    "placeholder": lambda n: card("co2_eq_emissions:\n  emissions: 1\n  source: " + "<a" * n + "\n"),
    "hardware": lambda n: card(FIELD + "  hardware_used: " + "1 x A100 " * n + "\n"),
    "hardware digits": lambda n: card(FIELD + "  hardware_used: A100 " + "1" * n + "\n"),
    "hardware blanks": lambda n: card(FIELD + "  hardware_used: A100" + " " * n + "x\n"),
    "place": lambda n: card(FIELD + "  hardware_used: A100\n  geographical_location: " + "France " * n + "\n"),
    "comment behind": lambda n: card("co2_eq_emissions:\n  emissions: 5 # kg" + " kg" * n + "\n"),
    "comments": lambda n: card(HEAD + "# x\n" * n),
    "comments x": lambda n: card(HEAD + "a: b\n" + "#" * n + "\n"),
    "body lines": lambda n: card(HEAD, "emissions of x\n" * n),
    "body figs": lambda n: card(HEAD, "CO2 emissions: 5 kg\n" * n),
    "body long": lambda n: card(HEAD, "CO2 emissions: " + "5 kg " * n),
    "body digits": lambda n: card(HEAD, "CO2 emissions: " + "5" * n),
    "body words": lambda n: card(HEAD, "emissions " * n),
    "body pipes": lambda n: card(HEAD, "| Emissions (kg) " * n + "|\n" + "|---" * n + "|\n" + "| 5 " * n + "|\n"),
    "body rows": lambda n: card(HEAD, "| Emissions (kg) | x |\n|---|---|\n" + "| 5 | 5 |\n" * n),
    "body tables": lambda n: card(HEAD, "| Emissions (kg) | x |\n|---|---|\n| 5 | 5 |\n\n" * n),
    "body fences": lambda n: card(HEAD, "```\nemissions: 5 kg\n```\n" * n),
    "body open fences": lambda n: card(HEAD, "```\nemissions: 5 kg\n````\n" * n),
    "body stars": lambda n: card(HEAD, "emissions **" + "*" * n + " 5 kg\n"),
    "body blanks": lambda n: card(HEAD, "emissions" + " " * n + "5 kg\n"),
    "body newlines": lambda n: card(HEAD, "emissions" + "\n" * n + "5 kg\n"),
    "body parens": lambda n: card(HEAD, "emissions " + "(" * n + " 5 kg\n"),
    "body html": lambda n: card(HEAD, "emissions " + "<b>" * n + " 5 kg\n"),
    "body lt": lambda n: card(HEAD, "emissions " + "<" * n + " 5 kg\n"),
    "body comments": lambda n: card(HEAD, "<!-- emissions: 5 kg" * n),
    "body links": lambda n: card(HEAD, "[emissions](x) " * n + " 5 kg\n"),
    "body brackets": lambda n: card(HEAD, "emissions " + "[" * n + " 5 kg\n"),
    "body hours": lambda n: card(
        "co2_eq_emissions:\n  emissions: 5\n  hardware_used: A100\n", "trained for 5 hours\n" * n
    ),
    "body hours long": lambda n: card(
        "co2_eq_emissions:\n  emissions: 5\n  hardware_used: A100\n", "trained for " + "5 hours " * n
    ),
    "no matter body": lambda n: "# x\n" + "CO2 emissions: 5 kg\n" * n,
    "no matter fences": lambda n: "x\n" + "---\na: b\n" * n,
    "no matter codefence": lambda n: "x\n" + "```yaml\nco2_eq_emissions: 5\n" * n,
    "no matter dashes": lambda n: "-" * n + "\nlicense: x\n",
    "no matter dash lines": lambda n: "\n" + "----\nlicense: x\n" * n,
    "no matter text lines": lambda n: "text\n" * n + "---\nlicense: mit\n---\n",
    "blank before": lambda n: "\n" * n + "---\nlicense: mit\n---\n",
    "invisible": lambda n: "\u200b" * n + "---\nlicense: mit\n---\n",
    "unclosed": lambda n: "---\n" + HEAD + lines("k@: v\n", n),
    "almost closing": lambda n: "---\n" + HEAD + "--- x\n" * n,
    "block only text": lambda n: card("a: b\n", "co2_eq_emissions: 5\n" * n),
    "bad utf8": lambda n: card(HEAD).encode() + b"\xff" * n,
    "nul": lambda n: card(HEAD + "a: " + "\0" * n + "\n"),
    "crlf": lambda n: card(HEAD + lines("k@: v\n", n)).replace("\n", "\r\n"),
    "cr": lambda n: card(HEAD + lines("k@: v\n", n)).replace("\n", "\r"),
    "cr body": lambda n: card(HEAD, "emissions\r" * n),
    "cr lf supp": lambda n: card(HEAD + lines("k@: v # carbon-lint: ignore[CL206] x\n", n)).replace("\n", "\r"),
    "equals": lambda n: card(HEAD + lines("k@: =\n", n)),
    "tab and keys": lambda n: card("t:\tx\n" + HEAD + lines("k@: v\n", n)),
    "TABs that are cut": lambda n: card(HEAD + "a:\n" + lines("  k@:\n    \tb\n", n)),
    "a billion laughs": lambda n: card(laughs(n, "co2_eq_emissions: @\n")),
    "a billion laughs as a key": lambda n: card(laughs(n, "? @ \n: co2\n")),
    "a billion laughs beside a fix": lambda n: card(laughs(n, "co2_eq_emissions: {emissions: '5'}\n")),
    "question": lambda n: card(HEAD + "? a\n" * n),
    "colon": lambda n: card(HEAD + "a" + ":" * n + "\n"),
    "percent": lambda n: card("%" * n + "\n" + HEAD),
    "docs": lambda n: card(HEAD + "--- x\n" * n),
    "dots": lambda n: card(HEAD + "...\n" * n),
}


ONLY_THE_SCHEMA = Policy(Settings().with_values({"select": ("CL100",)}, "test"))


def check_s(text, policy=POLICY):
    """The CPU time that it takes to read, judge, report and fix a card."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    began = time.process_time()
    one = read_card(data, "README.md")
    found, _ = examine(one, policy)
    report = LintReport(diagnostics=tuple(found), files_checked=1, sources={one.path: one.text})
    for form in ("text", "concise", "github"):
        REPORTERS[form](report, RenderOptions())
    fix_card(one, policy, allow_unsafe=True)
    return time.process_time() - began


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_eight_times_the_length_takes_about_eight_times_the_time(part):
    assert [wrong for name in list(CONSTRUCTS)[part::PARTS] if (wrong := why_not_linear(name))] == []


def test_eight_times_the_length_is_quick_for_some():
    assert [wrong for name in list(CONSTRUCTS)[::12] if (wrong := why_not_linear(name))] == []


def why_not_linear(name):
    short, long = (CONSTRUCTS[name](n) for n in (SMALL, SMALL * TIMES))
    check_s(short)  # imports what the rules need
    for _attempt in range(3):
        long_s = check_s(long)
        if long_s < NO_MATTER_S:
            return None
        short_s = min(check_s(short) for _ in range(3))
        if long_s < short_s * MOST_TIMES:
            return None
    return f"{name}: {len(short)} characters take {short_s:.3f} s, {len(long)} characters {long_s:.3f} s"


@cases("end", ["co2_eq_emissions: @\n", "co2_eq_emissions:\n  emissions: @\n"])
def test_the_schema_alone_does_not_unfold_aliases(end):
    assert check_s(card(laughs(3000, end)), ONLY_THE_SCHEMA) < 1
