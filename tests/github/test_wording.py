"""No message names a flag, so that a step can name inputs, and the user's own paths."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.cli.flags import spelled as as_flag
from carbon_lint.errors import ConfigError, UsageError
from carbon_lint.github.context import StepContext
from carbon_lint.github.wording import users_paths, worded
from tests.cases import cases
from tests.conftest import ROOT

PACKAGE = ROOT / "carbon_lint"
# What a step runs through, without what holds flags of other programs, or of `card`, `check` and `doctor` alone.
APART = {
    "measurement/doctor.py",
    "measurement/job/containers.py",
    "measurement/job/remote.py",
    "measurement/job/wrappers.py",
}
ROOMS = ("measurement", "gate", "records", "card", "lint", "hub", "pipeline")
MODULES = [
    path
    for room in ROOMS
    for path in sorted((PACKAGE / room).rglob("*.py"))
    if path.relative_to(PACKAGE).as_posix() not in APART and path.parent.name != "emissions_csv"
] + [PACKAGE / name for name in ("places.py", "units.py", "config.py", "files.py", "limits.py")]
# No step can come by these: flags of Docker and nvidia-ctk, of verbs of their own, and of what no input is there for.
ELSEWHERE = {
    *("gpus", "device", "group-add", "runtime", "set-as-default", "time", "timeout"),  # other programs
    *("verify", "porcelain", "untracked-files", "get", "show-toplevel", "max-parents"),  # git
    *("power", "count", "hours", "host-power", "scale", "cpu", "memory", "threads", "sockets", "load"),  # estimate
    *("run-id", "sum", "trust-location", "gpu-unused", "location-name", "replace"),  # card, of an emissions.csv
    *("last", "project", "from"),  # card, of an emissions.csv
    "force",  # recover, in a whole command line
    "journal",  # report
    *("max", "task", "greener-than", "checkpoint", "engine", "workers"),  # find, audit
    *("revision", "stage", "to"),  # publish
    *("overlap", "remote-ok", "pushes-to"),  # merge, run
    "label",  # docker run
    *("cpu-power", "ram-power", "tick", "energy-only", "intensity-source"),  # run, of a machine of one's own
    "baseline-card",  # gate
}
FLAG = re.compile(r"(?<![\w-])--([a-z][a-z-]+)")


def messages(path):
    """The strings of a module except docstrings, an f-string as one."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not {id(node)} & (docs | parts):
            yield node.value


@cases("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_message_that_a_step_can_come_by_names_a_flag(path):
    left = {
        (flag, message)
        for message in messages(path)
        for flag in FLAG.findall(re.sub(r"carbon-lint [a-z]+\b[^`;,)\n]*", "", message))
    }
    assert {(flag, message) for flag, message in left if flag not in ELSEWHERE} == set()


def test_each_front_end_spells_the_option_that_an_error_is_about():
    error = UsageError(
        "it is wrong",
        hint="try",
        option="max-emissions",
        value="5",
        suggest=(("location", "FRA"), ("max-energy", "2 kWh"), ("pue", "1.2"), ("allow-unusual-intensity", "")),
    )
    assert error.advice(as_flag) == (
        "try: --location FRA or --max-energy '2 kWh' or --pue 1.2 or --allow-unusual-intensity"
    )
    assert worded(error) == (
        "input 'max-emissions': it is wrong\n  try: `location: FRA` or `max-energy: 2 kWh` or "
        '`pue = "1.2"` in carbon-lint.toml or `allow-unusual-intensity: "true"`'
    )
    assert worded(UsageError("no", option="tick", suggest=(("create-pr", ""),))) == "`tick`: no\n  `publish: pr`"
    assert worded(ConfigError("carbon-lint.toml:1: grace: no", option="grace")) == "carbon-lint.toml:1: grace: no"


def test_an_error_again_keeps_its_kind_and_leaves_the_first_alone():
    first = UsageError("one", hint="h", suggest=(("location", "FRA"),))
    second = first.again(message="two", option="location")
    assert (str(first), first.option, str(second), second.option) == ("one", None, "two", "location")
    assert (type(second), second.hint, second.suggest) == (UsageError, "h", first.suggest)


def test_no_error_is_edited_after_it_was_raised():
    edited = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign | ast.AugAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Attribute)
        and target.attr in {"message", "hint", "details", "option", "suggest"}
        and ast.unparse(target.value) not in {"self", "found"}
    ]
    assert edited == []


WORKSPACES = ["/github/workspace", "/home/runner/work/my_model/my_model", "/__w/model/model"]


@cases("workspace", WORKSPACES)
@cases(
    ("printed", "shown"),
    [
        ("cannot read {}/models/X.md: gone", "cannot read models/X.md: gone"),
        ("'{}/a b.md' and {}/c.md, `{}/d.md`", "'a b.md' and c.md, `d.md`"),
        ("there is no folder {}", "there is no folder the workspace"),
        ("cannot write {}/: it is read-only", "cannot write the workspace: it is read-only"),
        ("{}-two/x.md and /mnt{}/x.md", None),
    ],
)
def test_a_path_of_the_container_is_printed_as_the_users(workspace, printed, shown):
    context = StepContext.from_environ({"GITHUB_WORKSPACE": workspace})
    text = printed.replace("{}", workspace)
    assert users_paths(context, text) == (text if shown is None else shown)


@given(st.lists(st.sampled_from(["models/X.md", "README.md", ".github/x.yml", "a_b/c-d.toml"]), min_size=1, max_size=5))
def test_no_workspace_is_left_in_a_message(names):
    for workspace in WORKSPACES:
        context = StepContext.from_environ({"GITHUB_WORKSPACE": workspace})
        printed = "; ".join(f"cannot read {Path(workspace) / name}: no" for name in names)
        assert users_paths(context, printed) == "; ".join(f"cannot read {name}: no" for name in names)
