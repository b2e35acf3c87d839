"""Start CodeCarbon without what it would look for itself: the CPU's name, its list of TDPs, the GPUs, the network."""

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


_UNUSED = {"requests": ("exceptions",), "rapidfuzz": ("fuzz", "process", "utils")}
"""Modules that take a seventh of the start, with what CodeCarbon takes from them: it neither asks anybody for the
intensity, which is given, nor looks for a name in its list of TDPs."""


@contextmanager
def known_cpu(model: str | None) -> Iterator[None]:
    """CodeCarbon asks py-cpuinfo, which sleeps for a second, for a name that /proc/cpuinfo gives at once."""
    stand_in = ModuleType("cpuinfo")
    stand_in.get_cpu_info = lambda: {"brand_raw": model or "unknown CPU"}  # type: ignore[attr-defined]
    before = sys.modules.get("cpuinfo")
    sys.modules["cpuinfo"] = stand_in
    try:
        from codecarbon.core import hardware_cache

        cache: Any = hardware_cache
        cache.clear_cache()
        # The list of TDPs costs a pandas import, and its answer would be replaced by ours.
        cache._tdp = SimpleNamespace(model=model or "unknown CPU", tdp=None)
        yield
        cache.clear_cache()
    finally:
        del sys.modules["cpuinfo"]
        if before is not None:
            sys.modules["cpuinfo"] = before


@contextmanager
def without_gpus(*, is_shared: bool) -> Iterator[None]:
    """Within, CodeCarbon sees no GPU, and starts neither nvidia-smi nor rocm-smi to look for one: `gpu` reads them."""
    # Without these modules CodeCarbon starts those programs while it is imported, and other code's tracker needs them.
    with _stand_ins(*(() if is_shared else ("pynvml", "amdsmi", *_UNUSED))):
        from codecarbon.core import gpu

        # The first `flush()` would import it, and what is drawn meanwhile would be the job's.
        importlib.import_module("codecarbon.core.emissions")
    module: Any = gpu
    names = ("is_nvidia_system", "is_rocm_system", "PYNVML_AVAILABLE", "AMDSMI_AVAILABLE")
    before = {name: getattr(module, name) for name in names}
    module.is_nvidia_system = module.is_rocm_system = lambda: False
    module.PYNVML_AVAILABLE = module.AMDSMI_AVAILABLE = False
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)


@contextmanager
def _stand_ins(*names: str) -> Iterator[None]:
    """Within, each of these modules is an empty one that can be initialised."""
    before = {name: sys.modules[name] for name in names if name in sys.modules}
    for name in names:
        stand_in = ModuleType(name)
        stand_in.nvmlInit = lambda: None  # type: ignore[attr-defined]
        for part in _UNUSED.get(name, ()):
            setattr(stand_in, part, SimpleNamespace(RequestException=OSError))
        sys.modules[name] = stand_in
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
        sys.modules.update(before)
