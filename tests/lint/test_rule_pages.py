"""A rule's docstring is its page: its headings, and its examples, which run."""

from __future__ import annotations

import math
import re

from carbon_lint.card.read import read_card
from carbon_lint.config import Settings, load_file
from carbon_lint.lint.context import Context
from carbon_lint.lint.engine import lint_card
from carbon_lint.lint.evidence import from_emissions_csv
from carbon_lint.lint.fix import fix_card
from carbon_lint.lint.hardware import bounds
from carbon_lint.lint.policy import Policy
from carbon_lint.lint.rule import load_all
from carbon_lint.lint.rules import CODES, TABLE
from tests.cases import cases

RULES = load_all()
ORDER = ["What it does", "Why is this bad?", "Known problems", "Example", "Use instead", "Fix safety", "References"]
REQUIRED = {"What it does", "Why is this bad?", "Example", "Use instead"}
FENCE = re.compile(r"^(`{3,})(\w+)\n(.*?)^\1$", re.DOTALL | re.MULTILINE)


def sections(page):
    parts = re.split(r"^## (.*)$", page, flags=re.MULTILINE)
    assert parts[0].strip() == ""
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def blocks(section):
    return [(language, text) for _, language, text in FENCE.findall(section)]


def run(section, tmp_path, around=""):
    """The codes that the section's card gives, under its settings and evidence; None if there is no card to run.

    `around` is the section whose settings and evidence hold, if it is another one.
    """
    settings, evidence, card = Settings(), None, None
    of_others = [block for block in blocks(around) if block[0] in {"toml", "csv"}]
    for language, text in of_others + blocks(section):
        if language == "toml" and card is None:
            path = tmp_path / "carbon-lint.toml"
            path.write_text(text)
            settings = load_file(str(path))
        elif language == "csv":
            path = tmp_path / "emissions.csv"
            path.write_text(text)
            evidence = from_emissions_csv(str(path))
        elif language == "yaml":
            card = f"---\n{text}---\n# A model\n"
        elif language == "markdown":
            card = text
    if card is None:
        return None
    return {found.code for found in lint_card(read_card(card.encode(), "README.md"), settings, evidence)}


@cases("rule", RULES, ids=lambda rule: rule.code)
def test_a_page_has_its_headings_and_its_examples_hold(rule, tmp_path):
    page = sections(rule.docs)
    headings = list(page)
    assert headings == [heading for heading in ORDER if heading in headings]
    assert set(headings) >= REQUIRED
    assert ("Fix safety" in headings) == (rule.fix is not None)
    assert re.search("[\x00-\x08\x0b-\x1f\x7f]", rule.docs) is None

    for heading, expected in (("Example", {rule.code}), ("Use instead", set())):
        codes = run(page[heading], tmp_path, page["Example"])
        assert codes == expected or [language for language, _ in blocks(page[heading])] == ["text"], heading


def figure_of(section):
    """The figure of the section's card, if there is one."""
    for language, text in blocks(section):
        if language in {"yaml", "markdown"}:
            card = read_card((text if language == "markdown" else f"---\n{text}---\n").encode(), "README.md")
            return Context(card, Settings()).emissions_g, card
    return None, None


def test_the_figure_to_use_instead_is_the_one_that_the_fix_makes():
    compared = 0
    for rule in (rule for rule in RULES if rule.fix):
        pages = sections(rule.docs)
        _, card = figure_of(pages["Example"])
        wanted, _ = figure_of(pages["Use instead"])
        if card is None or wanted is None:
            continue
        made = Context(fix_card(card, Policy(Settings()), allow_unsafe=True), Settings()).emissions_g
        assert made is None or made == wanted, rule.code
        compared += made is not None
    assert compared > 3


@cases(
    ("hardware", "hours", "place"),
    [("8 x NVIDIA A100", 24.5, "Warsaw, Poland"), ("T4", 2, "France"), ("2 x H100, 4 x H100", 0.333, None)],
)
def test_the_range_of_cl208_follows_from_the_numbers_that_it_prints(hardware, hours, place):
    fits = bounds(hardware, hours, place)
    numbers = [float(number) for number in re.findall(r"(?<![A-Z0-9])[0-9.]+(?:e[+-]?[0-9]+)?", fits.reason)]
    said_hours, *counts, low_w, high_w, low, high = numbers
    assert math.isclose(said_hours * counts[0] * low_w / 1000 * low, fits.least_g, rel_tol=2e-3)
    assert math.isclose(said_hours * counts[-1] * high_w / 1000 * high, fits.most_g, rel_tol=2e-3)


def test_a_name_states_the_problem():
    remedy = r"^(no-.*-allowed|use|prefer|require|disallow|banned|missing-no)\b|-rule$|-check$"
    for rule in RULES:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.name), rule.name
        assert not re.search(remedy, rule.name), rule.name
        assert not rule.summary.endswith("."), rule.name
        assert "\n" not in rule.summary, rule.name


def test_codes_and_names_are_unique_and_well_formed():
    assert len(CODES) == len(TABLE)
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(re.fullmatch(r"CL[0-9]\d\d", code) for code in CODES)


def test_fixes_are_of_the_kind_that_a_rule_states():
    for rule in RULES:
        assert rule.fix in {None, "safe", "unsafe", "both"}
