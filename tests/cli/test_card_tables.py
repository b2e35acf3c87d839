"""`card --from emissions.csv` and `check --emissions-csv` choose and price a table's runs alike."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbon_lint.card.read import read_card
from carbon_lint.places import every_place, find_place
from tests.effort import examples
from tests.records.test_emissions_csv import OLDEST, QUEBEC, table

CARD = "---\nlicense: mit\n---\n# A model\n"
EARLY = {"run_id": "run-1", "project_name": "x", "timestamp": "2026-11-01T10:00:00", "emissions": "0.0168"}
LATE = {
    "run_id": "run-2",
    "project_name": "y",
    "timestamp": "2026-11-02T10:00:00",
    "emissions": "0.0336",
    "energy_consumed": "0.6",
}
PRIMARY = {"country_name": "Germany", "country_iso_code": "DEU", "emissions": "0.6962", "energy_consumed": "1.0"}
COUNTRIES = [place.code for place in every_place() if place.code == place.country_iso and place.g_per_kwh > 0]


@pytest.fixture
def card():
    Path("README.md").write_text(CARD)
    return "README.md"


def write(name, *rows, **options):
    Path(name).write_text(table(*rows, **options))
    return name


def grams():
    return read_card(Path("README.md").read_bytes(), "README.md").block.get("emissions").value


def disagrees(result):
    code, out, _ = result
    return code == 1 and ("CL301" in out or "CL303" in out or "CL306" in out)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("--last",), 33.6),
        (("--run-id", "run-1"), 16.8),
        (("--run-id", "run-2"), 33.6),
        (("--sum",), 50.4),
        (("--project", "x"), 16.8),
        (("--project", "y", "--sum"), 33.6),
        (("--sum", "--location", "SWE"), 0.9 * find_place("SWE").g_per_kwh),
        (("--last", "--carbon-intensity", "100"), 60.0),
    ],
)
def test_the_same_flags_choose_and_price_the_same_figure_in_both(cli, card, flags, expected):
    source = write("e.csv", EARLY, LATE)
    code, _, err = cli("card", card, "--from", source, *flags)
    assert code == 0, err
    assert grams() == pytest.approx(expected)
    code, out, err = cli("check", card, "--emissions-csv", source, *flags)
    assert code == 0, out + err

    other = ("--run-id", "run-1") if expected == pytest.approx(33.6) else ("--last",)
    if "--project" not in flags:
        assert disagrees(cli("check", card, "--emissions-csv", source, *other))


@settings(max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(COUNTRIES), st.sampled_from(["quebec", "1.x", "world", "nowhere"]))
def test_a_card_whose_place_priced_the_table_is_right_and_one_with_other_grams_is_wrong(cli, card, country, kind):
    """`check` needs no flag for it: the card names the place, and the energy is the table's."""
    rows = {
        "quebec": QUEBEC,
        "1.x": {**PRIMARY, "country_iso_code": country, "country_name": ""},
        "world": {"country_name": "", "country_iso_code": "", "emissions": repr(0.475 * 0.3)},
        "nowhere": {"country_name": "", "country_iso_code": ""},
    }
    Path(card).write_text(CARD)
    source = write("e.csv", rows[kind], columns=OLDEST if kind == "1.x" else ["run_id", *OLDEST])
    code, _, err = cli("card", card, "--from", source, "--location", country)
    assert code == 0, err
    code, out, err = cli("check", card, "--emissions-csv", source)
    assert code == 0, out + err
    Path(card).write_text(Path(card).read_text().replace("  emissions: ", "  emissions: 1"))
    assert disagrees(cli("check", card, "--emissions-csv", source))


@pytest.mark.parametrize("row", [QUEBEC, PRIMARY], ids=["quebec", "1.x"])
def test_grams_that_card_refuses_do_not_confirm_a_card_in_check_unless_they_are_trusted(cli, card, row):
    source = write("e.csv", row, columns=OLDEST)
    assert cli("card", card, "--from", source)[0] == 2
    assert cli("card", card, "--from", source, "--trust-location")[0] == 0
    code, out, _ = cli("check", card, "--emissions-csv", source)
    assert code == 1
    assert "no grams confirm it" in out
    assert cli("check", card, "--emissions-csv", source, "--trust-location")[0] == 0


def test_a_card_that_prices_the_table_at_another_place_than_its_own_is_wrong(cli, card):
    source = write("e.csv", {"country_name": "Germany", "country_iso_code": "DEU", "emissions": "0.1143"})
    cli("card", card, "--from", source, "--location", "SWE")
    assert disagrees(cli("check", card, "--emissions-csv", source))
    assert cli("check", card, "--emissions-csv", source, "--location", "SWE")[0] == 0


def test_an_older_run_that_cannot_be_used_gives_a_warning_and_the_last_run_counts(cli, card):
    source = write("e.csv", {**EARLY, "energy_consumed": "0"}, LATE)
    assert cli("card", card, "--from", source, "--last")[0] == 0
    code, out, err = cli("check", card, "--emissions-csv", source)
    assert code == 0, out
    assert "line 2: energy_consumed is 0" in err
    assert "left out" in err


def test_a_last_run_that_cannot_be_used_is_not_evidence(cli, card):
    source = write("e.csv", EARLY, {**LATE, "energy_consumed": "0"})
    cli("card", card, "--from", source, "--run-id", "run-1")
    assert cli("check", card, "--emissions-csv", source)[0] == 2
    assert cli("check", card, "--emissions-csv", source, "--run-id", "run-1")[0] == 0


def test_several_tables_are_one_list_to_choose_from(cli, card):
    first, second = write("a.csv", EARLY), write("b.csv", LATE)
    code, _, err = cli("card", card, "--from", first, "--from", second)
    assert code == 2
    assert "the 2 files hold 2 runs" in err
    assert [line.split()[-2:] for line in err.splitlines()[2:]] == [["run-2", "b.csv"], ["run-1", "a.csv"]]
    assert cli("card", card, "--from", first, "--from", second, "--sum")[0] == 0
    assert grams() == pytest.approx(50.4)
    assert cli("check", card, "--emissions-csv", first, "--emissions-csv", second, "--sum")[0] == 0


def test_one_record_or_tables_are_taken_and_not_both(cli, card):
    source = write("a.csv", EARLY)
    for name in ("r.json", "s.json"):
        Path(name).write_text("{}")
    code, _, err = cli("card", card, "--from", source, "--from", "r.json", "--sum")
    assert code == 2
    assert "give one kind of file" in err
    code, _, err = cli("card", card, "--from", "r.json", "--from", "s.json")
    assert code == 2
    assert "carbon-lint merge r.json s.json" in err
    assert Path(card).read_text() == CARD


@pytest.mark.parametrize(
    "argv",
    [
        ("gate", "e.csv", "--max-emissions", "1kg"),
        ("report", "e.csv"),
        ("ledger", "add", "e.csv", "--ledger", "led"),
        ("merge", "e.csv", "-o", "m.json"),
        ("estimate", "--from-record", "e.csv"),
        ("check", "--record", "e.csv", "README.md"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_table_given_instead_of_a_record_is_called_a_table(cli, card, argv, encoding):
    Path("e.csv").write_bytes(table(EARLY).encode(encoding))
    code, _, err = cli(*argv)
    assert code == 2
    assert "is an emissions.csv of CodeCarbon, not a record" in err
    assert "card --from" in err
    assert "--emissions-csv" in err


@pytest.mark.parametrize("flags", [("--location", "FRA"), ("--sum",), ("--last",), ("--trust-location",)], ids=" ".join)
def test_flags_of_a_table_without_one_are_refused(cli, card, flags):
    code, _, err = cli("check", card, *flags)
    assert code == 2
    assert f"{flags[0]} needs --emissions-csv" in err


@pytest.mark.parametrize(
    ("case", "message", "code"),
    [
        ("F01-task-rows", ("emissions: 123.2 ", "emissions: 64.4 "), None),
        ("F03-no-run-id-same-time", ("holds 2 runs", "20 g", "30 g"), None),
        ("F10-one-country-several-places", ("geographical_location: France",), 0),
        ("F12-check-with-an-unusable-older-run", ("rc=0", "energy_consumed is 0"), 0),
        ("F13-which-run", ("2026-08-12 10:00:00  train  1 h 00 min", "and 4 older ones"), 2),
        ("F15-csv-where-a-record-belongs", ("is an emissions.csv of CodeCarbon",), 2),
        ("F16-unclear-reasons", ("'emissions' is empty", "emissions: 53.016", "emissions: 44.18"), None),
        ("F20-place-capitals", ("geographical_location: Île-de-France, France",), 0),
        ("F21-codecarbon-1-grams", ("1.x, which priced Germany", "1.x, which priced France", "rc=2"), None),
    ],
)
def test_the_shared_cases_give_what_they_expect(shared, tmp_path, case, message, code):
    folder = shutil.copytree(shared / "cases" / case, tmp_path / "case")
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    script = f'carbon-lint() {{ "{sys.executable}" -m carbon_lint "$@"; }}\n' + (folder / "run.sh").read_text()
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    shown = done.stdout + done.stderr
    assert all(text in shown for text in message), shown
    assert "Traceback" not in shown
    assert code is None or done.returncode == code
