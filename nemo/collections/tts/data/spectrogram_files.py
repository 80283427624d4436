"""Spectrograms that lie in files: those that a model predicted, and recorded ones beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from nemo.collections.common.exceptions import ManifestError
from nemo.core.archive.plain import load_plain
from nemo.core.archive.side_files import read_arrays


def read_spectrogram(path: str, place: str) -> Tensor:
    """A spectrogram [D, F] of a .npy, .npz or .pt file.

    Args:
        path: of the file.
        place: manifest and line that name it, for messages.

    Raises:
        ManifestError: it does not exist, or holds something else.
        ArchiveError: it is damaged.
    """
    try:
        read: Any = load_plain(path) if path.endswith(".pt") else next(iter(read_arrays(path).values()))
    except FileNotFoundError as error:
        raise ManifestError(
            f"{place}: the spectrogram {path} does not exist. Write it again, or mend the path."
        ) from error
    mel = (read if isinstance(read, Tensor) else torch.as_tensor(np.asarray(read))).float().squeeze(0)
    if mel.ndim != 2:
        raise ManifestError(f"{place}: {path} is {list(mel.shape)}. Expected a spectrogram [D, F].")
    if not mel.isfinite().all():
        count = int((~mel.isfinite()).sum())
        raise ManifestError(
            f"{place}: {path} has {count} values that are NaN or infinite. Predict the spectrogram again, or delete "
            "the line."
        )
    return mel
