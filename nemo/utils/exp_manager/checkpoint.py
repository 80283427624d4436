"""Which checkpoints of a run are kept, and when its `.nemo` file is written."""

from __future__ import annotations

import contextlib
import logging
import os
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

from nemo.utils.exceptions import ConfigError
from nemo.utils.exp_manager.checkpoint_io import use_durable_checkpoints
from nemo.utils.exp_manager.checkpoint_names import complete_checkpoints, parts_of, state_in_folder, value_in_name
from nemo.utils.exp_manager.ema import EMA, ema_of
from nemo.utils.exp_manager.ema_checkpoints import keeping_old_twin, lone_twins, twin_path
from nemo.utils.exp_manager.errors import CheckpointMisconfigurationError
from nemo.utils.exp_manager.preemption import PreemptionCallback
from nemo.utils.exp_manager.resume import check_same_checkpoint, older_last_checkpoints
from nemo.utils.exp_manager.unfinished import marked_unfinished, remove_unfinished
from nemo.utils.whole_weights import load_whole_state_dict

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
        model_parallel_size: processes that one model is split over; their parts are found and removed together.
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
        # a resumed run meets its own files again and replaces them; another run counts -v1, -v2 ...
        super().__init__(enable_version_counter=not n_resume, **kwargs)
        self.always_save_nemo = always_save_nemo
        self.save_nemo_on_train_end = save_nemo_on_train_end
        self.save_best_model = save_best_model
        self.postfix = postfix
        self.prefix = prefix or ""
        self.n_resume = n_resume
        self.model_parallel_size = model_parallel_size
        self._is_writing_twin = False
        self._best_in_nemo: str | None = None
        """The best checkpoint whose weights the `.nemo` file holds."""
        self.preemption: PreemptionCallback | None = None
        """Saves and ends the run when a signal comes; gets the hooks below passed on."""

    # ------------------------------------------------------------------------------------------------------- resume

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Finds the checkpoints of the earlier run."""
        with warnings.catch_warnings():
            if self.n_resume:  # that the folder is not empty is the point
                warnings.filterwarnings("ignore", message=".*exists and is not empty.*")
            super().setup(trainer, pl_module, stage)
        if self.preemption is not None:
            self.preemption.setup(trainer, pl_module, stage)
        if stage == "fit":
            check_same_checkpoint(trainer)
        if not self.n_resume:
            return
        if stage == "fit" and trainer.is_global_zero and self.dirpath:
            remove_unfinished(self.dirpath)
        if stage == "fit" or not self.best_k_models:
            self._find_best(exact={})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes what a checkpoint says, corrected by what lies in the folder."""
        here = state_in_folder(state_dict, str(self.dirpath))
        super().load_state_dict(here)
        if self.n_resume:
            self._find_best(exact=here["best_k_models"])

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Removes what an interruption left beyond the best `save_top_k`."""
        super().on_train_start(trainer, pl_module)
        if not trainer.fit_loop.epoch_loop.val_loop.restarted_mid_evaluation:
            self._last_global_step_saved = trainer.global_step  # a resumed run does not save its first step again
        if self.n_resume and self.monitor is not None and self.save_top_k > 0:
            for path in list(self.best_k_models)[self.save_top_k :]:
                del self.best_k_models[path]
                self._remove_checkpoint(trainer, path)
            self._point_at_best()
        if self.n_resume and trainer.ckpt_path is not None:
            folder = Path(str(self.dirpath))
            for old in [*older_last_checkpoints(Path(trainer.ckpt_path), folder), *lone_twins(folder)]:
                self._remove_checkpoint(trainer, str(old))

    def _find_best(self, exact: Mapping[str, Tensor]) -> None:
        """Fills `best_k_models`, best first, from the files; scores are those of `exact` or else of the names."""
        if self.monitor is None or self.save_top_k == 0 or not self.dirpath or "://" in str(self.dirpath):
            return
        scores = {}
        for path in complete_checkpoints(self.dirpath, self.FILE_EXTENSION):
            name = os.path.relpath(path, self.dirpath)
            scores[path] = torch.as_tensor(exact.get(path, value_in_name(name, self.monitor)))
        known = [path for path, score in scores.items() if torch.isfinite(score)]
        known.sort(key=lambda path: (float(scores[path]), path), reverse=self.mode == "max")
        self.best_k_models = {path: scores[path] for path in known}
        self._point_at_best()

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

    # ------------------------------------------------------------------------------------------------------ signals

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Saves in an epoch, if asked to; several processes agree whether a signal has come."""
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
        if self.preemption is not None:
            self.preemption.on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Saves when a signal ends the run."""
        super().on_exception(trainer, pl_module, exception)
        if self.preemption is not None:
            self.preemption.on_exception(trainer, pl_module, exception)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Ends the program if a signal came during the last moments."""
        super().teardown(trainer, pl_module, stage)
        if self.preemption is not None:
            self.preemption.teardown(trainer, pl_module, stage)

    # -------------------------------------------------------------------------------------------------------- files

    def _should_remove_checkpoint(self, trainer: Trainer, previous: Any, current: Any) -> bool:
        """Lightning keeps the one that the run was resumed from; the new one is on disk, so the old one can go."""
        return previous != current and Path(str(self.dirpath)).absolute() in Path(previous).absolute().parents

    def _save_checkpoint(self, trainer: Trainer, filepath: str) -> None:
        """Writes a checkpoint, and before it the twin with the averaged weights if there are any."""
        ema = ema_of(trainer)
        with contextlib.ExitStack() as stack:
            stack.enter_context(marked_unfinished(trainer, filepath))
            if ema is not None:
                stack.enter_context(keeping_old_twin(filepath, acts=trainer.is_global_zero))
                self._save_twin(trainer, ema, twin_path(filepath))
                stack.enter_context(ema.save_original_optimizer_state(trainer))
            super()._save_checkpoint(trainer, filepath)

    def _save_twin(self, trainer: Trainer, ema: EMA, path: str) -> None:
        self._is_writing_twin = True
        try:
            with ema.save_ema_model(trainer):
                trainer.save_checkpoint(path, self.save_weights_only)
        finally:
            self._is_writing_twin = False

    def _remove_checkpoint(self, trainer: Trainer, filepath: str) -> None:
        """Removes a checkpoint whole: the parts of all ranks, and then the twin."""
        for path in (filepath, twin_path(filepath)):
            for part in [path] if "://" in path else parts_of(path):
                super()._remove_checkpoint(trainer, part)

    def check_monitor_top_k(self, trainer: Trainer, current: Tensor | None = None) -> bool:
        """Whether a value is one of the best; one that is not finite never is."""
        return self._is_finite(trainer, current) and super().check_monitor_top_k(trainer, current)

    def _save_monitor_checkpoint(self, trainer: Trainer, monitor_candidates: dict[str, Tensor]) -> None:
        current = monitor_candidates.get(str(self.monitor))
        if current is None or self._is_finite(trainer, current):
            super()._save_monitor_checkpoint(trainer, monitor_candidates)
            return
        logger.warning(
            "%s is %s at step %d: this checkpoint is none of the best",
            self.monitor,
            float(current),
            trainer.global_step,
        )
        if self.save_top_k == -1:  # all are kept, also this one
            self._save_checkpoint(trainer, self._get_metric_interpolated_filepath_name(monitor_candidates, trainer))

    def _is_finite(self, trainer: Trainer, value: Tensor | None) -> bool:
        """Of one opinion in all processes."""
        if value is None:
            return False
        finite: bool = trainer.strategy.reduce_boolean_decision(bool(torch.isfinite(value).all()))
        return finite

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
        self._write_final_archive(trainer, pl_module)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the `.nemo` file of a run that was killed after its last checkpoint; nothing is left to train."""
        if self.n_resume and not trainer.fast_dev_run and not _exists(trainer, self._nemo_path()):  # type: ignore[attr-defined]
            self._write_final_archive(trainer, pl_module)

    def _write_final_archive(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not isinstance(pl_module, Saveable):
            return
        if self.save_best_model:
            self._take_best_weights(trainer, pl_module)
        if self.save_nemo_on_train_end:
            self._save_archive(trainer, pl_module)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Writes the `.nemo` file if it is wanted with every checkpoint."""
        if not self.always_save_nemo or self._is_writing_twin or not isinstance(pl_module, Saveable):
            return
        if not self.save_best_model or self.best_model_path in ("", self._best_in_nemo):
            if not self.save_best_model or not _exists(trainer, self._nemo_path()):
                self._save_archive(trainer, pl_module)
            return
        # the best changed: it is the one being written, or, after a resume, one on disk
        if _exists(trainer, self.best_model_path):
            current = {name: value.clone() for name, value in pl_module.state_dict().items()}
            load_whole_state_dict(pl_module, _weights_in(trainer, self._best_weights_path(trainer)))
            pl_module.save_to(self._nemo_path())
            pl_module.load_state_dict(current)
        else:
            self._save_archive(trainer, pl_module)
        self._best_in_nemo = self.best_model_path

    def _save_archive(self, trainer: Trainer, pl_module: Any) -> None:
        """Writes the `.nemo` file with the weights that validation measures: averaged ones, if there are any."""
        ema = ema_of(trainer)
        with contextlib.nullcontext() if ema is None else ema.weights(trainer, not ema.validate_original_weights):
            pl_module.save_to(self._nemo_path())

    def _take_best_weights(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not self.best_model_path:
            logger.warning("save_best_model is true, but no best checkpoint was written; the last weights are kept")
            return
        trainer.strategy.barrier()
        path = self._best_weights_path(trainer)
        if Path(path).is_dir():  # filled by several processes: the strategy loads into the model
            trainer.strategy.load_checkpoint(path, weights_only=True)
        else:
            load_whole_state_dict(pl_module, _weights_in(trainer, path))
        ema = ema_of(trainer)
        if ema is not None:  # the average is of the weights that were just replaced
            ema.restart(trainer)

    def _best_weights_path(self, trainer: Trainer) -> str:
        """The file of the best weights: the twin, if validation measured averaged weights."""
        ema = ema_of(trainer)
        averaged = ema is not None and not ema.validate_original_weights
        return twin_path(self.best_model_path) if averaged else self.best_model_path

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
        create_preemption_callback: save and end in order when a signal comes, see :mod:`preemption`.

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
    if create_preemption_callback:
        callback.preemption = PreemptionCallback(callback)
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


def _exists(trainer: Trainer, path: str) -> bool:
    """Whether the first process sees a file, in every process: what follows is done by all of them or by none."""
    return bool(trainer.strategy.broadcast(Path(path).exists()))


def _weights_in(trainer: Trainer, path: str) -> dict[str, Tensor]:
    """The weights in a checkpoint that is one file."""
    weights: dict[str, Tensor] = trainer.strategy.checkpoint_io.load_checkpoint(path, weights_only=True)["state_dict"]
    return weights
