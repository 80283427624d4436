"""Configuration of a PyTorch data loader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING


@dataclass
class DataLoaderConfig:
    """Arguments of :class:`torch.utils.data.DataLoader`, beside the data set."""

    batch_size: int = MISSING
    shuffle: bool = False
    sampler: Any | None = None
    batch_sampler: Any | None = None
    num_workers: int = 0
    collate_fn: Any | None = None
    pin_memory: bool = False
    drop_last: bool = False
    timeout: int = 0
    """Seconds to wait for a batch; 0 for no limit."""
    worker_init_fn: Any | None = None
    multiprocessing_context: Any | None = None
