"""State whose project this is: the one place that names the owner. The tests hold every other mention against it."""

from __future__ import annotations

from carbon_lint import __version__

PLACEHOLDER = "OWNER"
"""The owner's name until the project is published (RELEASING.md, "Before the first release")."""

OWNER = PLACEHOLDER
REPOSITORY = f"{OWNER}/carbon-lint"
REPOSITORY_URL = f"https://github.com/{REPOSITORY}"
DOCS_URL = f"{REPOSITORY_URL}/blob/main/docs"
MAJOR_TAG = f"v{__version__.partition('.')[0]}"
"""The branch that follows the releases: what `uses: OWNER/carbon-lint@…` names."""


def is_placeholder(repository: str = REPOSITORY) -> bool:
    """Return whether `repository`, such as `OWNER/carbon-lint@v0`, names no real owner."""
    return repository.partition("/")[0] == PLACEHOLDER


def requirement(extra: str, *, repository: str = REPOSITORY, ref: str = f"v{__version__}") -> str:
    """Return the requirement that installs us with an extra, from `repository` at `ref`.

    Never the bare name: on a package index it belongs to its first registrant.
    """
    return f"carbon-lint[{extra}] @ git+https://github.com/{repository}@{ref}"


def install_hint(extra: str) -> str:
    """Return the command that adds an extra, from the source of this installation, if that is known (PEP 610)."""
    import json  # noqa: PLC0415  only a message needs these
    from importlib.metadata import PackageNotFoundError, distribution  # noqa: PLC0415

    try:
        came_from = json.loads(distribution("carbon-lint").read_text("direct_url.json") or "{}")
        url = came_from.get("url")
        vcs = came_from.get("vcs_info")
    except (PackageNotFoundError, ValueError, AttributeError):
        url = vcs = None
    if not url:
        return f"pip install '{requirement(extra)}'"
    return f"pip install 'carbon-lint[{extra}] @ {'git+' + url + '@' + vcs['commit_id'] if vcs else url}'"
