"""The text and concise reporters: what a person sees."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from carbon_lint.project import DOCS_URL
from carbon_lint.report.findings.reporters import REPORTERS, RenderOptions
from carbon_lint.report.findings.text import excerpt
from tests.cases import cases
from tests.effort import examples
from tests.report.samples import CARD, diagnostic, fix, related, report

PLAIN = RenderOptions()


def columns(text):
    """Columns of `text` in a terminal, counted apart from the code under test."""
    wide = {"W": 2, "F": 2}
    return sum(
        0 if unicodedata.category(c) in {"Mn", "Me", "Cf"} else wide.get(unicodedata.east_asian_width(c), 1)
        for c in text
    )


def test_a_finding_shows_its_line_with_a_caret_under_the_exact_characters_and_the_counts():
    found = diagnostic(CARD, "17g", fix=fix(CARD, "17g", "17"))

    rendered = REPORTERS["text"](report(found, suppressed=2, files_skipped=1), PLAIN)

    assert rendered == (
        "README.md:4:14: error CL201 emissions is '17g', which is text [unit-in-value]\n"
        "  |\n"
        "4 |   emissions: 17g\n"
        "  |              ^^^\n"
        "  = fix (--fix): write the number alone\n"
        "\n"
        "1 file checked: 1 error; 1 file skipped (not a model card); 2 suppressed; 1 fixable with --fix\n"
        "`carbon-lint rules CL201` explains a rule; so does"
        f" {DOCS_URL}/rules\n"
    )


def test_a_clean_report_is_one_line_with_how_much_was_checked():
    assert REPORTERS["text"](report(files_checked=3), PLAIN) == "3 files checked: no findings\n"


def test_findings_counted_by_severity_and_an_unsafe_fix_is_named_as_such():
    unsafe = fix(CARD, "17g", "17000", title="read as kilograms", is_safe=False)
    rendered = REPORTERS["text"](
        report(
            diagnostic(CARD, "17g", fix=unsafe),
            diagnostic(CARD, "source", severity="warning"),
            diagnostic(CARD, "mit", severity="note"),
            fixed=("a.md",),
        ),
        PLAIN,
    )

    assert "= fix (--fix --unsafe-fixes): read as kilograms" in rendered
    assert "1 file checked: 1 error, 1 warning, 1 note; 1 file fixed; 1 fixable with --fix --unsafe-fixes\n" in rendered


def test_a_span_over_several_lines_is_underlined_to_the_end_of_the_first_and_shows_its_last():
    found = diagnostic(CARD, "co2_eq_emissions:\n  emissions: 17g")

    rendered = REPORTERS["text"](report(found), PLAIN)

    assert "3 | co2_eq_emissions:\n  | ^^^^^^^^^^^^^^^^^ ... to line 4\n" in rendered


def test_related_places_are_named_with_their_line():
    found = diagnostic(CARD, "17g", related=(related(CARD, "source", "first defined here"),))

    assert "  = line 5: first defined here\n" in REPORTERS["text"](report(found), PLAIN)


def test_a_file_without_text_has_no_source_line():
    found = diagnostic(
        "", (0, 0), message="the file cannot be read: permission denied", code="CL001", name="unreadable"
    )

    rendered = REPORTERS["text"](report(found, sources={}), PLAIN)

    assert rendered.splitlines()[0] == (
        "README.md:1:1: error CL001 the file cannot be read: permission denied [unreadable]"
    )
    assert "|" not in rendered


@cases(
    ("line", "needle"),
    [
        ("emissions: 17g", "17g"),
        ("\temissions:\t17g", "17g"),
        ("  地点: 東京 17g", "17g"),
        ("  location: e\u0301te\u0301 17g", "17g"),
        ("  x: \x1b[31m 17g", "17g"),
        ("  x: ::error::y 17g", "17g"),
        ("  x: 👩\u200d🔬 17g", "17g"),
        ("x: " + "a" * 300 + " 17g " + "b" * 300, "17g"),
        ("x: " + "東" * 300 + " 17g " + "\t" * 300, "17g"),
    ],
)
def test_the_caret_stands_below_the_characters_whatever_comes_before_them(line, needle):
    first = line.index(needle)

    shown, carets = excerpt(line, first, first + len(needle), 80)

    at = carets.index("^")
    assert carets.strip() == "^^^"
    before = shown[: shown.rindex(needle)]
    assert columns(before) == at
    assert columns(shown) <= 80


@settings(max_examples=examples(400))
@given(st.text(max_size=300), st.data(), st.integers(min_value=0, max_value=200))
def test_an_excerpt_of_any_line_fits_and_steers_nothing(line, data, width):
    line = re.sub(r"[\r\n]", " ", line)
    first = data.draw(st.integers(min_value=0, max_value=len(line)))
    last = data.draw(st.integers(min_value=first, max_value=len(line)))

    shown, carets = excerpt(line, first, last, width)

    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", shown)
    assert "::" not in shown
    assert "##[" not in shown
    assert set(carets) <= {" ", "^"}
    assert "^" in carets
    assert columns(shown) <= max(width, 20)


def test_colour_comes_only_when_asked_for():
    found = diagnostic(CARD, "17g", fix=fix(CARD, "17g", "17"))

    plain = REPORTERS["text"](report(found), PLAIN)
    coloured = REPORTERS["text"](report(found), RenderOptions(colour=True))

    assert "\x1b" not in plain
    assert "\x1b[1;31merror CL201\x1b[0m" in coloured
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == plain


def test_concise_is_one_line_a_finding_and_nothing_else():
    found = diagnostic(CARD, "17g")
    odd = diagnostic(CARD, "mit", path="a\n::error::b.md", message="x", severity="note")

    assert REPORTERS["concise"](report(found, odd), PLAIN) == (
        "README.md:4:14: error CL201 emissions is '17g', which is text [unit-in-value]\n"
        "a\\n:\u200b:error:\u200b:b.md:2:10: note CL201 x [unit-in-value]\n"
    )
    assert REPORTERS["concise"](report(), PLAIN) == ""
