"""Arguments of the loggers that have keys of their own; the names and values are those of the original."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class MLFlowParams:
    """Arguments of Lightning's MLFlowLogger."""

    experiment_name: str | None = None
    """Default: the name of the experiment."""
    tracking_uri: str | None = None
    """Server or store; default: MLFLOW_TRACKING_URI of the environment, else `mlruns` in the folder of the run."""
    tags: dict[str, Any] | None = None
    save_dir: str | None = "./mlruns"
    """Store of files, used without a tracking_uri; the default lies in the folder of the run."""
    prefix: str = ""
    """Before the names of the metrics."""
    artifact_location: str | None = None
    run_id: str | None = None
    """Go on with this run of MLflow."""
    log_model: bool = False
    """Upload the checkpoints."""


@dataclass
class DLLoggerParams:
    """Arguments of :class:`~nemo.utils.exp_manager.loggers.dllogger.DLLogger`."""

    verbose: bool | None = False
    """With stdout, print the hyper-parameters too."""
    stdout: bool | None = False
    """Print the metrics as well."""
    json_file: str | None = "./dllogger.json"
    """A relative path is below the folder of the run."""


@dataclass
class ClearMLParams:
    """Arguments of :class:`~nemo.utils.exp_manager.loggers.clearml.ClearMLLogger`."""

    project: str | None = None
    """Default: the name of the experiment."""
    task: str | None = None
    """Default: the version of the run."""
    connect_pytorch: bool | None = False
    """Let ClearML itself watch PyTorch's reading and writing of files."""
    model_name: str | None = None
    """Default: the name of the task."""
    tags: list[str] | None = None
    log_model: bool | None = False
    """Upload the checkpoints."""
    log_cfg: bool | None = False
    """Send the config of the model as one document, beside the single hyper-parameters."""
    log_metrics: bool | None = False
    """Send the metrics. False: only what ClearML finds by itself, such as TensorBoard's."""
