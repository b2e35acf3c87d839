"""Which files are model cards: those that were named, and the README.md files below the folders that were named.

Walks as git would show the tree: `.gitignore` files are respected, nested ones and those above the folder too, and
links to folders are not followed (so no loop can hold the walk). Yields as it walks; nothing is collected.
"""

from __future__ import annotations

import os

from carbon_lint.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pathspec import GitIgnoreSpec

    # (path of the folder that was named below that of the configuration, glob)
    Patterns = tuple[tuple[str, str], ...]
    # (folder, patterns of its .gitignore), outermost first
    Ignores = tuple[tuple[str, GitIgnoreSpec], ...]

CARD_NAME = "README.md"
"""The only name that the Hub reads a card from."""

SKIPPED_FOLDERS = frozenset(
    (".git", ".hg", ".svn", ".venv", "venv", "node_modules", "site-packages", "__pycache__", ".tox", ".nox", ".eggs")
)


class CardFile(Value, frozen=False):
    """A file to judge: its path as a person would write it, and whether it was named or found in a folder."""

    path: str
    is_named: bool

    def __init__(self, path: str, *, is_named: bool) -> None:  # as of `FrontMatter`
        self.path = path
        self.is_named = is_named


def find_cards(
    paths: Sequence[str], include: tuple[str, ...] = (), configured: Callable[[str], Patterns] | None = None
) -> Iterator[CardFile]:
    """Return the files that `paths` mean, each once, in their order; of a folder its files by name, then its folders.

    `include` holds globs of files that count as cards in folders besides README.md: matched against the name, or,
    if the glob has a slash, against the path below the folder that was named. `configured` gives the globs of the
    configuration of a folder that was named.
    """
    given = tuple(("", glob) for glob in include)
    if len(paths) == 1:
        yield from _below(paths[0], given, configured)
        return
    seen: set[str] = set()
    for path in paths:
        for found in _below(path, given, configured):
            key = os.path.normpath(found.path)
            if key not in seen:
                seen.add(key)
                yield found


def _below(path: str, given: Patterns, configured: Callable[[str], Patterns] | None) -> Iterator[CardFile]:
    if os.path.isdir(path):
        include = given + configured(path) if configured is not None else given
        for name in _walk(path, include):
            yield CardFile(name, is_named=False)
    else:
        yield CardFile(path, is_named=True)


def _walk(top: str, include: Patterns) -> Iterator[str]:
    """Yield paths of cards below `top`. A folder in it that cannot be listed is skipped, as git does.

    Raises InputError if `top` itself cannot be listed.
    """
    stack: list[tuple[str, str, Ignores]] = [(top, "", _ignores_above(top))]
    while stack:
        folder, below, ignores = stack.pop()
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            if folder == top:
                from carbon_lint.errors import InputError

                raise InputError(f"cannot list {top}: {error.strerror}", hint="check its permissions") from error
            continue
        if any(entry.name == ".gitignore" for entry in entries):
            ignores = (*ignores, *_ignores_of(folder))
        folders = []
        for entry in entries:
            path = entry.name if top == "." and not below else os.path.join(folder, entry.name)
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in SKIPPED_FOLDERS and not _is_ignored(path, ignores, is_folder=True):
                    folders.append((path, f"{below}{entry.name}/", ignores))
            elif _is_card(entry, below, include) and not _is_ignored(path, ignores, is_folder=False):
                yield path
        stack.extend(reversed(folders))


def _is_card(entry: os.DirEntry[str], below: str, include: Patterns) -> bool:
    """Return whether an entry of a folder is a file with the name of a card: a pipe or socket is not a card."""
    if entry.name != CARD_NAME and not (include and _matches(entry.name, below, include)):
        return False
    try:
        return entry.is_file()
    except OSError:
        return False


def _matches(name: str, below: str, include: Patterns) -> bool:
    from fnmatch import fnmatchcase

    # `**/` also stands for no folder at all, as in .gitignore
    return any(
        fnmatchcase(above + below + name if "/" in glob else name, each)
        for above, glob in include
        for each in (glob, glob.replace("**/", ""))
    )


def _ignores_above(top: str) -> Ignores:
    """Return the `.gitignore` files of the folders above `top`, up to the root of a repository."""
    folder = os.path.abspath(top)
    above: Ignores = ()
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return ()
        folder = parent
        if os.path.isfile(os.path.join(folder, ".gitignore")):
            above = (*_ignores_of(folder), *above)
    return above


def _ignores_of(folder: str) -> Ignores:
    try:
        with open(os.path.join(folder, ".gitignore"), encoding="utf-8", errors="surrogateescape") as stream:
            lines = stream.read().splitlines()
    except OSError:
        return ()
    from pathspec import GitIgnoreSpec

    try:
        spec = GitIgnoreSpec.from_lines(lines)
    except ValueError:
        spec = GitIgnoreSpec.from_lines([line for line in lines if _is_pattern(line)])
    return ((os.path.abspath(folder), spec),)


def _is_pattern(line: str) -> bool:
    """Return whether pathspec takes the line. Git passes over the few that it does not, such as a lone `!`."""
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


def _is_ignored(path: str, ignores: Ignores, *, is_folder: bool) -> bool:
    """Decide as git does: by the last pattern of the innermost file that matches the path."""
    if not ignores:
        return False
    absolute = os.path.abspath(path)
    for folder, spec in reversed(ignores):
        relative = os.path.relpath(absolute, folder).replace(os.sep, "/") + ("/" if is_folder else "")
        decision = spec.check_file(relative).include
        if decision is not None:
            return decision
    return False
