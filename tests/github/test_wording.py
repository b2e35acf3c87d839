"""Messages were written for the command line: what a step says of them names inputs and the user's own paths."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.github.context import Context
from carbon_lint.github.wording import in_yaml, users_paths
from tests.cases import cases
from tests.conftest import ROOT

PACKAGE = ROOT / "carbon_lint"
# What a step runs through.
MODULES = sorted(
    path for room in ("measure", "gate", "records", "card", "lint", "hub") for path in (PACKAGE / room).rglob("*.py")
) + [PACKAGE / name for name in ("places.py", "units.py", "config.py", "files.py", "pipeline.py")]
# No step can come by these: flags of Docker and nvidia-ctk, of verbs of their own, and of what no input is there for.
ELSEWHERE = {
    *("gpus", "device", "group-add", "runtime", "set-as-default"),  # other programs
    *("verify", "porcelain", "untracked-files", "get", "show-toplevel", "max-parents"),  # git
    *("power", "count", "hours", "host-power", "scale"),  # estimate
    *("run-id", "sum", "trust-location", "gpu-unused", "location-name", "replace"),  # card, of an emissions.csv
    *("last", "project", "from"),  # card, of an emissions.csv
    "force",  # recover, in a whole command line
    *("max", "task", "greener-than", "journal", "engine", "workers"),  # find, audit
    *("revision", "stage", "to"),  # publish
    *("cpu-power", "tick"),  # run, of a machine of one's own
}
FLAG = re.compile(r"(?<![\w-])--([a-z][a-z-]+)")


def messages(path):
    """The strings of a module that are no docstrings, an f-string as one."""
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
        for flag in FLAG.findall(re.sub(r"carbon-lint [a-z]+\b[^`;,)\n]*", "", in_yaml(message)))
    }
    assert {(flag, message) for flag, message in left if flag not in ELSEWHERE} == set()


WORKSPACES = ["/github/workspace", "/home/runner/work/my_model/my_model", "/__w/model/model"]


@cases("workspace", WORKSPACES)
@cases(
    ("said", "shown"),
    [
        ("cannot read {}/models/X.md: gone", "cannot read models/X.md: gone"),
        ("'{}/a b.md' and {}/c.md, `{}/d.md`", "'a b.md' and c.md, `d.md`"),
        ("there is no folder {}", "there is no folder the workspace"),
        ("cannot write {}/: it is read-only", "cannot write the workspace: it is read-only"),
        ("{}-two/x.md and /mnt{}/x.md", None),
    ],
)
def test_a_path_of_the_container_is_said_as_the_users(workspace, said, shown):
    context = Context.from_environ({"GITHUB_WORKSPACE": workspace})
    text = said.replace("{}", workspace)
    assert users_paths(context, text) == (text if shown is None else shown)


@given(st.lists(st.sampled_from(["models/X.md", "README.md", ".github/x.yml", "a_b/c-d.toml"]), min_size=1, max_size=5))
def test_no_workspace_is_left_in_a_message(names):
    for workspace in WORKSPACES:
        context = Context.from_environ({"GITHUB_WORKSPACE": workspace})
        said = "; ".join(f"cannot read {Path(workspace) / name}: no" for name in names)
        assert users_paths(context, said) == "; ".join(f"cannot read {name}: no" for name in names)
