"""Read a named file, and write one in one step. Light: `check --fix` writes with it too."""

from __future__ import annotations

import errno
import os

from carbon_lint.errors import InputError, OutputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

FORCE_OVERWRITES = "--force overwrites it"
"""What to do about a file that a verb's `--output` does not overwrite."""
_ANY_WRITE_BIT = 0o222
_LARGEST_OUTPUT = 2**27  # a record or report of ours is far smaller; weights are not read to the end to know them


def read_file(path: str, what: str) -> bytes | None:
    """Return the bytes of the `what` (card, record) at `path`, or None if there is no such file. Raises InputError."""
    try:
        if os.path.isdir(path):
            raise InputError(f"{path} is a folder", hint=f"name the {what}'s file")
        if os.path.exists(path) and not os.path.isfile(path):
            raise InputError(f"{path} is not a regular file", hint=f"name the {what}'s file")
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {why(error)}", hint=f"name a {what} that can be read") from error


def read_named(path: str, what: str) -> bytes:
    """Return the bytes of the `what` (card, record) that a user has named. Raises InputError."""
    data = read_file(path, what)
    if data is None:
        raise InputError(f"cannot read {path}: {why(FileNotFoundError())}", hint=f"check the path of the {what}")
    return data


def why(error: OSError | ValueError) -> str:
    """Return why a file cannot be read, in the words of every message about one."""
    if isinstance(error, FileNotFoundError):
        return "it is not there"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def repository_root(folder: str) -> str | None:
    """Return the nearest folder that holds `.git`, from an absolute one upward; None if none does."""
    while not os.path.exists(os.path.join(folder, ".git")):
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            return None
    return folder


def text_at(path: str | os.PathLike[str]) -> str:
    """Return the text of a small file, such as one of /proc, without blanks around it; empty if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read().strip()
    except OSError:
        return ""


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Replace `path` by `data`: readers see the old bytes or the new ones, never a part.

    Follows a link, keeps the mode of a file that is there, and leaves one alone that was made read-only. Raises
    OutputError.
    """
    import tempfile  # noqa: PLC0415  2 ms that a check without a fix need not pay

    temporary = None
    try:
        target = os.path.realpath(path)  # fails if the current folder is gone
        folder, name = os.path.split(target)
        if os.path.isdir(target):
            raise IsADirectoryError(21, "Is a directory")
        check_replaceable(path)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{name[:100]}.", dir=folder)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, _mode_for(target))
        os.replace(temporary, target)
    except OSError as error:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
        raise OutputError(f"cannot write {os.fspath(path)}: {error.strerror}", hint=_hint_for(error)) from error


def check_replaceable(path: str | os.PathLike[str]) -> None:
    """Raise OutputError if `path` is a file that a rename must not replace.

    One that was made read-only, which root would replace even against the mode; a device, whose node would be gone.
    """
    if not os.path.exists(path):
        return
    if not (os.path.isfile(path) or os.path.isdir(path)):
        raise OutputError(f"cannot write {os.fspath(path)}: it is not a regular file", hint="name a file of its own")
    if not os.stat(path).st_mode & _ANY_WRITE_BIT:
        raise OutputError(
            f"cannot write {os.fspath(path)}: it is read-only",
            hint="name another file, or make it writable (chmod u+w)",
        )


def check_is_ours(
    path: str | os.PathLike[str], what: str, is_ours: Callable[[bytes], bool], *, hint: str = FORCE_OVERWRITES
) -> None:
    """Raise OutputError if a file is at `path` that is neither blank nor `what` (a record, a report) of ours."""
    if not os.path.isfile(path):
        return
    try:
        with open(path, "rb") as stream:
            data = stream.read(_LARGEST_OUTPUT + 1)
    except OSError as error:
        raise OutputError(
            f"cannot see whether {os.fspath(path)} may be overwritten: {error.strerror}", hint="name another file"
        ) from error
    if data and (len(data) > _LARGEST_OUTPUT or (data.strip() and not is_ours(data))):
        raise OutputError(f"{os.fspath(path)} exists and is not {what}", hint=hint)


def make_folder_for(path: str | os.PathLike[str], *, hint: str | None = None) -> None:
    """Make the folder that `path` is to lie in. Raises OutputError."""
    folder = os.path.dirname(os.path.realpath(path))
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot make the folder of {os.fspath(path)}: {error.strerror}",
            hint=hint or _hint_for(error),
        ) from error


def check_writable(path: str | os.PathLike[str], *, hint: str | None = None) -> None:
    """Find out before hours of work what `write_atomically` would raise after them. Raises OutputError."""
    check_replaceable(path)
    folder = os.path.dirname(os.path.realpath(path))
    if os.access(folder, os.W_OK):
        return
    cause, own_hint = "its folder may not be written to", "name a file in a folder that can be written to"
    if not os.path.isdir(folder):
        cause, own_hint = "its folder is not there", "make the folder first"
    elif hasattr(os, "statvfs") and os.statvfs(folder).f_flag & os.ST_RDONLY:
        cause = "its folder is on a read-only file system"
    raise OutputError(f"cannot write {os.fspath(path)}: {cause}", hint=hint or own_hint)


def _hint_for(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "free some space, or name a file on another disk"
    return "name a file in a folder that can be written to"


def _mode_for(target: str) -> int:
    try:
        return os.stat(target).st_mode & 0o7777
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask
