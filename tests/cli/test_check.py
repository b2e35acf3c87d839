"""`carbon-lint check` as a user meets it: what is printed, and with which exit status."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from tests.cases import cases

GOOD = """---
license: mit
co2_eq_emissions:
  emissions: 12.5
  source: codecarbon
  training_type: fine-tuning
  geographical_location: Paris, France
  hardware_used: 1 x NVIDIA H100
---
# A model
"""
BAD = GOOD.replace("12.5", "17g")
ZERO = GOOD.replace("12.5", "0")
PLAIN = "# Not a model card\n"


def put(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as stream:
        stream.write(text if isinstance(text, bytes) else text.encode())
    return path


def concise(cli, *argv):
    code, out, err = cli("check", "--format", "concise", *argv)
    assert err == ""
    return code, out.splitlines()


def test_a_good_card_is_clean(cli):
    put("README.md", GOOD)
    assert concise(cli) == (0, [])


def test_a_finding_is_one_line_with_its_place_and_exit_status_1(cli):
    put("cards/README.md", BAD)
    code, lines = concise(cli, "cards")
    found = "error CL201 emissions is the string '17g', expected a bare number of grams [unit-in-value]"
    assert (code, lines) == (1, [f"cards/README.md:4:14: {found}"])


def test_a_warning_is_shown_and_passes_unless_fail_on_forbids_it(cli):
    put("README.md", ZERO)
    assert concise(cli)[0] == 0
    assert "warning CL206" in concise(cli)[1][0]
    assert concise(cli, "--fail-on", "warning")[0] == 1
    assert concise(cli, "--fail-on", "warning", "--exit-zero")[0] == 0


def test_the_configuration_beside_the_card_decides_if_no_option_does(cli):
    put("README.md", ZERO)
    put("carbon-lint.toml", 'fail-on = "warning"\n')
    assert concise(cli)[0] == 1
    assert concise(cli, "--no-config")[0] == 0
    assert concise(cli, "--fail-on", "error")[0] == 0
    put("other.toml", 'ignore = ["CL206"]\n')
    assert concise(cli, "--config", "other.toml") == (0, [])


def test_each_card_is_judged_by_the_configuration_nearest_to_it(cli):
    put("a/README.md", ZERO)
    put("a/carbon-lint.toml", 'ignore = ["zero-emissions"]\n')
    put("b/README.md", ZERO)
    code, lines = concise(cli, "a", "b")
    assert code == 0
    assert [line.split(":")[0] for line in lines] == ["b/README.md"]


def test_a_wrong_configuration_is_one_line_and_exit_status_2(cli):
    put("README.md", GOOD)
    put("carbon-lint.toml", 'ignor = ["CL206"]\n')
    code, out, err = cli("check")
    assert (code, out) == (2, "")
    assert "unknown key 'ignor'" in err
    assert "did you mean 'ignore'?" in err


def test_an_unknown_rule_is_an_error_even_if_no_card_mentions_carbon(cli):
    put("README.md", "---\nlicense: mit\n---\n# A model\n")
    put("carbon-lint.toml", 'ignore = ["zero-emission"]\n')
    code, _, err = cli("check")
    assert code == 2
    assert "did you mean 'zero-emissions'?" in err


def test_select_and_ignore_take_codes_beginnings_and_names(cli):
    put("README.md", BAD.replace("  source: codecarbon\n", ""))
    assert [line.split()[2] for line in concise(cli, "--select", "CL1,unit-in-value")[1]] == ["CL110", "CL201"]
    assert concise(cli, "--ignore", "CL1", "--ignore", "CL2") == (0, [])
    assert cli("check", "--select", "CL777")[0] == 2


def test_no_path_means_the_readme_here_and_the_error_names_what_was_looked_for(cli):
    code, out, err = cli("check")
    assert (code, out) == (3, "")
    assert "there is no README.md here" in err
    os.makedirs("empty")
    code, out, err = cli("check", "empty")
    assert (code, out) == (3, "")
    assert "looked for README.md below empty" in err


def test_a_readme_without_front_matter_is_checked_only_if_it_was_named(cli):
    put("docs/README.md", PLAIN)
    put("models/README.md", GOOD)
    assert concise(cli, ".") == (0, [])
    code, lines = concise(cli, "docs/README.md", "models")
    assert code == 1
    assert "CL004" in lines[0]
    assert cli("check", "docs")[0] == 3


def test_a_hidden_block_is_checked_in_a_card_that_was_found_too(cli):
    put("README.md", "<!-- made by hand -->\n" + GOOD)
    code, lines = concise(cli, ".")
    assert code == 1
    assert "CL003" in lines[0]


def test_the_hook_skips_files_that_are_not_model_cards(cli):
    put("README.md", PLAIN)
    assert concise(cli, "--hook", "README.md") == (0, [])
    put("other.md", BAD)
    assert concise(cli, "--hook", "README.md", "other.md")[0] == 1


@cases("argv", [["README.md"], ["--hook", "README.md"], ["--fix", "a", "--hook"], []])
def test_the_quick_way_gives_what_argparse_gives(argv):
    from argparse import ArgumentParser

    from carbon_lint.cli.check import add_arguments, quick_arguments

    parser = ArgumentParser()
    add_arguments(parser)
    assert vars(quick_arguments(argv)) == vars(parser.parse_args(argv))


@cases("argv", [["--hoo"], ["--select", "CL1"], ["-"], ["--", "x"], [""], ["--hook=1"]])
def test_the_quick_way_leaves_everything_else_to_argparse(argv):
    from carbon_lint.cli.check import quick_arguments

    assert quick_arguments(argv) is None


def test_what_cannot_be_read_is_a_finding_and_the_others_are_judged(carbon_lint):
    put("bad.md", BAD)
    os.mkfifo("pipe.md")
    put("secret.md", GOOD)
    os.chmod("secret.md", 0)
    os.symlink("loop.md", "loop.md")
    done = carbon_lint(
        "check", "--format", "concise", "none.md", "pipe.md", "loop.md", "/dev/null", "bad.md", timeout=20
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert [line for line in lines if line.startswith("none.md:1:1: error CL002") and "it is not there" in line]
    assert [line for line in lines if line.startswith("pipe.md:1:1: error CL002") and "not a regular file" in line]
    assert [line for line in lines if line.startswith("loop.md:1:1: error CL002")]
    assert [line for line in lines if line.startswith("/dev/null:1:1: error CL002")]
    assert [line for line in lines if line.startswith("bad.md:4:14: error CL201")]


def test_a_name_that_is_almost_right_is_answered_with_the_one_that_is_there(cli):
    put("README.md", GOOD)
    assert "did you mean 'README.md'?" in cli("check", "readme.md")[1]
    assert "did you mean" not in cli("check", "train.py")[1]


@cases("flags", [(), ("--exit-zero",), ("--ignore", "CL002"), ("--hook",), ("--fix",), ("--diff",)])
@cases("others", [(), ("README.md",)])
def test_a_named_file_that_is_not_there_was_not_checked(cli, flags, others):
    put("README.md", GOOD)
    status, out, _ = cli("check", *flags, "nosuch.md", *others)
    assert status == 2
    assert "--diff" in flags or "1 file not read" in out


def test_a_named_folder_that_cannot_be_listed_was_not_checked(cli, monkeypatch):
    os.makedirs("locked")

    def refuse(_path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", refuse)
    status, _, err = cli("check", "locked")
    assert status == 2
    assert "cannot list locked: Permission denied" in err


def test_a_folder_without_a_card_among_others_is_not_an_error(cli):
    os.makedirs("empty")
    put("README.md", GOOD)
    assert concise(cli, "empty", "README.md") == (0, [])


def test_a_path_that_would_break_the_line_is_shown_escaped(cli):
    put("a\nb/README.md", BAD)
    put("\x1b[31m/README.md", BAD)
    code, lines = concise(cli, ".")
    assert code == 1
    assert len(lines) == 2
    assert lines[0].startswith("\\x1b[31m/README.md:4:14: error")
    assert lines[1].startswith("a\\nb/README.md:4:14: error")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("10 MB", GOOD.encode() + b"x" * 10_000_000),
        ("10 MB of front matter", b"---\ntags:\n" + b"- a tag\n" * 1_250_000 + b"---\n"),
        ("binary", bytes(range(256)) * 400),
        ("nul", b"---\nlicense: mit\0\n---\n"),
        ("brackets", b"---\na: " + b"[" * 10_000 + b"\n---\n"),
        ("closed brackets", b"---\na: " + b"[" * 10_000 + b"]" * 10_000 + b"\n---\n"),
        ("long key", b"---\n" + b"k" * 200_000 + b": 1\n---\n"),
        ("dashes", b"---\n" * 50_000),
        ("line feeds", b"---" + b"\n" * 200_000),
        ("python tag", b"---\na: !!python/object/apply:os.system ['touch hacked']\n---\n"),
        (
            "laughs",
            b"---\na0: &a0 [x]\n"
            + b"".join(b"a%d: &a%d [%s]\n" % (i, i, b",".join([b"*a%d" % (i - 1)] * 9)) for i in range(1, 10))
            + b"co2_eq_emissions: *a9\n---\n",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_hostile_card_is_judged_in_no_time(name, data, carbon_lint):
    put("README.md", data)
    done = carbon_lint("check", "--format", "concise", "README.md", timeout=30)
    assert done.returncode in {0, 1}
    assert "Traceback" not in done.stderr
    assert not os.path.exists("hacked")


def test_standard_input_is_judged_under_the_name_it_is_given(carbon_lint):
    done = carbon_lint("check", "-", "--stdin-filename", "cards/a.md", "--format", "concise", stdin=None, input=BAD)
    assert done.returncode == 1
    assert done.stdout.startswith("cards/a.md:4:14: error CL201")
    done = carbon_lint("check", "-", "--format", "text", stdin=None, input=BAD)
    assert done.stdout.startswith("<stdin>:4:14: error CL201")
    assert "emissions: 17g" in done.stdout


def test_standard_input_is_judged_by_the_settings_beside_its_name(carbon_lint):
    put("cards/carbon-lint.toml", 'ignore = ["CL2"]\n')
    done = carbon_lint("check", "-", "--stdin-filename", "cards/a.md", stdin=None, input=BAD)
    assert done.returncode == 0


def test_standard_input_can_be_shown_a_diff_and_not_be_fixed(carbon_lint):
    done = carbon_lint("check", "-", "--diff", stdin=None, input=BAD)
    assert "-  emissions: 17g\n+  emissions: 17\n" in done.stdout
    done = carbon_lint("check", "-", "--fix", stdin=None, input=BAD)
    assert done.returncode == 2
    assert "cannot be fixed in place" in done.stderr
    assert carbon_lint("check", "-", "README.md", stdin=None, input=BAD).returncode == 2


@cases(
    "argv",
    [
        ["--unsafe-fixes"],
        ["--config", "a.toml", "--no-config"],
        ["--record", "r.json", "--emissions-csv", "e.csv"],
        ["--format", "none"],
        ["--fail-on", "fatal"],
        ["--no-such-flag"],
        ["--output", "text"],
        ["--config", "none.toml"],
        ["--record", "none.json"],
        ["--emissions-csv", "none.csv"],
    ],
)
def test_a_wrong_call_is_exit_status_2_and_no_traceback(cli, argv):
    put("README.md", GOOD)
    code, _, err = cli("check", *argv)
    assert code == 2
    assert err
    assert "Traceback" not in err


def test_json_is_format_1_with_every_finding(cli):
    put("README.md", BAD)
    code, out, _ = cli("check", "--format", "json")
    document = json.loads(out)
    assert (code, document["format"], document["files_checked"]) == (1, 1, 1)
    (found,) = document["diagnostics"]
    assert {
        key: found[key] for key in ("code", "name", "severity", "path", "line", "column", "end_column", "fixable")
    } == {
        "code": "CL201",
        "name": "unit-in-value",
        "severity": "error",
        "path": "README.md",
        "line": 4,
        "column": 14,
        "end_column": 17,
        "fixable": True,
    }


def test_an_output_file_is_written_beside_what_is_printed(cli):
    put("README.md", BAD)
    code, out, _ = cli("check", "--output", "json=report.json", "--output", "sarif=report.sarif")
    assert code == 1
    assert "CL201" in out
    with open("report.json") as stream:
        assert json.load(stream)["diagnostics"]
    assert os.path.getsize("report.sarif") > 100


@cases("form", ["text", "concise", "json", "github", "gitlab", "sarif", "markdown", "html"])
def test_the_exit_status_never_depends_on_the_format(cli, form):
    put("README.md", BAD)
    assert cli("check", "--format", form)[0] == 1
    put("README.md", GOOD)
    assert cli("check", "--format", form)[0] == 0


def test_a_reader_that_goes_away_is_not_an_error_of_check(carbon_lint):
    for number in range(300):
        put(f"{number}/README.md", BAD)
    script = "python -m carbon_lint check --format concise . | head -1"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.count("\n") <= 1
    assert "Traceback" not in done.stderr


@cases(
    "text",
    [
        "# A tool\n\nPut this into your card:\n\n```yaml\n---\nlicense: mit\n---\n```\n",
        "# A tool\n\n```yaml\nco2_eq_emissions:\n  emissions: 5\nlicense: mit\n```\n",
        "# A tool\n\nSome text\n\n---\n\nlicense: MIT\n\n---\n\nfooter\n",
        "----\nNote: a rule above and below\n----\n",
        "---\n\n# A title between rules\n\nno closing rule, and Note: this is prose\n",
    ],
)
def test_other_readmes_of_a_monorepo_are_silent(cli, text):
    put("tool/README.md", text)
    put("model/README.md", GOOD)
    assert concise(cli, ".") == (0, [])


@cases(
    "text",
    [
        f"# A model\n{GOOD}",
        "Just for beauty\n\n---\npipeline_tag: text-to-image\n---\n",
        "----\nlicense: mit\n----\n",
        f"```yaml\n{GOOD}```\n",
        GOOD.replace("---\n# A model", " ---\n# A model"),
        "---\nlanguage:\n- vi\n\ntags:\n- t5\n\n# A model\n",
    ],
)
def test_a_model_card_whose_metadata_is_hidden_is_found_in_a_folder(cli, text):
    put("model/README.md", text)
    code, lines = concise(cli, ".")
    assert code == 1
    assert "CL003" in lines[0]
