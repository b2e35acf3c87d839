"""Rule pages in the terminal and on the web."""

from __future__ import annotations

import inspect
import textwrap
from types import SimpleNamespace

from carbon_lint.report.rule_page import find, index_page, page, terminal_page, terminal_table
from tests.cases import cases


def check(context):
    """
    ## What it does
    Finds a unit in the value of `emissions`, which is a number of grams and nothing else, whatever the writer of the
    card thought of when it was written.

    - a first point that is long enough that it has to be wrapped in any terminal of a usual width, as points go
    - a second

    ## Example
    ```yaml
    co2_eq_emissions:

      emissions: 17g   # a line of code that is longer than the terminal is wide and must stay exactly as it is
    ```

    ## Use instead
    Nothing.
    """
    yield from ()


def rule(code="CL201", name="unit-in-value", **fields):
    known = {"summary": "a unit | in the value", "since": "0.1.0", "fix": "safe", "severity": "error"}
    docs = inspect.cleandoc(check.__doc__)
    return SimpleNamespace(code=code, name=name, docs=docs, **{**known, **fields})


def test_a_page_has_the_facts_and_the_docstring():
    text = page(rule())

    assert text.startswith(
        "# CL201 unit-in-value\n\na unit | in the value\n\nseverity **error** · fix: safe · since 0.1.0\n\n## What it"
    )
    assert "no fix" in page(rule(fix=None))


@cases("width", [40, 80])
def test_in_the_terminal_paragraphs_are_wrapped_and_code_is_not(width):
    lines = terminal_page(rule(), width).splitlines()

    code = "  emissions: 17g   # a line of code that is longer than the terminal is wide and must stay exactly as it is"
    assert code in lines
    assert all(len(line) <= width for line in lines if line != code)
    assert "## What it does" in lines
    first = next(index for index, line in enumerate(lines) if line.startswith("- a first"))
    assert lines[first + 1].startswith("  ")
    words = " ".join(" ".join(lines).split())
    assert words == " ".join(page(rule()).split())


def test_the_table_lines_up_and_wraps_its_last_column():
    table = terminal_table([rule(), rule("CL105", "a-longer-name", summary="word " * 30, fix=None)], 80).splitlines()

    column = table[0].index("what it finds")
    assert table[1].index("a unit") == column
    assert table[2].startswith("CL105  a-longer-name  error           word")
    assert table[3] == " " * column + textwrap.wrap("word " * 30, 80 - column)[1]
    assert all(len(line) <= 80 for line in table)


def test_a_rule_is_found_by_code_or_name_in_any_case():
    rules = [rule(), rule("CL105", "x-y")]

    assert find(rules, "cl105") is rules[1]
    assert find(rules, "Unit-In-Value") is rules[0]
    assert find(rules, "CL999") is None


def test_the_index_groups_by_family_and_links_each_page():
    text = index_page([rule(), rule("CL901", "unused-ignore")])

    assert "## CL2xx Value and unit\n" in text
    assert "| [CL201](CL201.md) | unit-in-value | error | safe | a unit \\| in the value |\n" in text
    assert "CL0xx" not in text
