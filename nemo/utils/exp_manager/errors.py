"""Errors of the experiment manager.

NeMoBaseException
├── NotFoundError                     there is no checkpoint to resume from
├── LoggerMisconfigurationError       the trainer's logger and the experiment manager's are in each other's way
├── CheckpointMisconfigurationError   the same with checkpoint callbacks
├── CheckpointReadError (RuntimeError)  a checkpoint is damaged; the message names the next older one
└── WriteError (OSError)
    └── CheckpointWriteError          a checkpoint could not be written, the earlier ones are intact
ConfigError
└── UnknownKeyError (ConfigKeyError)  a key that the experiment manager does not know
"""

from __future__ import annotations

from omegaconf.errors import ConfigKeyError

from nemo.utils.exceptions import ConfigError, NeMoBaseException, WriteError


class NotFoundError(NeMoBaseException):
    """There is no checkpoint to resume from; the message names the folder."""


class LoggerMisconfigurationError(NeMoBaseException):
    """The trainer has a logger and the experiment manager was asked to make one."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message} Use logger=False in the trainer, or let the experiment manager create no logger.")


class CheckpointMisconfigurationError(NeMoBaseException):
    """The trainer has a checkpoint callback and the experiment manager was asked to make one."""


class CheckpointReadError(NeMoBaseException, RuntimeError):
    """A checkpoint is damaged; the message names the next older one."""


class CheckpointWriteError(WriteError):
    """A checkpoint could not be written; the earlier ones are intact."""


class UnknownKeyError(ConfigError, ConfigKeyError):
    """A key that the experiment manager does not know; the message names the nearest known one."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.msg = message  # what OmegaConf's errors print
