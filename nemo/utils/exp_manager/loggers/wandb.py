"""Weights & Biases: metrics and hyper-parameters on its server, or offline in the folder of the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nemo.utils.exceptions import ConfigError
from nemo.utils.optional import require

if TYPE_CHECKING:
    from pytorch_lightning.loggers import WandbLogger

    from nemo.utils.exp_manager.directories import RunDirectories


def check(kwargs: Mapping[str, Any]) -> None:
    """Refuses what cannot work.

    Raises:
        ConfigError: neither a name nor a project is given.
        MissingDependencyError: wandb is not installed.
    """
    if not kwargs.get("name") and not kwargs.get("project"):
        raise ConfigError(
            "exp_manager.create_wandb_logger is true, and wandb_logger_kwargs has neither name nor project. Give one: "
            "the display name of the run, or the project that it belongs to."
        )
    require("wandb", extra="wandb", purpose="exp_manager.create_wandb_logger")


def make(directories: RunDirectories, kwargs: dict[str, Any], experiment: str) -> WandbLogger:
    """Makes Lightning's logger.

    The version of the run is its id, so that a run of the same version goes on under the same curve; a run without a
    version gets a new id. Files are kept in the folder of the run.
    """
    from pytorch_lightning.loggers import WandbLogger

    if not kwargs.get("id") and not kwargs.get("version") and directories.version:
        kwargs["version"] = directories.version
    if not kwargs.get("save_dir") and not kwargs.get("dir"):
        kwargs["save_dir"] = str(directories.log_dir)
    return WandbLogger(**kwargs)
