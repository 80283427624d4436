"""Lightning's counters in a checkpoint, where it could not go on exactly with what it writes by itself.

Lightning resumes well from a checkpoint that was written after a validation or in the middle of an epoch. There are
three more moments at which a run may have to be saved:

- in the middle of a validation, which a resumed run would go on with, the results of its first batches lost;
- after a step that a validation follows, which a resumed run would leave out;
- when an epoch is over and the next has not begun, where a resumed run would believe that the next one is over, too.

The first two become a validation that has just begun, the third the end of an epoch as Lightning's callbacks see it.
"""

from __future__ import annotations

from typing import Any

from pytorch_lightning import Trainer

_VALIDATION = "epoch_loop.val_loop.batch_progress"


def make_resumable(trainer: Trainer, checkpoint: dict[str, Any]) -> None:
    """Sets the counters in a checkpoint of a training, so that the resumed run repeats the unbroken one."""
    counters = checkpoint["loops"]["fit_loop"]
    fit, epoch = trainer.fit_loop, trainer.fit_loop.epoch_loop
    batches: Any = epoch.batch_progress.total
    epochs: Any = fit.epoch_progress.total
    if trainer.validating:
        if not epoch.val_loop.batch_progress.is_last_batch:
            _begin_validation(counters[_VALIDATION])
    elif batches.completed < batches.processed:  # in on_train_batch_end
        if epoch._should_check_val_fx(fit._data_fetcher):  # type: ignore[arg-type]
            _complete(counters["epoch_loop.batch_progress"])
            _begin_validation(counters[_VALIDATION])
    elif trainer.training and epoch._is_training_done and epochs.completed == epochs.processed == epochs.ready:
        for count in ("total", "current"):
            counters["epoch_progress"][count]["completed"] -= 1


def correct_begun_validation(trainer: Trainer) -> None:
    """Takes back, in a resumed run, what says that a validation has begun; to be called when training starts."""
    validation = trainer.fit_loop.epoch_loop.val_loop
    if validation.restarted_mid_evaluation:
        total: Any = validation.batch_progress.total
        total.ready = total.started = total.processed = total.completed


def _begin_validation(progress: dict[str, Any]) -> None:
    """As in the hooks of a validation's first batch, none of which counts as done."""
    total = progress["total"]
    total["ready"] = total["started"] = total["processed"] + 1
    total["completed"] = total["processed"]
    progress["current"].update(ready=0, started=0, processed=0, completed=0)
    progress["is_last_batch"] = False


def _complete(progress: dict[str, Any]) -> None:
    for count in ("total", "current"):
        progress[count]["completed"] = progress[count]["processed"]
