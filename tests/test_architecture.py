"""The rooms and the one way that imports run between them."""

from __future__ import annotations

import ast
import subprocess
import sys

from tests.conftest import ROOT

PACKAGE = ROOT / "carbon_lint"

# A room may import what stands on a later line. What stands on its own line it may not import, but for NEIGHBOURS.
FLOORS = [
    {"cli", "github", "__main__"},
    {"starter"},
    {"pipeline", "estimate"},
    {"measure", "lint", "hub", "report"},
    {"card", "records", "gate", "config"},
    {
        "places",
        "units",
        "text",
        "redact",
        "errors",
        "files",
        "project",
        "schema_files",
        "config_file",
        "limits",
        "data",
        "__init__",
    },
]
NEIGHBOURS = {
    ("cli", "github"),  # `init` shows what the action takes
    ("github", "cli"),  # the action runs the same verbs
    ("report", "lint"),  # a reporter takes diagnostics and the rules' pages
    ("hub", "lint"),  # what is committed and audited is linted
    ("gate", "records"),  # a verdict is on a record
    ("records", "gate"),  # a ledger's sum is held against a budget
    ("card", "records"),  # a card's block comes from a record
    ("__main__", "cli"),
}
FLOOR_OF = {room: number for number, floor in enumerate(FLOORS) for room in floor}
DOORS = {"cli/__init__.py", "github/entry.py"}  # where an exception becomes text
MODULES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    """(line, dotted name) of everything that a module imports, inside functions too."""
    for node in ast.walk(MODULES[path]):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            yield node.lineno, base
            if base == "carbon_lint":
                yield from ((node.lineno, f"carbon_lint.{alias.name}") for alias in node.names)


def test_every_module_lives_in_a_known_room():
    assert {room_of(path) for path in MODULES} <= set(FLOOR_OF)


def test_imports_run_one_way():
    wrong = []
    for path, (line, name) in ((module, found) for module in MODULES for found in imported(module)):
        parts, room = name.split("."), room_of(path)
        if parts[0] != "carbon_lint" or len(parts) == 1 or parts[1].startswith("__"):
            continue
        other = parts[1]
        if other != room and (room, other) not in NEIGHBOURS and FLOOR_OF[other] <= FLOOR_OF[room] < len(FLOORS) - 1:
            wrong.append(f"{path.relative_to(PACKAGE)}:{line}: {room} imports {other}")
    assert wrong == []


def test_only_one_file_imports_codecarbon_and_one_room_huggingface_hub():
    users = {"codecarbon": set(), "huggingface_hub": set()}
    for path in MODULES:
        for _, name in imported(path):
            top = name.split(".")[0]
            if top in users:
                users[top].add(path.relative_to(PACKAGE).as_posix())
    assert users["codecarbon"] <= {"measure/codecarbon/meter.py"}
    assert {user.split("/")[0] for user in users["huggingface_hub"]} <= {"hub"}


def test_only_the_doors_touch_the_process():
    """Printing and exiting belong to `cli` and `github`; only the two doors catch everything, but to clean up."""
    wrong = []
    for path, node in ((path, node) for path, tree in MODULES.items() for node in ast.walk(tree)):
        name = path.relative_to(PACKAGE).as_posix()
        is_front_end = room_of(path) in {"cli", "github"}
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else ""
            is_all = caught in {"", "Exception", "BaseException"}
            cleans_up = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
            if is_all and not cleans_up and name not in DOORS:
                wrong.append(f"{name}:{node.lineno}: catches everything")
        elif not is_front_end and isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in {"print", "sys.exit", "exit"}:
                wrong.append(f"{name}:{node.lineno}: {called}")
    assert wrong == []


def test_check_imports_nothing_heavy(tmp_path):
    """The hook's promise: linting a card loads none of the measuring, publishing or schema libraries."""
    card = tmp_path / "README.md"
    card.write_text("---\nlicense: mit\nco2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n---\n# A model\n")
    script = (
        "import sys; from carbon_lint.cli import main; main(['check', sys.argv[1]]);"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in "
        "{'codecarbon', 'pandas', 'huggingface_hub', 'rich', 'jsonschema', 'numpy', 'psutil'} "
        "or name == 'carbon_lint.pipeline.story'))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(card)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr
