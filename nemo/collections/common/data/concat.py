"""Several datasets as one, in chosen proportions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch.utils.data import IterableDataset

from nemo.collections.common.data.keyed_dataset import IndexedSamples, KeyedDataset, described, generator_of
from nemo.collections.common.data.mixture import apportioned, shares, turns
from nemo.core.classes.dataset import Dataset
from nemo.utils.exceptions import ConfigError


@dataclass(frozen=True, slots=True)
class ConcatKey:
    """A sample of one of several datasets."""

    dataset: int
    key: Any


class JoinedDatasets(Dataset):
    """Several keyed datasets, whose samples are read by :class:`ConcatKey`.

    Args:
        datasets: what the keys refer to.
    """

    def __init__(self, datasets: Sequence[KeyedDataset]) -> None:
        self.datasets = list(datasets)

    def __len__(self) -> int:
        return sum(map(len, self.datasets))

    def __getitem__(self, key: ConcatKey) -> Any:
        return self.datasets[key.dataset].fetch(key.key)

    def describe_sample(self, key: ConcatKey) -> str:
        """A sample in the words of its dataset."""
        return described(self.datasets[key.dataset], key.key)

    def _collate_fn(self, batch: list[Any]) -> Any:
        """As the first dataset does it."""
        return self.datasets[0]._collate_fn(batch)


class ConcatDataset(KeyedDataset):
    """A stream from several datasets, each of which gives its share to an epoch.

    A dataset whose share is larger than it is begins again; one whose share is smaller goes on in the next epoch where
    it stopped, so all its samples are used equally often.

    Args:
        datasets: datasets of samples by number, or keyed ones.
        shuffle: mix the samples of each dataset; the turns of the datasets are always mixed, but with round-robin.
        sampling_technique: `temperature`, `round-robin` or `random`; see
            :func:`~nemo.collections.common.data.mixture.shares`.
        sampling_temperature: of `temperature`: 1 keeps the sizes' proportions, larger values favour small datasets.
        sampling_scale: length of an epoch, as a multiple of all samples.
        sampling_probabilities: of `random`, one for each dataset.
        seed: of the order; None takes the seed of PyTorch's global generator.
        global_rank: which of several processes this is.
        world_size: number of processes; where it is 1, torch.distributed is asked.

    Raises:
        ConfigError: no dataset, one that is empty or can only be iterated over, or numbers that cannot be.
    """

    def __init__(
        self,
        datasets: Sequence[Any],
        shuffle: bool = True,
        sampling_technique: str = "temperature",
        sampling_temperature: float = 5,
        sampling_scale: float = 1,
        sampling_probabilities: Sequence[float] | None = None,
        seed: int | None = None,
        global_rank: int = 0,
        world_size: int = 1,
    ) -> None:
        super().__init__(seed)
        self.datasets = list(datasets)
        self.sampling_technique = sampling_technique
        self.sampling_temperature = sampling_temperature
        self.sampling_scale = sampling_scale
        self.sampling_probabilities = sampling_probabilities
        self._given = (global_rank, world_size)
        _check(self.datasets, sampling_scale)
        self._keyed = [each if isinstance(each, KeyedDataset) else IndexedSamples(each, shuffle) for each in datasets]
        self._counts(0, 1)  # faults are named now

    def process(self) -> tuple[int, int]:
        """The rank and number of processes that were given, or those of torch.distributed."""
        return self._given if self._given[1] > 1 else super().process()

    def keys(self, seed: int, epoch: int, rank: int, world_size: int) -> Iterator[ConcatKey]:
        """Keys of a process in an epoch."""
        counts = self._counts(rank, world_size)
        streams = [
            _endless(each, hash((seed, number)), epoch * count, rank, world_size)
            for number, (each, count) in enumerate(zip(self._keyed, counts, strict=True))
        ]
        in_turn = self.sampling_technique == "round-robin"
        for number in turns(counts, generator_of(seed, epoch, rank), in_turn).tolist():
            yield ConcatKey(number, next(streams[number]))

    def count(self, rank: int, world_size: int) -> int:
        """Samples of a process in each epoch."""
        return sum(self._counts(rank, world_size))

    def fetch(self, key: ConcatKey) -> Any:
        """The sample of one of the datasets."""
        return self._keyed[key.dataset].fetch(key.key)

    def describe_sample(self, key: ConcatKey) -> str:
        """A sample in the words of its dataset."""
        return described(self._keyed[key.dataset], key.key)

    def _collate_fn(self, batch: list[Any]) -> Any:
        """As the first dataset does it."""
        own = getattr(self.datasets[0], "_collate_fn", None)
        return super()._collate_fn(batch) if own is None else own(batch)

    def _counts(self, rank: int, world_size: int) -> list[int]:
        lengths = [each.count(rank, world_size) for each in self._keyed]
        parts = shares(lengths, self.sampling_technique, self.sampling_temperature, self.sampling_probabilities)
        return apportioned(round(sum(lengths) * self.sampling_scale), parts)


class ConcatMapDataset(Dataset):
    """Samples by number from several datasets, each of which has its share of the numbers.

    Which sample a number stands for is drawn once. There are as many numbers as samples in all datasets together, so
    with a share smaller than its size a dataset is not used whole.

    Args:
        datasets: datasets of samples by number.
        sampling_technique: `temperature`, `round-robin` or `random`.
        sampling_temperature: of `temperature`.
        sampling_probabilities: of `random`, one for each dataset.
        seed: of the choice; None takes the seed of PyTorch's global generator.

    Raises:
        ConfigError: as :class:`ConcatDataset`.
    """

    def __init__(
        self,
        datasets: Sequence[Any],
        sampling_technique: str = "temperature",
        sampling_temperature: float = 5,
        sampling_probabilities: Sequence[float] | None = None,
        seed: int | None = None,
    ) -> None:
        if any(isinstance(each, KeyedDataset) for each in datasets):
            raise ConfigError("ConcatMapDataset needs datasets of samples by number. Use ConcatDataset for streams.")
        mixed = ConcatDataset(
            datasets,
            sampling_technique=sampling_technique,
            sampling_temperature=sampling_temperature,
            sampling_probabilities=sampling_probabilities,
            seed=seed,
        )
        self.datasets = mixed.datasets
        keys = [(key.dataset, int(key.key)) for key in mixed.keys(mixed.seed, 0, 0, 1)]
        self._places = torch.tensor(keys, dtype=torch.int64)  # one array, which workers share without copies

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Any:
        dataset, place = self._places[index].tolist()
        return self.datasets[dataset][place]

    def _collate_fn(self, batch: list[Any]) -> Any:
        """As the first dataset does it."""
        own = getattr(self.datasets[0], "_collate_fn", None)
        return super()._collate_fn(batch) if own is None else own(batch)


def _endless(dataset: KeyedDataset, seed: int, start: int, rank: int, world_size: int) -> Iterator[Any]:
    """The keys of a dataset, pass after pass, from the one with number `start` on."""
    number, within = divmod(start, dataset.count(rank, world_size))
    while True:
        yield from islice(dataset.keys(seed, number, rank, world_size), within, None)
        number, within = number + 1, 0


def _check(datasets: list[Any], scale: float) -> None:
    if not datasets:
        raise ConfigError("There is no dataset to concatenate. Expected a list of datasets; give at least one.")
    if not scale > 0:
        raise ConfigError(f"sampling_scale is {scale!r}. Expected a number above 0; 1 makes an epoch of all samples.")
    for number, each in enumerate(datasets):
        only_iterable = isinstance(each, IterableDataset) or not hasattr(each, "__getitem__")
        if only_iterable and not isinstance(each, KeyedDataset):
            raise ConfigError(
                f"Dataset {number}, a {type(each).__name__}, can only be iterated over. Expected samples by number "
                "(__getitem__ and __len__) or a KeyedDataset, whose order can be planned."
            )
        if len(each) == 0:
            raise ConfigError(f"Dataset {number}, a {type(each).__name__}, is empty. Leave it out.")
