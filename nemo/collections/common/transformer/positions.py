"""Positions as sines and cosines of different periods (Vaswani et al., 2017, https://arxiv.org/abs/1706.03762)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class FixedPositionalEncoding(nn.Module):
    """Looks up the encoding of positions; every second feature is a sine, the others cosines.

    As in the original the encodings are divided by the square root of their width, and the table is stored in
    archives. Positions beyond it are computed when they are met.

    Args:
        hidden_size: H.
        max_sequence_length: rows of the table.
    """

    pos_enc: Tensor
    _longer: Tensor

    def __init__(self, hidden_size: int, max_sequence_length: int = 512) -> None:
        super().__init__()
        self._hidden_size = hidden_size
        self._max_sequence_length = max_sequence_length
        self.register_buffer("pos_enc", sinusoids(max_sequence_length, hidden_size))
        self.register_buffer("_longer", torch.zeros(0, hidden_size), persistent=False)

    def forward(self, position_ids: Tensor) -> Tensor:
        """Positions [..., L] -> encodings [..., L, H]."""
        return self.first(int(position_ids.max()) + 1)[position_ids]

    def first(self, length: int) -> Tensor:
        """The encodings [length or more, H] of the first positions."""
        # an exported graph cannot choose, and has the positions of the table
        if torch.jit.is_tracing() or length <= self.pos_enc.shape[0]:
            return self.pos_enc
        if length > self._longer.shape[0]:
            # twice as many, so that decoding one token after the other does not compute them at each step
            table = sinusoids(2 * length, self._hidden_size).to(self.pos_enc)
            table[: self.pos_enc.shape[0]] = self.pos_enc
            self._longer = table
        return self._longer


def sinusoids(length: int, hidden_size: int) -> Tensor:
    """Encodings [length, H] of the positions from 0 on."""
    position = torch.arange(length, dtype=torch.float32)[:, None]
    frequency = torch.exp(torch.arange(0, hidden_size, 2, dtype=torch.float32) * (-math.log(10000.0) / hidden_size))
    table = torch.zeros(length, hidden_size)
    table[:, 0::2] = torch.sin(position * frequency)
    table[:, 1::2] = torch.cos(position * frequency[: hidden_size // 2])
    return table / math.sqrt(hidden_size)
