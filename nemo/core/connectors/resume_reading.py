"""The checkpoint that a Trainer resumes from is read as any other file from outside.

Lightning reads it with `torch.load`, which an environment variable can switch to running code; its FSDP strategy has an
unpickler of its own that imports whatever a checkpoint names.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO
from pytorch_lightning import Trainer
from pytorch_lightning.strategies import Strategy

from nemo.core.archive.checkpoint import load_checkpoint
from nemo.utils.exp_manager.checkpoint_io import DurableCheckpointIO


def read_checkpoints_plainly(trainer: Trainer) -> None:
    """Makes the trainer read local checkpoint files with :func:`~nemo.core.archive.checkpoint.load_checkpoint`.

    `trainer.fit(..., weights_only=False)` still trusts a file. A reader of the user's own stays. Folders of sharded
    checkpoints are read by PyTorch, with pickle: open only your own.
    """
    strategy = trainer.strategy
    files = strategy.checkpoint_io
    if isinstance(files, DurableCheckpointIO):
        files.read_whole = functools.partial(_load, files)  # type: ignore[method-assign]
    elif isinstance(files, TorchCheckpointIO) and type(files).load_checkpoint is TorchCheckpointIO.load_checkpoint:
        files.load_checkpoint = functools.partial(_load, files)  # type: ignore[method-assign]
    if type(strategy).load_checkpoint is not Strategy.load_checkpoint:
        strategy.load_checkpoint = functools.partial(_load_checked, strategy)  # type: ignore[method-assign]


def _load(files: TorchCheckpointIO, path: Any, map_location: Any = None, weights_only: bool | None = None) -> Any:
    if weights_only is False or not _is_local_file(path):
        return TorchCheckpointIO.load_checkpoint(files, path, map_location, weights_only is not False)
    device = map_location if isinstance(map_location, (str, torch.device)) else "cpu"
    return load_checkpoint(path, device, copied=True)


def _load_checked(strategy: Strategy, checkpoint_path: Any, weights_only: bool | None = None) -> Any:
    """A strategy that has its own reader: the file is read by ours first, which refuses what is unsafe."""
    if weights_only is not False and _is_local_file(checkpoint_path):
        load_checkpoint(checkpoint_path)
    return type(strategy).load_checkpoint(strategy, checkpoint_path, weights_only)


def _is_local_file(path: Any) -> bool:
    return isinstance(path, (str, os.PathLike)) and Path(path).is_file()
