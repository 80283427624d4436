"""Moving averages of the weights: kept while training, measured in validation, saved beside the trained weights."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback, Checkpoint
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from nemo.utils.exp_manager.ema_checkpoints import find_twin, is_twin, twin_path
from nemo.utils.exp_manager.ema_optimizer import EMAOptimizer

if TYPE_CHECKING:
    from omegaconf import DictConfig

logger = logging.getLogger(__name__)

SHARDED = ("FSDPStrategy", "ModelParallelStrategy", "DeepSpeedStrategy")
"""Strategies whose processes hold parts of the weights only."""


class EMA(Callback):
    """Exponential moving average of the weights.

    Only parameters that an optimizer trains are averaged; buffers, such as the statistics of a batch norm, are the
    model's own. Validation and test measure the average. A checkpoint holds the trained weights, and its twin
    `<name>-EMA.ckpt` the average; resuming needs both.

    A test or validation of a given checkpoint file measures the weights of that file.

    Args:
        decay: share of the average that a step keeps, 0 to 1; 0.999 averages over about 1000 steps.
        validate_original_weights: validation and test measure the trained weights.
        every_n_steps: optimizer steps from one update of the average to the next.
        cpu_offload: keep the average in the CPU's memory.

    Raises:
        MisconfigurationException: `decay` is not in [0, 1], or `every_n_steps` is not positive.
    """

    def __init__(
        self, decay: float, validate_original_weights: bool = False, every_n_steps: int = 1, cpu_offload: bool = False
    ) -> None:
        if not 0 <= decay <= 1:
            raise MisconfigurationException(f"EMA's decay is {decay}; it is a share, from 0 to 1, such as 0.999")
        if every_n_steps < 1:
            raise MisconfigurationException(f"EMA's every_n_steps is {every_n_steps}; give 1 or more")
        self.decay = decay
        self.validate_original_weights = validate_original_weights
        self.every_n_steps = every_n_steps
        self.cpu_offload = cpu_offload

    # --------------------------------------------------------------------------------------------------- the average

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Wraps the optimizers."""
        strategy = type(trainer.strategy)
        if any(kind.__name__ in SHARDED for kind in strategy.__mro__):
            raise MisconfigurationException(
                f"EMA needs the whole weights in each process, and {strategy.__name__} splits them. Use strategy=ddp, "
                "or set exp_manager.ema.enable to false."
            )
        device = torch.device("cpu") if self.cpu_offload else None
        trainer.optimizers = [
            optimizer
            if isinstance(optimizer, EMAOptimizer)
            else EMAOptimizer(optimizer, device=device, decay=self.decay, every_n_steps=self.every_n_steps)
            for optimizer in trainer.optimizers
        ]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Says when a resumed run keeps the settings of its checkpoint."""
        for optimizer in averaging_optimizers(trainer):
            if (optimizer.decay, optimizer.every_n_steps) != (self.decay, self.every_n_steps):
                logger.warning(
                    "EMA goes on with decay %s and every_n_steps %d of the checkpoint, not with the config's %s and %d",
                    optimizer.decay,
                    optimizer.every_n_steps,
                    self.decay,
                    self.every_n_steps,
                )

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Puts the average into the model."""
        self._measure_average(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Puts the trained weights back."""
        self._put_back(trainer)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Puts the average into the model."""
        self._measure_average(trainer)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Puts the trained weights back."""
        self._put_back(trainer)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Puts the trained weights back when a validation is broken off."""
        self._put_back(trainer)

    def _measure_average(self, trainer: Trainer) -> None:
        of_a_file = trainer.state.fn != "fit" and trainer.ckpt_path is not None
        if self.validate_original_weights or of_a_file:
            return
        for optimizer in averaging_optimizers(trainer):
            optimizer.put_average()

    def _put_back(self, trainer: Trainer) -> None:
        for optimizer in averaging_optimizers(trainer):
            optimizer.put_back()

    def restart(self, trainer: Trainer) -> None:
        """Forgets the average, for the model has got other weights."""
        for optimizer in averaging_optimizers(trainer):
            optimizer.restart_average()

    # --------------------------------------------------------------------------------------------------- checkpoints

    @contextlib.contextmanager
    def save_ema_model(self, trainer: Trainer) -> Iterator[None]:
        """Inside, a checkpoint gets the average as its weights, and the state of the average."""
        with self.weights(trainer, averaged=True):
            yield

    @contextlib.contextmanager
    def save_original_optimizer_state(self, trainer: Trainer) -> Iterator[None]:
        """Inside, a checkpoint gets the trained weights and the optimizers as they are without an average."""
        optimizers = averaging_optimizers(trainer)
        with self.weights(trainer, averaged=False):
            for optimizer in optimizers:
                optimizer.save_original_optimizer_state = True
            try:
                yield
            finally:
                for optimizer in optimizers:
                    optimizer.save_original_optimizer_state = False

    @contextlib.contextmanager
    def weights(self, trainer: Trainer, averaged: bool) -> Iterator[None]:
        """Inside, the model holds the average or the trained weights; afterwards what it held before."""
        with contextlib.ExitStack() as stack:
            for optimizer in averaging_optimizers(trainer):
                stack.enter_context(optimizer.swap_ema_weights(averaged))
            yield

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Takes the state of the average from the twin of the checkpoint.

        Raises:
            MisconfigurationException: there is no twin of that step.
        """
        states = checkpoint.get("optimizer_states")
        if trainer.state.fn != "fit" or not states or trainer.ckpt_path is None:
            return
        path = str(trainer.ckpt_path)
        if is_twin(path):
            logger.warning("%s holds averaged weights: training goes on from these, and a new average begins", path)
            checkpoint["optimizer_states"] = [state["opt"] if "ema" in state else state for state in states]
        elif not all("ema" in state for state in states):
            checkpoint["optimizer_states"] = self._states_of_twin(trainer, path, checkpoint["global_step"])

    def _states_of_twin(self, trainer: Trainer, path: str, step: int) -> Any:
        twin = find_twin(path, step, lambda file: trainer.strategy.load_checkpoint(file, weights_only=True))
        if twin is None:
            raise MisconfigurationException(
                f"ema.enable is true, and {path} has no averaged weights of step {step} beside it; expected "
                f"{twin_path(path)}. Put that file back, resume from a checkpoint that has its twin, or set ema.enable "
                "to false to go on without an average."
            )
        return twin["optimizer_states"]


def averaging_optimizers(trainer: Trainer) -> list[EMAOptimizer]:
    """The optimizers of the trainer that keep an average."""
    return [optimizer for optimizer in trainer.optimizers if isinstance(optimizer, EMAOptimizer)]


def ema_of(trainer: Trainer) -> EMA | None:
    """The trainer's EMA callback."""
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    return next((callback for callback in callbacks if isinstance(callback, EMA)), None)


def make_ema(params: DictConfig) -> EMA:
    """The callback that the `ema` section describes.

    Raises:
        MisconfigurationException: a value cannot be.
    """
    return EMA(params.decay, params.validate_original_weights, params.every_n_steps, params.cpu_offload)


def configure_ema(trainer: Trainer, params: DictConfig) -> None:
    """Gives the trainer an :class:`EMA`, before whatever saves checkpoints: it puts the trained weights back first."""
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    first = next((i for i, callback in enumerate(callbacks) if isinstance(callback, Checkpoint)), len(callbacks))
    callbacks.insert(first, make_ema(params))
