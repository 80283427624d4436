"""Batches that vocoders are trained on: tuples, or dictionaries as newer data sets make them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor


def parts_of_batch(batch: Any) -> tuple[Tensor, Tensor, Tensor | None]:
    """Audio [B, T], its lengths [B] and, where the data has them, mel spectrograms [B, D, F].

    Args:
        batch: ``(audio, lengths[, mel])``, or a dictionary with `audio`, `audio_lens` and maybe `mel`.
    """
    if isinstance(batch, Mapping):
        return batch["audio"], batch["audio_lens"], batch.get("mel")
    return batch[0], batch[1], batch[2] if len(batch) > 2 else None
