"""Parameters that a backward pass does not reach: of several processes, DDP waits for all gradients unless told."""

from __future__ import annotations

from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.strategies import DDPStrategy

from nemo.core.training.model_callback import ModelCallback

KEY = "find_unused_parameters"
MARK = "leaves_parameters_unused"
"""Attribute of a module some of whose parameters may have no part in the loss."""


def leaves_parameters_unused(model: LightningModule) -> bool:
    """Whether parameters may be without a gradient: several optimizers are stepped by hand, or a module says so."""
    return not model.automatic_optimization or any(getattr(module, MARK, False) for module in model.modules())


class UnusedParameters(ModelCallback):
    """Tells DDP that parameters may have no gradient in a backward pass, unless the strategy says itself.

    Models of which :func:`leaves_parameters_unused` is true bring it along, so that `trainer.strategy=ddp` is enough.
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
