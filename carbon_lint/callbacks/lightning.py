"""Tell carbon-lint how far a Lightning `Trainer` is."""

from __future__ import annotations

import math
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from carbon_lint.callbacks.progress_file import ProgressFile

# The package by the name that the program uses: both may be installed, and each knows its own callbacks.
_NAMES = ("lightning.pytorch", "pytorch_lightning")
_USED = next((name for name in _NAMES if name in sys.modules), _NAMES[0 if find_spec("lightning") else 1])
Callback: Any = import_module(_USED).Callback


class LightningProgress(Callback):  # type: ignore[misc]  # known when it is imported
    """Write the batch of the training, and each epoch as a phase; the first process alone writes.

    Nothing is forecast from a training that has no end of its own (`max_epochs=-1`, a data set without length).
    """

    def __init__(self) -> None:
        super().__init__()
        self._file = ProgressFile()

    def on_train_epoch_start(self, trainer: Any, _pl_module: Any) -> None:
        """Begin the epoch's phase."""
        if trainer.is_global_zero:
            self._file.phase(f"epoch {trainer.current_epoch + 1}")

    def on_train_batch_start(self, trainer: Any, _pl_module: Any, _batch: Any, batch_idx: int) -> None:
        """Write how many batches are done."""
        per_epoch, epochs = trainer.num_training_batches, trainer.max_epochs or 0
        if trainer.is_global_zero and epochs > 0 and math.isfinite(per_epoch):
            self._file.progress(trainer.current_epoch * int(per_epoch) + batch_idx, epochs * int(per_epoch))

    def on_train_end(self, trainer: Any, _pl_module: Any) -> None:
        """End the last epoch's phase."""
        if trainer.is_global_zero:
            self._file.phase()
