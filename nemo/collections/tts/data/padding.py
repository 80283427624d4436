"""Tensors of different sizes in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nemo.collections.common.transformer.masks import lengths_to_mask


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


def stack_tensors(tensors: Sequence[Tensor], max_lens: Sequence[int], pad_value: float = 0.0) -> Tensor:
    """Tensors of different sizes -> one, padded at the ends of the last dimensions.

    Args:
        tensors: of one rank.
        max_lens: the sizes of the last dimensions in the result.
        pad_value: what stands beyond each.

    Returns:
        [N, ..., *max_lens].
    """
    padded = []
    for tensor in tensors:
        missing = [size - found for size, found in zip(max_lens, tensor.shape[-len(max_lens) :], strict=True)]
        ends = [width for size in reversed(missing) for width in (0, size)]
        padded.append(torch.nn.functional.pad(tensor, ends, value=pad_value))
    return torch.stack(padded)


def mask_sequence_tensor(tensor: Tensor, lengths: Tensor) -> Tensor:
    """[B, T], [B, D, T] or [B, C, D, T] with zeros in the padding of its last dimension; `lengths` [B]."""
    inside = lengths_to_mask(lengths, tensor.shape[-1])
    return tensor * inside.view(len(tensor), *[1] * (tensor.ndim - 2), -1)


def sort_tensor(context: Tensor, lens: Tensor, dim: int = 0, descending: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    """The items of `context` in the order of their lengths.

    Returns:
        The items, their lengths, and which each of them was, for :func:`unsort_tensor`.
    """
    lengths, order = torch.sort(lens, descending=descending)
    return context.index_select(dim, order), lengths, order


def unsort_tensor(ordered: Tensor, indices: Tensor, dim: int = 0) -> Tensor:
    """The items as they were before :func:`sort_tensor`."""
    return ordered.index_select(dim, torch.argsort(indices))


def audio_of(batch: Any) -> tuple[Tensor, Tensor]:
    """The audio [B, T] and its lengths [B] of a batch, which is a dict or begins with both."""
    return (batch["audio"], batch["audio_lens"]) if isinstance(batch, dict) else (batch[0], batch[1])
