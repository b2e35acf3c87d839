"""Read and write a folder of small files, here or wherever fsspec reaches (`s3://`, `gs://`, `hf://`, `memory://`)."""

from __future__ import annotations

import contextlib
import os
import posixpath
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from carbon_lint import redact
from carbon_lint.errors import InputError, OutputError, UsageError
from carbon_lint.files import why, write_atomically
from carbon_lint.project import install_hint

HEAD_BYTES = 2**20
_AT_ONCE = 500
# What fsspec's parts let through of the libraries below them, by the module that defines it.
_FOREIGN = (
    ("httpx", "HTTPError"),
    ("httpx2", "HTTPError"),
    ("aiohttp", "ClientError"),
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("gcsfs.retry", "HttpError"),
    ("google.auth.exceptions", "GoogleAuthError"),
    ("azure.core.exceptions", "AzureError"),
)


def split_url(url: str) -> tuple[str, str]:
    """Return folder and name: `s3://bucket/a/r.json` -> (`s3://bucket/a`, `r.json`)."""
    folder, _, name = url.rpartition("/")
    return folder, name


def is_url(text: str) -> bool:
    """Return whether this is a URL that fsspec reaches, or `file://`, and no path of this machine."""
    return "://" in text


def open_storage(url: str) -> Storage:
    """Open the folder at a path or URL. Raise UsageError if nothing here can reach it."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return LocalStorage(Path(url))
    if scheme == "file":
        return LocalStorage(Path(rest))
    return RemoteStorage(url)


def is_missing(url: str) -> bool:
    """Return whether `url` is a folder of this machine that is not there. An object store has no empty folders."""
    scheme, separator, rest = url.partition("://")
    if separator and scheme != "file":
        return False
    return not os.path.exists(rest if separator else url)


class LocalStorage:
    """A folder of JSON files on this machine. Paths are POSIX, relative to the root. All storages have its methods."""

    def __init__(self, root: Path) -> None:
        """Take the folder's path. Nothing is made before something is written."""
        self._root = root

    def folders(self) -> Iterable[str]:
        """Return the folders below the root; none if it is not there yet. Raise InputError."""
        return [entry.name for entry in self._entries("") if entry.is_dir()]

    def names(self, folder: str) -> Iterable[str]:
        """Return every JSON file in a folder below the root; none if it is not there yet. Raise InputError."""
        found = (entry.name for entry in self._entries(folder))
        return [f"{folder}/{name}" for name in found if name.endswith(".json") and not name.startswith(".")]

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        path = self._root / folder
        try:
            with os.scandir(path) as entries:
                return list(entries)
        except FileNotFoundError:
            return []
        except NotADirectoryError as error:
            raise InputError(f"{path} is not a folder", hint="name the folder of the ledger") from error
        except OSError as error:
            raise InputError(f"cannot read {path}: {why(error)}") from error

    def files(self) -> Iterable[str]:
        """Return every JSON file in the root itself, which must be there. Raise InputError."""
        try:
            return [file.name for file in self._root.iterdir() if file.name.endswith(".json") and file.is_file()]
        except OSError as error:
            raise InputError(f"cannot read {self._root}: {why(error)}") from error

    def read(self, path: str) -> bytes:
        """Return the file's bytes. Raise InputError."""
        flag = getattr(os, "O_NONBLOCK", 0)  # a named pipe is empty, and does not wait for somebody who writes to it
        try:
            with open(
                f"{self._root}/{path}", "rb", buffering=0, opener=lambda name, flags: os.open(name, flags | flag)
            ) as stream:
                return stream.read() or b""
        except OSError as error:
            raise InputError(f"cannot read {self.shown(path)}: {why(error)}") from error

    def read_all(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | InputError]]:
        """Return each path with its bytes, or with the error. A remote store gives many at once."""
        for path in paths:
            try:
                yield path, self.read(path)
            except InputError as error:
                yield path, error

    def read_marked(self, path: str, mark: bytes) -> bytes | None:
        """Return the bytes of a file that has `mark` in its first MiB, else `None`. Raise InputError."""
        try:
            with (self._root / path).open("rb") as stream:
                head = stream.read(HEAD_BYTES)
                return head + stream.read() if mark in head else None
        except OSError as error:
            raise InputError(f"cannot read {self.shown(path)}: {why(error)}") from error

    def write(self, path: str, data: bytes) -> None:
        """Write so that readers see all of it or nothing. Raise OutputError."""
        write_atomically(self._target(path), data)

    def create(self, path: str, data: bytes) -> bool:
        """Write a file unless there is one: of two writers at once one gets False. Raise OutputError."""
        # A hard link fails if its name is taken, and shows a whole file.
        target = self._target(path)
        if target.exists():
            return False
        whole = target.with_name(f".{uuid4().hex}")
        try:
            with open(whole, "xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.link(whole, target)
        except FileExistsError:
            return False
        except OSError:  # a file system without links, or one that cannot be written: this says which
            write_atomically(target, data)
        finally:
            whole.unlink(missing_ok=True)
        return True

    def _target(self, path: str) -> Path:
        target = self._root / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"cannot make {target.parent}: {error.strerror}", hint="name a ledger that can be written to"
            ) from error
        return target

    def remove(self, path: str) -> None:
        """Remove the file, if it is there. Raise OutputError."""
        try:
            (self._root / path).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"cannot remove {self.shown(path)}: {error.strerror}") from error

    def shown(self, path: str) -> str:
        """Return the path as a user would name it."""
        return os.path.join(self._root, path)


def _failures() -> tuple[type[BaseException], ...]:
    """Return OSError, and what the libraries that are in use raise beside it."""
    found = [getattr(sys.modules[module], name, OSError) for module, name in _FOREIGN if module in sys.modules]
    return (OSError, *found)


@contextlib.contextmanager
def _explained(kind: type[InputError | OutputError], what: str) -> Iterator[None]:
    """Raise what the libraries raise as an error of ours."""
    try:
        yield
    except _failures() as error:
        raise kind(f"{what}: {error}") from error


class RemoteStorage:
    """A folder behind fsspec. An object store shows an object when all of it is there, so no temporary name is used."""

    def __init__(self, url: str) -> None:
        """Open the folder. Raise UsageError if fsspec, or its part for this scheme, is not installed."""
        scheme = url.partition("://")[0]
        try:
            import fsspec  # noqa: PLC0415  not part of a plain install
        except ImportError as error:
            raise UsageError(f"{redact.script(url)} needs fsspec", hint=install_hint("hub")) from error
        try:
            filesystem, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise UsageError(
                f"{redact.script(url)} cannot be reached: {error}", hint=f"install fsspec's part for {scheme}://"
            ) from error
        except _failures() as error:  # some ask their server at once
            raise InputError(f"cannot reach {redact.script(url)}: {error}") from error
        self._filesystem: Any = filesystem
        self._url = url.rstrip("/")

    def folders(self) -> Iterable[str]:
        return [name for name, kind in self._entries("") if kind == "directory"]

    def names(self, folder: str) -> Iterable[str]:
        return [f"{folder}/{name}" for name, _ in self._entries(folder) if name.endswith(".json") and name[0] != "."]

    def files(self) -> Iterable[str]:
        return [name for name, kind in self._listed("") if kind == "file" and name.endswith(".json")]

    def _entries(self, folder: str) -> list[tuple[str, str]]:
        try:
            return self._listed(folder)
        except InputError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return []
            raise

    def _listed(self, folder: str) -> list[tuple[str, str]]:
        # A store that lists from a cache would hide what another machine has just written.
        self._filesystem.invalidate_cache()
        with _explained(InputError, f"cannot read {self._url}"):
            found = self._filesystem.ls(posixpath.join(self._root, folder).rstrip("/"), detail=True)
        return [(posixpath.basename(str(item["name"]).rstrip("/")), item["type"]) for item in found]

    def read(self, path: str) -> bytes:
        with _explained(InputError, f"cannot read {self.shown(path)}"):
            return bytes(self._filesystem.cat_file(posixpath.join(self._root, path)))

    def read_all(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | InputError]]:
        rest = iter(paths)
        while some := list(islice(rest, _AT_ONCE)):
            full = [posixpath.join(self._root, path) for path in some]
            with _explained(InputError, f"cannot read {self._url}"):
                found = self._filesystem.cat(full, on_error="return")
            by_name = {posixpath.basename(name): data for name, data in found.items()}
            for path in some:
                data = by_name.get(posixpath.basename(path), b"")
                is_read = isinstance(data, bytes)
                yield path, data if is_read else InputError(f"cannot read {self.shown(path)}: {data}")

    def read_marked(self, path: str, mark: bytes) -> bytes | None:
        """Read it whole: not every store gives a part of an empty object."""
        data = self.read(path)
        return data if mark in data[:HEAD_BYTES] else None

    def write(self, path: str, data: bytes) -> None:
        target = posixpath.join(self._root, path)
        with _explained(OutputError, f"cannot write {self.shown(path)}"):
            self._filesystem.makedirs(posixpath.dirname(target), exist_ok=True)
            self._filesystem.pipe_file(target, data)

    def create(self, path: str, data: bytes) -> bool:
        """S3, Google and Azure refuse the second of two writers; another store may not."""
        target = posixpath.join(self._root, path)
        try:
            self._filesystem.makedirs(posixpath.dirname(target), exist_ok=True)
            self._filesystem.pipe_file(target, data, mode="create")
        except FileExistsError:
            return False
        except (NotImplementedError, TypeError, ValueError):  # a store that cannot create
            self.write(path, data)
        except _failures() as error:
            raise OutputError(f"cannot write {self.shown(path)}: {error}") from error
        return True

    def remove(self, path: str) -> None:
        with _explained(OutputError, f"cannot remove {self.shown(path)}"), contextlib.suppress(FileNotFoundError):
            self._filesystem.rm_file(posixpath.join(self._root, path))

    def shown(self, path: str) -> str:
        return f"{self._url}/{path}"


Storage = LocalStorage | RemoteStorage
