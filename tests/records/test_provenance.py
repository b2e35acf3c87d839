"""The place of a run, from the CI's environment."""

from __future__ import annotations

from pathlib import Path

from carbon_lint.records.provenance import name_of_card, provenance_from_environ, provenance_of
from carbon_lint.records.record import Provenance
from carbon_lint.records.schedulers import node_count

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_REPOSITORY": "team/model",
    "GITHUB_SHA": "a" * 40,
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_RUN_ID": "123",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_JOB": "train",
}


def test_github_actions_gives_every_field():
    assert provenance_from_environ(GITHUB) == Provenance(
        repository="team/model",
        commit="a" * 40,
        ref="refs/heads/main",
        run_url="https://github.example/team/model/actions/runs/123/attempts/2",
        run_id="123",
        run_attempt=2,
        job="train",
    )


def test_gitlab_ci_gives_every_field_too():
    environ = {
        "GITLAB_CI": "true",
        "CI_PROJECT_PATH": "team/model",
        "CI_COMMIT_SHA": "b" * 40,
        "CI_COMMIT_REF_NAME": "main",
        "CI_JOB_URL": "https://gitlab.example/team/model/-/jobs/9",
        "CI_PIPELINE_ID": "77",
        "CI_JOB_NAME": "train",
        "CI_NODE_INDEX": "3",
    }
    assert provenance_from_environ(environ) == Provenance(
        repository="team/model",
        commit="b" * 40,
        ref="main",
        run_url="https://gitlab.example/team/model/-/jobs/9",
        run_id="77",
        job="train",
        job_index=3,
    )


def test_elsewhere_nothing_is_made_up():
    assert provenance_from_environ({"GITHUB_REPOSITORY": "left over", "CI": "true"}) == Provenance()


def test_what_is_missing_or_odd_is_left_out():
    odd = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ATTEMPT": "\u0663", "GITHUB_REPOSITORY": ""}
    assert provenance_from_environ(odd) == Provenance()


def test_a_scheduler_states_its_job_account_and_task(tmp_path):
    """The checkout gives repository and commit, the scheduler gives the job; a CI on a cluster keeps its own run."""
    cases = {
        "slurm": (
            {"SLURM_JOB_ID": "71", "SLURM_ARRAY_JOB_ID": "70", "SLURM_ARRAY_TASK_ID": "0", "SLURM_RESTART_COUNT": "2"}
            | {"SLURM_JOB_ACCOUNT": "nlp", "SLURM_JOB_PARTITION": "gpu", "SLURM_JOB_USER": "ann"},
            {"run_id": "70", "job_index": 0, "run_attempt": 3, "account": "nlp", "partition": "gpu", "user": "ann"}
            | {"scheduler_job": "71"},
        ),
        "pbs": (
            {"PBS_JOBID": "12[3].head", "PBS_ARRAY_INDEX": "3", "PBS_QUEUE": "long"},
            {"run_id": "12", "job_index": 3, "partition": "long", "scheduler_job": "12[3].head"},
        ),
        "lsf": (
            {"LSB_JOBID": "5", "LSB_JOBINDEX": "0", "LSB_PROJECT_NAME": "p"},
            {"run_id": "5", "job_index": None, "account": "p"},
        ),
        "sge": (
            {"JOB_ID": "9", "SGE_ROOT": "/sge", "SGE_TASK_ID": "undefined", "QUEUE": "all.q"},
            {"run_id": "9", "job_index": None, "partition": "all.q"},
        ),
        "hf-jobs": (
            {"JOB_ID": "abc", "ACCELERATOR": "a10g-small", "CPU_CORES": "4", "MEMORY": "15Gi"},
            {"run_id": "abc", "partition": "a10g-small"},
        ),
        "jenkins": (
            {
                "JENKINS_URL": "https://ci",
                "BUILD_URL": "https://ci/job/t/8/",
                "BUILD_NUMBER": "8",
                "GIT_COMMIT": "c" * 40,
            },
            {"run_id": "8", "run_url": "https://ci/job/t/8/", "commit": "c" * 40},
        ),
    }
    for scheduler, (environ, expected) in cases.items():
        found = provenance_of(environ, str(tmp_path))
        whole = {"scheduler_job": expected["run_id"], **expected}
        assert found == Provenance(**{"scheduler": scheduler, "run_attempt": None, **whole}), scheduler
        on_github = provenance_of(GITHUB | environ, str(tmp_path))
        assert (on_github.run_id, on_github.scheduler) == ("123", scheduler)
        assert on_github.scheduler_job == whole["scheduler_job"]
        assert on_github.partition == expected.get("partition")
    assert provenance_of({"JOB_ID": "left over"}, str(tmp_path)) == Provenance()
    no_gpu = {"JOB_ID": "abc", "ACCELERATOR": "none", "CPU_CORES": "2"}
    assert provenance_of(no_gpu, str(tmp_path)).partition is None


def test_kubernetes_states_the_pod_by_the_downward_api(tmp_path):
    pod = {"POD_NAME": "train-7x", "POD_NAMESPACE": "ml"}
    assert provenance_of(GITHUB | pod, str(tmp_path)).pod == "ml/train-7x"
    assert provenance_of({"POD_NAME": "train-7x"}, str(tmp_path)).pod == "train-7x"
    assert provenance_of({"POD_NAMESPACE": "ml"}, str(tmp_path)).pod is None


def test_a_scheduler_or_launcher_states_its_nodes():
    for environ, count in (
        ({"SLURM_JOB_NUM_NODES": "4", "SLURM_STEP_NUM_NODES": "2"}, 2),
        ({"WORLD_SIZE": "16", "LOCAL_WORLD_SIZE": "8"}, 2),
        ({"OMPI_COMM_WORLD_SIZE": "5", "OMPI_COMM_WORLD_LOCAL_SIZE": "2"}, 3),
        ({"WORLD_SIZE": "16"}, None),
        ({"PBS_NUM_NODES": "some"}, None),
    ):
        assert node_count(environ) == count, environ


def test_a_card_has_one_name_however_it_is_typed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("cards").mkdir()
    assert [name_of_card(text) for text in ("./README.md", "../a.md", "cards/README.md")] == [
        *("README.md", "../a.md", "cards/README.md"),
    ]
    Path(".git").mkdir()
    monkeypatch.chdir("cards")
    typed = ("README.md", "./README.md", "../cards/README.md", str(tmp_path / "cards" / "README.md"))
    assert {name_of_card(text) for text in typed} == {"cards/README.md"}
