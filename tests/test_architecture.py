"""The rooms and the one way that imports run between them. `tools/house.py` prints what is judged here."""

from __future__ import annotations

import ast
import functools
import gc
import re
import subprocess
import sys

from tests.conftest import ROOT
from tools import house

# A room imports from its own floor and those below it. `cli` and `github` stand side by side and do not meet.
FLOORS = (
    {"__main__"},
    {"cli", "github", "python", "callbacks"},
    {"starter"},
    {"pipeline", "verification"},
    {"measurement", "lint", "hub", "report", "estimate", "trackers"},
    {"card", "records", "gate"},
    {
        "config",
        "places",
        "units",
        "value",
        "verbs",
        "text",
        "redact",
        "debug",
        "errors",
        "files",
        "project",
        "config_file",
        "config_keys",
        "limits",
        "data",
        "__init__",
    },
)
FLOOR_OF = {room: number for number, floor in enumerate(FLOORS) for room in floor}
FRONT_ENDS = {"cli", "github", "python"}
CATCH_ALL = {"cli/__init__.py", "github/entry.py", "python/measuring.py"}  # they turn an exception into text


@functools.cache
def read():
    """Return the house, read once and only by a process that judges it. None of its 300,000 nodes is garbage."""
    gc.disable()
    try:
        return house.read_house(ROOT / "carbon_lint")
    finally:
        gc.freeze()
        gc.enable()


@functools.cache
def modules():
    return {read().paths[name]: tree for name, tree in read().trees.items()}


@functools.cache
def nodes(path):
    """Return what can touch the process: the imports, the calls and the handlers of a module."""
    kinds = ast.Import | ast.ImportFrom | ast.ExceptHandler | ast.Call
    return [node for node in ast.walk(modules()[path]) if isinstance(node, kinds)]


def imported(path):
    """Yield the first part of each dotted name that a module imports, inside functions too."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.partition(".")[0]


def dotted(called):
    """Return `print` or `sys.exit` of what a call names, empty for anything longer."""
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        return f"{called.value.id}.{called.attr}"
    return called.id if isinstance(called, ast.Name) else ""


def shortened(name):
    return name.removeprefix("carbon_lint.")


def drawn(circles):
    return {" ".join(sorted(map(shortened, circle))) for circle in circles}


def test_every_module_lives_in_a_known_room():
    assert {read().room(name) for name in read().trees} == set(FLOOR_OF)


def test_imports_run_one_way():
    wrong = {}
    for found in read().imports:
        rooms = read().room(found.source), read().room(found.target)
        if FLOOR_OF[rooms[1]] < FLOOR_OF[rooms[0]] or (set(rooms) <= FRONT_ENDS and rooms[0] != rooms[1]):
            wrong.setdefault(rooms, []).append(f"{shortened(found.source)}:{found.line}: {shortened(found.target)}")
    assert wrong == {}


def test_there_is_no_circle():
    for circles in (house.room_circles, house.module_circles, house.folder_circles):
        assert drawn(circles(read())) == set(), circles.__name__


def test_what_is_imported_by_name_lies_beside_who_asks():
    """`house` reads import statements. By name a room finds its own modules, and the package its Python interface."""
    asked = {}
    for path in modules():
        calls = [node for node in nodes(path) if isinstance(node, ast.Call) and dotted(node.func) == "import_module"]
        for found in re.findall(r"carbon_lint\.([\w.]+)", " ".join(map(ast.unparse, calls))):
            folder = path.parent.relative_to(ROOT / "carbon_lint").as_posix()
            asked[path.relative_to(ROOT).as_posix()] = found.replace(".", "/").startswith(folder) and folder != "."
    assert asked.pop("carbon_lint/__init__.py") is False
    assert asked
    assert all(asked.values()), asked


def test_functions_and_files_are_short():
    long = {f"{shortened(f.module)}.{f.name}" for f in house.functions(read()) if f.lines > house.LONG_FUNCTION}
    assert long == set()
    assert {shortened(name) for name, lines in read().lines.items() if lines > house.LONG_FILE} == set()


def test_the_house_is_read_as_it_is(tmp_path):
    """Lazy imports and imports for types are seen; a docstring does not make a function long."""
    files = {
        "__init__.py": "",
        "a/__init__.py": "",
        "a/one.py": "def f():\n    from p.b import two\n    return two\n",
        "b/__init__.py": "",
        "b/two.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import p.c\n",
        "c.py": "from p.a.one import f\n" + f'def g():\n    """{chr(10) * 50}"""\n' + "def h():\n" + "    f()\n" * 41,
    }
    for name, text in files.items():
        (tmp_path / "p" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "p" / name).write_text(text)
    small = house.read_house(tmp_path / "p")
    found = {(found.source, found.target, found.when) for found in small.imports}
    assert found == {("p.a.one", "p.b.two", "lazy"), ("p.b.two", "p.c", "types"), ("p.c", "p.a.one", "")}
    assert house.module_circles(small) == [["p.a.one", "p.b.two", "p.c"]]
    assert house.room_circles(small) == [["a", "b", "c"]]
    assert [function.name for function in house.functions(small) if function.lines > house.LONG_FUNCTION] == ["h"]
    printed = "\n".join(house.report(small))
    assert "a.one -> (lazy) b.two -> (types) c -> a.one" in printed
    assert "Circles between modules: 1" in printed


def test_only_one_file_imports_codecarbon_and_one_room_huggingface_hub():
    users = {"codecarbon": set(), "huggingface_hub": set()}
    for path in modules():
        for top in imported(path):
            if top in users:
                users[top].add(path.relative_to(ROOT / "carbon_lint").as_posix())
    assert users["codecarbon"] <= {"measurement/codecarbon/meter.py", "measurement/codecarbon/surroundings.py"}
    assert {user.split("/")[0] for user in users["huggingface_hub"]} <= {"hub"}


def test_only_the_front_ends_touch_the_process():
    """Printing and exiting belong to `cli` and `github`; only `CATCH_ALL` catches everything, except to clean up."""
    wrong = []
    names = {path: path.relative_to(ROOT / "carbon_lint").as_posix() for path in modules()}
    for name, node in ((names[path], node) for path in modules() for node in nodes(path)):
        is_front_end = name.startswith(("cli/", "github/"))
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else ""
            is_all = caught in {"", "Exception", "BaseException"}
            cleans_up = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
            if is_all and not cleans_up and name not in CATCH_ALL:
                wrong.append(f"{name}:{node.lineno}: catches everything")
        elif not is_front_end and isinstance(node, ast.Call):
            called = dotted(node.func)
            if called in {"print", "sys.exit", "exit"}:
                wrong.append(f"{name}:{node.lineno}: {called}")
    assert wrong == []


def test_check_imports_nothing_heavy(tmp_path):
    """The hook's promise: linting a card loads none of the measuring, publishing or schema libraries.

    A card without findings does not load `typing` or the reader of quantities either: each is a tenth of the time.
    What a measurement of coverage loads when Python starts is not counted.
    """
    card = tmp_path / "README.md"
    block = "co2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n  training_type: fine-tuning\n"
    block += "  geographical_location: Paris, France\n  hardware_used: 1 x NVIDIA H100\n"
    card.write_text(f"---\nlicense: mit\n{block}---\n# A model\n")
    script = (
        "import sys; own = {*sys.modules}; from carbon_lint.cli import main; main(['check', sys.argv[1]]);"
        "print(sorted(name for name in {*sys.modules} - own if name.split('.')[0] in "
        "{'codecarbon', 'pandas', 'huggingface_hub', 'rich', 'msgspec', 'numpy', 'psutil', 'typing'} "
        "or name in {'carbon_lint.pipeline.story', 'carbon_lint.card.quantity'}))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(card)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr


def test_a_run_and_what_reads_its_record_load_no_client_of_the_hub():
    """Nor a library of charts or schemas; each takes as long as all that a run needs besides CodeCarbon."""
    verbs = [
        ["run", "--location", "FRA", "--record", "r.json", "--", "true"],
        ["gate", "r.json", "--max-emissions", "1 kg"],
        ["report", "r.json"],
        ["card", "README.md", "--from", "r.json"],
        ["verify", "README.md", "--record", "r.json"],
        ["ledger", "add", "r.json", "--ledger", "ledger"],
        ["ledger", "sum", "--ledger", "ledger"],
    ]
    script = (
        f"import sys; from carbon_lint.cli import main; codes = [main(verb) for verb in {verbs!r}];"
        "heavy = {'huggingface_hub', 'jinja2', 'jsonschema', 'pygal'};"
        "print(codes, sorted({name.split('.')[0] for name in sys.modules} & heavy))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[0, 0, 0, 0, 0, 0, 0] []", done.stdout + done.stderr


def test_contributing_names_files_that_exist():
    table = (ROOT / "CONTRIBUTING.md").read_text().partition("## Where do I change")[2].partition("\n## ")[0]
    paths = re.findall(r"`((?:carbon_lint|tools|schemas)/[\w/.]*)`", table)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_contributing_names_every_room_and_every_file_beside_the_rooms():
    rooms = (ROOT / "CONTRIBUTING.md").read_text().partition("## The rooms")[2].partition("\n## ")[0]
    package = ROOT / "carbon_lint"
    there = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    there |= {path.name for path in package.glob("[!_]*.py")}
    assert sorted(name for name in there if not re.search(rf"(?<![\w/]){re.escape(name)}", rooms)) == []
