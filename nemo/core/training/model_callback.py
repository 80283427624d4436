"""Callbacks that a model brings along and that leave the trainer with it."""

from __future__ import annotations

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback


class ModelCallback(Callback):
    """A callback that `configure_callbacks` of a model gives to the trainer for one run.

    It is taken out again when the run ends, so that the trainer's next run, perhaps of another model, begins without
    it.
    """

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Ends with the run."""
        self._leave(trainer, pl_module)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Ends with the run; after an exception Lightning calls no `teardown`."""
        self._leave(trainer, pl_module)

    def undo(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Override: makes the model as it was before the run."""

    def _leave(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.undo(trainer, pl_module)
        # another list: Lightning walks through the old one at this moment
        trainer.callbacks = [each for each in trainer.callbacks if each is not self]  # type: ignore[attr-defined]
