"""What a pull request may not change for itself: its configuration is the merge base's, wherever the checkout lies."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from carbon_lint.config import HARMLESS_KEYS, PLACE_KEYS, parse
from carbon_lint.config_keys import KEYS
from carbon_lint.errors import ConfigError
from carbon_lint.github import configuration as configuration_module
from carbon_lint.github.commands import Console
from carbon_lint.github.context import StepContext
from carbon_lint.github.inputs import ActionInputs
from carbon_lint.github.results import Step
from carbon_lint.github.step import options_of
from carbon_lint.records.record import Provenance
from carbon_lint.records.store import write_record
from tests.effort import examples
from tests.github.api import GitHubApi
from tests.github.runner import Runner, commit
from tests.hub.records import record

BAD = "---\nlicense: mit\nco2_eq_emissions:\n  emissions: 17 kg\n---\n# A model\n"

# Values of every key, the strict one first. A new key must be given some, or be listed in HARMLESS_KEYS and here.
VALUES = {
    "select": ['["ALL"]', '["CL901"]'],
    "ignore": ["[]", '["ALL"]', '["CL2"]'],
    "severity": ['{CL201 = "error"}', '{CL201 = "note"}'],
    "include": ['["*.md"]', "[]"],
    "per-file-ignores": ["{}", '{"**" = ["ALL"]}'],
    "fail-on": ['"note"', '"error"'],
    "max-emissions": ['"1 ug"', '"5 kg"'],
    "max-energy": ['"1 mWh"', '"5 MWh"'],
    "max-increase": ['"1%"', '"900%"'],
    "baseline": ['"card"', '"record:r.json"'],
    "baseline-max-age": ['"9000d"', '"1s"'],
    "location": ['"POL"', '"ISL"'],
    "carbon-intensity": ["700", "1.5"],
    "allow-unusual-intensity": ["false", "true"],
    "electricity-maps": ['"PL"', '"IS"'],
    "pue": ["3", "1"],
    "cpu-power": ['"200 W"', '"1 mW"'],
    "ram-power": ['"20 W"', '"1 mW"'],
    "stop-when": ['"likely"', '"certain"'],
    "on-exceed": ['"stop"', '"finish"'],
    "on-modelled": ['"fail"', '"pass"'],
    "grace": ['"1s"', '"9h"'],
    "require": ['["cpu-counter"]', '["none"]'],
    "run-group": ['"a"', '"b"'],
    "training-type": ['"pre-training"', '"fine-tuning"'],
    "card": ['"README.md"', '"other.md"'],
    "card-body": ["true", "false"],
    "pass-env": ["[]", '["HF_TOKEN"]'],
    "machine": ["[]", '[{match = "*", location = "ISL"}]'],
    "budget": ['[{name = "a", window = "month", max-emissions = "1 ug"}]', "[]"],
    "exception": ["[]", '[{limit = "max-energy", owner = "me", reason = "why not", until = 2999-12-31}]'],
}


def test_every_key_of_the_configuration_is_classified():
    """A key that is missing here would be the merge base's anyway; this test makes whoever adds a key think."""
    assert set(VALUES) == set(KEYS)
    assert set(KEYS) >= HARMLESS_KEYS


class FakeBase:
    def __init__(self, root, files):
        self.root = root
        self._files = files

    def names(self):
        return tuple(self._files)

    def read(self, name):
        return self._files.get(name)


def configuration_in(step):
    return configuration_module.configuration_of(step, options_of(step))


def step_in(folder, **inputs):
    environ = {"GITHUB_WORKSPACE": str(folder), "GITHUB_EVENT_NAME": "pull_request"}
    return Step(
        inputs=ActionInputs(**inputs),
        context=StepContext.from_environ(environ),
        environ={**os.environ, **environ},
        console=Console(os.dup(1)),
    )


def configuration(values):
    return "".join(f"{key} = {value}\n" for key, value in values.items())


some_keys = st.fixed_dictionaries(
    {}, optional={key: st.sampled_from(values) for key, values in VALUES.items() if key not in PLACE_KEYS}
)
a_place = st.one_of(st.just({}), *(st.fixed_dictionaries({key: st.sampled_from(VALUES[key])}) for key in PLACE_KEYS))
configurations = st.builds(dict.__or__, a_place, some_keys)


@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(base=configurations, head=configurations)
@example(base={"budget": VALUES["budget"][0]}, head={"location": '"POL"'})
def test_whatever_a_pull_request_writes_the_merge_base_holds_and_every_change_is_listed(
    tmp_path, monkeypatch_module, base, head
):
    path = tmp_path / "carbon-lint.toml"
    path.write_text(configuration(head))
    known = FakeBase(tmp_path, {"carbon-lint.toml": configuration(base).encode()})
    monkeypatch_module.setattr(configuration_module, "open_base", lambda _step: known)
    before, after = parse(configuration(base).encode(), "base.toml"), parse(configuration(head).encode(), "head.toml")

    found = configuration_in(step_in(tmp_path))

    is_in_grams = before.max_emissions_g or before.max_increase or any(one.max_emissions_g for one in before.budget)
    is_first_place = not (is_in_grams or base.keys() & PLACE_KEYS or before.machine)
    for key, described in KEYS.items():
        found_value, *values = (getattr(one, described.attribute) for one in (found.settings, before, after))
        is_heads = key in HARMLESS_KEYS or (is_first_place and key in {*PLACE_KEYS, "machine"})
        assert found_value == values[is_heads], key
        if not is_heads:
            assert (key in {change.name for change in found.changes}) == (values[0] != values[1]), key


@pytest.fixture
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture
def api():
    with GitHubApi() as running:
        yield running


@pytest.fixture
def runner(tmp_path, api):
    """On pull request 7, in a workspace without a git repository."""
    started = Runner(tmp_path)
    started.on_pull_request(api.url)
    return started


def pull_request(runner, base, head, folder="."):
    """A full checkout in `folder` with the files `base` at the merge base and `head` now; `None` means no such file."""
    root = runner.workspace / folder
    root.mkdir(parents=True, exist_ok=True)
    (root / "train.py").write_text("")
    for files in (base, head):
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            if text is not None:
                path.write_text(text)
        sha = commit(root)
        if files is base:
            runner.event["pull_request"]["base"]["sha"] = sha


LIMIT = 'max-emissions = "1 ug"\nlocation = "POL"\npue = 3\n'


@pytest.mark.parametrize(
    "head",
    [
        LIMIT.replace("POL", "ISL"),
        LIMIT.replace('location = "POL"', "carbon-intensity = 1.5"),
        LIMIT.replace("POL", "auto") + '[[machine]]\nmatch = "*"\nlocation = "ISL"\n',
        LIMIT.replace("pue = 3", "pue = 1"),
    ],
    ids=["location", "carbon-intensity", "machine", "pue"],
)
def test_a_pull_request_cannot_loosen_a_limit_by_what_prices_or_scales(runner, head):
    pull_request(runner, {"carbon-lint.toml": LIMIT}, {"carbon-lint.toml": head})
    step = runner.step(command="sleep 1", lint="false", pr_comment="false", github_token="")
    assert step.exit_status == 1, step.log
    assert "615 g/kWh: Poland" in step.log
    assert "\n  PUE        3\n" in step.log
    (changes,) = [text for text in step.annotations("notice") if "changes the configuration" in text]
    assert " -> " in changes
    assert "changes its own configuration" in step.summary


@pytest.mark.parametrize(
    "head",
    [
        'ignore = ["ALL"]\n',
        'select = ["CL901"]\n',
        'severity = {CL201 = "note"}\n',
        'per-file-ignores = {"**" = ["ALL"]}\n',
    ],
    ids=["ignore", "select", "severity", "per-file-ignores"],
)
@pytest.mark.parametrize("folder", ["", "models/a/"], ids=["root", "monorepo"])
def test_a_pull_request_cannot_silence_the_linter(runner, head, folder):
    pull_request(runner, {f"{folder}README.md": BAD}, {f"{folder}carbon-lint.toml": head})
    step = runner.step(lint="true", github_token="")
    assert step.exit_status == 1, step.log
    assert step.outputs["errors"] == "1"
    assert head.partition(" ")[0] in next(text for text in step.annotations("notice") if "changes the" in text)


def test_a_pull_request_cannot_raise_the_severity_that_fails(runner):
    card = "---\nlicense: mit\nco2_eq_emissions:\n  emissions: 12.5\n---\n# A model\n"
    pull_request(
        runner,
        {"carbon-lint.toml": 'fail-on = "note"\n', "README.md": card},
        {"carbon-lint.toml": 'fail-on = "error"\n'},
    )
    assert runner.step(lint="true", github_token="").exit_status == 1
    runner.github["GITHUB_EVENT_NAME"] = "push"
    assert runner.step(lint="true", github_token="").exit_status == 0


@pytest.mark.parametrize("event", ["pull_request_target", "pull_request_review", "pull_request_review_comment"])
def test_every_event_of_a_pull_request_is_held_to_the_merge_base(runner, event):
    runner.github["GITHUB_EVENT_NAME"] = event
    pull_request(runner, {"README.md": BAD}, {"carbon-lint.toml": 'ignore = ["ALL"]\n'})
    assert runner.step(lint="true", github_token="").exit_status == 1


def test_a_configuration_that_the_pull_request_deletes_still_holds(runner):
    pull_request(runner, {"carbon-lint.toml": LIMIT}, {"carbon-lint.toml": None})
    step = runner.step(command="sleep 1", lint="false", github_token="")
    assert step.exit_status == 1, step.log


def test_the_first_pull_request_with_a_place_is_measured_there_with_a_note(runner):
    pull_request(runner, {}, {"carbon-lint.toml": 'location = "FRA"\nmax-emissions = "1 ug"\n'})
    step = runner.step(command="sleep 0.2", lint="false", github_token="")
    assert step.succeeded, step.log
    notices = "\n".join(step.annotations("notice"))
    assert "the merge base names no place" in notices
    assert "max-emissions: none -> 1 ug" in notices


def test_a_place_of_the_pull_request_never_prices_a_limit_in_grams(runner):
    pull_request(runner, {"carbon-lint.toml": 'max-emissions = "5 kg"\n'}, {"carbon-lint.toml": 'location = "ISL"\n'})
    step = runner.step(command="touch ran", lint="false", github_token="")
    assert step.exit_status == 125
    assert not (runner.workspace / "ran").exists()


def test_a_baseline_record_of_the_repository_is_that_of_the_merge_base(runner, tmp_path):
    earlier = replace(record(), provenance=Provenance(repository="octo/model"))
    write_record(earlier, tmp_path / "earlier.json")
    pull_request(runner, {"base.json": (tmp_path / "earlier.json").read_text()}, {"base.json": "{}"})
    step = runner.step(command="true", location="FRA", lint="false", github_token="", baseline="record:base.json")
    assert step.succeeded, step.log
    assert "base.json" in step.summary


SET_UPS = {
    "path-of-checkout": ("repo", "carbon-lint.toml", {}),
    "path-and-working-directory": ("repo", "training/carbon-lint.toml", {"working_directory": "repo/training"}),
    "path-and-config": ("repo", "conf/limits.toml", {"config": "repo/conf/limits.toml"}),
    "config-in-a-sub-folder": (".", "conf/limits.toml", {"config": "conf/limits.toml"}),
    "working-directory": (".", "training/carbon-lint.toml", {"working_directory": "training"}),
    "two-levels-down": ("src/repo", "carbon-lint.toml", {}),
    "pyproject": (".", "pyproject.toml", {}),
}
OVER = 'max-emissions = "1 g"\n'
LOOSE = 'max-emissions = "5 kg"\n'


@pytest.mark.parametrize("kind", ["git", "shallow", "no-git", "no-list"])
@pytest.mark.parametrize("set_up", SET_UPS)
def test_the_merge_base_is_read_in_every_set_up(runner, api, set_up, kind):
    folder, name, inputs = SET_UPS[set_up]
    header = "[tool.carbon-lint]\n" if name == "pyproject.toml" else ""
    pull_request(runner, {name: header + OVER, "setup.cfg": ""}, {name: header + LOOSE}, folder)
    api.base_files |= {name: (header + OVER).encode(), "setup.cfg": b"", "train.py": b""}
    root = runner.workspace / folder
    if kind == "shallow":
        runner.event["pull_request"]["base"]["sha"] = "beef"
    elif kind != "git":
        subprocess.run(["rm", "-rf", str(root / ".git")], check=True)
        api.lists_files = kind == "no-git"
    runner.hand_over()
    step = runner.step(record="r.json", lint="false", github_token="" if kind == "git" else runner.token, **inputs)
    assert step.exit_status == 1, step.log
    assert step.outputs["over-budget"] == "true"
    # Without git, list and input nothing tells where the pull request's own file lies; the merge base's holds.
    is_lost = kind == "no-list" and not inputs and folder != "."
    assert is_lost or "max-emissions: 1 g -> 5 kg" in "\n".join(step.annotations("notice"))


@pytest.mark.parametrize("status", [403, 404, 500])
@pytest.mark.parametrize("head", [LOOSE, ""], ids=["with-a-limit", "deleted"])
def test_a_merge_base_that_cannot_be_read_stops_the_step_before_the_job(runner, api, status, head):
    api.refusals = {"GET": status}
    if head:
        runner.write("carbon-lint.toml", head)
    step = runner.step(command="touch ran", location="FRA", max_emissions="5 kg", lint="false")
    assert step.exit_status == 2, step.log
    (error,) = step.annotations("error")
    assert "merge base" in error
    assert "fetch-depth: 0" in error
    assert not (runner.workspace / "ran").exists()


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_full_checkout_needs_no_api(runner, api, status):
    api.refusals = {"GET": status}
    pull_request(runner, {"carbon-lint.toml": OVER}, {"carbon-lint.toml": LOOSE})
    runner.hand_over()
    assert runner.step(record="r.json", lint="false").exit_status == 1
    assert api.requests == []


def test_a_merge_base_without_a_configuration_sets_no_limit(runner, api):
    """None is an answer, and another one than none that could be read."""
    for kind in ("git", "api"):
        if kind == "git":
            pull_request(runner, {}, {"carbon-lint.toml": OVER})
        else:
            runner.event["pull_request"]["base"]["sha"] = "beef"
        runner.hand_over()
        step = runner.step(record="r.json", lint="false")
        assert step.succeeded, step.log
        assert "max-emissions: none -> 1 g" in "\n".join(step.annotations("notice"))


def test_a_pyproject_of_the_merge_base_counts_by_its_table_and_not_by_a_mention(tmp_path, monkeypatch):
    mentions, spelled = b"# tool.carbon-lint is above\n", b'[tool."carbon-lint"]\nmax-emissions = "2 g"\n'
    files = {"carbon-lint.toml": OVER.encode(), "a/pyproject.toml": mentions, "b/pyproject.toml": spelled}
    known = FakeBase(tmp_path, files)
    monkeypatch.setattr(configuration_module, "open_base", lambda _step: known)
    settings_in = configuration_in(step_in(Path(tmp_path))).settings_in
    assert [settings_in(str(tmp_path / folder)).max_emissions_g for folder in ("", "a", "b")] == [1, 1, 2]


def test_a_broken_configuration_of_the_merge_base_names_it(tmp_path, monkeypatch):
    known = FakeBase(tmp_path, {"carbon-lint.toml": b"= 3\n"})
    monkeypatch.setattr(configuration_module, "open_base", lambda _step: known)
    with pytest.raises(ConfigError, match=r"carbon-lint\.toml:1 of the merge base: not TOML"):
        configuration_in(step_in(Path(tmp_path)))


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_configuration_behind_a_link_is_followed_within_the_merge_base(runner, kind):
    pull_request(runner, {"conf/limits.toml": OVER}, {})
    link = runner.workspace / ("carbon-lint.toml" if kind == "file" else "link")
    link.symlink_to("conf/limits.toml" if kind == "file" else "conf")
    runner.event["pull_request"]["base"]["sha"] = commit(runner.workspace)
    runner.write("conf/limits.toml", LOOSE)
    commit(runner.workspace)
    runner.hand_over()
    inputs = {} if kind == "file" else {"config": "link/limits.toml"}
    step = runner.step(record="r.json", lint="false", github_token="", **inputs)
    assert step.exit_status == 1, step.log


def test_the_checkout_of_another_repository_is_not_taken_for_this_one(runner):
    """As a tool that is checked out beside the model, or a submodule in it."""
    pull_request(runner, {"carbon-lint.toml": OVER}, {"carbon-lint.toml": LOOSE}, "model")
    tool = runner.workspace / "a-tool"
    tool.mkdir()
    (tool / "carbon-lint.toml").write_text('max-emissions = "7 t"\n')
    commit(tool)
    runner.hand_over()
    step = runner.step(record="r.json", lint="false", github_token="")
    assert step.exit_status == 1, step.log
    assert "max-emissions: 1 g -> 5 kg" in "\n".join(step.annotations("notice"))
