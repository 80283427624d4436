"""Sinusoidal encodings of positions, absolute (Vaswani et al., 2017) and relative (Dai et al., 2019).

They are computed once for the longest input so far and kept. B batch, S frames, H width.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class PositionalEncoding(nn.Module):
    """Adds to each frame the encoding of its place.

    Args:
        d_model: H.
        dropout_rate: on the sum.
        max_len: frames computed at the beginning; more are computed when they come.
        xscale: factor of the input; None: 1.
        dropout_rate_emb: on the encodings.
    """

    def __init__(
        self,
        d_model: int,
        dropout_rate: float,
        max_len: int = 5000,
        xscale: float | None = None,
        dropout_rate_emb: float = 0.0,
    ) -> None:
        super().__init__()
        self.d_model = d_model
        self.xscale = xscale
        self.dropout = nn.Dropout(dropout_rate)
        self.dropout_emb = nn.Dropout(dropout_rate_emb) if dropout_rate_emb > 0 else None
        self.max_len = max_len
        self.register_buffer("pe", torch.empty(0), persistent=False)
        self.pe: Tensor
        self._extent = 0  # frames that `pe` is for

    def extend(self, frames: int, like: Tensor, cache_len: int = 0) -> None:
        """Computes encodings for inputs of up to `frames` frames, unless they are there.

        An exported encoder has those of `max_len` frames, or of the longest input before, and takes no longer ones.
        """
        if torch.jit.is_tracing():  # the number of frames is open
            frames = cache_len + (1 if self._reaches(cache_len + 1) else self.max_len)
        if self._reaches(frames) and self.pe.device == like.device and self.pe.dtype == like.dtype:
            return
        self._extent = max(frames, self.max_len)
        positions = self._positions(self._extent)
        self.pe = sinusoids(positions, self.d_model).to(device=like.device, dtype=like.dtype).unsqueeze(0)

    def _reaches(self, frames: int) -> bool:
        return self._extent >= frames

    def _positions(self, frames: int) -> Tensor:
        return torch.arange(frames, dtype=torch.float32)

    def _scaled(self, x: Tensor) -> Tensor:
        return x if self.xscale is None else x * self.xscale

    def _window(self, frames: int) -> Tensor:
        """The encodings that an input of `frames` frames needs."""
        return self.pe[:, :frames]

    def forward(self, x: Tensor, cache_len: int = 0) -> tuple[Tensor, Tensor]:
        """Adds the encodings.

        Args:
            x: [B, S, H].
            cache_len: frames before `x` that attention also sees.

        Returns:
            [B, S, H], and the encodings [1, cache_len + S, H].
        """
        frames = x.shape[1] + cache_len
        self.extend(frames, x, cache_len)
        encodings = self._window(frames)
        if self.dropout_emb is not None:
            encodings = self.dropout_emb(encodings)
        x = self._scaled(x) + encodings[:, cache_len:]
        return self.dropout(x), encodings


class RelPositionalEncoding(PositionalEncoding):
    """Gives the encodings of distances, from the farthest before a frame to the farthest after it; adds nothing."""

    def _positions(self, frames: int) -> Tensor:
        return torch.arange(frames - 1, -frames, -1, dtype=torch.float32)

    def _window(self, frames: int) -> Tensor:
        centre = self.pe.shape[1] // 2  # distance 0
        return self.pe[:, centre - frames + 1 : centre + frames]

    def forward(self, x: Tensor, cache_len: int = 0) -> tuple[Tensor, Tensor]:
        """Scales `x` [B, S, H]; the second result is [1, 2 (cache_len + S) - 1, H], distances falling."""
        frames = x.shape[1] + cache_len
        self.extend(frames, x, cache_len)
        encodings = self._window(frames)
        if self.dropout_emb is not None:
            encodings = self.dropout_emb(encodings)
        return self.dropout(self._scaled(x)), encodings


class LocalAttRelPositionalEncoding(RelPositionalEncoding):
    """Encodings of the distances that local attention sees, the same for inputs of any length.

    Args:
        att_context_size: frames before and after a frame.
        d_model: H.
        dropout_rate: on the input.
        max_len: not used.
        xscale: factor of the input; None: 1.
        dropout_rate_emb: on the encodings.
    """

    def __init__(
        self,
        att_context_size: list[int],
        d_model: int,
        dropout_rate: float,
        max_len: int = 5000,
        xscale: float | None = None,
        dropout_rate_emb: float = 0.0,
    ) -> None:
        super().__init__(d_model, dropout_rate, max_len, xscale, dropout_rate_emb)
        self.left, self.right = att_context_size

    def _reaches(self, frames: int) -> bool:
        return self._extent > 0

    def _positions(self, frames: int) -> Tensor:
        return torch.arange(self.left, -self.right - 1, -1, dtype=torch.float32)

    def _window(self, frames: int) -> Tensor:
        return self.pe


def sinusoids(positions: Tensor, width: int) -> Tensor:
    """[P, width]: sines at even and cosines at odd places, of wavelengths from 2 pi to 10000 * 2 pi."""
    rates = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * -(math.log(10000.0) / width))
    angles = positions[:, None] * rates
    encodings = torch.zeros(len(positions), width)
    encodings[:, 0::2] = torch.sin(angles)
    encodings[:, 1::2] = torch.cos(angles)[:, : width // 2]
    return encodings
