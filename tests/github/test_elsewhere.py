"""The scripts for other places than GitHub, run as they are."""

from __future__ import annotations

import itertools
import json
import os
import pwd
import re
import signal
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import pytest
import yaml

from carbon_lint.cli import run_options
from carbon_lint.project import requirement
from carbon_lint.records.journal import journal_lines
from tests.cases import cases
from tests.github.runner import ROOT
from tests.schemas import check_jsonschema

ELSEWHERE = ROOT / "examples/elsewhere"


@pytest.fixture
def machine(tmp_path):
    """`machine(script, *arguments, **env)`: run a script with carbon-lint, and a srun of two nodes, on its PATH."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "carbon-lint").write_text(f'#!/bin/sh\nexec {sys.executable} -m carbon_lint "$@"\n')
    # One process a node; hands SIGTERM on, and exits with the worst status, as srun does.
    (tools / "srun").write_text(
        """#!/bin/bash
        trap 'kill -TERM $pids' TERM
        for n in 0 1; do SLURM_NODEID=$n "$@" & pids="$pids $!"; done
        worst=0
        for p in $pids; do
          wait $p || { worst=$?; [ $worst -le 128 ] || wait $p || worst=$?; }
        done
        exit $worst
        """
    )
    for path in tools.iterdir():
        path.chmod(0o755)

    def run(script, *arguments, wait=True, **env):
        environ = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), **env}
        if not wait:
            return subprocess.Popen(
                [str(ELSEWHERE / script), *arguments], env=environ, stdout=subprocess.PIPE, text=True
            )
        return subprocess.run(
            [str(ELSEWHERE / script), *arguments], env=environ, capture_output=True, text=True, check=False, timeout=100
        )

    return run


def test_a_plain_shell_trains_writes_and_lints(machine):
    Path("README.md").write_text("---\nlicense: mit\n---\n# A model\n")
    done = machine("shell.sh", "python3", "-c", "print('trained')", LOCATION="FRA")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "trained" in done.stdout
    assert "co2_eq_emissions" in Path("README.md").read_text()
    assert json.loads(Path("record.json").read_text())["outcome"] == "completed"


def test_a_plain_shell_keeps_the_record_of_a_run_that_failed(machine):
    done = machine("shell.sh", "false", LOCATION="FRA")
    assert done.returncode == 1
    assert json.loads(Path("record.json").read_text())["outcome"] == "failed"
    assert not Path("README.md").exists()


def test_a_plain_shell_asks_for_the_location(machine):
    done = machine("shell.sh", "true")
    assert done.returncode != 0
    assert "LOCATION" in done.stderr


def test_slurm_leaves_a_record_a_node_and_one_for_all(machine):
    done = machine("slurm.sh", "sh", "-c", "echo node $SLURM_NODEID", LOCATION="FRA")
    assert done.returncode == 0, done.stdout + done.stderr
    nodes = [json.loads(path.read_text()) for path in sorted(Path("records-local").glob("node-*.json"))]
    assert len(nodes) == 2
    assert json.loads(Path("run.json").read_text())["outcome"] == "completed"


@pytest.mark.slow
def test_slurm_gates_the_whole_job(machine):
    done = machine("slurm.sh", "sleep", "0.5", LOCATION="FRA", MAX_EMISSIONS="0.0001 ug")
    assert done.returncode == 1, done.stdout + done.stderr
    assert Path("run.json").exists()


@pytest.mark.slow
def test_slurms_warning_before_the_time_limit_leaves_the_records(machine):
    process = machine("slurm.sh", "sh", "-c", "echo begun; sleep 60", LOCATION="FRA", wait=False)
    assert "begun" in process.stdout.readline()
    assert "begun" in process.stdout.readline(), "both nodes"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    outcomes = {json.loads(path.read_text())["outcome"] for path in Path("records-local").glob("node-*.json")}
    assert outcomes == {"interrupted"}
    assert json.loads(Path("run.json").read_text())["outcome"] == "interrupted"
    assert process.returncode != 0


def test_gitlabs_file_is_valid_and_its_commands_are_ours():
    path = ELSEWHERE / "gitlab-ci.yml"
    code, output = check_jsonschema("--builtin-schema", "vendor.gitlab-ci", path)
    assert code == 0, output
    lines = [line for job in ("train", "publish") for line in yaml.safe_load(path.read_text())[job]["script"]]
    verbs = {line.split()[1] for line in lines if line.startswith("carbon-lint")}
    assert verbs == {"run", "card", "check", "publish"}
    assert all("carbon-lint" not in line or "$" not in line or line.endswith('--to "$HUB_REPO"') for line in lines)


def test_the_report_for_gitlab_is_what_its_command_writes(cli):
    Path("README.md").write_text("---\nco2_eq_emissions:\n  emissions: 17g\n---\n")
    code, out, _ = cli("check", "--format", "gitlab", "README.md")
    assert code == 1
    assert json.loads(out)[0]["location"]["path"] == "README.md"


@pytest.mark.slow
def test_a_hugging_face_job_from_a_laptop_is_one_that_hf_takes_and_its_record_lies_in_the_bucket(machine, tmp_path):
    """`hf` itself reads the options, and the job's script is run here, in folders that stand for the mounts."""
    Path("train.py").write_text("import sys; print('trained', *sys.argv[1:])\n")
    tools = tmp_path / "tools"
    (tools / "hf").write_text(
        f'#!/bin/sh\nprintf "%s\\0" "$@" > {tmp_path}/argv\nshift 2\n'
        f'exec {Path(sys.executable).with_name("hf")} jobs run --dry-run "$@"\n'
    )
    (tools / "uvx").write_text('#!/bin/sh\nshift 2; exec "$@"\n')
    (tools / "uv").write_text(f'#!/bin/sh\nshift; exec {sys.executable} "$@"\n')
    for name in ("hf", "uvx", "uv"):
        (tools / name).chmod(0o755)
    done = machine("hf-jobs.sh", "train.py", "--epochs", "3", BUCKET="me/carbon", HF_TOKEN="hf_secret")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"volumes +\.:/src\n +hf://buckets/me/carbon:/carbon\n", done.stdout), done.stdout
    assert "timeout  2h" in done.stdout
    assert "hf_secret" not in done.stdout

    argv = (tmp_path / "argv").read_text().split("\0")[:-1]
    given = dict(value.split("=", 1) for name, value in itertools.pairwise(argv) if name == "--env")
    job = argv[argv.index("--") + 2 :]
    assert job[:2] == ["bash", "-euc"]
    script = job[2].replace("/src", str(Path.cwd())).replace("/carbon/", f"{tmp_path}/").replace("/tmp/venv", "venv")
    environ = {**os.environ, **given, "JOB_ID": "68a", "ACCELERATOR": "none", "CPU_CORES": "2", "MEMORY": "4Gi"}
    environ |= {"PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(["bash", "-euc", script, *job[3:]], env=environ, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "trained --epochs 3\n"
    record = json.loads((tmp_path / "68a.json").read_text())
    assert record["provenance"]["scheduler_job"] == "68a"
    assert record["emissions_g"] is None


@pytest.mark.slow
def test_slurms_prolog_opens_counters_and_a_folder_and_its_epilog_records_what_was_killed(machine, tmp_path):
    counter = tmp_path / "powercap/intel-rapl:0/energy_uj"
    counter.parent.mkdir(parents=True)
    counter.write_text("1")
    counter.chmod(0o400)
    user = pwd.getpwuid(os.getuid()).pw_name
    node = {"SLURM_JOB_ID": "71", "SLURM_JOB_USER": user, "CARBON_RECORDS": str(tmp_path / "all"), "AS_USER": "env"}
    assert machine("slurm-prolog.sh", POWERCAP=str(tmp_path / "powercap"), **node).returncode == 0
    assert counter.stat().st_mode & 0o444 == 0o444
    records = tmp_path / "all/71"
    assert records.stat().st_mode & 0o777 == 0o750
    flags = ("run", "--energy-only", "--tick", "50ms", "--record", str(records / "a.json"), "--")
    until_read = f"until [ $(wc -l < {records}/a.jsonl) -gt 3 ]; do sleep .05; done"
    subprocess.run(
        [sys.executable, "-m", "carbon_lint", *flags, "sh", "-c", until_read], check=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    lines = list(journal_lines(records / "a.jsonl"))
    (records / "killed.jsonl").write_bytes(b"".join(lines[:-1]))
    before = (records / "a.json").read_bytes()
    done = machine("slurm-epilog.sh", **node)
    assert done.returncode == 0, done.stderr
    assert json.loads((records / "killed.json").read_text())["outcome"] == "interrupted"
    assert (records / "a.json").read_bytes() == before
    assert machine("slurm-epilog.sh", **node | {"CARBON_RECORDS": "/nowhere"}).returncode == 0


def test_the_apptainer_file_has_known_sections_and_installs_what_the_docs_do():
    """Apptainer itself is not here; its shell is checked by a shell."""
    text = (ELSEWHERE / "apptainer.def").read_text()
    head, *sections = re.split(r"^%", text, flags=re.MULTILINE)
    assert re.fullmatch(r"Bootstrap: docker\nFrom: \S+\n", head.split("\n\n")[0] + "\n")
    named = dict(section.split("\n", 1) for section in sections)
    assert set(named) == {"post", "environment", "test"}
    for name, script in named.items():
        assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0, name
    assert requirement("all") in named["post"]


def test_a_kubernetes_job_is_valid_in_what_matters_and_names_its_pod():
    """tools/lint_actions.sh validates it by the schema; here our own parser reads its command."""
    job = yaml.safe_load((ELSEWHERE / "kubernetes-job.yml").read_text())
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    program, verb, *argv = container["command"]
    assert (program, verb) == ("carbon-lint", "run")
    parser = ArgumentParser(allow_abbrev=False)
    run_options.add_arguments(parser)
    parsed = parser.parse_args(argv)
    assert (parsed.record, parsed.command) == ("/records/", ["--", "python", "train.py"])
    fields = {one["name"]: one["valueFrom"]["fieldRef"]["fieldPath"] for one in container["env"]}
    assert fields == {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace"}
    assert pod["terminationGracePeriodSeconds"] > 30, "more than --grace"
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


@cases(
    ("page", "name"),
    [
        ("ci-elsewhere", "gitlab-ci.yml"), ("ci-elsewhere", "shell.sh"), ("slurm", "slurm.sh"),
        ("slurm", "slurm-prolog.sh"), ("slurm", "slurm-epilog.sh"), ("slurm", "apptainer.def"),
        ("hf-jobs", "hf-jobs.sh"), ("kubernetes", "kubernetes-job.yml"),
    ],
)  # fmt: skip
def test_the_documentation_shows_the_very_files(page, name):
    assert f"examples/elsewhere/{name}" in (ROOT / f"docs/{page}.md").read_text()
    assert (ELSEWHERE / name).exists()
