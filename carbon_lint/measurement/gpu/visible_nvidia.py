"""Find which of a machine's GPUs a job can see, by the variables that its framework reads. Pure.

CodeCarbon takes `GPU-<uuid>` and MIG names for no GPU at all, and counts 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from carbon_lint.measurement.gpu.library import Card, Visible, is_index, the_one

CUDA = "CUDA_VISIBLE_DEVICES"
_OLD_MIG = re.compile(r"MIG-(GPU-[0-9a-f-]+)/\d+/\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class NvidiaCard(Card):
    """One GPU of this machine, and its MIG slices."""

    uuid: str
    mig_uuids: tuple[str, ...] = ()


def is_hidden(environ: Mapping[str, str]) -> bool:
    """Return whether CUDA_VISIBLE_DEVICES takes every GPU away from the job."""
    value = environ.get(CUDA)
    return value is not None and hides(value)


def hides(value: str) -> bool:
    """Return whether such a list of GPUs ends before its first."""
    return value.split(",", maxsplit=1)[0].strip().lower() in {"", "-1", "none", "void", "nodevfiles"}


def visible_cards(cards: Sequence[NvidiaCard], environ: Mapping[str, str]) -> Visible:
    """Resolve CUDA_VISIBLE_DEVICES as CUDA does: indices, GPU or MIG UUIDs or unique beginnings of them.

    Raises MeasurementError if it names a GPU that is not here, or more than one.
    """
    value = environ.get(CUDA)
    if value is None:
        mig = [card for card in cards if card.mig_uuids]
        return Visible(indices=tuple(card.index for card in cards), warnings=tuple(map(_mig_warning, mig)))
    if is_hidden(environ):
        return Visible(indices=(), warnings=(f"{CUDA}={value} hides {len(cards)} GPUs from the job",))
    chosen: list[int] = []
    warnings: list[str] = []
    for entry in filter(None, (part.strip() for part in value.split(","))):
        if entry == "-1":  # CUDA ends its list at the first entry that is not a GPU
            break
        card, is_slice = _card(entry, cards)
        chosen.append(card.index)
        if is_slice or (card.mig_uuids and not entry.upper().startswith("MIG-")):
            warnings.append(_mig_warning(card))
        if is_index(entry) and environ.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID" and _are_mixed(cards):
            warnings.append(
                f"{CUDA}={value} counts by speed while this machine's GPUs differ: GPU {entry} may be "
                "another card than the one measured; set CUDA_DEVICE_ORDER=PCI_BUS_ID"
            )
    return Visible(indices=tuple(sorted(set(chosen))), warnings=tuple(dict.fromkeys(warnings)))


def _card(entry: str, cards: Sequence[NvidiaCard]) -> tuple[NvidiaCard, bool]:
    """Return the card that `entry` names, and whether it is only a MIG slice of it."""
    is_slice, old = entry.upper().startswith("MIG-"), _OLD_MIG.fullmatch(entry)
    if is_index(entry):
        found = [card for card in cards if card.index == int(entry)]
    elif not is_slice or old is not None:
        found = [card for card in cards if _begins(card.uuid, entry if old is None else old[1])]
    else:
        found = [card for card in cards if any(_begins(uuid, entry) for uuid in card.mig_uuids)]
        # A driver that lists no slices: the parent is certain only if there is one GPU.
        if not found and len(cards) == 1 and not cards[0].mig_uuids:
            found = list(cards)
    known = (f"{card.index} = {card.uuid}" for card in cards)
    return the_one(found, CUDA, entry, "GPU of this machine", known), is_slice


def _begins(uuid: str, prefix: str) -> bool:
    return uuid.lower().startswith(prefix.lower())


def _are_mixed(cards: Sequence[Card]) -> bool:
    return len({card.name for card in cards}) > 1


def _mig_warning(card: Card) -> str:
    return f"GPU {card.index} is split by MIG: the energy of the whole GPU is counted, its other slices included"
