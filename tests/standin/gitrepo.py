"""One repository of the stand-in Hub: a bare git repository, driven through git's plumbing.

A commit is written with `fast-import` onto a private ref and put in place with `update-ref NEW OLD`, git's own
compare-and-swap: two writers can never both win.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path

NO_COMMIT = "0" * 40
_ENVIRON = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "stand-in",
    "GIT_AUTHOR_EMAIL": "hub@localhost",
    "GIT_COMMITTER_NAME": "stand-in",
    "GIT_COMMITTER_EMAIL": "hub@localhost",
    "PATH": os.environ.get("PATH", os.defpath),
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
}


class StaleParentError(Exception):
    """The ref has moved since the parent that the caller named."""


class MergeConflictError(Exception):
    """A merge that git cannot do by itself; `paths` names the files."""

    def __init__(self, paths: list[str]) -> None:
        super().__init__(", ".join(paths))
        self.paths = paths


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a tree."""

    path: str
    oid: str
    size: int


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, as `git log` tells it."""

    oid: str
    author: str
    date: str
    title: str
    message: str


class GitRepo:
    """A bare repository. Every method is safe to call from any thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        # what an object's name stands for never changes
        self._trees: dict[str, dict[str, Entry]] = {}
        self._blobs: dict[str, bytes] = {}
        self._commits: set[str] = set()

    @classmethod
    def create(cls, folder: Path) -> GitRepo:
        """Return a repository whose `main` has one commit, as the Hub makes them."""
        shutil.copytree(_skeleton(), folder)
        return cls(folder)

    def tip(self, revision: str) -> str | None:
        """Return the commit that a branch, `refs/pr/N` or a sha names; None if there is none."""
        for name in (f"refs/heads/{revision}", revision):
            if name in self._commits and (self.folder / "objects" / name[:2] / name[2:]).exists():
                return name
            if (name.startswith("refs/") or len(name) == len(NO_COMMIT)) and (commit := self._resolve(name)):
                self._commits.add(commit)
                return commit
        return None

    def _resolve(self, name: str) -> str | None:
        """Ask git only for what no file of the repository answers: most questions are for a branch's tip."""
        path = self.folder / name
        if name.startswith("refs/") and ".." not in name:
            if path.is_file():
                return path.read_text().strip()
            if not (self.folder / "packed-refs").exists():
                return None
        found = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}", check=False)
        return found.decode().strip() or None

    def tree(self, commit: str) -> dict[str, Entry]:
        """Every file of a commit, by path."""
        if commit in self._trees:
            return self._trees[commit]
        entries = {}
        for line in self._git("ls-tree", "-r", "-z", "--long", commit).split(b"\0"):
            if line:
                meta, path = line.split(b"\t", 1)
                _, _, oid, size = meta.split()
                entries[path.decode()] = Entry(path.decode(), oid.decode(), int(size))
        self._trees[commit] = entries
        return entries

    def read(self, commit: str, path: str) -> bytes | None:
        """A file's bytes at a commit."""
        entry = self.tree(commit).get(path)
        if entry is None:
            return None
        if entry.oid not in self._blobs:
            self._blobs[entry.oid] = self._git("cat-file", "blob", entry.oid)
        return self._blobs[entry.oid]

    def refs(self, prefix: str) -> dict[str, str]:
        """The commit of every ref below `prefix`, by name."""
        lines = self._git("for-each-ref", "--format=%(objectname) %(refname)", prefix).decode().splitlines()
        return {name: commit for commit, _, name in (line.partition(" ") for line in lines)}

    def log(self, revision: str, limit: int = 1000, skip: int = 0) -> list[Commit]:
        """The commits that lead to a revision, newest first."""
        fields = self._git(
            "log",
            "-z",
            f"-{limit}",
            f"--skip={skip}",
            "--date=format-local:%Y-%m-%dT%H:%M:%S.000Z",
            "--format=%H%x00%an%x00%ad%x00%s%x00%b%x00",
            revision,
            "--",
        ).split(b"\0")
        texts = [field.decode() for field in fields]
        # -z parts the commits with a NUL of its own: six fields each
        return [Commit(*texts[at : at + 4], texts[at + 4].strip()) for at in range(0, len(texts) - 5, 6)]

    def commit(
        self,
        ref: str,
        changes: dict[str, bytes | None],
        message: str,
        *,
        parent: str | None = None,
        author: str = "stand-in",
    ) -> str:
        """Commit `changes` (None deletes) onto `ref` and return the new commit.

        Raises StaleParentError where `parent` is given and is not the tip of `ref`.
        """
        with self._lock:
            tip = self.tip(ref)
            if parent is not None and parent != tip:
                raise StaleParentError(ref)
            private = f"refs/import/{uuid.uuid4().hex}"
            self._git("fast-import", "--quiet", stdin=_import_stream(private, tip, changes, message, author))
            new = (self.folder / private).read_text().strip()
            together = f"update {ref} {new} {tip or NO_COMMIT}\ndelete {private}\n"
            self._git("update-ref", "--stdin", stdin=together.encode())
            return new

    def set_ref(self, ref: str, commit: str) -> None:
        """Point `ref` at `commit`, whatever it was."""
        self._git("update-ref", ref, commit)

    def merge(self, ref: str, other: str, message: str) -> str:
        """Merge `other` into `ref`. Raises MergeConflictError."""
        with self._lock:
            ours, theirs = self.tip(ref), self.tip(other)
            assert ours is not None
            assert theirs is not None
            done = self._run("merge-tree", "--write-tree", "--name-only", "--no-messages", ours, theirs)
            lines = done.stdout.decode().split("\n")
            if done.returncode != 0:
                raise MergeConflictError([line for line in lines[1:] if line])
            new = self._git("commit-tree", lines[0], "-p", ours, "-p", theirs, "-m", message).decode().strip()
            self._git("update-ref", ref, new, ours)
            return new

    def conflicts(self, ref: str, other: str) -> list[str]:
        """The files that `merge` would name."""
        done = self._run("merge-tree", "--write-tree", "--name-only", "--no-messages", ref, other)
        return [line for line in done.stdout.decode().split("\n")[1:] if line] if done.returncode else []

    def _git(self, *arguments: str, stdin: bytes = b"", check: bool = True) -> bytes:
        done = self._run(*arguments, stdin=stdin)
        if check and done.returncode != 0:
            raise RuntimeError(f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def _run(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["git", "--git-dir", ".", *arguments],
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            env=_ENVIRON,
            check=False,
        )


@functools.cache
def _skeleton() -> Path:
    """Return the repository that all begin as a copy of, made once in a process."""
    repo = GitRepo(Path(tempfile.mkdtemp(prefix="standin-hub-")))
    atexit.register(_remove_by, os.getpid(), repo.folder)
    repo._git("init", "--quiet", "--bare", "--template=", "--initial-branch=main", ".")
    attributes = {".gitattributes": b"*.bin filter=lfs diff=lfs merge=lfs -text\n"}
    repo.commit("refs/heads/main", attributes, "initial commit")
    return repo.folder


def _remove_by(process_id: int, folder: Path) -> None:
    """Remove the folder, unless this process is a fork that ends before the one that made it."""
    if os.getpid() == process_id:
        shutil.rmtree(folder, ignore_errors=True)


def _import_stream(ref: str, tip: str | None, changes: dict[str, bytes | None], message: str, author: str) -> bytes:
    text = message.encode()
    parts = [f"commit {ref}\nauthor {author} <hub@localhost> now\ncommitter stand-in <hub@localhost> now\n".encode()]
    parts.append(b"data %d\n%s\n" % (len(text), text))
    if tip is not None:
        parts.append(f"from {tip}\n".encode())
    for path, content in changes.items():
        name = '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        if content is None:
            parts.append(f"D {name}\n".encode())
        else:
            parts.append(f"M 100644 inline {name}\ndata {len(content)}\n".encode() + content + b"\n")
    return b"feature done\nfeature date-format=now\n" + b"".join(parts) + b"\ndone\n"
