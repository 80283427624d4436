"""ClearML: metrics, hyper-parameters and checkpoints as a task on its server."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytorch_lightning.loggers.logger import Logger, rank_zero_experiment
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from nemo.utils.exp_manager.loggers.plain_values import flat_values, plain_metrics, plain_values
from nemo.utils.optional import require

if TYPE_CHECKING:
    from pytorch_lightning.callbacks import ModelCheckpoint

    from nemo.utils.exp_manager.directories import RunDirectories


class ClearMLLogger(Logger):
    """Reports a run as a task of ClearML.

    Args:
        project: project of the task.
        task: name of the task.
        connect_pytorch: let ClearML itself watch PyTorch's reading and writing of files.
        model_name: name of the uploaded model.
        tags: of the task.
        log_model: upload the best and the last checkpoint whenever there is a new one.
        log_cfg: send the hyper-parameters as one document, beside the single values.
        log_metrics: send the metrics.
    """

    def __init__(
        self,
        project: str,
        task: str,
        connect_pytorch: bool = False,
        model_name: str | None = None,
        tags: Sequence[str] | None = None,
        log_model: bool = False,
        log_cfg: bool = False,
        log_metrics: bool = False,
    ) -> None:
        super().__init__()
        self.project = project
        self.task_name = task
        self.connect_pytorch = connect_pytorch
        self.model_name = model_name or task
        self.tags = list(tags or ())
        self.log_model = log_model
        self.log_cfg = log_cfg
        self.sends_metrics = log_metrics
        self._task: Any = None
        self._models: dict[str, Any] = {}
        self._uploaded: dict[str, str] = {}

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The task of ClearML, made on first use."""
        if self._task is None:
            clearml = require("clearml", extra="clearml", purpose="exp_manager.create_clearml_logger")
            self._task = clearml.Task.init(
                project_name=self.project,
                task_name=self.task_name,
                auto_connect_frameworks={"pytorch": self.connect_pytorch},
                output_uri=True if self.log_model else None,
            )
            if self.tags:
                self._task.add_tags(self.tags)
        return self._task

    @property
    def name(self) -> str:
        """The project."""
        return self.project

    @property
    def version(self) -> str:
        """The task."""
        return self.task_name

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Sends the hyper-parameters, each by its name, and the whole as one document if wanted."""
        self.experiment.connect(flat_values(params), name="hyper_parameters")
        if self.log_cfg:
            self.experiment.connect_configuration(plain_values(params), name="config")

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Sends the metrics; `group/name` is the curve `name` of the plot `group`."""
        if not self.sends_metrics:
            return
        reporter = self.experiment.get_logger()
        for name, value in plain_metrics(metrics).items():
            title, _, series = name.partition("/")
            reporter.report_scalar(title=title, series=series or title, value=value, iteration=step or 0)

    @rank_zero_only
    def after_save_checkpoint(self, checkpoint_callback: ModelCheckpoint) -> None:
        """Uploads the best and the last checkpoint, if they are new."""
        if not self.log_model:
            return
        paths = {"best": checkpoint_callback.best_model_path, "last": checkpoint_callback.last_model_path}
        for kind, path in paths.items():
            if path and Path(path).is_file() and self._uploaded.get(kind) != path:
                self._model(kind).update_weights(weights_filename=path, auto_delete_file=False)
                self._uploaded[kind] = path

    def _model(self, kind: str) -> Any:
        if kind not in self._models:
            clearml = require("clearml", extra="clearml", purpose="exp_manager.create_clearml_logger")
            self._models[kind] = clearml.OutputModel(
                task=self.experiment, name=f"{self.model_name}-{kind}", framework="pytorch"
            )
        return self._models[kind]

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Sends what is waiting; the task is closed when the program ends, for a test may follow the training."""
        if self._task is not None:
            self._task.flush()


def check(kwargs: Mapping[str, Any]) -> None:
    """Refuses to begin without the package.

    Raises:
        MissingDependencyError: clearml is not installed.
    """
    require("clearml", extra="clearml", purpose="exp_manager.create_clearml_logger")


def make(directories: RunDirectories, kwargs: dict[str, Any], experiment: str) -> ClearMLLogger:
    """Makes the logger; project and task are those of the experiment and the run, unless they are given."""
    kwargs["project"] = kwargs["project"] or experiment
    kwargs["task"] = kwargs["task"] or directories.version or experiment
    return ClearMLLogger(**kwargs)
