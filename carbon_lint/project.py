"""State whose project this is: the one place that names the owner. The tests hold every other mention against it."""

from __future__ import annotations

from carbon_lint import __version__

PLACEHOLDER = "OWNER"
"""The owner's name as long as nobody has published the project (RELEASING.md, "Before the first release")."""

OWNER = PLACEHOLDER
REPOSITORY = f"{OWNER}/carbon-lint"
REPOSITORY_URL = f"https://github.com/{REPOSITORY}"
DOCS_URL = f"{REPOSITORY_URL}/blob/main/docs"
MAJOR_TAG = f"v{__version__.partition('.')[0]}"
"""The branch that follows the releases: what `uses: OWNER/carbon-lint@…` names."""


def is_placeholder(repository: str = REPOSITORY) -> bool:
    """Return whether `repository`, such as `OWNER/carbon-lint@v0`, names no real owner."""
    return repository.partition("/")[0] == PLACEHOLDER
