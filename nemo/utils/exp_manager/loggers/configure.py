"""Which loggers a trainer gets: checked before anything is written, made in a fixed order."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from nemo.utils.exp_manager.errors import LoggerMisconfigurationError
from nemo.utils.exp_manager.loggers import clearml, dllogger, mlflow, neptune, tensorboard, wandb

if TYPE_CHECKING:
    from pytorch_lightning import Trainer
    from pytorch_lightning.loggers import Logger

    from nemo.utils.exp_manager.directories import RunDirectories

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """A kind of logger."""

    wanted_by: str
    """Key that asks for it."""
    arguments: str
    """Key of its arguments."""
    check: Callable[[dict[str, Any]], None]
    """Refuses arguments that cannot work."""
    make: Callable[[RunDirectories, dict[str, Any], str], Logger]
    """Takes the folders of the run, the arguments and the experiment's name."""


KINDS = (
    # TensorBoard first: others ask the trainer's first logger for the folder of the run
    Kind("create_tensorboard_logger", "summary_writer_kwargs", tensorboard.check, tensorboard.make),
    Kind("create_wandb_logger", "wandb_logger_kwargs", wandb.check, wandb.make),
    Kind("create_mlflow_logger", "mlflow_logger_kwargs", mlflow.check, mlflow.make),
    Kind("create_dllogger_logger", "dllogger_logger_kwargs", dllogger.check, dllogger.make),
    Kind("create_clearml_logger", "clearml_logger_kwargs", clearml.check, clearml.make),
    Kind("create_neptune_logger", "neptune_logger_kwargs", neptune.check, neptune.make),
)


def check_loggers(trainer: Trainer, cfg: DictConfig) -> None:
    """Refuses what cannot work before anything is written.

    Raises:
        LoggerMisconfigurationError: the trainer has a logger and one is to be made.
        ConfigError: arguments of a logger are missing or cannot be.
        MissingDependencyError: a logger's package is not installed.
    """
    for kind in _wanted(cfg):
        if trainer.logger is not None:
            raise LoggerMisconfigurationError(
                f"the trainer already has a logger, {type(trainer.logger).__name__}, and exp_manager.{kind.wanted_by} "
                "is true."
            )
        kind.check(_arguments(cfg, kind))


def configure_loggers(trainer: Trainer, directories: RunDirectories, cfg: DictConfig, experiment: str) -> None:
    """Gives the trainer the loggers that `cfg` asks for; all of them keep their files in the folder of the run.

    Args:
        trainer: gets the loggers.
        directories: of the run.
        cfg: the whole `exp_manager` section.
        experiment: name of the experiment.
    """
    made = [kind.make(directories, _arguments(cfg, kind), experiment) for kind in _wanted(cfg)]
    if made:
        trainer._logger_connector.configure_logger(made)
        logger.info("metrics go to %s", ", ".join(type(each).__name__ for each in made))


def _wanted(cfg: DictConfig) -> list[Kind]:
    return [kind for kind in KINDS if cfg[kind.wanted_by]]


def _arguments(cfg: DictConfig, kind: Kind) -> dict[str, Any]:
    given = OmegaConf.to_container(cfg[kind.arguments]) if cfg[kind.arguments] is not None else {}
    assert isinstance(given, dict)
    return {str(name): value for name, value in given.items()}
