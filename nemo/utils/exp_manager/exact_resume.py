"""A resumed run repeats the uninterrupted one to the last bit.

Lightning's checkpoints hold weights, optimizer, schedule and counters, but neither the random states nor the place in
the data. This callback adds both:

- the states of Python, NumPy, PyTorch and the GPUs at the moment of saving, of every process; they are put back right
  before the next batch is fetched.
- the states with which the order of the current epoch was drawn. A run that stopped in the middle of an epoch draws the
  same order again, passes over the batches that were trained on, and goes on with the next; workers included. A loader
  that has a `state_dict` of its own, as those of the collections have, goes to its place by itself, reading nothing.

A validation leaves no trace in the random states: training goes on with those from before it. So a run that was stopped
in the middle of a validation can begin the validation again.

What cannot be repeated: an iterable dataset without a length is read one batch ahead; workers that persist over epochs
(`persistent_workers=True`) keep random states that nobody can read, so random augmentation in them differs.
"""

from __future__ import annotations

import logging
import random
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from lightning_fabric.utilities.types import _Stateful
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback

from nemo.utils.exp_manager.loop_counters import correct_begun_validation, make_resumable

logger = logging.getLogger(__name__)

CHECKPOINT_KEY = "nemo_exact_resume"

RandomStates = dict[str, Any]


class ExactResume(Callback):
    """Keeps random states and the place in the data in checkpoints, and goes on from there."""

    def __init__(self) -> None:
        self._epoch_start: RandomStates | None = None
        self._resumed: dict[str, Any] | None = None
        self._before_validation: RandomStates | None = None

    # ------------------------------------------------------------------------------------------------------- saving

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remembers the states with which the first epoch's loader begins."""
        self._epoch_start = random_states()

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remembers the states with which this epoch's order is drawn."""
        if self._resumed is not None and trainer.fit_loop.is_resuming:
            # Lightning made an iterator before the states were put back
            self._draw_order(trainer, self._resumed["now"])
        elif trainer.current_epoch > 0:
            self._epoch_start = random_states()
        elif _draws_order_at_first_batch(trainer):
            self._epoch_start = {**random_states(), "iterator_was_made": True}

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Adds the states of all processes; in a validation, those from before it."""
        now = self._before_validation or random_states()
        own = {"now": now, "epoch_start": self._epoch_start, "metrics": _metrics(trainer)}
        checkpoint[CHECKPOINT_KEY] = {"ranks": _of_all_ranks(own)}
        make_resumable(trainer, checkpoint)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A validation leaves no trace in the random states."""
        if self._before_validation is not None and trainer.state.fn == "fit" and not trainer.sanity_checking:
            set_random_states(self._before_validation)
            self._before_validation = None

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Remembers the states if a validation follows."""
        loop = trainer.fit_loop
        if loop.epoch_loop._should_check_val_fx(loop._data_fetcher):  # type: ignore[arg-type]
            self._before_validation = random_states()

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """The checkpoint and the validation, if there were any, are behind."""
        self._before_validation = None
        self._resumed = None

    # ------------------------------------------------------------------------------------------------------ resuming

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Takes the states of this process."""
        if trainer.state.fn != "fit":
            return
        saved = checkpoint.get(CHECKPOINT_KEY)
        if saved is None:
            logger.warning("the checkpoint holds no random states: the resumed run will differ from an unbroken one")
            return
        ranks = saved["ranks"]
        if len(ranks) != trainer.world_size:
            logger.warning(
                "the checkpoint is of %d processes and there are %d: with loaders of the toolkit the samples of each "
                "step stay the same as long as processes x batch_size does; random masks differ",
                len(ranks),
                trainer.world_size,
            )
        self._resumed = ranks[trainer.global_rank % len(ranks)]
        self._before_validation = self._resumed["now"]  # if the run goes on with a validation

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """In the middle of an epoch, goes to the next batch; else puts the random states back."""
        if self._resumed is None:
            return
        # schedulers, early stopping and the names of checkpoints need the results of the last validation
        trainer._logger_connector._callback_metrics.update(self._resumed.get("metrics", {}))
        correct_begun_validation(trainer)
        loop = trainer.fit_loop.epoch_loop
        done = loop.batch_progress.current.ready
        at_last_batch = loop.restarted_on_train_batch_end and loop.batch_progress.is_last_batch
        if trainer.fit_loop.restarted_mid_epoch and at_last_batch:
            # Lightning begins the next epoch without telling us
            fetcher = self._draw_order(trainer, self._resumed["now"])
        elif 0 < done < trainer.num_training_batches and _loaders_know_their_place(trainer):
            fetcher = trainer.fit_loop._data_fetcher
            set_random_states(self._resumed["now"])
        elif 0 < done < trainer.num_training_batches and self._resumed["epoch_start"] is not None:
            fetcher = self._pass_over(trainer, done, self._resumed["epoch_start"])
            set_random_states(self._resumed["now"])
        else:
            set_random_states(self._resumed["now"])
            return
        fetcher.iterator = _RestoringFirst(fetcher.iterator, random_states())

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A test after training uses the trained weights, not the checkpoint that training began from."""
        trainer.ckpt_path = None

    def _draw_order(self, trainer: Trainer, epoch_start: dict[str, Any]) -> Any:
        """Begins an epoch with the given states and returns Lightning's fetcher of its batches."""
        fetcher = _fetcher_of_epoch(trainer)
        if epoch_start.get("iterator_was_made", False):
            iter(fetcher)
            set_random_states(epoch_start)
        else:
            set_random_states(epoch_start)
            iter(fetcher)
        self._epoch_start = epoch_start
        return fetcher

    def _pass_over(self, trainer: Trainer, batches: int, epoch_start: dict[str, Any]) -> Any:
        """Draws the order of the epoch again and fetches the batches that were trained on; returns the fetcher."""
        logger.info("passing over %d batches of epoch %d that were trained on", batches, trainer.current_epoch)
        fetcher = self._draw_order(trainer, epoch_start)
        for _ in range(batches):
            next(fetcher)
        fetcher.fetched = 0  # Lightning adds the batches that the checkpoint counts
        # Lightning warns that the loader cannot go on in the middle of an epoch, which it just did
        warnings.filterwarnings("ignore", message="You're resuming from a checkpoint that ended before the epoch ended")
        return fetcher


class _RestoringFirst:
    """An iterator over batches that puts random states back before the first one.

    Between the start of a resumed run and its first batch Lightning makes an iterator of the validation data, which
    draws from the random states.
    """

    def __init__(self, batches: Iterator[Any], states: RandomStates) -> None:
        self._batches = batches
        self._states: RandomStates | None = states

    def __iter__(self) -> _RestoringFirst:
        return self

    def __next__(self) -> Any:
        if self._states is not None:
            set_random_states(self._states)
            self._states = None
        return next(self._batches)


def random_states() -> RandomStates:
    """States of all random generators, as tensors and plain values."""
    version, words, gauss = random.getstate()
    _, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        "python": {"version": version, "words": torch.tensor(words, dtype=torch.int64), "gauss": gauss},
        "numpy": {
            "keys": torch.from_numpy(np.asarray(keys).astype(np.int64)),
            "position": int(position),
            "has_gauss": int(has_gauss),
            "cached": float(cached),
        },
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
    }


def set_random_states(states: RandomStates) -> None:
    """Puts back what :func:`random_states` gave."""
    python, numpy = states["python"], states["numpy"]
    random.setstate((python["version"], tuple(python["words"].tolist()), python["gauss"]))
    keys = numpy["keys"].numpy().astype(np.uint32)
    np.random.set_state(("MT19937", keys, numpy["position"], numpy["has_gauss"], numpy["cached"]))
    torch.set_rng_state(states["torch"].cpu())
    if states["cuda"] and len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([state.cpu() for state in states["cuda"]])


def _metrics(trainer: Trainer) -> dict[str, torch.Tensor]:
    """The latest value of each metric that the model has logged; asking the trainer would compute them anew."""
    return {name: value.detach().cpu() for name, value in trainer._logger_connector._callback_metrics.items()}


def _fetcher_of_epoch(trainer: Trainer) -> Any:
    """Lightning's fetcher of training batches, its samplers told the epoch; Lightning has no public way to it."""
    for loader in trainer.fit_loop._combined_loader.flattened:  # type: ignore[union-attr]
        for sampler in (getattr(loader, "sampler", None), getattr(loader, "batch_sampler", None)):
            set_epoch = getattr(sampler, "set_epoch", None)
            if set_epoch is not None:
                set_epoch(trainer.fit_loop.epoch_progress.current.processed)  # type: ignore[attr-defined]
    return trainer.fit_loop._data_fetcher


def _loaders_know_their_place(trainer: Trainer) -> bool:
    """Whether Lightning has kept the loaders' own states in the checkpoint and given them back."""
    loaders = trainer.fit_loop._combined_loader.flattened  # type: ignore[union-attr]
    return all(isinstance(loader, _Stateful) and loader.state_dict() for loader in loaders)


def _draws_order_at_first_batch(trainer: Trainer) -> bool:
    """Without workers a loader draws its order at the first batch, with workers when its iterator is made."""
    loaders = trainer.fit_loop._combined_loader.flattened  # type: ignore[union-attr]
    return all(getattr(loader, "num_workers", 0) == 0 for loader in loaders)


def _of_all_ranks(own: dict[str, Any]) -> list[dict[str, Any]]:
    if not torch.distributed.is_available() or not torch.distributed.is_initialized():
        return [own]
    gathered: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(gathered, own)
    return gathered
