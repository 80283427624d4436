"""Writing a checkpoint so that neither a crash nor a full disk leaves half of one.

The file is written under a temporary name in the same folder, synced, renamed, and the folder is synced; only then is
an older checkpoint deleted. It is written straight to the file: Lightning's own writer builds a copy in memory first.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO
from pytorch_lightning import Trainer

from nemo.utils.atomic import atomic_write
from nemo.utils.exp_manager.errors import CheckpointWriteError

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
            free = shutil.disk_usage(target.parent).free
            if free < needed + SAFETY_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            with atomic_write(target) as temporary, open(temporary, "wb") as file:
                torch.save(checkpoint, file)
        except (OSError, RuntimeError) as error:
            cause = _os_error_of(error)
            if cause is None:
                raise
            raise CheckpointWriteError(_message(target, needed, cause)) from error

    def load_checkpoint(self, path: Any, map_location: Any = "cpu", weights_only: bool | None = None) -> dict[str, Any]:
        """Reads a checkpoint; only tensors and plain containers, unless the caller trusts the file."""
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


def _os_error_of(error: BaseException | None) -> OSError | None:
    """The system's error behind one of PyTorch's writer, which hides it in a chain of others."""
    while error is not None:
        if isinstance(error, OSError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _message(target: Path, needed: int, error: OSError) -> str:
    earlier = "The earlier checkpoints are intact."
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        free = shutil.disk_usage(target.parent).free if target.parent.is_dir() else 0
        return (
            f"the checkpoint {target} was not written: it needs about {needed:,} bytes, and the disk has "
            f"{free:,} bytes free ({error.strerror}). {earlier} Free some space "
            "or lower exp_manager.checkpoint_callback_params.save_top_k, and resume."
        )
    return f"the checkpoint {target} was not written: {error}. {earlier} Make the folder writable and resume."


def use_durable_checkpoints(trainer: Trainer) -> None:
    """Makes the trainer write through :class:`DurableCheckpointIO`; a writer of the user's own stays."""
    if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:
        trainer.strategy.checkpoint_io = DurableCheckpointIO()
