"""TensorBoard: curves in the folder of the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nemo.utils.exceptions import ConfigError

if TYPE_CHECKING:
    from pytorch_lightning.loggers import TensorBoardLogger

    from nemo.utils.exp_manager.directories import RunDirectories


def check(kwargs: Mapping[str, Any]) -> None:
    """Refuses arguments that cannot be.

    Raises:
        ConfigError: they set the folder.
    """
    if "log_dir" in kwargs:
        raise ConfigError(
            "exp_manager.summary_writer_kwargs has log_dir, which is the folder of the run. Remove it, and use "
            "explicit_log_dir, or exp_dir, name and version."
        )


def make(directories: RunDirectories, kwargs: dict[str, Any], experiment: str) -> TensorBoardLogger:
    """Makes Lightning's logger; where the run has no version it counts version_0, version_1 ..."""
    from nemo.utils.exp_manager.loggers.durable_tensorboard import TensorBoardLogger

    return TensorBoardLogger(save_dir=directories.exp_dir, name=directories.name, version=directories.version, **kwargs)
