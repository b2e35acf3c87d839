"""Writing a file in one step. Light: `check --fix` writes with it too."""

from __future__ import annotations

import os

from carbon_lint.errors import OutputError


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Replace `path` by `data`: readers see the old bytes or the new ones, never a part.

    Follows a link, and keeps the mode of a file that is there. Raises OutputError.
    """
    import tempfile  # noqa: PLC0415  2 ms that a check without a fix need not pay

    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    temporary = None
    try:
        if os.path.isdir(target):
            raise IsADirectoryError(21, "Is a directory")
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
        raise OutputError(
            f"cannot write {os.fspath(path)}: {error.strerror}", hint="name a file in a folder that can be written to"
        ) from error


def _mode_for(target: str) -> int:
    try:
        return os.stat(target).st_mode & 0o7777
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask
