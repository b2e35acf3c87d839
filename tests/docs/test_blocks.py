"""Every block of the documentation is what it says: commands exist, workflows and configurations are valid."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import tomllib

import pytest
import yaml

from carbon_lint.config import load_file
from carbon_lint.project import OWNER
from tests.conftest import ROOT
from tests.docs.blocks import blocks, parse, words_of
from tests.schemas import check_jsonschema

BLOCKS = blocks()
KINDS = {"console", "indented", "yaml", "toml", "python", "json", "bash", "sh"} | {"text", "markdown", ""}
# Programs of others that a page may tell a reader to call.
OTHERS = {
    *("cd", "export", "git", "make", "mkdir", "pip", "pipx", "pre-commit", "prek", "python3", "source", "sudo", "uvx"),
    *("check-jsonschema", "sed", "systemctl", "sbatch", "apptainer", "hf", "gh", "uv", "zcat", "sha256sum"),
}
OUR_FILES = re.compile(r"\.venv/bin/|\.ci/run$|examples/")
ACTIONS = {"": "action.yml", "in-job": "in-job/action.yml", "lint": "lint/action.yml"}
JOB = {"runs-on": "ubuntu-latest"}
CHECKOUT = {"uses": "actions/checkout@v0"}


def of(*languages):
    return [block for block in BLOCKS if block.language in languages]


def test_every_block_is_of_a_kind_that_a_test_checks():
    assert {block.place: block.language for block in BLOCKS if block.language not in KINDS} == {}
    assert len(of("console", "indented")) > 40
    assert len(of("yaml")) > 20


def test_every_command_is_one_that_there_is(capsys):
    """A command of ours is parsed by its verb's own parser, also behind a launcher; others are of known programs."""
    wrong = {}
    for block in BLOCKS:
        for command, _ in block.commands:
            for words in words_of(command):
                if "..." in words:
                    continue
                if "carbon-lint" in words:
                    try:
                        parse(words[words.index("carbon-lint") + 1 :])
                    except (Exception, SystemExit) as error:  # noqa: BLE001  all of them are shown
                        wrong[f"{block.place}: {command}"] = f"{error!r} {capsys.readouterr().err[-200:]}"
                elif words[0] not in OTHERS and not OUR_FILES.match(words[0]):
                    wrong[f"{block.place}: {command}"] = f"no test knows {words[0]}"
    assert wrong == {}


def as_workflow(found):
    """Return a block about GitHub as a whole workflow, or None if it is about something else."""
    inputs = set(yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"])
    if isinstance(found, list):
        return workflow({**JOB, "steps": found}) if all({"uses", "run"} & set(step) for step in found) else None
    if "jobs" in found:
        return {"on": "push", **{("on" if key is True else key): value for key, value in found.items()}}
    if "steps" in found:
        return workflow({**JOB, **found})
    if {"uses", "with"} & set(found) or set(found) <= {"env", "with"}:
        return workflow({**JOB, "steps": [{"uses": f"{OWNER}/carbon-lint@v0", **found}]})
    if "runs-on" in found or "container" in found:
        return workflow({**JOB, "steps": [CHECKOUT], **found})
    if set(found) <= inputs and not any(isinstance(value, dict) for value in found.values()):
        return workflow({**JOB, "steps": [{"uses": f"{OWNER}/carbon-lint@v0", "with": found}]})
    return None


def workflow(job):
    return {"on": "push", "jobs": {"job": job}}


def inputs_of(workflow):
    """Action (its folder) and inputs of every step of ours."""
    for job in workflow["jobs"].values():
        for step in job.get("steps", ()):
            match = re.fullmatch(rf"{OWNER}/carbon-lint/?([\w-]*)@\S+", step.get("uses", ""))
            if match:
                yield match[1], step.get("with", {})


def test_every_block_of_yaml_is_valid_as_what_it_is(tmp_path, cli):
    """A workflow (or a part of one), a GitLab pipeline, a pre-commit configuration, or a card's front matter."""
    workflows, pipelines, hooks, cards = {}, {}, {}, {}
    for block in of("yaml"):
        found = yaml.safe_load(block.text)
        is_map = isinstance(found, dict)
        shown = as_workflow(found)
        if shown is not None:
            workflows[block.place] = shown
        elif is_map and "repos" in found:
            hooks[block.place] = found
        elif is_map and any(isinstance(job, dict) and "script" in job for job in found.values()):
            pipelines[block.place] = found
        elif is_map and "co2_eq_emissions" in found:
            cards[block.place] = block.text
        else:
            pytest.fail(f"{block.place}: no test knows what this is")
    assert min(len(workflows), len(pipelines), len(hooks), len(cards)) > 1
    the_workflows_are_valid(workflows, tmp_path)
    the_pipelines_are_valid(pipelines, tmp_path)
    known = {one["id"] for one in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    for place, found in hooks.items():
        the_hooks_are_ours(place, found, known, tmp_path)
    for place, text in cards.items():
        path = tmp_path / "card.md"
        path.write_text(f"---\n{text}---\n", encoding="utf-8")
        code, out, _ = cli("check", path)
        assert code == 0, (place, out)


def the_workflows_are_valid(workflows, folder):
    paths = written(workflows, folder / "workflows")
    code, output = check_jsonschema("--builtin-schema", "vendor.github-workflows", *paths)
    assert code == 0, output
    for place, found in workflows.items():
        for action, given in inputs_of(found):
            described = yaml.safe_load((ROOT / ACTIONS[action]).read_text(encoding="utf-8"))
            assert set(given) <= set(described["inputs"]), place


def the_pipelines_are_valid(pipelines, folder):
    paths = written(pipelines, folder / "pipelines")
    schema = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    code, output = check_jsonschema(*schema, *paths)
    assert code == 0, output


def the_hooks_are_ours(place, found, known, folder):
    from pre_commit.clientlib import load_config

    path = folder / ".pre-commit-config.yaml"
    path.write_text(yaml.safe_dump(found), encoding="utf-8")
    load_config(str(path))
    (repository,) = found["repos"]
    assert {hook["id"] for hook in repository["hooks"]} <= known, place


def written(documents, folder):
    folder.mkdir()
    paths = []
    for place, found in documents.items():
        paths.append(folder / f"{re.sub(r'[^A-Za-z0-9]+', '-', place)}.yml")
        paths[-1].write_text(yaml.safe_dump(found), encoding="utf-8")
    return paths


def test_every_block_of_toml_is_a_configuration(tmp_path):
    found = of("toml")
    assert len(found) > 2
    for block in found:
        path = tmp_path / "carbon-lint.toml"
        path.write_text(block.text, encoding="utf-8")
        load_file(str(path))
        as_json = tmp_path / "config.json"
        as_json.write_text(json.dumps(tomllib.loads(block.text), default=str), encoding="utf-8")
        code, output = check_jsonschema("--schemafile", ROOT / "schemas" / "config.schema.json", as_json)
        assert code == 0, (block.place, output)


def test_every_block_of_python_json_and_shell_can_be_read():
    for block in of("python"):
        ast.parse(block.text, block.place)
    for block in of("json"):
        json.loads(block.text)
    for block in of("bash", "sh"):
        done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (block.place, done.stderr)


def test_the_grids_that_the_pages_name_are_those_of_the_tables():
    from carbon_lint.places import find_place

    for page in ("number.md", "faq.md"):
        text = " ".join((ROOT / "docs" / page).read_text(encoding="utf-8").split())
        for code, name in (("FRA", "France"), ("POL", "Poland")):
            shown = re.search(rf"{name} about (\d+) g|about (\d+) g in {name}|{name} has about (\d+) g", text)
            assert int(next(filter(None, shown.groups()))) == round(find_place(code).g_per_kwh), (page, name)
