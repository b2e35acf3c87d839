"""What the step writes: workflow commands, file commands, the job's private files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.errors import OutputError
from carbon_lint.github.commands import (
    MAX_SUMMARY_BYTES,
    Console,
    append,
    append_entries,
    file_command,
    read_entries,
    write_summary,
)
from carbon_lint.github.context import StepContext
from carbon_lint.github.interface import OUTPUTS
from carbon_lint.github.jobfiles import VARIABLES, JobFiles, private_files
from tests.cases import cases
from tests.github.runner import parse_commands, parse_file_command

NASTY = "100%\r\n::error::x\n##[error]y\x1b[31m\u2028::warning::z"


@pytest.fixture
def console(tmp_path):
    path = tmp_path / "log"
    with path.open("wb") as stream:
        yield Console(stream.fileno()), path.read_text


@pytest.mark.parametrize("level", ["error", "warning", "notice"])
def test_an_annotation_is_one_command_whatever_is_in_it(console, level):
    out, log = console
    getattr(out, level)(NASTY, **({"where": {"file": NASTY}} if level == "error" else {}))
    commands = parse_commands(log())
    assert [command.name for command in commands] == [level]
    assert "100%" in commands[0].data


def test_no_line_of_ours_is_a_command(console):
    out, log = console
    out.line(NASTY)
    with out.group(NASTY):
        pass
    assert [command.name for command in parse_commands(log())] == ["group", "endgroup"]


def test_a_command_begins_a_line_after_a_progress_bar_of_the_job(console):
    out, log = console
    out.write(b"10 %")
    out.error("x")
    assert log() == "10 %\n::error title=carbon-lint::x\n"


def test_past_ten_annotations_the_text_is_still_in_the_log(console):
    out, log = console
    for n in range(13):
        out.warning(f"number {n}")
    assert len(parse_commands(log())) == 10
    assert "number 12" in log()


def test_every_line_of_a_secret_is_masked(console):
    out, log = console
    out.mask("one\ntwo\n\n")
    out.mask(None)
    assert [command.data for command in parse_commands(log())] == ["one", "two"]


@given(st.dictionaries(st.sampled_from(list(OUTPUTS)), st.text().filter(lambda text: "\r" not in text)))
def test_any_value_of_an_output_is_read_back_by_the_runner(values):
    text = "".join(file_command(name, value) for name, value in values.items())
    assert parse_file_command(text) == values
    assert dict(read_entries(text)) == values


@cases("text", ["a", "a<<", "a<<E\nx", "a<<E\nx\nE", "=x", "<<E\nx\nE\n"])
def test_the_runner_refuses_what_we_do_not_hand_on(text):
    read = dict(read_entries(text))
    try:
        expected = parse_file_command(text)
    except ValueError:
        expected = {}
    # An ending without a line feed is refused by the runner; we hand the entry on with one.
    assert read in (expected, {"a": "x"})


def test_a_file_that_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(OutputError, match="Is a directory"):
        append(tmp_path, "x")


def test_a_summary_is_cut_before_github_would_drop_it(tmp_path):
    path = tmp_path / "summary"
    write_summary(path, "ours\n" + "| a line of a table ä |\n" * 100_000, "the job's\n")
    assert MAX_SUMMARY_BYTES - 10_000 < path.stat().st_size <= MAX_SUMMARY_BYTES
    assert "Cut here" in path.read_text()
    path.write_text("")
    write_summary(path, "ours\n", "a line of the job's\n" * 100_000)
    assert MAX_SUMMARY_BYTES - 20_000 < path.stat().st_size <= MAX_SUMMARY_BYTES
    assert path.read_text().startswith("ours\n")
    assert "Cut here" in path.read_text()


def test_ours_stands_above_what_a_job_wrote_and_above_what_it_put_into_the_file_itself(tmp_path):
    path = tmp_path / "summary"
    path.write_text("# ✅ Within budget\n<!--\n")
    write_summary(path, "## ❌ Over budget\n", "# ✅ All is well\n```\n")
    lines = path.read_text().splitlines()
    assert lines[0] == "## ❌ Over budget"
    assert lines.index("*Written by the job:*") < lines.index("# ✅ Within budget") < lines.index("# ✅ All is well")
    assert "-->" in path.read_text()


def test_a_summary_that_is_not_wanted_leaves_the_jobs_as_it_is(tmp_path):
    path = tmp_path / "summary"
    path.touch()
    write_summary(path, "", "# Results\n")
    assert path.read_text().startswith("# Results\n")


def test_a_link_that_the_job_put_in_the_summarys_place_is_not_read(tmp_path):
    (tmp_path / "secret").write_text("a secret of the host\n")
    path = tmp_path / "summary"
    path.symlink_to(tmp_path / "secret")
    write_summary(path, "ours\n", "")
    assert path.read_text() == "a secret of the host\nours\n", "appended to, as any step could have"


def context(tmp_path):
    files = {name: tmp_path / name for name in VARIABLES}
    for path in files.values():
        path.touch()
    return StepContext.from_environ({name: str(path) for name, path in files.items()}), files


def test_what_a_job_writes_for_other_steps_is_passed_on_without_what_is_ours(tmp_path):
    where, real = context(tmp_path)
    with private_files(tmp_path) as private:
        assert sorted(private.environ()) == sorted(VARIABLES)
        write(private, "GITHUB_OUTPUT", "accuracy=0.9\noutcome=completed\nemissions-g<<E\n0\nE\nnotes<<E\na\nb\nE\n")
        write(private, "GITHUB_ENV", "MODEL=x\nNODE_OPTIONS=--require=/tmp/x\nGITHUB_TOKEN=y\nLD_PRELOAD=z\n")
        write(private, "GITHUB_PATH", "/opt/tool/bin")
        write(private, "GITHUB_STEP_SUMMARY", "# Results")
        write(private, "GITHUB_STATE", "a=b\n")
        refused = private.copy_to(where)
        assert private.summary() == "# Results"
    assert parse_file_command(real["GITHUB_OUTPUT"].read_text()) == {"accuracy": "0.9", "notes": "a\nb"}
    assert parse_file_command(real["GITHUB_ENV"].read_text()) == {"MODEL": "x"}
    assert real["GITHUB_PATH"].read_text() == "/opt/tool/bin\n"
    assert real["GITHUB_STEP_SUMMARY"].read_text() == "", "ours is to stand above it"
    assert real["GITHUB_STATE"].read_text() == ""
    assert len(refused) == 5
    assert not private.folder.exists()


def test_a_job_that_breaks_its_files_does_not_break_the_step(tmp_path):
    where, real = context(tmp_path)
    with private_files(None) as private:
        write(private, "GITHUB_OUTPUT", "good=1\nno equals sign\n")
        write(private, "GITHUB_ENV", "\xff\x00nonsense")
        (private.folder / "github_path").unlink()
        os.mkfifo(private.folder / "github_path")
        (private.folder / "github_step_summary").unlink()
        (private.folder / "github_step_summary").symlink_to(real["GITHUB_OUTPUT"])
        assert private.copy_to(where) == ("GITHUB_ENV: no entry of it can be read",)
    assert parse_file_command(real["GITHUB_OUTPUT"].read_text()) == {"good": "1"}


STEERING = (
    *("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "BASH_ENV"),
    *("ENV", "CARBON_LINT_INPUTS", "CARBON_LINT_PYTHONPATH", "CARBON_LINT_LEDGER", "HF_ENDPOINT", "HF_TOKEN"),
    *("HF_OIDC_RESOURCE", "INPUT_HF-TOKEN", "INPUT_COMMAND", "DOCKER_HOST", "DOCKER_CONFIG", "NODE_OPTIONS"),
    *("NODE_EXTRA_CA_CERTS", "GIT_DIR", "GIT_CONFIG_COUNT", "GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF", "PERL5LIB"),
    *("RUBYOPT", "BASH_FUNC_git%%", "SHELLOPTS", "PATH", "https_proxy", "HTTPS_PROXY", "SSL_CERT_FILE"),
    *("GITHUB_TOKEN", "RUNNER_TEMP", "ACTIONS_ID_TOKEN_REQUEST_URL"),
)
HARMLESS = (
    *("MODEL", "ENVIRONMENT", "HF_HOME", "HF_DATASETS_CACHE", "HUB_REVISION", "GIT_AUTHOR_NAME", "GIT_LFS_SKIP_SMUDGE"),
    *("NODE_RANK", "CUDA_VISIBLE_DEVICES", "WANDB_PROJECT", "LDFLAGS", "MY_PATH", "run.id", "a-b", "_x"),
)
NOT_NAMES = ("\ufeffLD_PRELOAD", " LD_PRELOAD", "LD_PRELOAD\t", "\u200bPYTHONPATH", "LD_PRELOAD\0", "\u212aEY")


def passed_on(tmp_path, text, *, name="GITHUB_ENV", before=b""):
    """What later steps get of `text`, and what was refused. `before` is in the step's own file already."""
    where, real = context(tmp_path)
    real[name].write_bytes(before)
    with private_files(tmp_path) as private:
        Path(private.environ()[name]).write_bytes(text if isinstance(text, bytes) else text.encode())
        refused = private.copy_to(where)
    return parse_file_command(real[name].read_bytes().decode("utf-8-sig")), refused


@cases("form", ["{}=x\n", "{}<<END\nx\nEND\n", "MODEL=y\n{}=x", "{}<<EOF\r\nx\r\nEOF\r\n"])
@cases("name", STEERING)
def test_a_variable_that_steers_later_steps_is_refused_in_one_line_that_names_it(tmp_path, name, form):
    entries, refused = passed_on(tmp_path, form.format(name))
    assert set(entries) <= {"MODEL"}
    (message,) = refused
    assert name in message
    assert "\n" not in message


@cases("name", HARMLESS)
def test_a_variable_of_the_jobs_own_is_passed_on(tmp_path, name):
    assert passed_on(tmp_path, f"{name}=x\n") == ({name: "x"}, ())


@cases("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
@cases("text", ["LD_PRELOAD=/x.so\n", "LD_PRELOAD<<E\n/x.so\nE\n"])
def test_a_byte_order_mark_hides_no_variable(tmp_path, text, encoding):
    entries, refused = passed_on(tmp_path, text.encode(encoding))
    assert entries == {}
    assert refused


@cases("name", NOT_NAMES)
@cases("file", ["GITHUB_ENV", "GITHUB_OUTPUT"])
def test_an_invalid_name_is_refused_and_shown_escaped(tmp_path, name, file):
    entries, refused = passed_on(tmp_path, f"A=1\n{name}=x\n", name=file)
    assert entries == {"A": "1"}
    assert "is not a name" in refused[0]
    assert refused[0].isprintable()


@given(st.lists(st.tuples(st.sampled_from((*STEERING, *HARMLESS, *NOT_NAMES)), st.text(max_size=20)), max_size=6))
def test_whatever_a_job_writes_nothing_that_steers_reaches_a_later_step(tmp_path_factory, entries):
    folder = tmp_path_factory.mktemp("job")
    text = "".join(file_command(name, value) for name, value in entries)
    received, _ = passed_on(folder, text)
    assert set(received) == {name for name, _ in entries} & set(HARMLESS)


def test_a_job_that_finds_the_steps_own_file_is_held_to_the_same(tmp_path):
    before = b"\xef\xbb\xbfLD_PRELOAD=/x.so\nMODEL=y\nnonsense"
    entries, refused = passed_on(tmp_path, "A=1\n", before=before)
    assert entries == {"MODEL": "y", "A": "1"}
    assert any("LD_PRELOAD" in message for message in refused)


@given(
    st.binary(max_size=80) | st.sampled_from([b"<=", b"outcome<<E\nx", b"garbage", b"a=1\ngarbage", b"\xff\xfeo\0u\0"])
)
def test_garbage_in_the_file_of_outputs_never_empties_ours(tmp_path_factory, garbage):
    path = tmp_path_factory.mktemp("step") / "output"
    path.write_bytes(garbage)
    append_entries(path, file_command("outcome", "completed") + file_command("verdict", "fail"))
    entries = parse_file_command(path.read_bytes().decode())
    assert (entries["outcome"], entries["verdict"]) == ("completed", "fail")


def test_a_pipe_in_the_place_of_a_file_hangs_nothing(tmp_path):
    os.mkfifo(tmp_path / "output")
    with pytest.raises(OutputError):
        append_entries(tmp_path / "output", "a=b\n")


def test_a_link_in_the_place_of_a_file_empties_no_other_file(tmp_path):
    (tmp_path / "weights").write_text("weights\n")
    (tmp_path / "output").symlink_to(tmp_path / "weights")
    append_entries(tmp_path / "output", "a=b\n")
    assert (tmp_path / "weights").read_text() == "weights\na=b\n"


def test_the_command_sees_what_setup_exported(tmp_path):
    with private_files(tmp_path) as private:
        write(private, "GITHUB_ENV", "A=1\nB<<E\nx\ny\nE\n")
        write(private, "GITHUB_PATH", "/first\n/second\n")
        assert private.changes({"PATH": "/usr/bin"}) == {"A": "1", "B": "x\ny", "PATH": "/second:/first:/usr/bin"}


def test_the_command_is_started_whatever_setup_wrote(tmp_path):
    with private_files(tmp_path) as private:
        write(private, "GITHUB_ENV", "PYTHONPATH=src\n\0=x\nB=a\0b\n")
        assert private.changes({}) == {"PYTHONPATH": "src"}


def write(private: JobFiles, name, text):
    with open(private.environ()[name], "w", encoding="latin-1") as stream:
        stream.write(text)


def test_a_log_that_nobody_reads_any_more_stops_nothing():
    read_end, write_end = os.pipe()
    os.close(read_end)
    console = Console(write_end)
    console.error("x")
    console.write(b"y")
    os.close(write_end)
