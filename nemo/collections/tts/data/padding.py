"""Tensors of different sizes in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def general_padding(item: Tensor, item_len: int, max_len: int, pad_value: float = 0) -> Tensor:
    """[..., item_len] -> [..., max_len], `pad_value` at the end."""
    return torch.nn.functional.pad(item, (0, max_len - item_len), value=pad_value)


def pad_together(items: Sequence[Tensor], pad_value: float = 0) -> Tensor:
    """Numbers, sequences [T] or matrices [D, T] of different sizes -> one tensor, padded at the ends.

    Args:
        items: of one rank.
        pad_value: what stands beyond each.
    """
    sizes = [max(item.shape[axis] for item in items) for axis in range(items[0].ndim)]
    batch = items[0].new_full((len(items), *sizes), pad_value)
    for row, item in enumerate(items):
        inside = batch[row]
        for axis, size in enumerate(item.shape):
            inside = inside.narrow(axis, 0, size)
        inside.copy_(item)
    return batch


def audio_of(batch: Any) -> tuple[Tensor, Tensor]:
    """The audio [B, T] and its lengths [B] of a batch, which is a dict or begins with both."""
    return (batch["audio"], batch["audio_lens"]) if isinstance(batch, dict) else (batch[0], batch[1])
