"""A folder of small files: on this machine, or wherever fsspec reaches (`s3://`, `gs://`, `hf://`, `memory://`)."""

from __future__ import annotations

import os
import posixpath
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from carbon_lint.errors import InputError, OutputError, UsageError
from carbon_lint.files import write_atomically
from carbon_lint.project import install_hint

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAD_BYTES = 2**20
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


class Storage(Protocol):
    """Paths are POSIX, relative to the root."""

    def names(self, folder: str | None = None) -> Iterable[str]:
        """Every JSON file in one folder below the root, or in all of them.

        What is not there yet has none. Raises InputError.
        """

    def files(self) -> Iterable[str]:
        """Every JSON file in the root itself, which must be there. Raises InputError."""

    def read(self, path: str) -> bytes:
        """Raises InputError."""

    def read_marked(self, path: str, mark: bytes) -> bytes | None:
        """The same of a file that has `mark` in its first MiB, else `None`: a data set is not read for it."""

    def write(self, path: str, data: bytes) -> None:
        """Readers see all of it or nothing. Raises OutputError."""

    def remove(self, path: str) -> None:
        """Raises OutputError; a file that is gone already is fine."""

    def shown(self, path: str) -> str:
        """The path as a user would name it."""


def split_url(url: str) -> tuple[str, str]:
    """`s3://bucket/a/r.json` -> (`s3://bucket/a`, `r.json`)."""
    folder, _, name = url.rpartition("/")
    return folder, name


def is_url(text: str) -> bool:
    """True for what fsspec reaches, and for `file://`; False for a path of this machine."""
    return "://" in text


def open_storage(url: str) -> Storage:
    """The folder at a path or URL. Raises UsageError where nothing here can reach it."""
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
    return not Path(rest if separator else url).exists()


class LocalStorage:
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        """Nothing is made before something is written."""
        self._root = root

    def names(self, folder: str | None = None) -> Iterable[str]:
        """See `Storage`."""
        if self._root.exists() and not self._root.is_dir():
            raise InputError(f"{self._root} is not a folder", hint="name the folder of the ledger")
        try:
            children = self._root.iterdir() if self._root.exists() else ()
            folders = [child for child in children if child.is_dir() and folder in {None, child.name}]
            return [
                f"{child.name}/{file.name}"
                for child in folders
                for file in child.iterdir()
                if file.name.endswith(".json") and not file.name.startswith(".")
            ]
        except OSError as error:
            raise InputError(f"cannot read {self._root}: {error.strerror}") from error

    def files(self) -> Iterable[str]:
        """See `Storage`."""
        try:
            return [file.name for file in self._root.iterdir() if file.name.endswith(".json") and file.is_file()]
        except OSError as error:
            raise InputError(f"cannot read {self._root}: {error.strerror}") from error

    def read(self, path: str) -> bytes:
        """See `Storage`."""
        try:
            return (self._root / path).read_bytes()
        except OSError as error:
            raise InputError(f"cannot read {self.shown(path)}: {error.strerror}") from error

    def read_marked(self, path: str, mark: bytes) -> bytes | None:
        """See `Storage`."""
        try:
            with (self._root / path).open("rb") as stream:
                head = stream.read(HEAD_BYTES)
                return head + stream.read() if mark in head else None
        except OSError as error:
            raise InputError(f"cannot read {self.shown(path)}: {error.strerror}") from error

    def write(self, path: str, data: bytes) -> None:
        """See `Storage`."""
        target = self._root / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot make {target.parent}: {error.strerror}") from error
        write_atomically(target, data)

    def remove(self, path: str) -> None:
        """See `Storage`."""
        try:
            (self._root / path).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"cannot remove {self.shown(path)}: {error.strerror}") from error

    def shown(self, path: str) -> str:
        """See `Storage`."""
        return os.fspath(self._root / path)


def _failures() -> tuple[type[BaseException], ...]:
    """OSError, and what the libraries that are in use raise beside it."""
    found = [getattr(sys.modules[module], name, OSError) for module, name in _FOREIGN if module in sys.modules]
    return (OSError, *found)


class RemoteStorage:
    """A folder behind fsspec. An object store shows an object when all of it is there, so no temporary name is used."""

    def __init__(self, url: str) -> None:
        """Raises UsageError where fsspec, or its part for this scheme, is not installed."""
        scheme = url.partition("://")[0]
        try:
            import fsspec  # noqa: PLC0415  not part of a plain install
        except ImportError as error:
            raise UsageError(f"{url} needs fsspec", hint=install_hint("hub")) from error
        try:
            filesystem, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise UsageError(
                f"{url} cannot be reached: {error}", hint=f"install fsspec's part for {scheme}://"
            ) from error
        except _failures() as error:  # some ask their server at once
            raise InputError(f"cannot reach {url}: {error}") from error
        self._filesystem: Any = filesystem
        self._url = url.rstrip("/")

    def names(self, folder: str | None = None) -> Iterable[str]:
        """See `Storage`."""
        # A store that lists from a cache would hide what another machine has just written.
        self._filesystem.invalidate_cache()
        try:
            found = self._filesystem.glob(f"{self._root.rstrip('/')}/{folder or '*'}/*.json")
        except _failures() as error:
            raise InputError(f"cannot read {self._url}: {error}") from error
        return ["/".join(str(path).split("/")[-2:]) for path in found]

    def files(self) -> Iterable[str]:
        """See `Storage`."""
        self._filesystem.invalidate_cache()
        try:
            found = self._filesystem.ls(self._root, detail=True)
        except _failures() as error:
            raise InputError(f"cannot read {self._url}: {error}") from error
        names = (posixpath.basename(str(item["name"])) for item in found if item["type"] == "file")
        return [name for name in names if name.endswith(".json")]

    def read(self, path: str) -> bytes:
        """See `Storage`."""
        try:
            return bytes(self._filesystem.cat_file(posixpath.join(self._root, path)))
        except _failures() as error:
            raise InputError(f"cannot read {self.shown(path)}: {error}") from error

    def read_marked(self, path: str, mark: bytes) -> bytes | None:
        """See `Storage`. Read whole: not every store gives a part of an empty object."""
        data = self.read(path)
        return data if mark in data[:HEAD_BYTES] else None

    def write(self, path: str, data: bytes) -> None:
        """See `Storage`."""
        target = posixpath.join(self._root, path)
        try:
            self._filesystem.makedirs(posixpath.dirname(target), exist_ok=True)
            self._filesystem.pipe_file(target, data)
        except _failures() as error:
            raise OutputError(f"cannot write {self.shown(path)}: {error}") from error

    def remove(self, path: str) -> None:
        """See `Storage`."""
        try:
            self._filesystem.rm_file(posixpath.join(self._root, path))
        except FileNotFoundError:
            return
        except _failures() as error:
            raise OutputError(f"cannot remove {self.shown(path)}: {error}") from error

    def shown(self, path: str) -> str:
        """See `Storage`."""
        return f"{self._url}/{path}"
