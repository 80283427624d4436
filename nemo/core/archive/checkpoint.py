"""Reads Lightning checkpoints."""

from __future__ import annotations

import os
from typing import Any

import torch

from nemo.core.archive.plain import load_plain
from nemo.utils.exceptions import ArchiveError


def load_checkpoint(
    path: str | os.PathLike[str],
    map_location: str | torch.device | None = "cpu",
    *,
    trusted: bool = False,
    copied: bool = False,
) -> dict[str, Any]:
    """Reads a Lightning checkpoint (`.ckpt`): tensors, and plain containers for all else.

    Args and errors are those of :func:`nemo.core.archive.plain.load_plain`.

    Raises:
        ArchiveError: it is no checkpoint.
    """
    checkpoint = load_plain(path, map_location, trusted=trusted, copied=copied)
    if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint:
        raise ArchiveError(
            f"{os.fspath(path)}: not a Lightning checkpoint: it has no 'state_dict'. A file of weights alone is read "
            f"with load_weights."
        )
    if isinstance(checkpoint.get("hparams_type"), str):
        del checkpoint["hparams_type"]  # it named OmegaConf's class; the hyper-parameters are plain now
    return checkpoint
