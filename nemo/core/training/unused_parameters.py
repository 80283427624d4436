"""Several optimizers in several processes: a backward pass of one reaches only its own parameters."""

from __future__ import annotations

from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.strategies import DDPStrategy

from nemo.core.training.model_callback import ModelCallback

KEY = "find_unused_parameters"


class UnusedParameters(ModelCallback):
    """Tells DDP that parameters may have no gradient in a backward pass, unless the strategy says itself.

    Models with `automatic_optimization = False`, such as a generator and its discriminators, bring it along, so that
    `trainer.strategy=ddp` is enough for them.
    """

    def __init__(self) -> None:
        self._changed: dict[str, Any] | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Sets it before Lightning wraps the model."""
        strategy = trainer.strategy
        if stage != "fit" or not isinstance(strategy, DDPStrategy) or KEY in strategy._ddp_kwargs:
            return
        self._changed = strategy._ddp_kwargs  # Lightning offers no other way to them once a strategy is built
        self._changed[KEY] = True

    def undo(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leaves the strategy to the next model as it was."""
        if self._changed is not None:
            del self._changed[KEY]
            self._changed = None
