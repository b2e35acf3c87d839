"""A stand-in Hub that the program in this process talks to."""

from __future__ import annotations

import sys

import pytest

import carbon_lint.hub

CARD = """---
license: mit
co2_eq_emissions:
  emissions: 12.5
  source: CodeCarbon
  training_type: fine-tuning
  geographical_location: France
  hardware_used: 1 Tesla T4
---
# A model
"""


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch):
    """Waits of milliseconds, the same number of tries."""
    monkeypatch.setattr("carbon_lint.hub.client.http.FIRST_WAIT_S", 0.002)


@pytest.fixture(autouse=True)
def no_minted_token(monkeypatch):
    """The client keeps a minted token for the life of the process."""
    monkeypatch.setattr("huggingface_hub.utils._auth._OIDC_TOKEN_CACHE", None)


@pytest.fixture
def lose_the_extra(monkeypatch):
    """`lose_the_extra()`: the extra `hub` is not installed, and what needs it is imported again."""

    def lose():
        for name in [name for name in sys.modules if name.startswith("carbon_lint.hub.")]:
            _, _, _, *inner = name.split(".")
            if not inner:  # the package's attribute is put back, too
                monkeypatch.setattr(carbon_lint.hub, name.rpartition(".")[2], sys.modules[name])
            monkeypatch.delitem(sys.modules, name)
        for name in {"huggingface_hub", *(name for name in sys.modules if name.startswith("huggingface_hub."))}:
            monkeypatch.setitem(sys.modules, name, None)

    return lose


@pytest.fixture
def at(monkeypatch):
    """`at(hub, token)`: point this process at a stand-in Hub, as that token's owner."""

    def point(hub, *token):
        for name, value in hub.environ(*token).items():
            monkeypatch.setenv(name, value)
        if token == (None,):
            monkeypatch.delenv("HF_TOKEN", raising=False)
        return hub

    return point


@pytest.fixture
def model(hub, at):
    """The stand-in Hub with `acme/m`, whose card states nothing, and ours in README.md."""
    from pathlib import Path

    at(hub)
    hub.create("acme/m", "---\nlicense: mit\n---\n# Old\n")
    Path("README.md").write_text(CARD)
    return hub


@pytest.fixture
def watched(hub):
    """`watched()`: `acme/m` as it is now, about to be trained."""

    def begin():
        from carbon_lint.hub.pushes.watch import Watch

        seen = Watch("acme/m", hub.environ(None), settle_s=0)
        assert seen.begin() is None
        return seen

    return begin
