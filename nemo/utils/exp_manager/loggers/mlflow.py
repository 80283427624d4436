"""MLflow: metrics and hyper-parameters on a tracking server or in a store of files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nemo.utils.exp_manager.loggers.params import MLFlowParams
from nemo.utils.optional import require

if TYPE_CHECKING:
    from pytorch_lightning.loggers import MLFlowLogger

    from nemo.utils.exp_manager.directories import RunDirectories


def check(kwargs: Mapping[str, Any]) -> None:
    """Refuses to begin without the package.

    Raises:
        MissingDependencyError: mlflow is not installed.
    """
    require("mlflow", extra="mlflow", purpose="exp_manager.create_mlflow_logger")


def make(directories: RunDirectories, kwargs: dict[str, Any], experiment: str) -> MLFlowLogger:
    """Makes Lightning's logger; the version is the name of the run.

    Args:
        directories: of the run.
        kwargs: fields of :class:`~nemo.utils.exp_manager.loggers.params.MLFlowParams`.
        experiment: name of the experiment, where `kwargs` has none.
    """
    from pytorch_lightning.loggers import MLFlowLogger

    kwargs["experiment_name"] = kwargs["experiment_name"] or experiment
    kwargs["tracking_uri"] = kwargs["tracking_uri"] or os.environ.get("MLFLOW_TRACKING_URI")
    if kwargs["save_dir"] == MLFlowParams.save_dir:
        kwargs["save_dir"] = str(directories.log_dir.absolute() / "mlruns")
    if not kwargs["tracking_uri"]:  # a store of files, which MLflow 3 opens for those only who say that they mean it
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    return MLFlowLogger(run_name=directories.version or None, **kwargs)
