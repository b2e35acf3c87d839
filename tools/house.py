"""Print the plan of the house: packages, imports between them, circles, long functions and long files.

Usage: python tools/house.py [FOLDER]
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

ROOT = Path(__file__).resolve().parent.parent
LONG_FUNCTION = 40
LONG_FILE = 400


class Import(NamedTuple):
    """One import of one module by another."""

    source: str
    target: str
    line: int
    when: str  # "" as the module loads, "lazy" inside a function, "types" for the type checker alone


class Function(NamedTuple):
    """One function, and how many lines it takes without its docstring."""

    module: str
    name: str
    line: int
    lines: int


class House(NamedTuple):
    """All that was read from one package."""

    name: str
    trees: dict[str, ast.Module]
    lines: dict[str, int]
    paths: dict[str, Path]
    imports: list[Import]

    def room(self, module: str) -> str:
        """Return the room of a module: the first name below the package, `__init__` for the package itself."""
        below = module.removeprefix(self.name).removeprefix(".")
        return below.partition(".")[0] or "__init__"

    def folder(self, module: str) -> str:
        """Return the package that holds a module; a package holds its own `__init__`."""
        return module if self.paths[module].name == "__init__.py" else module.rpartition(".")[0]


def read_house(folder: Path) -> House:
    """Parse each file of the package in `folder` once."""
    paths = {_name_of(path, folder): path for path in sorted(folder.rglob("*.py"))}
    texts = {name: path.read_text(encoding="utf-8") for name, path in paths.items()}
    trees = {name: ast.parse(text) for name, text in texts.items()}
    lines = {name: text.count("\n") for name, text in texts.items()}
    imports = [found for name in trees for found in _imports_of(name, trees)]
    return House(folder.name, trees, lines, paths, imports)


def _name_of(path: Path, folder: Path) -> str:
    parts = path.relative_to(folder.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports_of(module: str, trees: Mapping[str, ast.Module]) -> Iterator[Import]:
    for node, when in _import_statements(trees[module], ""):
        if isinstance(node, ast.ImportFrom) and node.level:
            raise ValueError(f"{module}:{node.lineno}: a relative import, which is not followed")
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for target in {_module_of(name, trees) for name in names} - {None, module}:
            yield Import(module, str(target), node.lineno, when)


def _import_statements(node: ast.AST, when: str) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, when
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _import_statements(child, when or "lazy")
        elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            yield from _import_statements(child, "types")
        elif isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):  # an expression holds no import
            yield from _import_statements(child, when)


def _module_of(name: str, trees: Mapping[str, ast.Module]) -> str | None:
    """Return the module that an imported name is or lies in, or None if it belongs to another package."""
    while name and name not in trees:
        name = name.rpartition(".")[0]
    return name or None


def functions(house: House) -> Iterator[Function]:
    """Yield each function of the package."""
    for module, tree in house.trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Function(module, node.name, node.lineno, _lines(node) - _docstring_lines(node))


def _docstring_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return _lines(function.body[0]) if ast.get_docstring(function, clean=False) is not None else 0


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def circles(edges: AbstractSet[tuple[str, str]]) -> list[list[str]]:
    """Return each group of nodes that reach one another, as one shortest way around through its first node."""
    following: dict[str, set[str]] = {}
    for source, target in edges:
        following.setdefault(source, set()).add(target)
    found, seen = [], set[str]()
    for start in sorted(following):
        around = None if start in seen else _shortest_way(start, following)
        if around:
            seen |= {node for node in following if node in seen or _reach_each_other(start, node, following)}
            found.append(around)
    return found


def _shortest_way(start: str, following: Mapping[str, set[str]]) -> list[str] | None:
    ways = [[start]]
    seen = set[str]()
    for way in ways:  # grows as it goes: nearest first
        for target in sorted(following.get(way[-1], set()) - seen):
            if target == start:
                return way
            seen.add(target)
            ways.append([*way, target])
    return None


def _reach_each_other(first: str, second: str, following: Mapping[str, set[str]]) -> bool:
    return second in _reached(first, following) and first in _reached(second, following)


def _reached(start: str, following: Mapping[str, set[str]]) -> set[str]:
    seen, waiting = set[str](), [start]
    while waiting:
        new = following.get(waiting.pop(), set()) - seen
        seen |= new
        waiting.extend(new)
    return seen


def module_circles(house: House) -> list[list[str]]:
    """Return the circles between modules; lazy imports and imports for types count."""
    return circles({(found.source, found.target) for found in house.imports})


def room_circles(house: House) -> list[list[str]]:
    """Return the circles between rooms."""
    pairs = {(house.room(found.source), house.room(found.target)) for found in house.imports}
    return circles({(source, target) for source, target in pairs if source != target})


def folder_circles(house: House) -> list[list[str]]:
    """Return the circles between folders that neither holds the other."""
    pairs = {(house.folder(found.source), house.folder(found.target)) for found in house.imports}
    return circles({(a, b) for a, b in pairs if not f"{a}.".startswith(f"{b}.") and not f"{b}.".startswith(f"{a}.")})


def report(house: House) -> Iterator[str]:
    """Yield the lines of the whole report."""
    yield from _packages(house)
    yield "\nImports between rooms (of them lazy, for types alone)"
    pairs = Counter[tuple[str, str]]()
    kinds = Counter[tuple[str, str, str]]()
    for found in house.imports:
        pair = house.room(found.source), house.room(found.target)
        if pair[0] != pair[1]:
            pairs[pair] += 1
            kinds[*pair, found.when] += 1
    for (source, target), count in sorted(pairs.items()):
        yield f"{count:5} {source} -> {target} ({kinds[source, target, 'lazy']}, {kinds[source, target, 'types']})"
    for title, found_circles in (
        ("rooms", room_circles(house)),
        ("folders", folder_circles(house)),
        ("modules", module_circles(house)),
    ):
        yield f"\nCircles between {title}: {len(found_circles)}"
        yield from (f"      {_drawn(circle, house)}" for circle in found_circles)
    yield f"\nFunctions over {LONG_FUNCTION} lines"
    for function in sorted(functions(house), key=lambda function: -function.lines):
        if function.lines > LONG_FUNCTION:
            yield f"{function.lines:5} {house.paths[function.module]}:{function.line} {function.name}"
    yield f"\nFiles over {LONG_FILE} lines"
    for module, lines in sorted(house.lines.items(), key=lambda item: -item[1]):
        if lines > LONG_FILE:
            yield f"{lines:5} {house.paths[module]}"


def _packages(house: House) -> Iterator[str]:
    files, lines = Counter[str](), Counter[str]()
    for module, count in house.lines.items():
        files[house.folder(module)] += 1
        lines[house.folder(module)] += count
    yield "files lines package"
    for folder in sorted(files):
        yield f"{files[folder]:5} {lines[folder]:5} {folder}"
    yield f"{files.total():5} {lines.total():5} in all"


def _drawn(circle: list[str], house: House) -> str:
    """Draw one circle; an arrow that is only lazy or only for types carries that word."""
    drawn = circle[0]
    for source, target in zip(circle, [*circle[1:], circle[0]], strict=True):
        kinds = {found.when for found in house.imports if (found.source, found.target) == (source, target)}
        mark = f"({'/'.join(sorted(kinds))}) " if kinds and "" not in kinds else ""
        drawn += f" -> {mark}{target}"
    return drawn.replace(f"{house.name}.", "")


def main(arguments: list[str]) -> int:
    """Print the report on one package, this project's unless another is named."""
    house = read_house(Path(arguments[0]).resolve() if arguments else ROOT / "carbon_lint")
    print("\n".join(report(house)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
