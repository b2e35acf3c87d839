"""`check --fix`, `--unsafe-fixes` and `--diff`: what is written, and what is left alone."""

from __future__ import annotations

import os
import stat

from tests.cli.test_check import BAD, GOOD, put

KILOGRAMS = GOOD.replace("12.5", "0.42") + "\n- **Carbon Emitted**: 0.420 kg of CO2\n"


def read(path="README.md"):
    with open(path, "rb") as stream:
        return stream.read()


def test_a_safe_fix_is_written_and_the_exit_status_shows_a_change(cli):
    put("README.md", BAD)
    code, out, _ = cli("check", "--fix", "--format", "concise")
    assert (code, out) == (1, "")
    assert read() == BAD.replace("17g", "17").encode()
    assert cli("check", "--fix", "--format", "concise")[:2] == (0, "")


def test_a_guess_is_written_only_when_guesses_are_asked_for(cli):
    put("README.md", KILOGRAMS)
    assert cli("check", "--fix", "--format", "concise")[0] == 1
    assert read() == KILOGRAMS.encode()
    assert cli("check", "--fix", "--unsafe-fixes", "--format", "concise")[:2] == (1, "")
    assert read() == KILOGRAMS.replace("emissions: 0.42\n", "emissions: 420\n").encode()


def test_a_diff_shows_the_change_and_makes_none(cli):
    put("README.md", BAD)
    code, out, _ = cli("check", "--diff")
    assert code == 1
    assert "--- a/README.md\n+++ b/README.md\n" in out
    assert "-  emissions: 17g\n+  emissions: 17\n" in out
    assert read() == BAD.encode()
    put("README.md", GOOD)
    assert cli("check", "--diff") == (0, "", "")


def test_bytes_that_no_fix_concerns_stay(cli):
    text = "\ufeff" + BAD.replace("license: mit", "license:   'mit'   # ours\nlanguage: no\ntags: [ a,b ]")
    data = text.replace("\n", "\r\n").encode()
    put("README.md", data)
    cli("check", "--fix")
    assert read() == data.replace(b"17g", b"17")


def test_the_mode_of_the_file_stays_and_a_link_is_followed(cli):
    put("real.md", BAD)
    os.chmod("real.md", 0o640)
    os.symlink("real.md", "README.md")
    cli("check", "--fix")
    assert os.path.islink("README.md")
    assert read("real.md") == BAD.replace("17g", "17").encode()
    assert stat.S_IMODE(os.stat("real.md").st_mode) == 0o640


def test_a_card_that_cannot_be_parsed_is_not_touched(cli):
    data = BAD.replace("license: mit", "license: [mit").encode()
    put("README.md", data)
    assert cli("check", "--fix")[0] == 1
    assert read() == data


def test_a_card_that_is_not_utf8_is_not_touched(cli):
    data = BAD.replace("license: mit", "license: mit\nauthor: Andr\xe9").encode("latin-1")
    put("README.md", data)
    assert cli("check", "--fix")[0] == 1
    assert read() == data


def test_only_what_is_selected_is_fixed(cli):
    put("README.md", BAD.replace("hardware_used", "hardware used"))
    cli("check", "--fix", "--select", "CL105")
    assert b"hardware_used" in read()
    assert b"17g" in read()


def test_a_suppressed_finding_is_not_fixed(cli):
    text = BAD.replace("17g", "17g # carbon-lint: ignore[CL201] as the paper says it")
    put("README.md", text)
    assert cli("check", "--fix", "--format", "concise")[:2] == (0, "")
    assert read() == text.encode()


def test_a_card_that_cannot_be_written_is_exit_status_2(carbon_lint):
    put("d/README.md", BAD)
    done = carbon_lint("check", "--fix", "/proc/self/environ")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
