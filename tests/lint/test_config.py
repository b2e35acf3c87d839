"""carbon-lint.toml: found upward, checked, every value with its source."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from carbon_lint import units
from carbon_lint.config import Settings, find, load, load_file
from carbon_lint.config_keys import KEYS
from carbon_lint.errors import ConfigError, UsageError
from carbon_lint.limits import Machine, MaxIncrease, Source, WindowBudget
from carbon_lint.lint.policy import Policy
from carbon_lint.records.record import Provenance
from carbon_lint.records.store import write_record
from tests.cases import cases
from tests.conftest import ROOT
from tests.records.builders import a_record

SCHEMA = json.loads((ROOT / "schemas" / "config.schema.json").read_text())


CARD = "---\nlicense: mit\n---\n# A model\n"


def write(text, name="carbon-lint.toml"):
    with open(name, "w") as stream:
        stream.write(text)
    return name


def active(settings, path="README.md"):
    return Policy(settings).active_for(path).codes


def severity(settings, code):
    return next(word for _, _, known, word in Policy(settings).active_for("README.md").rules if known == code)


def test_without_a_file_every_value_is_the_default():
    settings = load(".")
    assert settings.path is None
    assert settings.fail_on == "error"
    assert settings.source("fail-on") == "default"
    assert settings.max_emissions_g is None
    assert len(active(settings)) > 30


def test_the_nearest_file_above_is_used_alone():
    write('fail-on = "note"\nmax-emissions = "1 kg"\n')
    os.makedirs("models/a")
    write('[tool.carbon-lint]\nfail-on = "warning"\n', "models/pyproject.toml")
    settings = load("models/a")
    assert settings.fail_on == "warning"
    assert settings.max_emissions_g is None
    assert settings.source("fail-on") == "models/pyproject.toml:2"


def test_a_pyproject_without_our_table_is_skipped():
    write('fail-on = "note"\n')
    os.makedirs("models")
    write('[project]\nname = "x"\n', "models/pyproject.toml")
    assert load("models").fail_on == "note"


@cases(
    "text",
    [
        "# see tool.carbon-lint of the folder above\n",
        '[project]\ndependencies = ["carbon-lint"]\n',
        '[tool.poetry.dependencies]\ncarbon-lint = "^0.1"\n',
        '[tool.x]\nwhat = """\n[tool.carbon-lint]\n"""\n',
        '[tool.carbon-lint-more]\nfail-on = "error"\n',
        'tool = "carbon-lint"\n',
        # Broken, and not ours: it does not stop the hook.
        '[tool.poetry.dependencies]\ncarbon-lint = "^0.1"\nbroken = \n',
        "# tool.carbon-lint\n[project\n",
        b"# carbon-lint \xff\n",
    ],
)
def test_a_pyproject_that_only_mentions_us_is_skipped(text):
    write('fail-on = "note"\n')
    os.makedirs("models")
    Path("models/pyproject.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert load("models").fail_on == "note"


@cases(
    ("text", "line"),
    [
        ('[tool."carbon-lint"]\nfail-on = "warning"\n', 2),
        ("[ tool . 'carbon-lint' ]\nfail-on = 'warning'\n", 2),
        ('[tool]\ncarbon-lint = {fail-on = "warning"}\n', 2),
        ('[tool]\nx = 1\n"carbon-lint".card-body = true\n"carbon-lint"."fail-on" = "warning"\n', 4),
        ('tool.carbon-lint.fail-on = "warning"\n', 1),
        ('tool = {carbon-lint = {fail-on = "warning"}}\n', None),
        ('\ufeff[tool.carbon-lint]\nfail-on = "warning"\n', 2),
    ],
)
def test_our_table_counts_in_every_spelling_of_toml(text, line):
    write('fail-on = "note"\n')
    os.makedirs("models")
    Path("models/pyproject.toml").write_text(text)
    settings = load("models")
    assert settings.fail_on == "warning"
    assert settings.source("fail-on") == "models/pyproject.toml" + (f":{line}" if line else "")


@cases(
    "text",
    [
        '[tool.carbon-lint]\nfail-on = "warning\n',
        '[tool.carbon-lint\nfail-on = "warning"\n',
        '[project]\ndependencies = [\n\n[tool."carbon-lint"]\nfail-on = "warning"\n',
        '[project]\nreadme = """\n\n[tool.carbon-lint]\nfail-on = "warning"\n',
        '[tool]\ncarbon-lint.fail-on = "warning"\nx = \n',
        b'[tool.carbon-lint]\nfail-on = "warning"\n# \xff\n',
    ],
)
def test_a_broken_pyproject_that_seems_to_have_our_table_is_an_error(text):
    write('fail-on = "note"\n')
    os.makedirs("models")
    Path("models/pyproject.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError, match=r"models/pyproject\.toml:\d+: not TOML"):
        load("models")


@cases("text", ["[tool]\ncarbon-lint = false\n", '[[tool.carbon-lint]]\nmax-emissions = "1 kg"\n'])
def test_what_is_not_a_table_is_an_error_as_its_limits_would_not_hold(text):
    write(text, "pyproject.toml")
    with pytest.raises(ConfigError, match=r"^pyproject\.toml:\d: tool\.carbon-lint: found .*, expected a table$"):
        load(".")


def test_a_pyproject_that_does_not_name_us_is_not_parsed():
    write('[project]\nname = "carbon"\n', "pyproject.toml")
    script = "import sys; from carbon_lint.config import load; load(); print('tomllib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_check_takes_the_configuration_of_the_cards_folder_and_other_verbs_that_of_the_current_one(cli):
    os.makedirs("models")
    write("pue = 0\n", "models/carbon-lint.toml")
    write(CARD, "models/README.md")
    write_record(a_record(), "models/r.json")
    found = {
        "check": cli("check", "models/README.md"),
        "gate": cli("gate", "models/r.json", "--max-emissions", "1 t"),
        "card": cli("card", "models/README.md", "--from", "models/r.json", "--replace"),
        "report": cli("report", "models/r.json"),
    }
    assert {verb: code for verb, (code, _, _) in found.items()} == {"check": 2, "gate": 0, "card": 0, "report": 0}
    assert "models/carbon-lint.toml:1: pue" in found["check"][2]


def test_the_search_ends_at_the_root_of_the_repository():
    write('fail-on = "note"\n')
    os.makedirs("clone/.git")
    os.makedirs("clone/models")
    assert find("clone/models") is None


def test_quantities_need_their_unit():
    write("max-emissions = 5\n")
    with pytest.raises(ConfigError, match="found 5, expected an emissions quantity with its unit"):
        load(".")
    write('max-emissions = "5"\n')
    with pytest.raises(ConfigError, match="has no unit"):
        load(".")


def test_quantities_are_read_in_grams_and_kilowatt_hours():
    write('max-emissions = "1.5 kg"\nmax-energy = "250 Wh"\n')
    settings = load(".")
    assert settings.max_emissions_g == 1500
    assert settings.max_energy_kwh == 0.25


WRONG = [
    ('selct = ["CL1"]', 1, "selct", "unknown key 'selct'", "did you mean 'select'?"),
    ('fail-on = "warn"', 1, "fail-on", "'warn' is not one of error, warning, note", "did you mean 'warning'?"),
    ('select = "CL1"', 1, "select", "found 'CL1', expected a list of rule codes", None),
    ('\nseverity = {CL203 = "fatal"}', 2, "severity", "expected a table", None),
    ("per-file-ignores = 3", 1, "per-file-ignores", "found 3, expected a table", None),
    ("pue = true", 1, "pue", "found true, expected a number from 1 to 10", None),
    ("pue = 0.5", 1, "pue", "a PUE of 0.5 cannot be", "PUE is"),
    ("carbon-intensity = nan", 1, "carbon-intensity", "expected a number of g/kWh above 0", None),
    ("carbon-intensity = 0", 1, "carbon-intensity", "0 is not a number of g/kWh above 0", "56.04"),
    ("machine = 3", 1, "machine", "found 3, expected an array of tables", None),
    ("pass-env = [1]", 1, "pass-env", "found [1], expected a list of names", None),
    ('pass-env = ["A B"]', 1, "pass-env", 'found ["A B"], expected', None),
    ('location = ""', 1, "location", "the text is empty", "leave the key out"),
    ('on-exceed = "stopp"', 1, "on-exceed", "'stopp' is not one of stop, finish", "did you mean 'stop'?"),
    ('stop-when = "sure"', 1, "stop-when", "'sure' is not one of likely, certain", None),
    ('on-modelled = "maybe"', 1, "on-modelled", "'maybe' is not one of figure, fail, pass", None),
    ('require = ["tpu"]', 1, "require", "'tpu' is not one of gpu, cpu-counter, none", "did you mean 'gpu'?"),
    ('grace = "30"', 1, "grace", "'30' has no unit", "30s"),
    ('cpu-power = "0 W"', 1, "cpu-power", "'0 W' is not what the CPUs", "15 W"),
    ('ram-power = "6"', 1, "ram-power", "'6' has no unit", "15 W"),
    ('baseline = "main"', 1, "baseline", "'main' is not a baseline", "ledger:main"),
    ('baseline-max-age = "90"', 1, "baseline-max-age", "'90' has no unit", "90d for days"),
    ('max-increase = "10"', 1, "max-increase", "'10' is not an increase", "10%"),
    ('location = "FRA"\npue = 1\ncarbon-intensity = 56', 3, "carbon-intensity", "location is set too", "keep one"),
    ("[[machine]]\nlocation = 'FRA'", 1, "machine", "[[machine]]: match is missing", "gpu-par-*"),
    ("[[machine]]\nmatch = '*'", 1, "machine", "one of location, cpu-power, ram-power is missing", "FRA"),
    ("[[machine]]\nmatch = '*'\nlocation = 3", 3, "machine", "[[machine]] location: found 3", None),
    (
        "[[machine]]\nmatch = 'a'\nlocation = 'FRA'\n\n[[machine]]\nmatch = 'b'\ncpu-power = '9'",
        7,
        "machine",
        "[[machine]] cpu-power: '9' has no unit",
        None,
    ),
    ("\n\n= 3", 3, None, "not TOML", "docs/config.md"),
    ("pue = 1\nlocation = [", 2, None, "not TOML", "docs/config.md"),
    ("pue = 1\nlocation = '\xff'", 2, None, "not UTF-8", None),
]


def test_an_error_in_the_file_names_file_line_key_and_what_was_expected():
    for text, line, key, message, hint in WRONG:
        with open("carbon-lint.toml", "wb") as stream:
            stream.write(text.encode("latin-1"))
        with pytest.raises(ConfigError) as caught:
            load(".")
        error = caught.value
        assert error.message.startswith(f"carbon-lint.toml:{line}: "), (text, error.message)
        assert (error.path, error.line, error.option) == ("carbon-lint.toml", line, key), text
        assert message in error.message, text
        assert key is None or key in error.message, text
        assert hint is None or hint in error.hint, text


EXCEPTION = """\
[[exception]]
limit = "max-emissions"
owner = "ann@example.org"
reason = "the larger tokenizer"
until = 2026-12-31
"""


def test_an_exception_that_lacks_something_is_an_error_at_its_line():
    limits, day = "max-emissions, max-energy, max-increase", "a day, such as 2026-12-31"
    for old, new, line, message in (
        ('owner = "ann@example.org"\n', "", 1, "[[exception]]: owner is missing"),
        ('"the larger tokenizer"', '""', 4, "[[exception]] reason: the text is empty"),
        ('"the larger tokenizer"', '"  "', 4, "[[exception]] reason: the text is empty"),
        ("until = 2026-12-31", 'until = "soon"', 5, f"[[exception]] until: found 'soon', expected {day}"),
        ("until = 2026-12-31\n", "", 1, "[[exception]]: until is missing"),
        ("max-emissions", "max-emission", 2, f"[[exception]] limit: 'max-emission' is not one of {limits}"),
        ("until", "til = 1\nuntil", 5, "[[exception]] til: unknown key 'til'"),
    ):
        write(EXCEPTION.replace(old, new))
        with pytest.raises(ConfigError) as caught:
            load(".")
        assert caught.value.message == f"carbon-lint.toml:{line}: {message}"


BUDGET = """\
[[budget]]
name = "all"
window = "30d"
max-energy = "200 kWh"

[[budget]]
name = "vision"
models = ["acme/ViT-*"]
window = "month"
max-emissions = "10 kg"
warn-at = "75%"
owner = "@ann"
"""


def test_budgets_of_a_window_are_typed():
    write(BUDGET.replace('"75%"', '" 75 % "'))
    everything, vision = load(".").budget
    assert everything == WindowBudget(name="all", window_s=30 * 86400, max_energy_kwh=200.0)
    assert (vision.window_s, vision.max_emissions_g, vision.warn_at, vision.owner) == (None, 10_000.0, 0.75, "@ann")
    assert [everything.counts(names) for names in ((), ("acme/vit-1",))] == [True, True]
    assert [vision.counts(names) for names in ((), ("acme/vit-1",), ("acme/bert",))] == [False, True, False]
    card = Provenance(repository="Acme/mono", model="cards/vit.md").model_names
    for glob, counts in (
        ("acme/mono: cards/*", True),
        ("cards/*.md", True),
        ("acme/*", True),
        ("acme/other: *", False),
    ):
        assert vision._replace(models=(glob,)).counts(card) == counts


def test_a_card_over_a_limit_that_an_exception_lifts_is_a_note_that_names_it(cli):
    limits = 'max-emissions = "10 g"\nmax-energy = "1 Wh"\n'
    exceptions = "".join(
        f'[[exception]]\nlimit = "{limit}"\nowner = "ann"\nreason = "a sweep"\nuntil = {{day}}\n'
        for limit in ("max-emissions", "max-energy")
    )
    card = "---\nco2_eq_emissions:\n  emissions: 12.5\n  energy_consumed: 0.1\n---\n"
    Path("README.md").write_text(card)
    for day, code, severity in (("2999-12-31", 0, "note"), ("2020-01-01", 1, "error")):
        write(limits + exceptions.format(day=day))
        found, out, _ = cli("check")
        assert found == code
        assert all(f"{severity} CL40{which}" in out for which in "12"), out
        assert ("lifted by ann until 2999-12-31: a sweep)" in out) == (code == 0)


def test_a_budget_that_is_wrong_is_an_error_at_its_line():
    amount = 'an emissions quantity with its unit, such as "1.5 kg"'
    for old, new, line, message in (
        ('name = "vision"\n', "", 6, "[[budget]]: name is missing"),
        ('"vision"', '"all"', 7, "[[budget]] name: another one has the name 'all'"),
        ('["acme/ViT-*"]', "[]", 8, "[[budget]] models: found [], expected a list of globs"),
        ('["acme/ViT-*"]', "[1]", 8, "[[budget]] models: found [1], expected a list of globs"),
        ('"month"', '"30"', 9, "[[budget]] window: '30' has no unit"),
        ('"month"', '"0d"', 9, "[[budget]] window: '0d' is not a window"),
        ('"10 kg"', '"10 kWh"', 10, "[[budget]] max-emissions: '10 kWh': unknown unit 'kWh'"),
        ('["acme/ViT-*"]', '[" "]', 8, '[[budget]] models: found [" "], expected a list of globs'),
        ('"10 kg"', "10", 10, f"[[budget]] max-emissions: found 10, expected {amount}"),
        ('max-emissions = "10 kg"\n', "", 6, "[[budget]]: one of max-emissions, max-energy is missing"),
        ('"75%"', '"0.75"', 11, "[[budget]] warn-at: '0.75' is not a percentage above 0 up to 100"),
        ('"75%"', '"101%"', 11, "[[budget]] warn-at: '101%' is not a percentage above 0 up to 100"),
        ('"75%"', '"most%"', 11, "[[budget]] warn-at: 'most%' is not a percentage above 0 up to 100"),
        ("owner", "owners", 12, "[[budget]] owners: unknown key 'owners'"),
    ):
        write(BUDGET.replace(old, new))
        with pytest.raises(ConfigError) as caught:
            load(".")
        assert caught.value.message == f"carbon-lint.toml:{line}: {message}"
        assert "window:" not in message or '"month"' in caught.value.hint
        assert "warn-at:" not in message or caught.value.hint == "write it like 80%"


def test_every_value_is_typed_in_its_unit_and_has_its_line():
    write(
        """\
max-emissions = "1.5 kg"
max-energy = "250 Wh"
max-increase = "10% and 5 g"
baseline = "ledger:main"
baseline-max-age = "2d"
carbon-intensity = 56
grace = "2m"
cpu-power = "150 W"
stop-when = "certain"
training-type = \"\"\"
pue = 9
\"\"\"
pue = 1.5
"""
    )
    settings = load(".")
    assert (settings.max_emissions_g, settings.max_energy_kwh) == (1500.0, 0.25)
    assert settings.max_increase == MaxIncrease(share=0.1, emissions_g=5.0)
    assert settings.baseline == Source("ledger", "main")
    assert (settings.baseline_max_age_s, settings.grace_s, settings.cpu_power_w) == (172800.0, 120.0, 150.0)
    assert (settings.carbon_intensity_g_per_kwh, settings.stop_when, settings.pue) == (56.0, "certain", 1.5)
    assert (settings.place_key, settings.stated("grace"), settings.stated("card")) == ("carbon-intensity", "2m", None)
    for line, key in ((1, "max-emissions"), (9, "stop-when"), (13, "pue")):
        assert settings.source(key) == f"carbon-lint.toml:{line}"
    write('include = [\n  "card.md", # [\n  "[a]#.md",\n]\nignore = ["CL2\u2028"]\ncard = 5\n')
    with pytest.raises(ConfigError, match=r"^carbon-lint\.toml:6: card: found 5"):
        load(".")
    with pytest.raises(AttributeError):
        settings.pue = 1.0


def test_each_machine_gets_the_first_value_that_matches_its_name():
    write(
        """\
cpu-power = "65 W"
ram-power = "6 W"

[[machine]]
match = "gpu-*"
cpu-power = "200 W"

[[machine]]
match = "GPU-par-*"
location = "FRA"
cpu-power = "1 W"
"""
    )
    settings = load(".")
    assert settings.on_machine("gpu-par-1")[1:] == ("FRA", 200.0, 6.0)
    assert settings.on_machine("gpu-fra-1")[1:] == (None, 200.0, 6.0)
    assert settings.on_machine("laptop")[1:] == (None, 65.0, 6.0)


def test_the_schema_refuses_no_amount_that_the_program_takes():
    amount = Draft202012Validator(SCHEMA["properties"]["max-emissions"])
    for text in (
        "17 lbs",
        "1,5 kg",
        "1 000 g",
        "12_000 g",
        "5 KG",
        "1.234,5 kg",
        "1e3 g",
        ".5kg ",
        "+2 kg",
        "3 \u516c\u65a4",
    ):
        assert units.parse_emissions_g(text) > 0
        assert amount.is_valid(text), text
    for text in ("-3 g", "5", "1.5", "1e3", "kg", ""):
        with pytest.raises(UsageError):
            units.parse_emissions_g(text)
        assert not amount.is_valid(text), text


def test_a_quantity_written_another_way_is_not_a_change():
    write('max-emissions = "1 kg"\nmax-increase = "10%"\n')
    before = load(".")
    write('\nmax-increase = "10 %"\nmax-emissions = "1000 g"\nlocation = "FRA"\n')
    (change,) = before.changes_to(load("."))
    assert str(change) == "location: none -> FRA"


def test_an_unknown_rule_is_refused_with_the_nearest_name():
    write('ignore = ["zero-emission"]\n')
    with pytest.raises(ConfigError) as caught:
        active(load("."))
    assert "unknown rule 'zero-emission'" in caught.value.message
    assert caught.value.hint == "did you mean 'zero-emissions'?"


def test_rules_are_named_by_code_beginning_or_name():
    assert active(Settings().with_values({"select": ["CL203", "zero-emissions", "CL9"]}, "test")) == {
        "CL203",
        "CL206",
        "CL901",
        "CL902",
    }


def test_the_closer_match_of_select_and_ignore_wins():
    chosen = active(Settings().with_values({"select": ["CL203"], "ignore": ["CL2"]}, "test"))
    assert chosen == {"CL203"}
    assert "CL203" not in active(Settings().with_values({"select": ["CL2"], "ignore": ["CL203"]}, "test"))
    assert active(Settings().with_values({"ignore": ["ALL"]}, "test")) == set()


def test_severity_is_policy():
    write('[severity]\nCL2 = "note"\nkilograms-for-grams = "warning"\n')
    settings = load(".")
    assert severity(settings, "CL203") == "warning"
    assert severity(settings, "CL204") == "note"
    assert severity(settings, "CL101") == "error"


def test_rules_are_ignored_by_path_from_where_the_file_is():
    os.makedirs("old")
    write('[per-file-ignores]\n"old/*" = ["CL206"]\n')
    settings = load("old")
    assert "CL206" not in active(settings, "old/README.md")
    assert "CL206" in active(settings, "README.md")


def test_a_value_over_another_has_its_origin():
    write('fail-on = "note"\n')
    settings = load(".").with_values({"fail-on": "error"}, "command line")
    assert settings.fail_on == "error"
    assert settings.source("fail-on") == "command line"


def test_tables_and_texts_are_passed_on():
    write('location = "FRA"\n[[machine]]\nmatch = "gpu-par-*"\nlocation = "FRA"\n')
    settings = load(".")
    assert settings.location == "FRA"
    assert settings.machine == (Machine("gpu-par-*", "FRA"),)
    assert settings.exception == ()


def test_the_schema_has_exactly_the_keys_that_the_program_reads():
    assert set(SCHEMA["properties"]) == {*KEYS, "$schema"}
    assert SCHEMA["additionalProperties"] is False
    assert {key.attribute for key in KEYS.values()} == set(Settings.__annotations__) - {
        "path",
        "folder",
        "_stated",
    }


@cases(
    "document",
    [{"fail-on": "warn"}, {"max-emissions": 5}, {"unknown": 1}, {"select": "CL1"}, {"severity": {"CL203": "x"}}],
)
def test_the_schema_refuses_what_the_program_refuses(document):
    validator = Draft202012Validator(SCHEMA)
    assert not validator.is_valid(document)
    with pytest.raises(ConfigError):
        Settings().with_values(document, "test")


def test_the_schema_takes_its_own_examples():
    validator = Draft202012Validator(SCHEMA)
    for example in SCHEMA["examples"]:
        validator.validate(example)
        Settings().with_values(example, "test")


def test_a_named_file_must_be_readable(tmp_path):
    with pytest.raises(ConfigError, match="cannot read"):
        load_file(str(tmp_path / "none.toml"))
