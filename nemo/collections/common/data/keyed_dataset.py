"""Streams of samples whose order is known before they are read.

A keyed dataset lists the keys of an epoch and reads a sample by its key. A loader of ours plans with the keys alone
(:mod:`nemo.collections.common.data.batch_plan`); any other loader can iterate over the samples.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from itertools import islice
from typing import Any

import torch
from torch.utils.data import get_worker_info

from nemo.collections.common.data.resumable_loader import SeededIndex
from nemo.core.classes.dataset import IterableDataset
from nemo.utils.distributed import data_parallel_place

_SEED_RANGE = 2**62


def generator_of(*numbers: int) -> torch.Generator:
    """A generator that depends on all the numbers: seed, epoch, and what else tells draws apart."""
    # neighbouring seeds of PyTorch's generator are unrelated only after mixing
    return torch.Generator().manual_seed(hash(numbers) % _SEED_RANGE)


class KeyedDataset(IterableDataset):
    """A stream of samples by key; give :meth:`keys`, :meth:`count` and :meth:`fetch`.

    Iterated over by a loader that is not ours, it shares the samples among processes and workers, and begins another
    epoch each time. Such a loader cannot go on in the middle of one.

    Args:
        seed: of the order in such a loader; None takes the seed of PyTorch's global generator.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = (torch.initial_seed() if seed is None else seed) % _SEED_RANGE
        self.epoch = 0

    @abstractmethod
    def keys(self, seed: int, epoch: int, rank: int, world_size: int) -> Iterator[Any]:
        """Keys of the samples of the process `rank` in an epoch, in order; each sample is of one process only."""

    @abstractmethod
    def count(self, rank: int, world_size: int) -> int:
        """How many keys the process `rank` has in every epoch."""

    @abstractmethod
    def fetch(self, key: Any) -> Any:
        """Reads the sample of a key."""

    def describe_sample(self, key: Any) -> str:
        """A sample in words, for messages."""
        return f"sample {key}"

    def set_epoch(self, epoch: int) -> None:
        """Makes the next iteration that of `epoch`."""
        self.epoch = epoch

    def process(self) -> tuple[int, int]:
        """Whose samples an iteration gives: rank and number of processes."""
        return data_parallel_place()

    def __len__(self) -> int:
        return self.count(*self.process())

    def __iter__(self) -> Iterator[Any]:
        worker = get_worker_info()
        if worker is None:
            number, workers, epoch = 0, 1, self.epoch
            self.epoch += 1
        else:  # the loader draws the workers' seeds anew in each epoch; what is left without its number is in all equal
            number, workers, epoch = worker.id, worker.num_workers, worker.seed - worker.id + self.epoch
        for key in islice(self.keys(self.seed, epoch, *self.process()), number, None, workers):
            yield self.fetch(key)


class IndexedSamples(KeyedDataset):
    """A dataset of samples by number, as a keyed one.

    Args:
        dataset: the samples.
        shuffle: another order in each epoch.
        seed: as of :class:`KeyedDataset`.
    """

    def __init__(self, dataset: Any, shuffle: bool = True, seed: int | None = None) -> None:
        super().__init__(seed)
        self.dataset = dataset
        self.shuffle = shuffle

    def keys(self, seed: int, epoch: int, rank: int, world_size: int) -> Iterator[SeededIndex]:
        """Numbers of the samples, each with a seed for its augmentation."""
        generator = generator_of(seed, epoch)
        length = len(self.dataset)
        order = torch.randperm(length, generator=generator) if self.shuffle else torch.arange(length)
        seeds = torch.randint(_SEED_RANGE, (length,), generator=generator)
        own = slice(rank, None, world_size)
        for index, own_seed in zip(order[own].tolist(), seeds[own].tolist(), strict=True):
            yield SeededIndex(index, own_seed)

    def count(self, rank: int, world_size: int) -> int:
        """Every `world_size`-th sample is of one process."""
        return len(range(rank, len(self.dataset), world_size))

    def fetch(self, key: SeededIndex) -> Any:
        """The sample of that number."""
        return self.dataset[key]

    def describe_sample(self, key: SeededIndex) -> str:
        """A sample in words, those of the dataset if it has any."""
        return described(self.dataset, key)


def described(dataset: Any, key: Any) -> str:
    """A sample of any dataset in words: the dataset's own, or the number."""
    own = getattr(dataset, "describe_sample", None)
    return f"sample {key}" if own is None else str(own(key))
