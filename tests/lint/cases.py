"""The corpus: one folder a rule, one card a case, and the findings of `check` beside it.

CLnnn/bad-what.md         a whole card, byte by byte; `bad...` must give the folder's rule, `good...` must not
CLnnn/bad-what.expected   the findings, one line each; all rules run on every case
CLnnn/bad-what.toml       settings, if the case needs any
CLnnn/bad-what.json       a record to check the card against; `.csv` an emissions.csv
CLnnn/bad-what.fixed      what --fix makes of it, if it changes anything
CLnnn/bad-what.unsafe     what --fix --unsafe-fixes makes of it, if that is something else
"""

from __future__ import annotations

from carbon_lint.card.read import read_card
from carbon_lint.config import Settings, load_file
from carbon_lint.lint.engine import lint_card
from carbon_lint.lint.evidence import from_emissions_csv, from_records
from carbon_lint.lint.fix import fix_card
from carbon_lint.lint.policy import Policy
from carbon_lint.text import terminal
from tests.conftest import ROOT

CORPUS = ROOT / "tests" / "corpus"
CASES = sorted(CORPUS.glob("CL*/*.md"))


def case_id(path):
    return f"{path.parent.name}/{path.stem}"


class Case:
    def __init__(self, path):
        self.path = path
        self.name = case_id(path)
        self.code = path.parent.name
        self.is_bad = path.stem.startswith("bad")
        settings = path.with_suffix(".toml")
        self.settings = load_file(str(settings)) if settings.exists() else Settings()
        record, csv = path.with_suffix(".json"), path.with_suffix(".csv")
        self.evidence = from_records([str(record)]) if record.exists() else None
        if csv.exists():
            self.evidence = from_emissions_csv(str(csv))

    @property
    def card(self):
        return read_card(self.path.read_bytes(), f"{self.name}.md")

    def diagnostics(self, card=None):
        return lint_card(card or self.card, self.settings, self.evidence)

    def lines(self):
        # A settings file of the case has this machine's path in it.
        shown = "".join(f"{terminal(str(found))}\n" for found in self.diagnostics())
        return shown.replace(str(self.path.parent) + "/", "")

    def fixed(self, level):
        return fix_card(self.card, Policy(self.settings), self.evidence, allow_unsafe=level == "unsafe")
