"""Which earlier run may be a baseline: never the run itself, a later one, or another repository's, job's or model's."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.records.comparable import Identity, identity_before, identity_of, why_never, why_passed_over
from carbon_lint.records.ledger import add
from carbon_lint.records.provenance import provenance_from_checkout, provenance_of, repository_of_url
from carbon_lint.records.record import Energy, Outcome, Provenance
from carbon_lint.records.store import write_record
from tests.cases import cases
from tests.records.builders import RECORD

HERE = Provenance(repository="team/model", ref="refs/heads/main", job="train", job_index=0, model="team/bert")
START = datetime(2026, 11, 1, tzinfo=UTC)


def ran(run_id, *, energy_kwh=1.0, day=1, **where):
    """A run at 1 kW, so that it took an hour for each kilowatt-hour."""
    ended = START + timedelta(days=day)
    return replace(
        RECORD,
        run_id=run_id,
        emissions_g=energy_kwh * 56.04,
        energy_kwh=Energy(total=energy_kwh, gpu=energy_kwh),
        methods=replace(RECORD.methods, cpu=None, ram=None),
        duration_s=energy_kwh * 3600,
        started_at=(ended - timedelta(hours=energy_kwh)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        ended_at=ended.strftime("%Y-%m-%dT%H:%M:%SZ"),
        provenance=replace(HERE, **where),
    )


identities = st.builds(
    Identity,
    run_ids=st.frozensets(st.sampled_from("abc"), min_size=1, max_size=2),
    ended_at=st.sampled_from([None, "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "2026-11-02T01:00:00+02:00"]),
    repository=st.sampled_from([None, "team/model", "team/other"]),
    job=st.sampled_from([None, "train", "evaluate"]),
    job_index=st.sampled_from([None, 0, 1]),
    model=st.sampled_from([None, "team/bert", "team/gpt"]),
    run_group=st.sampled_from([None, "g", "h"]),
)


def moment(text):
    return datetime.fromisoformat(text)


@given(identities, identities)
def test_what_a_ledger_offers_is_an_earlier_run_of_the_same_repository_job_and_model(run, earlier):
    if why_passed_over(run, earlier) is not None:
        return
    assert not run.run_ids & earlier.run_ids
    if run.ended_at and earlier.ended_at:
        assert moment(earlier.ended_at) <= moment(run.ended_at)
    assert run.repository == earlier.repository
    assert run.repository is not None
    assert (run.job, run.job_index, run.run_group) == (earlier.job, earlier.job_index, earlier.run_group)
    assert None in (run.model, earlier.model) or run.model == earlier.model


@given(identities, identities)
def test_a_record_that_is_named_is_refused_for_what_is_known_alone(run, earlier):
    refused = why_never(run, earlier)
    if refused is None:
        assert not run.run_ids & earlier.run_ids
        for name in ("repository", "job", "job_index", "model"):
            known = (getattr(run, name), getattr(earlier, name))
            assert None in known or known[0] == known[1]


def test_a_model_by_name_and_one_by_its_card_may_be_the_same():
    run = identity_of(ran("r", day=2))
    assert why_never(run, identity_of(ran("card", model="models/bert/README.md"))) is None
    other = replace(run, model="models/gpt/README.md")
    assert why_never(other, identity_of(ran("card", model="models/bert/README.md"))) is not None


def test_a_sum_is_each_of_its_parts():
    part = ran("part")
    whole = replace(ran("whole", day=2), merged_from=("part", "other"))
    assert why_never(identity_of(part), identity_of(whole)) == "is this run itself"


def gate(cli, *flags):
    return cli("gate", "r.json", "--max-increase", "10% and 5 g", *flags)


def test_a_run_that_is_in_the_ledger_already_is_not_compared_with_itself(cli):
    """A hundred times the energy, added to the ledger before it is gated."""
    hundred = ran("hundred", energy_kwh=100.0, day=2)
    write_record(hundred, "r.json")
    add(ran("first"), "ledger")
    assert gate(cli, "--baseline", "ledger:main")[0] == 1
    add(hundred, "ledger")
    code, out, _ = gate(cli, "--baseline", "ledger:main")
    assert code == 1, out
    assert "more than the baseline" in out


@cases(
    ("other", "why"),
    [
        (ran("later", energy_kwh=1000.0, day=9), "1 that ended after this run"),
        (ran("elsewhere", energy_kwh=1000.0, repository="team/other"), "1 of another repository"),
        (ran("nowhere", energy_kwh=1000.0, repository=None), "1 of an unknown repository"),
        (ran("job", energy_kwh=1000.0, job="evaluate"), "1 of another job"),
        (ran("matrix", energy_kwh=1000.0, job_index=3), "1 of another job_index"),
        (ran("model", energy_kwh=1000.0, model="team/gpt"), "1 of another model"),
        (ran("unsaid", energy_kwh=1000.0, model=None), "1 of an unknown model"),
        (replace(ran("group", energy_kwh=1000.0), run_group="g"), "1 of another run group"),
        (replace(ran("failed", energy_kwh=1000.0), outcome=Outcome.FAILED), "no completed run on main in ledger"),
    ],
)
def test_a_run_that_cannot_be_a_baseline_is_skipped_and_counted(cli, other, why):
    write_record(ran("r", energy_kwh=100.0, day=2), "r.json")
    add(other, "ledger")
    code, out, _ = gate(cli, "--baseline", "ledger:main")
    assert code == 0
    assert out.startswith("pass: nothing to compare with: no completed run on main in ledger")
    assert why.replace("job_index", "job of the matrix") in out
    add(ran("first"), "ledger")
    assert gate(cli, "--baseline", "ledger:main")[0] == 1, "an older run that can be one is found behind it"


def test_a_record_without_a_repository_is_compared_with_no_run_of_the_ledger(cli):
    write_record(ran("r", energy_kwh=100.0, day=2, repository=None), "r.json")
    add(ran("first"), "ledger")
    code, out, _ = gate(cli, "--baseline", "ledger:main")
    assert code == 0
    assert "nothing to compare with" in out
    assert "this record names no repository" in out


@cases("make", [False, True])
def test_a_ledger_that_is_not_there_is_an_error_and_an_empty_one_is_not(cli, make):
    write_record(ran("r"), "r.json")
    if make:
        Path("nosuch").mkdir()
    code, out, err = gate(cli, "--baseline", "ledger:main", "--ledger", "nosuch")
    if make:
        assert code == 0
        assert out == "pass: nothing to compare with: no completed run on main in nosuch\n"
    else:
        assert (code, out) == (2, "")
        assert "there is no ledger at nosuch" in err


def test_a_misspelt_branch_is_answered_with_those_that_are_there(cli):
    write_record(ran("r", day=2), "r.json")
    add(ran("first"), "ledger")
    assert "(it has runs on main)" in gate(cli, "--baseline", "ledger:mian")[1]


@cases(
    ("earlier", "why"),
    [
        (ran("r", energy_kwh=100.0, day=2), "is this run itself"),
        (ran("later", day=9), "ended after this run"),
        (ran("elsewhere", repository="team/other"), "is of another repository (team/other)"),
        (ran("model", model="team/gpt"), "is of another model (team/gpt)"),
    ],
)
def test_a_record_that_cannot_be_a_baseline_is_refused(cli, earlier, why):
    write_record(ran("r", energy_kwh=100.0, day=2), "r.json")
    write_record(earlier, "base.json")
    code, out, err = gate(cli, "--baseline", "record:base.json")
    assert (code, out) == (2, "")
    assert f"baseline record:base.json {why}" in err


def test_a_card_that_states_this_very_run_is_not_a_baseline(cli):
    """`run --card`, then `gate --baseline card`."""
    Path("README.md").write_text("---\nlicense: mit\n---\n")
    write_record(ran("r", energy_kwh=100.0, day=2), "r.json")
    assert cli("card", "README.md", "--from", "r.json")[0] == 0
    code, out, _ = gate(cli, "--baseline", "card")
    assert code == 0
    assert out == "pass: nothing to compare with: README.md states this run's own figure\n"


def test_the_card_of_the_configuration_is_the_baseline(cli):
    Path("carbon-lint.toml").write_text('card = "models/a.md"\n')
    Path("models").mkdir()
    Path("models/a.md").write_text("---\nco2_eq_emissions:\n  emissions: 1\n  geographical_location: France\n---\n")
    write_record(ran("r", energy_kwh=100.0, day=2), "r.json")
    code, out, _ = gate(cli, "--baseline", "card")
    assert code == 1
    assert "against models/a.md" in out


# -- provenance


def git(folder, *arguments):
    base = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    return subprocess.run([*base, *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "train.py").write_text("")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    return folder


def test_a_checkout_gives_repository_commit_branch_and_whether_it_was_changed(checkout, monkeypatch):
    git(checkout, "remote", "add", "origin", "https://user:secret@github.com/team/model.git")
    found = provenance_from_checkout(str(checkout), {})
    commit = git(checkout, "rev-parse", "HEAD")
    assert found == Provenance(repository="team/model", commit=commit, ref="refs/heads/main", dirty=False)
    (checkout / "train.py").write_text("changed")
    assert provenance_from_checkout(str(checkout), {}).dirty is True
    git(checkout, "checkout", "-q", "--detach")
    assert provenance_from_checkout(str(checkout), {}).ref is None


def test_without_a_remote_two_checkouts_of_one_name_are_two_repositories(checkout, tmp_path):
    other = tmp_path / "other" / "model"
    other.mkdir(parents=True)
    git(other, "init", "-q")
    (other / "x").write_text("")
    git(other, "add", "-A")
    git(other, "commit", "-qm", "another")
    one, two = (provenance_from_checkout(str(folder), {}).repository for folder in (checkout, other))
    assert one.startswith("model@")
    assert two.startswith("model@")
    assert one != two


def test_a_ci_is_believed_and_without_a_checkout_there_is_no_provenance(checkout, tmp_path):
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "a/b"}
    assert provenance_of(environ, str(checkout)).repository == "a/b"
    assert provenance_of({}, str(checkout)).commit == git(checkout, "rev-parse", "HEAD")
    assert provenance_of({}, str(tmp_path)) == Provenance()
    assert provenance_of({"PATH": "/nonexistent"}, str(tmp_path)) == Provenance()


@cases(
    ("url", "name"),
    [
        ("https://github.com/team/model.git", "team/model"),
        ("https://x-access-token:ghs_secret@github.com/team/model", "team/model"),
        ("git@github.com:team/model.git", "team/model"),
        ("ssh://git@gitlab.example:22/group/sub/model.git/", "group/sub/model"),
        ("git@hf.co:team/model", "team/model"),
        ("/srv/git/model.git", None),
        ("../model", None),
        ("file:///srv/git/model.git", None),
        ("C:/work/model", None),
        ("", None),
    ],
)
def test_a_remote_is_named_as_a_ci_names_it_and_holds_no_secret(url, name):
    assert repository_of_url(url) == name


def test_a_run_in_a_checkout_is_found_again_in_the_ledger_by_the_next_one(carbon_lint, checkout):
    record = checkout.parent / "r.json"
    for _ in range(2):
        done = carbon_lint("run", "--location", "FRA", "--record", record, "--", "sleep", "0.3", cwd=checkout)
        assert done.returncode == 0, done.stderr
        where = json.loads(record.read_text())["provenance"]
        assert where["repository"].startswith("model@")
        assert where["ref"] == "refs/heads/main"
        judged = carbon_lint(*("gate", record, "--baseline", "ledger:main", "--max-increase", "10000%"), cwd=checkout)
        carbon_lint("ledger", "add", record, cwd=checkout, check=True)
    assert judged.returncode == 0, judged.stderr
    assert "the baseline" in judged.stdout


@cases("name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_CONFIG_COUNT", "GIT_INDEX_FILE"])
def test_no_git_variable_of_the_environment_chooses_another_repository(tmp_path, name):
    """git sets some of them in a commit hook, and an earlier step can set them all."""
    for folder in ("ours", "theirs"):
        (tmp_path / folder).mkdir()
        for arguments in (
            ("init", "-q"),
            ("remote", "add", "origin", f"https://github.com/team/{folder}.git"),
            ("-c", "user.name=x", "-c", "user.email=x@y", "commit", "-q", "--allow-empty", "-m", folder),
        ):
            subprocess.run(["git", "-C", tmp_path / folder, *arguments], check=True)
    theirs = tmp_path / "theirs"
    values = {
        "GIT_DIR": {"GIT_DIR": str(theirs / ".git")},
        "GIT_WORK_TREE": {"GIT_WORK_TREE": str(theirs), "GIT_DIR": str(theirs / ".git")},
        "GIT_COMMON_DIR": {"GIT_COMMON_DIR": str(theirs / ".git")},
        "GIT_CONFIG_COUNT": {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "remote.origin.url",
            "GIT_CONFIG_VALUE_0": "https://github.com/team/theirs.git",
        },
        "GIT_INDEX_FILE": {"GIT_INDEX_FILE": str(theirs / "no-index")},
    }
    environ = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    ours = provenance_from_checkout(str(tmp_path / "ours"), environ)
    assert ours.repository == "team/ours"
    assert provenance_from_checkout(str(tmp_path / "ours"), {**environ, **values[name]}) == ours


def test_the_run_group_of_a_schedulers_job_makes_no_two_jobs_different():
    """Each job has another number, and the jobs of one training are compared anyway."""

    def job(number, group):
        where = Provenance(repository="a/b", scheduler="slurm", run_id=number)
        return identity_before(where, group)

    assert why_passed_over(job("71", "slurm-71"), job("70", "slurm-70")) is None
    assert why_passed_over(job("71", "slurm-71"), job("70", "sweep")) == "of another run group"
