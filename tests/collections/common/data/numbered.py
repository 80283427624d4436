"""Small datasets and loaders whose samples are numbers."""

import torch
from torch.utils.data import Dataset


class Numbers(Dataset):
    """Sample i is `first + i`, as a tensor."""

    def __init__(self, count, first=0):
        self.count, self.first = count, first

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return torch.tensor(self.first + int(index))


def whole_epoch(plan, world_size=1, seed=0, epoch=0):
    """The batches of every process in an epoch."""
    return [list(plan.batches(seed, epoch, rank, world_size)) for rank in range(world_size)]


def flat(batches_of_processes):
    """All keys of all processes."""
    return [key for batches in batches_of_processes for batch in batches for key in batch]
