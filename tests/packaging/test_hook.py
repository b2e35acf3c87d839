"""The pre-commit hook as a user gets it: pre-commit clones the repository, builds an environment, lints the commit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.cases import cases
from tests.conftest import ROOT
from tests.packaging.test_wheel import BAD, GOOD

HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


def git(folder, *words, check=True, **options):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *identity, *words], cwd=folder, check=check, capture_output=True, **options)


@pytest.fixture(scope="session")
def hook_repository(tmp_path_factory):
    """This checkout, as it is now, committed to a repository of its own: what a user's `rev:` would point at."""
    folder = tmp_path_factory.mktemp("hook")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source = ROOT / name
        if source.is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    git(folder, "init", "-q")
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-qm", "as it is")
    return folder


@pytest.fixture(scope="session")
def pre_commit(tmp_path_factory):
    """Run pre-commit with a cache of its own and no settings but those of the package index."""
    home = tmp_path_factory.mktemp("pre-commit")

    def run(*words, cwd):
        environ = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": os.environ["HOME"],
            "PRE_COMMIT_HOME": str(home),
            **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_"))},
        }
        command = [sys.executable, "-m", "pre_commit", *words]
        return subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False, timeout=600)

    run.home = home
    return run


@pytest.fixture
def try_repo(hook_repository, pre_commit, tmp_path):
    """A repository with cards, and the hook tried on all of them: `try_repo({"README.md": GOOD}).returncode`."""

    def run(files, hook="carbon-lint"):
        folder = tmp_path / "models"
        for name, text in files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        git(folder, "init", "-q")
        git(folder, "add", "-A")
        return pre_commit("try-repo", str(hook_repository), hook, "--all-files", "--verbose", cwd=folder)

    return run


def test_both_hooks_are_declared_in_python_and_named_in_the_documentation():
    assert [hook["id"] for hook in HOOKS] == ["carbon-lint", "carbon-lint-fix"]
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    documentation = "".join(page.read_text(encoding="utf-8") for page in pages)
    for hook in HOOKS:
        assert hook["language"] == "python"
        assert hook["entry"].startswith("carbon-lint check ")
        assert "additional_dependencies" not in hook, "the hook's environment is the plain install"
        assert re.search(rf"id: {hook['id']}\b(?!-)", documentation)


@cases(
    ("path", "is_card"),
    [
        ("README.md", True),
        ("models/bert/README.md", True),
        ("docs/README.md", True),
        ("README.markdown", False),
        ("NOT_README.md", False),
        ("README.md.bak", False),
    ],
)
def test_the_hook_is_run_for_cards_and_nothing_else(path, is_card):
    for hook in HOOKS:
        assert (re.search(hook["files"], path) is not None) == is_card


@pytest.mark.hook
@pytest.mark.timeout(600)
def test_a_commit_with_good_cards_and_other_readmes_passes(try_repo):
    done = try_repo({"README.md": GOOD, "lib/README.md": "# A library without front matter\n"})

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in done.stdout


@pytest.mark.hook
@pytest.mark.timeout(600)
def test_a_commit_with_a_bad_card_fails_with_the_finding(try_repo):
    done = try_repo({"README.md": GOOD, "models/x/README.md": BAD})

    assert done.returncode == 1, done.stdout + done.stderr
    assert "models/x/README.md:4:14: error CL" in done.stdout
    assert "Failed" in done.stdout


@pytest.mark.hook
@pytest.mark.timeout(600)
def test_the_fixing_hook_fixes_the_card_and_fails_so_that_the_change_is_reviewed(try_repo, tmp_path):
    done = try_repo({"README.md": GOOD.replace("12.3", "12.3 g")}, "carbon-lint-fix")

    assert done.returncode == 1, done.stdout + done.stderr
    assert (tmp_path / "models" / "README.md").read_text() == GOOD


@pytest.mark.hook
@pytest.mark.timeout(600)
def test_a_commit_without_any_card_skips_the_hook(try_repo):
    done = try_repo({"train.py": "print(1)\n"})

    assert done.returncode == 0, done.stdout + done.stderr
    assert "no files to check" in done.stdout


@pytest.mark.hook
@pytest.mark.timeout(600)
def test_the_hooks_environment_is_small_and_holds_neither_codecarbon_nor_huggingface_hub(
    hook_repository, pre_commit, tmp_path
):
    revision = git(hook_repository, "rev-parse", "HEAD").stdout.decode().strip()
    repositories = [{"repo": str(hook_repository), "rev": revision, "hooks": [{"id": "carbon-lint"}]}]
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": repositories}))
    (tmp_path / "README.md").write_text(BAD)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "README.md")

    done = pre_commit("run", cwd=tmp_path)

    assert done.returncode == 1, done.stdout + done.stderr
    assert "README.md:4:14: error CL" in done.stdout
    (site,) = pre_commit.home.glob("repo*/py_env-*/lib/python*/site-packages")
    installed = {path.name.split("-")[0].lower() for path in site.glob("*.dist-info")}
    assert {"carbon_lint", "pyyaml", "msgspec", "pathspec"} <= installed
    assert installed.isdisjoint({"codecarbon", "huggingface_hub", "pandas", "jinja2", "psutil"})
    packages = [path for path in site.iterdir() if not path.name.startswith(("pip", "setuptools"))]
    size_bytes = sum(file.stat().st_size for top in packages for file in top.rglob("*") if file.is_file())
    assert size_bytes < 20_000_000


@pytest.mark.hook
@pytest.mark.timeout(600)
@pytest.mark.parametrize("tool", ["pre-commit", "prek"])
def test_an_installed_hook_judges_each_commit_also_in_a_git_worktree(hook_repository, tmp_path_factory, tmp_path, tool):
    revision = git(hook_repository, "rev-parse", "HEAD").stdout.decode().strip()
    repositories = [{"repo": str(hook_repository), "rev": revision, "hooks": [{"id": "carbon-lint"}]}]
    program = Path(sys.executable).with_name(tool)
    home = str(tmp_path_factory.mktemp(tool))
    environ = {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}", "HOME": os.environ["HOME"],
        "PRE_COMMIT_HOME": home, "PREK_HOME": home,
        **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_"))},
    }  # fmt: skip

    def commit(folder, card):
        (folder / "README.md").write_text(card)
        git(folder, "add", "-A")
        done = git(folder, "commit", "-qm", "card", check=False, env=environ, text=True)
        return done.returncode, done.stdout + done.stderr

    main, other = tmp_path / "main", tmp_path / "other"
    main.mkdir()
    git(main, "init", "-q")
    (main / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": repositories}))
    subprocess.run([program, "install"], cwd=main, env=environ, check=True, capture_output=True)
    code, message = commit(main, GOOD)
    assert code == 0, message
    git(main, "worktree", "add", "-q", str(other), "-b", "other", env=environ)
    for folder in (main, other):
        code, message = commit(folder, BAD)
        assert code == 1, message
        assert "README.md:4:14: error CL" in message
