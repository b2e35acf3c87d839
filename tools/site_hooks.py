"""Prepare the pages for the site: point links that leave docs/ to the repository, and keep each page as Markdown."""

from __future__ import annotations

import os
import posixpath
import re
import shutil
from typing import Any

_LINK = re.compile(r"(?<=\]\()(\.\.?/[^)\s#]*|[A-Za-z][\w./-]*)(#[^)\s]*)?(?=\))")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """Replace relative links to files outside of docs/ by their address in the repository."""
    folder = posixpath.dirname(page.file.src_uri)

    def absolute(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join("docs", folder, match[1]))
        if target.startswith("docs/") or not os.path.exists(target):
            return match[0]
        kind = "tree" if os.path.isdir(target) else "blob"
        return f"{config.repo_url.rstrip('/')}/{kind}/main/{target}{match[2] or ''}"

    return _LINK.sub(absolute, markdown)


def on_post_build(*, config: Any, **_: Any) -> None:
    """Copy each page's Markdown beside its HTML, so that `…/measuring.md` works for readers without a browser."""
    for folder, _folders, names in os.walk(config.docs_dir):
        for name in (name for name in names if name.endswith(".md")):
            source = os.path.join(folder, name)
            target = os.path.join(config.site_dir, os.path.relpath(source, config.docs_dir))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(source, target)
