"""A data loader that can go on where an interrupted run stopped, to the sample.

The order of an epoch is a function of a seed and the epoch's number, and each sample travels with a seed of its own
for augmentation. So neither depends on the number of workers or on what else draws random numbers, and the loader
draws none from PyTorch's global generator. Lightning keeps :meth:`ResumableDataLoader.state_dict` in its checkpoints.

Several processes deal one order out among themselves (:mod:`nemo.collections.common.data.process_share`). The state
counts the samples of all of them, so that another number of processes can go on from it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sized
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, RandomSampler, SequentialSampler

from nemo.collections.common.data.process_share import (
    SharedSampler,
    counted_batches,
    evaluation_share,
    training_share,
)
from nemo.utils.distributed import of_rank_zero

logger = logging.getLogger(__name__)

_SEED_RANGE = 2**62


class SeededIndex(int):
    """Number of a sample, with the seed for its augmentation."""

    seed: int

    def __new__(cls, index: int, seed: int) -> SeededIndex:
        """An int that carries `seed`."""
        made = super().__new__(cls, index)
        made.seed = seed
        return made

    def __reduce__(self) -> tuple[type[SeededIndex], tuple[int, int]]:
        return SeededIndex, (int(self), self.seed)


class EpochPosition:
    """Which epoch a sampler is in, and how many of its items to leave out next time."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.epoch = 0
        self.pending: tuple[int, int] | None = None  # epoch and items of the sampler to leave out, from a checkpoint

    def begin(self) -> tuple[torch.Generator, int]:
        """Starts an epoch: its generator, and how many of its items to leave out."""
        skipped = 0
        if self.pending is not None:
            epoch, items = self.pending
            # a trainer that has already set a later epoch does not go on within the old one
            if self.epoch <= epoch:
                self.epoch, skipped = epoch, items
            self.pending = None
        # neighbouring seeds of PyTorch's generator are unrelated only after mixing
        mixed = hash((self.seed, self.epoch)) % _SEED_RANGE
        return torch.Generator().manual_seed(mixed), skipped


class EpochSampler(SharedSampler):
    """Base of samplers whose order depends on a seed and the epoch only; each sample comes with a seed of its own.

    Args:
        data_source: the dataset.
        seed: the same in all processes.
        drop_last: see :func:`~nemo.collections.common.data.process_share.training_share`.
    """

    def __init__(self, data_source: Sized, seed: int = 0, drop_last: bool = False) -> None:
        super().__init__()
        self.data_source = data_source
        self.position = EpochPosition(seed)
        self.drop_last = drop_last
        self.seed_may_differ = False
        """Whether the processes may have been given different seeds; then that of the first one holds."""

    def set_epoch(self, epoch: int) -> None:
        """Trainers call it before each epoch."""
        self.position.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        if self.seed_may_differ and self.place[1] > 1:
            self.position.seed = of_rank_zero(self.position.seed)
            self.seed_may_differ = False
        generator, skipped = self.position.begin()
        order = self._order(generator)
        seeds = torch.randint(_SEED_RANGE, (len(order),), generator=generator)
        share = self._share(skipped)
        for index, seed in zip(order[share].tolist(), seeds[share].tolist(), strict=True):
            yield SeededIndex(index, seed)

    def __len__(self) -> int:
        return len(self._share(0))

    def _order(self, generator: torch.Generator) -> Tensor:
        """Numbers of all samples in the order of an epoch, the same in all processes."""
        return torch.arange(len(self.data_source))

    def _share(self, skipped: int) -> Tensor:
        """Which of these this process takes, when the first `skipped` are left out."""
        return training_share(len(self.data_source), self.place, skipped=skipped, drop_last=self.drop_last)


class EpochSequence(EpochSampler, SequentialSampler):
    """Samples in the order of the dataset; see the head of this file."""


class EpochShuffle(EpochSampler, RandomSampler):
    """Samples in an order that depends on the seed and the epoch only."""

    def _order(self, generator: torch.Generator) -> Tensor:
        return torch.randperm(len(self.data_source), generator=generator)


class EvaluationSequence(EpochSampler, SequentialSampler):
    """Samples in the order of the dataset, dealt out to the processes in whole batches.

    Args:
        data_source: the dataset.
        batch_size: that of the loader.
        seed: for what is drawn for each sample.
    """

    def __init__(self, data_source: Sized, batch_size: int, seed: int = 0) -> None:
        super().__init__(data_source, seed)
        self.batch_size = batch_size

    def _share(self, skipped: int) -> Tensor:
        return evaluation_share(len(self.data_source), self.place, batch_size=self.batch_size)[skipped:]

    def items_behind(self, batches: int, batch_size: int) -> int:
        """Items of this process that are behind: another number of processes cannot go on within an evaluation."""
        return batches * batch_size

    def counted_batches(self) -> int:
        """Batches of this process that no other has computed."""
        return counted_batches(len(self.data_source), self.place, batch_size=self.batch_size)


class ResumableDataLoader(DataLoader):
    """A PyTorch data loader whose state is the epoch and the number of batches handed out.

    It needs a sampler with a `position`, as those of this file and of
    :mod:`nemo.collections.common.data.batch_plan`, which yields whole batches to a loader without a `batch_size`. With
    another one it is an ordinary loader.
    """

    _batches_handed_out = 0

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        position = self._position()
        resumed_at = self._batches_handed_out = 0
        if position is not None and position.pending is not None and position.epoch <= position.pending[0]:
            resumed_at = self._batches_handed_out = position.pending[1] // self._items_behind(1)
        iterator = super().__iter__()
        try:
            for batch in iterator:
                self._batches_handed_out += 1
                yield batch
        except BaseException:
            # left to the garbage collector, each worker of an iterator that failed holds up the process for 5 s
            if not self.persistent_workers and hasattr(iterator, "_shutdown_workers"):
                iterator._shutdown_workers()
            raise
        if position is not None:
            nothing_was_left = 0 < resumed_at == self._batches_handed_out
            position.epoch += 1
            self._batches_handed_out = 0
            if nothing_was_left:  # a loader without a length cannot know that it stopped at the end of an epoch
                yield from self

    def _position(self) -> EpochPosition | None:
        return getattr(self.sampler, "position", None)

    def _has_length(self) -> bool:
        try:
            len(self)
        except TypeError:
            return False
        return True

    def _items_behind(self, batches: int) -> int:
        """Items of the sampler's order, those of all processes, in so many batches."""
        if isinstance(self.sampler, SharedSampler):
            return self.sampler.items_behind(batches, self.batch_size or 1)
        return batches * (self.batch_size or 1)

    @property
    def counted_batches(self) -> int | None:
        """Batches of this process whose results count in an evaluation, the first ones; None with a foreign sampler."""
        if self._position() is None:
            return None
        return self.sampler.counted_batches() if isinstance(self.sampler, EvaluationSequence) else len(self)

    def state_dict(self) -> dict[str, int]:
        """Where the loader stands: seed, epoch, batches of the epoch that were handed out, samples in them."""
        position = self._position()
        if position is None:
            return {}
        return {
            "seed": position.seed,
            "epoch": position.epoch,
            "batches": self._batches_handed_out,
            "items": self._items_behind(self._batches_handed_out),
        }

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Makes the next iteration go on where `state_dict` was taken, be it by another number of processes."""
        position = self._position()
        if position is None or not state_dict:
            return
        position.seed = state_dict["seed"]
        position.epoch = state_dict["epoch"]
        position.pending = None
        items = state_dict.get("items", self._items_behind(state_dict["batches"]))
        if items != self._items_behind(state_dict["batches"]):
            logger.warning(
                "the checkpoint was written after %d batches of %d samples in all processes together, and a batch has "
                "%d now: trainers that count batches end this epoch at another sample. Keep processes x batch_size.",
                state_dict["batches"],
                items // max(state_dict["batches"], 1),
                self._items_behind(1),
            )
        if self._has_length() and items >= self._items_behind(len(self)):
            position.epoch += 1
        else:
            position.pending = (position.epoch, items)


def make_loader(
    dataset: Any, *, shuffle: bool, seed: int | None = None, evaluation: bool = False, **options: Any
) -> ResumableDataLoader:
    """Builds a loader whose order and augmentation depend on a seed and the epoch only.

    Args:
        dataset: a dataset of samples by number.
        shuffle: a new order in each epoch.
        seed: None takes the seed of PyTorch's global generator, the one that ``seed_everything`` sets; of several
            processes, that of the first.
        evaluation: each sample counts once, however many processes there are; only without `shuffle`.
        **options: as of :class:`torch.utils.data.DataLoader`.
    """
    given = torch.initial_seed() if seed is None else seed
    drop_last = bool(options.get("drop_last"))
    sampler: EpochSampler
    if shuffle:
        sampler = EpochShuffle(dataset, given % _SEED_RANGE, drop_last)
    elif evaluation and not drop_last:
        sampler = EvaluationSequence(dataset, options.get("batch_size") or 1, given % _SEED_RANGE)
    else:
        sampler = EpochSequence(dataset, given % _SEED_RANGE, drop_last)
    sampler.seed_may_differ = seed is None
    # its own generator: the seeds of workers are not to be drawn from the global one
    generator = torch.Generator().manual_seed(given % _SEED_RANGE)
    return ResumableDataLoader(dataset, sampler=sampler, generator=generator, **options)
