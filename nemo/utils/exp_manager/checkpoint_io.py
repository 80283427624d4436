"""Writing a checkpoint so that neither a crash nor a full disk leaves half of one.

The file is written under a temporary name in the same folder, synced, renamed, and the folder is synced; only then is
an older checkpoint deleted. It is written straight to the file: Lightning's own writer builds a copy in memory first.
"""

from __future__ import annotations

import errno
import os
import pickle
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO
from pytorch_lightning import Trainer

from nemo.utils.atomic import FULL_DISK, atomic_write, os_error_behind
from nemo.utils.exp_manager.damage import advice, damage_of
from nemo.utils.exp_manager.errors import CheckpointReadError, CheckpointWriteError

SAFETY_BYTES = 1 << 20
"""Kept free beside the tensors, for the rest of the checkpoint."""


class DurableCheckpointIO(TorchCheckpointIO):
    """Lightning's checkpoint files, whole or not there; loaded with `weights_only=True`."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Writes a checkpoint.

        Raises:
            CheckpointWriteError: the disk is full or the folder cannot be written to; earlier files are intact.
        """
        if storage_options is not None or "://" in str(path):  # an object store has its own ways
            super().save_checkpoint(checkpoint, path, storage_options)
            return
        target = Path(path)
        needed = tensor_bytes(checkpoint)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(target, needed + SAFETY_BYTES) as temporary, open(temporary, "wb") as file:
                torch.save(checkpoint, file)
        except (OSError, RuntimeError) as error:
            cause = os_error_behind(error)
            if cause is None:
                raise
            failure = CheckpointWriteError(_message(target, needed, cause))
            failure.errno = cause.errno
            raise failure from error

    def load_checkpoint(self, path: Any, map_location: Any = "cpu", weights_only: bool | None = None) -> dict[str, Any]:
        """Reads a checkpoint; only tensors and plain containers, unless the caller trusts the file.

        Raises:
            CheckpointReadError: the file is damaged; names the next older one.
        """
        try:
            return self.read_whole(path, map_location, weights_only)
        except (RuntimeError, ValueError, EOFError, OSError, pickle.UnpicklingError) as error:
            damage = damage_of(Path(path), thorough=True) if os.path.isfile(path) else None
            if damage is None:
                raise
            raise CheckpointReadError(f"the checkpoint {path} is damaged: {damage}. {advice(Path(path))}") from error

    def read_whole(self, path: Any, map_location: Any, weights_only: bool | None) -> dict[str, Any]:
        """Reads a file that is not damaged. A model replaces this by the reader of archives, which is stricter."""
        return super().load_checkpoint(path, map_location, True if weights_only is None else weights_only)


def tensor_bytes(value: Any) -> int:
    """Bytes of all tensors in nested containers; a storage that several share counts once."""
    storages: dict[int, int] = {}
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, torch.Tensor):
            storage = item.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
        elif isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, (list, tuple)):
            waiting.extend(item)
    return sum(storages.values())


def _message(target: Path, needed: int, error: OSError) -> str:
    earlier = "The earlier checkpoints are intact."
    if error.errno in FULL_DISK:
        free = shutil.disk_usage(target.parent).free if target.parent.is_dir() else 0
        return (
            f"the checkpoint {target} was not written: it needs about {needed:,} bytes, and the disk has "
            f"{free:,} bytes free ({os.strerror(error.errno)}). {earlier} Free some space "
            "or lower exp_manager.checkpoint_callback_params.save_top_k, and resume."
        )
    why = os.strerror(error.errno) if error.errno else str(error)
    remedy = "Make the folder writable"
    if error.errno == errno.ENAMETOOLONG:
        remedy = "Choose a shorter exp_manager.checkpoint_callback_params.filename"
    return f"the checkpoint {target} was not written: {why}. {earlier} {remedy} and resume."


def use_durable_checkpoints(trainer: Trainer) -> None:
    """Makes the trainer write through :class:`DurableCheckpointIO`; a writer of the user's own stays."""
    if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:
        trainer.strategy.checkpoint_io = DurableCheckpointIO()
