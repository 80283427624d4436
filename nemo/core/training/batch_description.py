"""What a batch was made of, said in words after something went wrong with it.

The samples' own names are found in one of two ways: the model offers `describe_batch(batch)`, or the loader's order can
be drawn again, and the dataset offers `describe_sample(key)`. Else the numbers in the dataset, or only the shapes
of the tensors, have to do.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import islice
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.data import DataLoader, SequentialSampler
from torch.utils.data.distributed import DistributedSampler

SMALL = 65536
"""Elements of a tensor that is kept for a description; larger ones hold audio and the like, not ids."""


def light(batch: Any) -> Any:
    """The batch without its large tensors: in their places are tensors of the same shape that hold no data."""
    return tree_map(_light, batch)


def _light(value: Any) -> Any:
    return value.to("meta") if isinstance(value, torch.Tensor) and value.numel() > SMALL else value


def describe_shapes(batch: Any) -> list[str]:
    """Types and shapes of all tensors of a batch: `float32 [4, 16000]`."""
    tensors = [leaf for leaf in tree_leaves(batch) if isinstance(leaf, torch.Tensor)]
    return [f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}" for tensor in tensors]


def describe_samples(trainer: Trainer, model: LightningModule, batch: Any, batch_index: int) -> list[str]:
    """Names of the samples of a training batch, as exactly as they are known; see the head of this file."""
    describe = getattr(model, "describe_batch", None)
    if describe is not None:
        described = describe(batch)
        return [described] if isinstance(described, str) else [str(each) for each in described]
    loader = trainer.train_dataloader
    if not isinstance(loader, DataLoader):
        return []
    keys = sample_keys(loader, trainer.current_epoch, batch_index)
    describe_sample = getattr(loader.dataset, "describe_sample", None)
    if describe_sample is not None:
        return [str(describe_sample(key)) for key in keys]
    return [f"sample {key}" for key in keys]


def sample_keys(loader: DataLoader[Any], epoch: int, batch_index: int) -> list[Any]:
    """Keys (mostly numbers) in the dataset of a batch's samples; empty where its order cannot be drawn again."""
    order = _repeated_order(loader.sampler, epoch)
    if order is None:
        return []
    if loader.batch_size is None:  # its sampler gives whole batches
        return list(next(islice(order, batch_index, None), []))
    start = batch_index * loader.batch_size
    return list(islice(order, start, start + loader.batch_size))


def _repeated_order(sampler: Any, epoch: int) -> Iterator[Any] | None:
    """The order that a sampler gave in an epoch; its own state stays as it is."""
    position = getattr(sampler, "position", None)  # samplers of the collections: a function of seed and epoch
    if position is not None:
        again = copy.copy(sampler)
        again.position = copy.copy(position)
        again.position.pending = None
        again.position.epoch = epoch
        return iter(again)
    if isinstance(sampler, DistributedSampler):
        again = copy.copy(sampler)
        again.set_epoch(epoch)
        return iter(again)
    return iter(sampler) if type(sampler) is SequentialSampler else None
