"""As many frames in all parts of a batch as in the model's spectrograms: releases count the last ones differently."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

OF_FRAMES = ("pitch", "energy", "align_prior_matrix")


def fit_frames(batch: dict[str, Tensor], frames: int) -> dict[str, Tensor]:
    """The batch with features of `frames` frames: cut, or continued with zeros.

    Pitch may be that of tokens, [B, U]; then it stays.

    Args:
        batch: `pitch` and `energy` [B, F], `align_prior_matrix` [B, F, U], and anything else.
        frames: wanted number.
    """
    fitted = dict(batch)
    for name in OF_FRAMES:
        values = batch.get(name)
        is_of_tokens = values is not None and values.ndim == 2 and values.shape[1] == batch["text"].shape[1]
        if values is None or is_of_tokens or values.shape[1] == frames:
            continue
        missing = frames - values.shape[1]
        fitted[name] = F.pad(values, (0, missing) if values.ndim == 2 else (0, 0, 0, missing))
    return fitted
