"""Loggers of metrics: TensorBoard now, others in a later release."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from nemo.utils.exceptions import ConfigError, NotYetSupportedError
from nemo.utils.exp_manager.directories import RunDirectories
from nemo.utils.exp_manager.errors import LoggerMisconfigurationError

if TYPE_CHECKING:
    from pytorch_lightning import Trainer

logger = logging.getLogger(__name__)

LATER_LOGGERS = {
    "create_wandb_logger": "pytorch_lightning.loggers.WandbLogger",
    "create_mlflow_logger": "pytorch_lightning.loggers.MLFlowLogger",
    "create_neptune_logger": "pytorch_lightning.loggers.NeptuneLogger",
    "create_clearml_logger": "a logger of your own",
    "create_dllogger_logger": "pytorch_lightning.loggers.CSVLogger",
}
"""Key of the original -> what does the same when it is given to the trainer."""


def check_loggers(trainer: Trainer, cfg: DictConfig) -> None:
    """Refuses what cannot work before anything is written.

    Raises:
        NotYetSupportedError: a logger that this release does not make is asked for.
        LoggerMisconfigurationError: the trainer has a logger and one is to be made.
    """
    for key, instead in LATER_LOGGERS.items():
        if cfg[key]:
            raise NotYetSupportedError(
                f"exp_manager.{key} is true; this release makes TensorBoard's logger only. Set it to false, and give "
                f"the trainer {instead} (Trainer(logger=...), with exp_manager.create_tensorboard_logger=false)."
            )
    if trainer.logger is not None and cfg.create_tensorboard_logger:
        raise LoggerMisconfigurationError(
            f"the trainer already has a logger, {type(trainer.logger).__name__}, and "
            "exp_manager.create_tensorboard_logger is true."
        )


def configure_loggers(
    trainer: Trainer, directories: RunDirectories, summary_writer_kwargs: Mapping[str, Any] | None
) -> None:
    """Gives the trainer a TensorBoard logger that writes into the folder of the run.

    Args:
        trainer: gets the logger.
        directories: where to write; without a version the logger counts version_0, version_1 ...
        summary_writer_kwargs: arguments of TensorBoardLogger and its SummaryWriter.

    Raises:
        ConfigError: `summary_writer_kwargs` sets the folder.
    """
    from pytorch_lightning.loggers import TensorBoardLogger

    kwargs = dict(summary_writer_kwargs or {})
    if isinstance(summary_writer_kwargs, DictConfig):
        kwargs = {str(key): value for key, value in OmegaConf.to_container(summary_writer_kwargs).items()}  # type: ignore[union-attr]
    if "log_dir" in kwargs:
        raise ConfigError(
            "exp_manager.summary_writer_kwargs has log_dir, which is the folder of the run. Remove it, and use "
            "explicit_log_dir, or exp_dir, name and version."
        )
    made = TensorBoardLogger(save_dir=directories.exp_dir, name=directories.name, version=directories.version, **kwargs)
    trainer._logger_connector.configure_logger([made])
    logger.info("TensorBoard: %s", made.log_dir)
