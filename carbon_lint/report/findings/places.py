"""Paths as a forge wants them: POSIX, relative to the root of the repository."""

from __future__ import annotations

import posixpath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbon_lint.report import RenderOptions


def relative_path(path: str, options: RenderOptions) -> str:
    """`path` relative to `options.base`; as it is where no base is given or it lies outside."""
    if not options.base:
        return path.removeprefix("./")
    base = posixpath.normpath(options.base)
    whole = posixpath.normpath(posixpath.join(options.folder or base, path))
    if whole == base or not whole.startswith(base.rstrip("/") + "/"):
        return path
    return posixpath.relpath(whole, base)
