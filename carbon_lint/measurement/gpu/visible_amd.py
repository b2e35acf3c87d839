"""Find which of a machine's AMD GPUs a job can see, by the variables that ROCm reads. Pure.

ROCR_VISIBLE_DEVICES is read by ROCm's runtime; HIP_VISIBLE_DEVICES counts among what that one left, and if it is
empty or not set HIP reads CUDA_VISIBLE_DEVICES in its place. An empty ROCR_VISIBLE_DEVICES hides every GPU, an empty
one of the other two hides none (ROCR-Runtime, amd_filter_device.cpp; clr, rocdevice.cpp).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from carbon_lint.measurement.gpu.library import Card, Visible, is_index, the_one
from carbon_lint.measurement.gpu.visible_nvidia import CUDA

ROCR, HIP = "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"


@dataclass(frozen=True, slots=True, kw_only=True)
class AmdCard(Card):
    """One GPU of this machine, or a die or partition of one.

    Attributes:
        unique_ids: `GPU-<16 hex digits>`, as ROCm names it.
        device_id: PCI's.
        address: on the PCI bus; empty if not stated.
        order: its place for ROCm's runtime; `None` if not stated.
    """

    unique_ids: tuple[str, ...] = ()
    device_id: str = ""
    address: str = ""
    order: int | None = None


def hiding(environ: Mapping[str, str], *, reads_cuda: bool) -> str | None:
    """Return the variable that hides every AMD GPU from the job. `reads_cuda`: no NVIDIA GPU is here."""
    for name in _read(environ, reads_cuda=reads_cuda):
        entries = _entries(environ[name])
        if not entries or entries[0].startswith("-"):
            return name
    return None


def visible_amd_cards(
    cards: Sequence[AmdCard], environ: Mapping[str, str], *, reads_cuda: bool, is_order_known: bool = True
) -> Visible:
    """Resolve the variables as ROCm does: indices, and unique ids or unique beginnings of them.

    Args:
        cards: in the order in which ROCm's runtime counts them.
        environ: the job's.
        reads_cuda: no NVIDIA GPU is here, so that CUDA_VISIBLE_DEVICES may be HIP's.
        is_order_known: False if `cards` are only as amdsmi lists them.

    Raises MeasurementError if one names a GPU that is not here, or more than one.
    """
    left, warnings = list(cards), []
    for name in _read(environ, reads_cuda=reads_cuda):
        before, left = left, _chosen(left, name, environ[name])
        if not left:
            return Visible(indices=(), warnings=(f"{name}={environ[name]} hides {len(cards)} AMD GPUs from the job",))
        if not is_order_known and len(left) < len(before) and any(map(is_index, _entries(environ[name]))):
            warnings.append(
                f"{name}={environ[name]} counts as ROCm's runtime does, and this amdsmi does not say in which order "
                "that is: another card than the one measured may be meant; name it like GPU-<unique id>"
            )
    return Visible(indices=tuple(sorted(card.index for card in left)), warnings=tuple(warnings))


def _read(environ: Mapping[str, str], *, reads_cuda: bool) -> list[str]:
    """Return the variables that ROCm reads here, in its order."""
    names = [ROCR] if ROCR in environ else []
    if environ.get(HIP):
        names.append(HIP)
    elif reads_cuda and environ.get(CUDA):
        names.append(CUDA)
    return names


def _entries(value: str) -> list[str]:
    return [entry for entry in (part.strip() for part in value.split(",")) if entry]


def _chosen(cards: list[AmdCard], name: str, value: str) -> list[AmdCard]:
    chosen: list[AmdCard] = []
    for entry in _entries(value):
        if entry.startswith("-"):  # ROCm ends its list at the first entry that is not a GPU
            break
        card = _only(cards, name, entry)
        if card not in chosen:
            chosen.append(card)
        elif name == ROCR:  # whose list ends when a card comes again
            break
    return chosen


def _only(cards: Sequence[AmdCard], name: str, entry: str) -> AmdCard:
    if is_index(entry):
        found = [cards[int(entry)]] if int(entry) < len(cards) else []
    else:
        start = entry.lower()
        found = [card for card in cards if any(each.lower().startswith(start) for each in card.unique_ids)]
    known = (" = ".join((str(place), *card.unique_ids)) for place, card in enumerate(cards))
    return the_one(found, name, entry, "AMD GPU that is left to it", known)
