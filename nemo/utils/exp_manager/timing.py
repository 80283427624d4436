"""Times of steps, logged as metrics."""

from __future__ import annotations

from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback

from nemo.utils.timers import NamedTimer

STEP = "train_step_timing"
BACKWARD = "train_backward_timing"


class TimingCallback(Callback):
    """Logs `train_step_timing in s`, `train_backward_timing in s`, and those of validation and test steps.

    Every step is timed. A training step's time is logged where the loggers write a step (`log_every_n_steps`), since
    logging costs more than timing does; validation and test steps give their mean over the epoch.

    Args:
        timer_kwargs: arguments of :class:`~nemo.utils.timers.NamedTimer`: reduction, sync_cuda, buffer_size.
    """

    def __init__(self, timer_kwargs: dict[str, Any] | None = None) -> None:
        self.timer = NamedTimer(**(timer_kwargs or {}))
        self._evaluation = NamedTimer(reduction="mean", sync_cuda=self.timer.sync_cuda)

    def _start(self, name: str) -> None:
        if self.timer.buffer_size <= 0 or self.timer.is_active(name):  # active: the step before ended in an exception
            self.timer.reset(name)
        self.timer.start(name)

    def _log(self, trainer: Trainer, step: int) -> None:
        """Gives the times to the loggers and to the trainer's metrics, past `log`, which costs more than the timing."""
        seconds = {name: self.timer[name] for name in (STEP, BACKWARD)}
        # a list: reduction none; without backward passes (manual optimization) there is nothing to say of them
        times = {
            f"{name} in s": value[-1] if isinstance(value, list) else value for name, value in seconds.items() if value
        }
        for logger in trainer.loggers:
            logger.log_metrics(times, step)
        trainer.callback_metrics.update({name: torch.tensor(value) for name, value in times.items()})
        trainer.progress_bar_metrics.update({name: value for name, value in times.items() if name.startswith(STEP)})

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Starts the time of the step."""
        self._start(STEP)

    def on_before_backward(self, trainer: Trainer, pl_module: LightningModule, loss: Any) -> None:
        """Starts the time of the backward pass."""
        self._start(BACKWARD)

    def on_after_backward(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stops the time of the backward pass."""
        self.timer.stop(BACKWARD)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Stops the time of the step, and logs when the loggers write."""
        self.timer.stop(STEP)
        step = trainer.fit_loop.epoch_loop._batches_that_stepped
        if batch_idx == 0 or (step + 1) % max(trainer.log_every_n_steps, 1) == 0:  # type: ignore[attr-defined]
            self._log(trainer, step)

    def _start_evaluation(self, name: str) -> None:
        if self._evaluation.is_active(name):
            self._evaluation.reset(name)
        self._evaluation.start(name)

    def _log_evaluation(self, module: LightningModule, name: str) -> None:
        seconds = self._evaluation[name]
        self._evaluation.reset(name)
        if seconds:
            module.log(f"{name} in s", seconds, on_step=False, on_epoch=True, batch_size=1)

    def on_validation_batch_start(self, *args: Any, **kwargs: Any) -> None:
        """Starts the time of the step."""
        self._start_evaluation("validation_step_timing")

    def on_validation_batch_end(self, *args: Any, **kwargs: Any) -> None:
        """Stops the time of the step."""
        self._evaluation.stop("validation_step_timing")

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs the mean."""
        self._log_evaluation(pl_module, "validation_step_timing")

    def on_test_batch_start(self, *args: Any, **kwargs: Any) -> None:
        """Starts the time of the step."""
        self._start_evaluation("test_step_timing")

    def on_test_batch_end(self, *args: Any, **kwargs: Any) -> None:
        """Stops the time of the step."""
        self._evaluation.stop("test_step_timing")

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs the mean."""
        self._log_evaluation(pl_module, "test_step_timing")
