"""A data loader that can go on where an interrupted run stopped, to the sample.

The order of an epoch is a function of a seed and the epoch's number, and each sample travels with a seed of its own
for augmentation. So neither depends on the number of workers or on what else draws random numbers, and the loader
draws none from PyTorch's global generator. Lightning keeps :meth:`ResumableDataLoader.state_dict` in its checkpoints.
"""

from __future__ import annotations

from collections.abc import Iterator, Sized
from typing import Any

import torch
from torch.utils.data import DataLoader, RandomSampler, SequentialSampler

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


def _seeded(order: torch.Tensor, generator: torch.Generator, skipped: int) -> Iterator[SeededIndex]:
    seeds = torch.randint(_SEED_RANGE, (len(order),), generator=generator)
    for index, seed in zip(order[skipped:].tolist(), seeds[skipped:].tolist(), strict=True):
        yield SeededIndex(index, seed)


class EpochSequence(SequentialSampler):
    """Samples in the order of the dataset; see the head of this file."""

    def __init__(self, data_source: Sized, seed: int = 0) -> None:
        super().__init__(data_source)
        self.position = EpochPosition(seed)

    def set_epoch(self, epoch: int) -> None:
        """Trainers call it before each epoch."""
        self.position.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator, skipped = self.position.begin()
        return _seeded(torch.arange(len(self)), generator, skipped)


class EpochShuffle(RandomSampler):
    """Samples in an order that depends on the seed and the epoch only."""

    def __init__(self, data_source: Sized, seed: int = 0) -> None:
        super().__init__(data_source)
        self.position = EpochPosition(seed)

    def set_epoch(self, epoch: int) -> None:
        """Trainers call it before each epoch."""
        self.position.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator, skipped = self.position.begin()
        return _seeded(torch.randperm(len(self), generator=generator), generator, skipped)


class ResumableDataLoader(DataLoader):
    """A PyTorch data loader whose state is the epoch and the number of batches handed out.

    It needs a sampler with a `position`, as those of this file and of
    :mod:`nemo.collections.common.data.batch_plan`, which yields whole batches to a loader without a `batch_size`. With
    another one it is an ordinary loader.
    """

    _batches_handed_out = 0

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        position = self._position()
        if position is not None and position.pending is not None:
            self._batches_handed_out = position.pending[1] // (self.batch_size or 1)
            if position.epoch > position.pending[0]:
                self._batches_handed_out = 0
        else:
            self._batches_handed_out = 0
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
            position.epoch += 1
            self._batches_handed_out = 0

    def _position(self) -> EpochPosition | None:
        return getattr(self.sampler, "position", None)

    def state_dict(self) -> dict[str, int]:
        """Where the loader stands: seed, epoch, batches of the epoch that were handed out."""
        position = self._position()
        if position is None:
            return {}
        return {"seed": position.seed, "epoch": position.epoch, "batches": self._batches_handed_out}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Makes the next iteration go on where `state_dict` was taken."""
        position = self._position()
        if position is None or not state_dict:
            return
        position.seed = state_dict["seed"]
        position.epoch = state_dict["epoch"]
        position.pending = None
        if state_dict["batches"] >= len(self):
            position.epoch += 1
        else:
            position.pending = (position.epoch, state_dict["batches"] * (self.batch_size or 1))


def make_loader(dataset: Any, *, shuffle: bool, seed: int | None = None, **options: Any) -> ResumableDataLoader:
    """Builds a loader whose order and augmentation depend on a seed and the epoch only.

    Args:
        dataset: a dataset of samples by number.
        shuffle: a new order in each epoch.
        seed: None takes the seed of PyTorch's global generator, the one that ``seed_everything`` sets.
        **options: as of :class:`torch.utils.data.DataLoader`.
    """
    seed = (torch.initial_seed() if seed is None else seed) % _SEED_RANGE
    sampler = EpochShuffle(dataset, seed) if shuffle else EpochSequence(dataset, seed)
    # its own generator: the seeds of workers are not to be drawn from the global one
    return ResumableDataLoader(dataset, sampler=sampler, generator=torch.Generator().manual_seed(seed), **options)
