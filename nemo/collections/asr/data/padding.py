"""Rows of different lengths as one tensor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch


def padded(rows: Sequence[torch.Tensor], value: int = 0) -> torch.Tensor:
    """Rows of different lengths, [B] of [L], as one tensor, [B, longest], filled up with `value`."""
    # through NumPy: zero pages come from the system, and no threads are woken for small copies
    shape = (len(rows), max(len(row) for row in rows))
    dtype = rows[0].numpy().dtype
    batch = np.zeros(shape, dtype) if value == 0 else np.full(shape, value, dtype)
    for place, row in zip(batch, rows, strict=True):
        place[: len(row)] = row.numpy()
    return torch.from_numpy(batch)


def repeat_signal(signal: torch.Tensor, sig_len: int, required_length: int) -> torch.Tensor:
    """A signal [T] of `sig_len` samples as often as it fits, and then its end, as [`required_length`].

    Raises:
        ValueError: there is nothing to repeat.
    """
    if sig_len < 1:
        raise ValueError(f"sig_len is {sig_len}; expected at least one sample to repeat.")
    times, rest = divmod(required_length, sig_len)
    return torch.cat([signal.repeat(times), signal[sig_len - rest :]]) if rest else signal.repeat(times)
