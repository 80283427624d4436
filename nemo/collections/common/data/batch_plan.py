"""Which samples make which batch, planned before anything is read.

A plan says for a seed, an epoch and a process which keys each batch has; a key is the number of a sample, a member of
a tar file, or whatever else a dataset understands. Planning happens in the training process and costs no reading of
samples, so a resumed run passes over the batches that it has had at once, and neither the order nor the augmentation
depends on the number of workers. All processes get the same number of batches, or training in several would hang.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import islice
from typing import Any

import torch
from torch.utils.data import Dataset

from nemo.collections.common.data.keyed_dataset import KeyedDataset, described
from nemo.collections.common.data.process_share import SharedSampler
from nemo.collections.common.data.resumable_loader import EpochPosition, ResumableDataLoader
from nemo.utils.distributed import of_rank_zero
from nemo.utils.exceptions import ConfigError

_SEED_RANGE = 2**62


class BatchPlan(ABC):
    """The batches of each epoch and process, as lists of keys."""

    @abstractmethod
    def batches(self, seed: int, epoch: int, rank: int, world_size: int) -> Iterator[Any]:
        """The batches of the process `rank` of `world_size` in an epoch, in order."""

    @abstractmethod
    def count(self, world_size: int) -> int:
        """Batches of an epoch in each process: the same in all of them, and in every epoch."""


class FixedBatches(BatchPlan):
    """Batches of one size from a keyed dataset, in its order.

    Where processes have unequal numbers of samples, those with fewer make smaller batches, as many as the others.

    Args:
        dataset: gives the keys.
        batch_size: samples of a batch.
        drop_last: leave out what does not fill a batch.
    """

    def __init__(self, dataset: KeyedDataset, batch_size: int, drop_last: bool = False) -> None:
        self._dataset = dataset
        self._batch_size = batch_size
        self._drop_last = drop_last

    def count(self, world_size: int) -> int:
        """Batches of an epoch in each process."""
        counts = [self._dataset.count(rank, world_size) for rank in range(world_size)]
        if self._drop_last:
            return min(counts) // self._batch_size
        batches = math.ceil(max(counts) / self._batch_size)
        if min(counts) < batches:
            raise ConfigError(
                f"{world_size} processes share data in parts of {min(counts)} to {max(counts)} samples, which cannot "
                f"make {batches} batches in each. Use fewer processes, more shards, or the shard strategy replicate."
            )
        return batches

    def batches(self, seed: int, epoch: int, rank: int, world_size: int) -> Iterator[list[Any]]:
        """The batches of a process in an epoch."""
        keys = self._dataset.keys(seed, epoch, rank, world_size)
        for size in self._sizes(self._dataset.count(rank, world_size), self.count(world_size)):
            yield list(islice(keys, size))

    def _sizes(self, samples: int, batches: int) -> list[int]:
        if self._drop_last:
            return [self._batch_size] * batches
        if math.ceil(samples / self._batch_size) == batches:
            full, rest = divmod(samples, self._batch_size)
            return [self._batch_size] * full + [rest] * (rest > 0)
        return [samples // batches + (number < samples % batches) for number in range(batches)]


class EpochBatches(SharedSampler):
    """Hands a plan's batches to a loader without a `batch_size`.

    Args:
        plan: which samples make which batch.
        seed: of the order.
    """

    def __init__(self, plan: BatchPlan, seed: int = 0) -> None:
        super().__init__()
        self.plan = plan
        self.position = EpochPosition(seed)
        self.seed_may_differ = False
        """Whether the processes may have been given different seeds; then that of the first one holds."""

    def set_epoch(self, epoch: int) -> None:
        """Trainers call it before each epoch."""
        self.position.epoch = epoch

    def __len__(self) -> int:
        return self.plan.count(self.place[1])

    def __iter__(self) -> Iterator[Any]:
        rank, processes = self.place
        if self.seed_may_differ and processes > 1:
            self.position.seed = of_rank_zero(self.position.seed)
            self.seed_may_differ = False
        _, skipped = self.position.begin()
        batches = self.plan.batches(self.position.seed, self.position.epoch, rank, processes)
        # a generator: loaders with workers ask twice for an iterator, and only one of them begins the epoch
        yield from islice(batches, skipped // processes, None)


class SampleLists(Dataset):
    """Lists of samples for lists of keys.

    Args:
        dataset: by key, if it is keyed, else by number.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, keys: list[Any]) -> list[Any]:
        read = self.dataset.fetch if isinstance(self.dataset, KeyedDataset) else self.dataset.__getitem__
        return [read(key) for key in keys]

    def describe_sample(self, key: Any) -> str:
        """A sample in words, for messages."""
        return described(self.dataset, key)


def make_planned_loader(
    dataset: Any, plan: BatchPlan, *, seed: int | None = None, **options: Any
) -> ResumableDataLoader:
    """Builds a loader of a plan's batches that goes on where an interrupted run stopped.

    Args:
        dataset: by key or by number; what the plan is about.
        plan: which samples make which batch.
        seed: None takes the seed of PyTorch's global generator, the one that ``seed_everything`` sets; of several
            processes, that of the first.
        **options: as of :class:`torch.utils.data.DataLoader`; `collate_fn` gets lists of samples.
    """
    given = (torch.initial_seed() if seed is None else seed) % _SEED_RANGE
    sampler = EpochBatches(plan, given)
    sampler.seed_may_differ = seed is None
    # its own generator: the seeds of workers are not to be drawn from the global one
    generator = torch.Generator().manual_seed(given)
    return ResumableDataLoader(SampleLists(dataset), batch_size=None, sampler=sampler, generator=generator, **options)
