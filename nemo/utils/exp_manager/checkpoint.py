"""Which checkpoints of a run are kept, and when its `.nemo` file is written."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint
from torch import Tensor

from nemo.utils.exceptions import ConfigError, NotYetSupportedError
from nemo.utils.exp_manager.checkpoint_io import use_durable_checkpoints
from nemo.utils.exp_manager.errors import CheckpointMisconfigurationError

logger = logging.getLogger(__name__)


@runtime_checkable
class Saveable(Protocol):
    """A model with an archive format of its own."""

    def save_to(self, save_path: str) -> None:
        """Writes the archive."""


class NeMoModelCheckpoint(ModelCheckpoint):
    """Lightning's ModelCheckpoint that also writes the model's `.nemo` file and survives interruptions.

    The last checkpoint is written after every validation, also when it is none of the best. On resume the best ones
    are found again by their names, so none is forgotten and none too many stays.

    Args:
        always_save_nemo: write the `.nemo` file with every checkpoint.
        save_nemo_on_train_end: write it when training ends.
        save_best_model: the `.nemo` file holds the best weights; at the end of training the model gets them, too.
        postfix: end of the name of the `.nemo` file.
        n_resume: the run continues an earlier one in the same folder.
        model_parallel_size: only 1 or None in this release.
        prefix: stem of the `.nemo` file.
        kwargs: arguments of ModelCheckpoint.
    """

    def __init__(
        self,
        always_save_nemo: bool = False,
        save_nemo_on_train_end: bool = True,
        save_best_model: bool = False,
        postfix: str = ".nemo",
        n_resume: bool = False,
        model_parallel_size: int | None = None,
        prefix: str | None = None,
        **kwargs: Any,
    ) -> None:
        if model_parallel_size is not None and model_parallel_size > 1:
            raise NotYetSupportedError(
                f"checkpoint_callback_params.model_parallel_size is {model_parallel_size}; this release trains models "
                "that fit on one device. Leave it out."
            )
        # a resumed run meets its own files again and replaces them; another run counts -v1, -v2 ...
        super().__init__(enable_version_counter=not n_resume, **kwargs)
        self.always_save_nemo = always_save_nemo
        self.save_nemo_on_train_end = save_nemo_on_train_end
        self.save_best_model = save_best_model
        self.postfix = postfix
        self.prefix = prefix or ""
        self.n_resume = n_resume
        self._best_in_nemo: str | None = None
        """The best checkpoint whose weights the `.nemo` file holds."""

    # ------------------------------------------------------------------------------------------------------- resume

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Finds the checkpoints of the earlier run."""
        with warnings.catch_warnings():
            if self.n_resume:  # that the folder is not empty is the point
                warnings.filterwarnings("ignore", message=".*exists and is not empty.*")
            super().setup(trainer, pl_module, stage)
        if self.n_resume:
            self._find_best(exact={})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes what a checkpoint says, corrected by what lies in the folder."""
        super().load_state_dict(state_dict)
        if self.n_resume:
            self._find_best(exact=state_dict.get("best_k_models", {}))

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Removes what an interruption left beyond the best `save_top_k`."""
        super().on_train_start(trainer, pl_module)
        self._last_global_step_saved = trainer.global_step  # a resumed run does not save its first step again
        if self.n_resume and self.monitor is not None and self.save_top_k > 0:
            for path in list(self.best_k_models)[self.save_top_k :]:
                del self.best_k_models[path]
                self._remove_checkpoint(trainer, path)
            self._point_at_best()

    def _find_best(self, exact: Mapping[str, Tensor]) -> None:
        """Fills `best_k_models`, best first, from the files; scores are those of `exact` or else of the names."""
        if self.monitor is None or self.save_top_k == 0 or not self.dirpath:
            return
        scores = {}
        for path in Path(self.dirpath).glob(f"*{self.FILE_EXTENSION}"):
            score = exact.get(str(path), self._score_in_name(path.stem))
            if score is not None and not path.stem.endswith(("last", "end", "-EMA")):
                scores[str(path)] = torch.as_tensor(score)
        ordered = sorted(scores, key=lambda path: (float(scores[path]), path), reverse=self.mode == "max")
        self.best_k_models = {path: scores[path] for path in ordered}
        self._point_at_best()

    def _score_in_name(self, stem: str) -> float | None:
        match = re.search(rf"{re.escape(str(self.monitor))}=?(-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|inf))", stem)
        return float(match[1]) if match else None

    def _point_at_best(self) -> None:
        if not self.best_k_models:
            self.best_model_path, self.best_model_score, self.kth_best_model_path = "", None, ""
            return
        paths = list(self.best_k_models)
        self.best_model_path, self.best_model_score = paths[0], self.best_k_models[paths[0]]
        if len(paths) == self.save_top_k:
            self.kth_best_model_path, self.kth_value = paths[-1], self.best_k_models[paths[-1]]

    # ------------------------------------------------------------------------------------------------------- saving

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Saves the best and the last."""
        super().on_validation_end(trainer, pl_module)
        if not self._should_save_on_train_epoch_end(trainer):
            self._save_last_of_epoch(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Saves the best and the last, if asked to do so here and not after validation."""
        super().on_train_epoch_end(trainer, pl_module)
        if self._should_save_on_train_epoch_end(trainer):
            self._save_last_of_epoch(trainer)

    def _save_last_of_epoch(self, trainer: Trainer) -> None:
        """Lightning leaves the last checkpoint out where the step is none of the best; a resume would lose work."""
        every = self._every_n_epochs
        if every >= 1 and (trainer.current_epoch + 1) % every == 0 and not self._should_skip_saving_checkpoint(trainer):
            self.save_last_now(trainer)

    def save_last_now(self, trainer: Trainer) -> None:
        """Writes the last checkpoint, whatever the intervals say."""
        self._save_last_checkpoint(trainer, self._monitor_candidates(trainer))

    def _should_remove_checkpoint(self, trainer: Trainer, previous: Any, current: Any) -> bool:
        """Lightning keeps the one that the run was resumed from; the new one is on disk, so the old one can go."""
        return previous != current and Path(str(self.dirpath)).absolute() in Path(previous).absolute().parents

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the last checkpoint as the run ends, and the `.nemo` file."""
        if trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        interval = trainer.val_check_interval
        just_validated = isinstance(interval, int) and interval > 0 and trainer.global_step % interval == 0
        if self.save_last and not just_validated and trainer.global_step > 0:
            name = self.format_checkpoint_name(self._monitor_candidates(trainer), self.CHECKPOINT_NAME_LAST)
            if name != self.last_model_path:
                self.save_last_now(trainer)
        if not isinstance(pl_module, Saveable):
            return
        if self.save_best_model:
            if not self.best_model_path:
                logger.warning("save_best_model is true, but no best checkpoint was written; the last weights are kept")
            else:
                trainer.strategy.barrier()
                pl_module.load_state_dict(_weights_of(self.best_model_path))
        if self.save_nemo_on_train_end:
            pl_module.save_to(self._nemo_path())

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Writes the `.nemo` file if it is wanted with every checkpoint."""
        if not self.always_save_nemo or not isinstance(pl_module, Saveable):
            return
        path = self._nemo_path()
        if not self.save_best_model or self.best_model_path in ("", self._best_in_nemo):
            if not self.save_best_model or not Path(path).exists():
                pl_module.save_to(path)
            return
        # the best changed: it is the one being written, or, after a resume, one on disk
        if Path(self.best_model_path).exists():
            current = {name: value.clone() for name, value in pl_module.state_dict().items()}
            pl_module.load_state_dict(_weights_of(self.best_model_path))
            pl_module.save_to(path)
            pl_module.load_state_dict(current)
        else:
            pl_module.save_to(path)
        self._best_in_nemo = self.best_model_path

    def _nemo_path(self) -> str:
        return str(Path(str(self.dirpath)).expanduser() / f"{self.prefix}{self.postfix}")


def configure_checkpointing(
    trainer: Trainer,
    log_dir: Path,
    name: str,
    resume: bool,
    params: DictConfig,
    create_preemption_callback: bool = True,
) -> NeMoModelCheckpoint:
    """Gives the trainer a :class:`NeMoModelCheckpoint` and durable checkpoint files.

    Args:
        trainer: gets the callback.
        log_dir: folder of the run.
        name: name of the experiment, beginning of the files' names.
        resume: the run may continue an earlier one.
        params: `checkpoint_callback_params`.
        create_preemption_callback: acts on GPUs only, in a later release.

    Raises:
        CheckpointMisconfigurationError: the trainer already has a checkpoint callback.
    """
    refuse_second_callback(trainer)
    arguments = {str(key): value for key, value in (OmegaConf.to_container(params) or {}).items()}  # type: ignore[union-attr]
    old_path = arguments.pop("filepath")
    if old_path is not None:
        logger.warning("checkpoint_callback_params.filepath is deprecated; give dirpath and filename")
        arguments["dirpath"] = arguments["dirpath"] or str(Path(old_path).parent)
        arguments["filename"] = arguments["filename"] or Path(old_path).stem
    arguments["dirpath"] = arguments["dirpath"] or str(Path(log_dir) / "checkpoints")
    monitored = f"--{{{arguments['monitor']}:.4f}}-{{epoch}}" if arguments["monitor"] else "--{epoch}"
    arguments["filename"] = arguments["filename"] or f"{name}{monitored}"
    arguments["prefix"] = arguments["prefix"] or name
    arguments["train_time_interval"] = _interval(arguments["train_time_interval"])
    other_interval = arguments["every_n_train_steps"] or arguments["train_time_interval"]
    if other_interval and arguments["every_n_epochs"] == 1:  # the default; Lightning wants one interval only
        arguments["every_n_epochs"] = None
    _check_monitor(trainer, arguments["monitor"])
    callback = NeMoModelCheckpoint(n_resume=resume, **arguments)
    callback.CHECKPOINT_NAME_LAST = f"{arguments['filename']}-last"
    trainer.callbacks.append(callback)  # type: ignore[attr-defined]
    use_durable_checkpoints(trainer)
    return callback


def refuse_second_callback(trainer: Trainer) -> None:
    """Refuses a trainer that has a checkpoint callback.

    Raises:
        CheckpointMisconfigurationError: it has one.
    """
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, ModelCheckpoint):
            raise CheckpointMisconfigurationError(
                f"the trainer already has a checkpoint callback, {type(callback).__name__}, and exp_manager."
                "create_checkpoint_callback is true. Use enable_checkpointing=False in the trainer, or set "
                "create_checkpoint_callback to false."
            )


def _check_monitor(trainer: Trainer, monitor: str | None) -> None:
    every = trainer.check_val_every_n_epoch
    limited = trainer.max_epochs is not None and trainer.max_epochs != -1
    if monitor and "val" in monitor and limited and every is not None and trainer.max_epochs < every:  # type: ignore[operator]
        logger.error(
            "checkpoints are chosen by %s, but max_epochs (%s) is less than check_val_every_n_epoch (%s): there will "
            "be no validation and no checkpoint of the best. Lower check_val_every_n_epoch.",
            monitor,
            trainer.max_epochs,
            every,
        )


def _interval(value: Any) -> timedelta | None:
    """A `train_time_interval`: `DD:HH:MM:SS` or a mapping of timedelta's arguments."""
    if value is None or isinstance(value, timedelta):
        return value
    if isinstance(value, Mapping):
        return timedelta(**value)
    match = re.fullmatch(r"(\d+):(\d\d):(\d\d):(\d\d)", str(value).strip())
    if match is None:
        raise ConfigError(
            f"checkpoint_callback_params.train_time_interval is {value!r}; expected DD:HH:MM:SS, such as 00:01:00:00"
        )
    days, hours, minutes, seconds = map(int, match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _weights_of(path: str) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    return weights
