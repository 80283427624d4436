"""Markers of checkpoints that are being written: `<checkpoint>-unfinished`.

A checkpoint that is one local file is written under another name and renamed, so that it is whole or not there. What
cannot be renamed in one go, a folder that several processes fill or a file in an object store, has a marker beside it
until it is complete. A resume ignores a checkpoint that has one.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from lightning_fabric.utilities.cloud_io import get_filesystem
from pytorch_lightning import Trainer

from nemo.utils.exp_manager.checkpoint_io import DurableCheckpointIO
from nemo.utils.parallel_paths import uninject_model_parallel_rank

logger = logging.getLogger(__name__)

UNFINISHED_SUFFIX = "-unfinished"


def marker_path(checkpoint: str | os.PathLike[str]) -> str:
    """Where the marker of a checkpoint is; the parts that several ranks write have one together."""
    scheme, separator, path = os.fspath(checkpoint).rpartition("://")
    return scheme + separator + uninject_model_parallel_rank(path) + UNFINISHED_SUFFIX


def is_unfinished(checkpoint: str | os.PathLike[str]) -> bool:
    """Whether the writing of a checkpoint was broken off."""
    return os.path.exists(marker_path(checkpoint))


@contextlib.contextmanager
def marked_unfinished(trainer: Trainer, checkpoint: str) -> Iterator[None]:
    """Inside, all processes write the checkpoint; it has a marker until they are done, where it needs one."""
    if not needs_marker(trainer, checkpoint):
        yield
        return
    marker = marker_path(checkpoint)
    files = get_filesystem(checkpoint)
    if trainer.is_global_zero:
        files.makedirs(os.path.dirname(marker), exist_ok=True)
        files.touch(marker)
    trainer.strategy.barrier()
    yield
    trainer.strategy.barrier()
    if trainer.is_global_zero:
        files.rm(marker)


def needs_marker(trainer: Trainer, checkpoint: str) -> bool:
    """Whether a checkpoint cannot appear in one go: it is elsewhere, a folder, or another writer's."""
    strategy = trainer.strategy
    is_folder = (
        getattr(strategy, "_state_dict_type", "full") == "sharded"
        or getattr(strategy, "_save_distributed_checkpoint", False)
        or type(strategy).__name__ == "DeepSpeedStrategy"
    )
    return is_folder or "://" in checkpoint or not isinstance(strategy.checkpoint_io, DurableCheckpointIO)


def remove_unfinished(folder: str | os.PathLike[str]) -> None:
    """Removes the checkpoints that have a marker, and then the markers, below a local folder."""
    if not os.path.isdir(folder):
        return
    for marker in sorted(Path(folder).rglob(f"*{UNFINISHED_SUFFIX}")):
        name = marker.name.removesuffix(UNFINISHED_SUFFIX)
        parts = [path for path in marker.parent.rglob("*") if path.name == name and marker_path(path) == str(marker)]
        for path in parts:
            logger.warning("removing %s, whose writing was broken off", path)
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        marker.unlink()
