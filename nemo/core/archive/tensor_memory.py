"""Tensors over memory that lies elsewhere, as in a mapped file."""

from __future__ import annotations

import torch


def tensor_from_memory(content: memoryview, dtype: torch.dtype) -> torch.Tensor:
    """A flat tensor over `content`, without a copy where its place in memory and its type allow that.

    Args:
        content: memory that may be written, a whole number of elements.
        dtype: what it holds.
    """
    count = len(content) // dtype.itemsize
    if not count:
        return torch.empty(0, dtype=dtype)
    flat = torch.frombuffer(content, dtype=torch.uint8, count=count * dtype.itemsize)
    if dtype is torch.bool:  # a byte other than 0 and 1 is no bool
        return flat.ne(0)
    if flat.data_ptr() % dtype.itemsize:
        flat = flat.clone()
    return flat.view(dtype)
