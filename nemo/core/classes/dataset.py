"""The bases of all datasets, which type the batches that they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch.utils.data

from nemo.core.classes.serialization import Serialization
from nemo.core.classes.type_checking import Typing, typecheck


@dataclass
class DatasetConfig:
    """What every dataset section of a configuration has."""

    batch_size: int = 32
    drop_last: bool = False
    """Leave out the last batch when it is smaller than the others."""
    shuffle: bool = False
    num_workers: int | None = 0
    """Processes that load data; 0 loads in the training process."""
    pin_memory: bool = True


class _TypedBatches(Typing, Serialization):
    """Batches carry the neural types that `output_types` declares."""

    def _collate_fn(self, batch: list[Any]) -> Any:
        """Makes a batch of samples; PyTorch's way unless a dataset has its own."""
        return torch.utils.data.dataloader.default_collate(batch)

    @typecheck(input_types=None)
    def collate_fn(self, batch: list[Any]) -> Any:
        """The batch of some samples, typed; pass it to a DataLoader. Override :meth:`_collate_fn`, not this.

        Raises:
            TypeError: the dataset declares `input_types`.
        """
        if self.input_types is not None:
            raise TypeError(
                f"{type(self).__name__} declares input_types, but nothing calls a dataset with typed inputs. Remove "
                f"them and declare output_types, the types of a batch."
            )
        return self._collate_fn(batch)


class Dataset(torch.utils.data.Dataset[Any], _TypedBatches):
    """A dataset of samples by number; give `__len__`, `__getitem__` and, if samples differ in length, `_collate_fn`."""


class IterableDataset(torch.utils.data.IterableDataset[Any], _TypedBatches):
    """A dataset that streams samples; give `__iter__` and, if samples differ in length, `_collate_fn`."""
