"""Real cards beside the checkout, unpacked in memory: they are other people's text and never part of the repository."""

from __future__ import annotations

import tarfile

import pytest


@pytest.fixture(scope="session")
def real_cards(shared):
    """`(name, bytes)` of every real and generated card."""
    cards = []
    for archive in ("real.tar.xz", "sample-5000.tar.xz"):
        with tarfile.open(shared / "cards" / archive) as tar:
            cards += [(member.name, tar.extractfile(member).read()) for member in tar if member.isfile()]
    for folder in ("edge", "generated"):
        cards += [(str(path), path.read_bytes()) for path in sorted((shared / "cards" / folder).glob("*.md"))]
    assert len(cards) > 5500
    return cards
