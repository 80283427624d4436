"""Stopping when a metric no longer improves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf

if TYPE_CHECKING:
    from pytorch_lightning import Trainer


def configure_early_stopping(trainer: Trainer, params: DictConfig) -> None:
    """Gives the trainer Lightning's EarlyStopping with `early_stopping_callback_params`."""
    from pytorch_lightning.callbacks import EarlyStopping

    arguments = OmegaConf.to_container(params)
    assert isinstance(arguments, dict)
    trainer.callbacks.append(EarlyStopping(**{str(key): value for key, value in arguments.items()}))  # type: ignore[attr-defined]
