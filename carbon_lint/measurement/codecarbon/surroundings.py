"""Start CodeCarbon apart from what it would read: folder, HOME, environment, network, the CPU's name and TDP, the GPUs.

Folder and environment belong to the whole process: the window is short, and nothing else may run in it.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import ModuleType, SimpleNamespace
from typing import Any

# SLURM_*: with a job id CodeCarbon asks `scontrol`, and fails as a whole if there is none.
# *_VISIBLE_DEVICES: CodeCarbon reads them wrongly; `gpu` resolves them.
_SCRUBBED = ("codecarbon_", "slurm_", "cuda_visible_devices", "rocr_visible_devices", "hip_visible_devices")

_UNUSED = {"requests": ("exceptions",), "rapidfuzz": ("fuzz", "process", "utils")}
"""Modules that take a part of the start, with what CodeCarbon takes from them: it neither asks anybody for the
intensity, which is given, nor looks for a name in its list of TDPs."""


@contextmanager
def private_surroundings() -> Iterator[None]:
    """Make cwd and HOME an empty folder and remove the scrubbed variables; restore all of it whatever happens."""
    before = dict(os.environ)
    # A descriptor and not a path: the folder may have been removed or be unreadable by name.
    here = os.open(".", getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY)  # O_PATH: one that may only be entered
    try:
        with ExitStack() as stack:
            empty = "/proc"  # where no file can be put, if no folder can be made (read-only root)
            with suppress(OSError):
                made = tempfile.TemporaryDirectory(prefix="carbon-lint-", ignore_cleanup_errors=True)
                empty = stack.enter_context(made)
            os.chdir(empty)
            for name in before:
                if name.lower().startswith(_SCRUBBED):
                    del os.environ[name]
            os.environ["HOME"] = empty
            try:
                yield
            finally:
                os.fchdir(here)
    finally:
        os.close(here)
        # Name by name: `os.environ` is never empty in between, as a signal handler might see it.
        for name in set(os.environ) - set(before):
            del os.environ[name]
        for name, value in before.items():
            if os.environ.get(name) != value:
                os.environ[name] = value


@contextmanager
def known_cpu(model: str | None) -> Iterator[None]:
    """Give CodeCarbon the CPU's name, for which it would ask py-cpuinfo, which sleeps for a second."""
    name = model or "unknown CPU"
    with _stand_ins("cpuinfo"):
        cpuinfo: Any = sys.modules["cpuinfo"]
        cpuinfo.get_cpu_info = lambda: {"brand_raw": name}
        from codecarbon.core import hardware_cache

        cache: Any = hardware_cache
        cache.clear_cache()
        # The list of TDPs costs a pandas import, and its answer would be replaced by ours.
        cache._tdp = SimpleNamespace(model=name, tdp=None)
        yield
        cache.clear_cache()


@contextmanager
def without_gpus(*, is_shared: bool) -> Iterator[None]:
    """Show CodeCarbon no GPU, so that it starts neither nvidia-smi nor rocm-smi to look for one: `gpu` reads them."""
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
    """Replace each of these modules by an empty one that can be initialised."""
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
