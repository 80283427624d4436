"""Times of epochs, logged as a metric."""

from __future__ import annotations

import time

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.utilities.rank_zero import rank_zero_only


class LogEpochTimeCallback(Callback):
    """Logs `epoch_time`, the seconds that each training epoch took, the validations within it included."""

    def __init__(self) -> None:
        self._begin = 0.0

    @rank_zero_only
    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reads the clock."""
        self._begin = time.monotonic()

    @rank_zero_only
    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Gives the time to the loggers."""
        seconds = time.monotonic() - self._begin
        for logger in trainer.loggers:
            logger.log_metrics({"epoch_time": seconds}, step=trainer.global_step)
