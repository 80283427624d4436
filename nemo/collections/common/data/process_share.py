"""Which part of an epoch each process reads.

Training: of the samples in their common order, process r of W takes the samples r, r + W, r + 2 W ... So the batches
of a step, taken together, are what a single process with a batch W times as large would read, and a run may go on with
another number of processes as long as this global batch stays the same.

Evaluation: the batches are those of a single process, and process r computes the batches r, r + W, ... All processes
make equally many steps, since DistributedDataParallel waits for all of them in each step; a process that has no batch
left computes its first one again, and what comes of it does not count (:func:`counted_batches`).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils.data.distributed import DistributedSampler

from nemo.utils.distributed import data_parallel_place


class SharedSampler(DistributedSampler):
    """Base of samplers that deal out their items to the processes themselves.

    It is a DistributedSampler only in name, which tells Lightning to leave it as it is. The processes are asked for
    when an epoch begins, for a loader is usually made before they are connected.
    """

    def __init__(self) -> None:  # that of DistributedSampler would ask for the processes now
        self._place: tuple[int, int] | None = None

    def shard(self, rank: int, world_size: int) -> None:
        """Says which part is this process's, instead of asking PyTorch."""
        self._place = (rank, world_size)

    @property
    def place(self) -> tuple[int, int]:
        """Rank of this process and number of processes."""
        return self._place or data_parallel_place()

    def items_behind(self, batches: int, batch_size: int) -> int:
        """Items of the common order that are behind when each process has handed out `batches` batches."""
        return batches * batch_size * self.place[1]

    def set_epoch(self, epoch: int) -> None:
        """Trainers call it before each epoch."""
        raise NotImplementedError


def training_share(items: int, place: tuple[int, int], *, skipped: int = 0, drop_last: bool = False) -> Tensor:
    """Numbers of the items of an epoch that a process trains on; equally many for each process.

    Args:
        items: number of items of the epoch, in all processes together.
        place: rank and number of processes.
        skipped: items at the beginning that are left out.
        drop_last: leave out the items at the end that do not go round; otherwise the first ones are repeated, less
            than one for each process.
    """
    rank, processes = place
    used = items // processes * processes if drop_last else -(-items // processes) * processes
    return torch.arange(min(skipped + rank, used), used, processes) % max(items, 1)


def evaluation_share(items: int, place: tuple[int, int], *, batch_size: int) -> Tensor:
    """Numbers of the items that a process evaluates: whole batches; see the head of this file.

    Args:
        items: number of items in all processes together.
        place: rank and number of processes.
        batch_size: items of a batch.
    """
    rank, processes = place
    if items == 0:
        return torch.arange(0)
    batches = list(torch.arange(items).split(batch_size))
    own = batches[rank::processes]
    if len(own) * processes < len(batches):
        own.append(own[0] if own else batches[0])
    return torch.cat(own)


def counted_batches(items: int, place: tuple[int, int], *, batch_size: int) -> int:
    """Number of batches of :func:`evaluation_share` that count; they come first."""
    rank, processes = place
    return len(range(rank, -(-items // batch_size), processes))
