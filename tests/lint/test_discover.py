"""Which files are judged."""

from __future__ import annotations

import os
import subprocess

from carbon_lint.lint.discover import find_cards
from tests.cases import cases


def put(*paths, text="---\nlicense: mit\n---\n"):
    for path in paths:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "w") as stream:
            stream.write(text)


def found(*paths, include=()):
    return [one.path for one in find_cards(paths, include)]


def test_a_folder_means_the_readmes_below_it_by_name():
    put("b/README.md", "a/README.md", "README.md", "a/other.md", "a/readme.md", "a/z/README.md")
    assert found(".") == ["README.md", "a/README.md", "a/z/README.md", "b/README.md"]


def test_a_file_that_is_named_is_found_whatever_its_name():
    put("a/other.md")
    (one,) = find_cards(["a/other.md"])
    assert (one.path, one.is_named) == ("a/other.md", True)
    assert found("no-such-file.md") == ["no-such-file.md"]


def test_a_file_is_found_once():
    put("a/README.md")
    assert found("a", "a/README.md", "./a", ".") == ["a/README.md"]


def test_include_takes_other_names_too():
    put("cards/one.md", "cards/deep/two.md", "notes/three.md", "README.md")
    assert found(".", include=("*.md",)) == ["README.md", "cards/one.md", "cards/deep/two.md", "notes/three.md"]
    assert found(".", include=("cards/*.md",)) == ["README.md", "cards/one.md", "cards/deep/two.md"]


@cases("name", [".git", ".venv", "node_modules", "__pycache__"])
def test_folders_of_tools_are_skipped(name):
    put(f"{name}/README.md", "README.md")
    assert found(".") == ["README.md"]


def test_gitignore_is_respected_as_git_does():
    """The same tree, asked of git itself."""
    names = [
        *("README.md", "out/README.md", "keep/README.md", "keep/out/README.md", "keep/deep/README.md"),
        *(
            "models/a/README.md",
            "models/b/README.md",
            "models/b/inner/README.md",
            "x/y/z/README.md",
            "build/a/README.md",
        ),
    ]
    put(*names)
    put(".gitignore", text="/out\n*.tmp\nbuild/\nmodels/*\n!models/b\n!\n# comment\nx/**/z\n")
    put("keep/.gitignore", text="deep/\n!out\n")
    put("models/b/.gitignore", text="inner\n")
    subprocess.run(["git", "init", "-q"], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert found(".") == sorted(name for name in listed if name.endswith("README.md"))
    assert len(found(".")) == 4


def test_gitignore_files_above_the_folder_count_too():
    put("models/a/README.md", "models/b/README.md")
    put(".gitignore", text="models/b/\n")
    subprocess.run(["git", "init", "-q"], check=True)
    assert found("models") == ["models/a/README.md"]


def test_a_gitignore_outside_a_repository_does_not_reach_below():
    put("models/README.md")
    put(".gitignore", text="models\n")
    assert found("models") == ["models/README.md"]


def test_links_to_folders_are_not_followed_and_links_to_files_are():
    put("a/README.md")
    os.symlink("..", "a/loop")
    os.symlink("a", "again")
    os.makedirs("b")
    os.symlink("../a/README.md", "b/README.md")
    assert found(".") == ["a/README.md", "b/README.md"]


def test_only_files_of_a_folder_are_found():
    os.makedirs("a/README.md")
    os.makedirs("b")
    os.mkfifo("b/README.md")
    os.makedirs("c")
    os.symlink("nowhere", "c/README.md")
    os.symlink("README.md", "README.md")
    assert found(".") == []


def test_names_that_are_hard_to_print_are_found():
    put("a\nb/README.md", "ünï/README.md")
    os.makedirs(b"\xff")
    with open(b"\xff/README.md", "wb") as stream:
        stream.write(b"")
    assert found(".") == ["a\nb/README.md", "ünï/README.md", "\udcff/README.md"]
