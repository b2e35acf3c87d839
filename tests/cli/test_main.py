"""The program as a whole: verbs, versions, and errors, which are printed in one place."""

from __future__ import annotations

import re
import subprocess
import sys

from carbon_lint import __version__
from carbon_lint.errors import ConfigError
from carbon_lint.verbs import VERBS
from tests.cases import cases
from tests.docs.blocks import parse, words_of


def test_without_a_verb_it_prints_the_help_and_fails(cli):
    code, out, _ = cli()
    assert code == 2
    assert "measure -> gate -> write card -> lint -> publish" in out


def test_help_and_version(cli):
    assert cli("--help")[0] == 0
    assert cli("--version")[:2] == (0, f"carbon-lint {__version__}\n")


@cases("verb", ["", *VERBS, *(f"ledger {action}" for action in ("add", "sum", "list", "report"))])
def test_every_help_fits_a_terminal_and_its_examples_work(cli, monkeypatch, verb):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = cli(*verb.split(), "--help")
    assert (code, err) == (0, "")
    assert [line for line in out.splitlines() if len(line) > 80] == []
    if verb:
        assert out.startswith(f"usage: carbon-lint {verb} [OPTIONS]")
        examples = re.findall(r"^ +(carbon-lint .*?)(?:  .*)?$", out.replace("\\\n", " "), re.MULTILINE)
        assert examples or verb.startswith("ledger ")
        for example in examples:
            parse(words_of(example)[0][1:])


def test_a_misspelt_verb_is_answered_with_the_nearest(cli):
    code, _, err = cli("pubish")
    assert code == 2
    assert "did you mean `carbon-lint publish`?" in err


def test_a_flag_of_another_tool_is_answered_with_ours(cli):
    assert "did you mean --hours?" in cli("estimate", "--gpu", "A100", "--duration", "1h")[2]
    assert "did you mean --location?" in cli("run", "--region", "FRA", "--", "true")[2]


@cases(
    ("argv", "hint"),
    [
        (("gate", "r.json", "--max-emission", "1 g"), "did you mean --max-emissions?"),
        (("gate", "r.json", "--max-emission=1 g"), "did you mean --max-emissions?"),
        (("gate",), "`carbon-lint gate --help` shows what it takes"),
        (("gate", "r.json", "--max-emissions", "-5g"), "`carbon-lint gate --help` shows what it takes"),
        (("gate", "r.json", "--on-modelled", "maybe"), "`carbon-lint gate --help` shows what it takes"),
    ],
)
def test_a_wrong_flag_gives_two_lines_with_what_to_do(cli, argv, hint):
    code, out, err = cli(*argv)
    assert code == 2
    assert out == ""
    assert err.splitlines()[0].startswith("carbon-lint gate: ")
    assert err.splitlines()[1:] == [f"  {hint}"]


def test_an_error_of_ours_is_one_line_and_what_to_do(cli, monkeypatch):
    def fail(_):
        raise ConfigError("found \x1b[31m", hint="write ::error::")

    monkeypatch.setattr("carbon_lint.cli.rules.run", fail)
    code, _, err = cli("rules")
    assert code == 2
    assert err.splitlines()[0] == "carbon-lint: found \\x1b[31m"
    assert "::error::" not in err


def test_any_other_error_is_reported_as_a_bug_without_its_tokens(cli, monkeypatch):
    def fail(_):
        raise RuntimeError("hf_" + "a" * 34)

    monkeypatch.setattr("carbon_lint.cli.rules.run", fail)
    code, _, err = cli("rules")
    assert code == 2
    assert "this is a bug in carbon-lint" in err
    assert "hf_aaaa" not in err


def test_a_folder_that_is_gone_is_not_a_bug(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"import os; os.rmdir({str(gone)!r}); from carbon_lint.cli import console; console()"
    done = subprocess.run(
        [sys.executable, "-c", script, "run", "--location", "FRA", "--", "true"],
        cwd=gone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "is gone" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_not_an_error(tmp_path):
    script = f"{sys.executable} -m carbon_lint rules | head -n 1"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == ""


@cases(
    "line",
    [
        "find --max 5",
        "find --min 5",
        "find --max 1g --timeout 5",
        "find --greener-than x",
        "ledger sum --max-emissions 5",
        "ledger report --max-energy 5",
        "ledger list --window 5",
        "ledger report --window 5",
        "ledger sum --month 5",
        "ledger report --month 5",
        "publish README.md --to a/b --timeout 5",
        "verify a/b --timeout 5",
        "audit --author a --timeout 5",
        "init --yes --location XXX",
        "init --yes --to x",
        "estimate --gpu A100 --hours x",
        "estimate --gpu A100 --hours 12",
        "run --cpu-power 5 -- true",
    ],
)
def test_an_error_in_the_value_of_an_option_names_the_option(cli, line):
    """Each line ends with the option that cannot be read, its value, and for `run` the job."""
    *_, flag, _ = line.partition(" -- ")[0].split()
    code, _, err = cli(*line.split())
    assert (code, err.startswith(f"carbon-lint: {flag}: ")) == (2, True), err
