"""Tell carbon-lint how far a `transformers.Trainer` is."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback

from carbon_lint.callbacks.progress_file import ProgressFile


class TrainerProgress(TrainerCallback):  # type: ignore[misc]  # transformers is not there when this is checked
    """Write the step of the training, and each epoch as a phase; the first process alone writes.

    An evaluation belongs to the epoch that it follows. What comes after the training is in no epoch.
    """

    def __init__(self) -> None:
        self._file = ProgressFile()
        self._epoch = 0

    def on_train_begin(self, _args: Any, state: Any, _control: Any, **_kwargs: Any) -> None:
        """Count from the epoch of the checkpoint that the training goes on from, if there is one."""
        self._epoch = int(state.epoch or 0)

    def on_epoch_begin(self, _args: Any, state: Any, _control: Any, **_kwargs: Any) -> None:
        """Begin the epoch's phase. Counted here: of a data set without length, the state has no whole epochs."""
        self._epoch += 1
        if state.is_world_process_zero:
            self._file.phase(f"epoch {self._epoch}")

    def on_step_begin(self, _args: Any, state: Any, _control: Any, **_kwargs: Any) -> None:
        """Write how many steps are done."""
        if state.is_world_process_zero:
            self._file.progress(state.global_step, state.max_steps)

    def on_train_end(self, _args: Any, state: Any, _control: Any, **_kwargs: Any) -> None:
        """End the last epoch's phase."""
        if state.is_world_process_zero:
            self._file.progress(state.global_step, state.max_steps)
            self._file.phase()
