"""Neptune: metrics and hyper-parameters as a run of its service.

Lightning no longer has a logger for it, since the public service has ended; this one serves installations that go on,
and its offline mode.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytorch_lightning.loggers.logger import Logger, rank_zero_experiment
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from nemo.utils.exceptions import ConfigError
from nemo.utils.exp_manager.loggers.plain_values import flat_values, plain_metrics
from nemo.utils.optional import require

if TYPE_CHECKING:
    from nemo.utils.exp_manager.directories import RunDirectories

TOKEN_VARIABLE = "NEPTUNE_API_TOKEN"
FOLDER_VARIABLE = "NEPTUNE_DATA_DIRECTORY"
WITHOUT_SERVER = ("offline", "debug")
"""Modes that need no token."""


class NeptuneLogger(Logger):
    """Reports a run to Neptune.

    Args:
        save_dir: folder of the data that is not sent yet.
        prefix: section of the run that all is reported to.
        api_key: token; default: NEPTUNE_API_TOKEN of the environment.
        kwargs: arguments of `neptune.init_run`: project, name, mode, tags ...
    """

    def __init__(
        self, save_dir: str | None = None, prefix: str = "training", api_key: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__()
        self._save_dir = save_dir
        self._prefix = prefix
        self._arguments = {**kwargs, "api_token": api_key or kwargs.get("api_token")}
        self._run: Any = None

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The run of Neptune, begun on first use."""
        if self._run is None:
            neptune = require("neptune", extra="neptune", purpose="exp_manager.create_neptune_logger")
            if self._save_dir is not None:
                os.environ.setdefault(FOLDER_VARIABLE, str(Path(self._save_dir) / ".neptune"))
            given = {name: value for name, value in self._arguments.items() if value is not None}
            self._run = neptune.init_run(**given)
        return self._run

    @property
    def name(self) -> str | None:
        """Of the run."""
        return self._arguments.get("name")

    @property
    def version(self) -> str | None:
        """Neptune's own id, once the run has begun."""
        return None if self._run is None else str(self._run["sys/id"].fetch())

    @property
    def save_dir(self) -> str | None:
        """Folder of the data that is not sent yet."""
        return self._save_dir

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Sends the hyper-parameters, each by its name."""
        for name, value in flat_values(params).items():
            self.experiment[f"{self._prefix}/hyperparams/{name}"] = "None" if value is None else value

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Adds a value to each metric's series."""
        for name, value in plain_metrics(metrics).items():
            self.experiment[f"{self._prefix}/{name}"].append(value, step=step)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Says how the run ended and waits until all is sent."""
        if self._run is not None:
            self._run[f"{self._prefix}/status"] = status
            self._run.sync()


def check(kwargs: Mapping[str, Any]) -> None:
    """Refuses what cannot work.

    Raises:
        ConfigError: neither a name nor a project is given, or no token.
        MissingDependencyError: neptune is not installed.
    """
    if not kwargs.get("name") and not kwargs.get("project"):
        raise ConfigError(
            "exp_manager.create_neptune_logger is true, and neptune_logger_kwargs has neither name nor project. Give "
            "one: the name of the run, or the project (workspace/project) that it belongs to."
        )
    has_token = kwargs.get("api_key") or kwargs.get("api_token") or os.environ.get(TOKEN_VARIABLE)
    if not has_token and kwargs.get("mode") not in WITHOUT_SERVER:
        raise ConfigError(
            f"Neptune needs a token. Set {TOKEN_VARIABLE} in the environment, or neptune_logger_kwargs.api_key, or "
            "mode: offline."
        )
    require("neptune", extra="neptune", purpose="exp_manager.create_neptune_logger")


def make(directories: RunDirectories, kwargs: dict[str, Any], experiment: str) -> NeptuneLogger:
    """Makes the logger; what is not sent yet is kept in the folder of the run."""
    return NeptuneLogger(save_dir=str(directories.log_dir), **kwargs)
