"""Masks over spectrograms: SpecAugment (Park et al., 2019) and Cutout (DeVries and Taylor, 2017).

Positions and widths of all masks of a batch are drawn at once, and one fill applies them. They are drawn on the CPU, so
that a seed gives the same masks on every device, and nothing waits for a GPU. B batch, D features, F frames, M masks.
"""

from __future__ import annotations

import random

import torch
from torch import Tensor, nn

from nemo.utils.exceptions import ConfigError


class SpecAugment(nn.Module):
    """Fills random bands of frequency and spans of time.

    Args:
        freq_masks: bands for each spectrogram.
        time_masks: spans for each spectrogram.
        freq_width: largest width of a band, in features; widths are uniform from 0.
        time_width: largest width of a span: frames if int, else a fraction of the utterance.
        rng: seeds the masks; PyTorch's own generator is used when None.
        mask_value: what is filled in.
    """

    def __init__(
        self,
        freq_masks: int = 0,
        time_masks: int = 0,
        freq_width: int = 10,
        time_width: float = 10,
        rng: random.Random | None = None,
        mask_value: float = 0.0,
    ) -> None:
        super().__init__()
        if isinstance(time_width, float) and not 0.0 <= time_width <= 1.0:
            raise ConfigError(
                f"spec_augment.time_width is {time_width}; as a float it is a fraction of the utterance, 0 to 1. "
                "Write an integer for a number of frames."
            )
        self.freq_masks, self.time_masks = freq_masks, time_masks
        self.freq_width, self.time_width = freq_width, time_width
        self.mask_value = mask_value
        self._generator = seeded_generator(rng)

    def forward(self, input_spec: Tensor, length: Tensor) -> Tensor:
        """Masks a batch.

        Args:
            input_spec: [B, D, F].
            length: [B] valid frames; spans of time begin within them.

        Returns:
            [B, D, F], a new tensor.
        """
        batch, features, frames = input_spec.shape
        if self.freq_masks > 0:
            sizes = torch.full((batch, 1), features, device=input_spec.device)
            limit = torch.full_like(sizes, min(self.freq_width, features))
            is_masked = self._draw(sizes, limit, self.freq_masks, features)
            input_spec = input_spec.masked_fill(is_masked[:, :, None], self.mask_value)
        if self.time_masks > 0:
            sizes = length.to(input_spec.device).long().clamp(max=frames)[:, None]
            if isinstance(self.time_width, float):
                limit = (sizes * self.time_width).long().clamp(min=1)
            else:
                limit = torch.full_like(sizes, self.time_width).minimum(sizes)
            is_masked = self._draw(sizes, limit, self.time_masks, frames)
            input_spec = input_spec.masked_fill(is_masked[:, None, :], self.mask_value)
        return input_spec

    def _draw(self, sizes: Tensor, limit: Tensor, masks: int, total: int) -> Tensor:
        """Random masks [B, total]; starts are uniform in 0..size - limit, widths in 0..limit, both included."""
        shape = (sizes.shape[0], masks)
        start_share, width_share = torch.rand(2, *shape, generator=self._generator).to(sizes.device)
        start = (start_share * (sizes - limit + 1)).long()
        width = (width_share * (limit + 1)).long()
        position = torch.arange(total, device=sizes.device)
        inside = (position >= start[..., None]) & (position < (start + width)[..., None])  # [B, M, total]
        return inside.any(dim=1)


class SpecCutout(nn.Module):
    """Fills random rectangles with zeros.

    Args:
        rect_masks: rectangles for each spectrogram.
        rect_time: largest width in frames.
        rect_freq: largest height in features.
        rng: seeds the masks; PyTorch's own generator is used when None.
    """

    def __init__(
        self, rect_masks: int = 0, rect_time: int = 5, rect_freq: int = 20, rng: random.Random | None = None
    ) -> None:
        super().__init__()
        self.rect_masks, self.rect_time, self.rect_freq = rect_masks, rect_time, rect_freq
        self._generator = seeded_generator(rng)

    def forward(self, input_spec: Tensor) -> Tensor:
        """Masks a batch [B, D, F]; returns a new tensor."""
        if self.rect_masks <= 0:
            return input_spec
        batch, features, frames = input_spec.shape
        rows = self._draw(batch, features, min(self.rect_freq, features))[..., :, None]
        columns = self._draw(batch, frames, min(self.rect_time, frames))[..., None, :]
        return input_spec.masked_fill((rows & columns).any(dim=1).to(input_spec.device), 0.0)

    def _draw(self, batch: int, size: int, limit: int) -> Tensor:
        """Random intervals as masks [B, M, size]."""
        shape = (batch, self.rect_masks, 1)
        start = (torch.rand(shape, generator=self._generator) * (size - limit + 1)).long()
        width = (torch.rand(shape, generator=self._generator) * (limit + 1)).long()
        position = torch.arange(size)
        return (position >= start) & (position < start + width)


def seeded_generator(rng: random.Random | None) -> torch.Generator | None:
    """A CPU generator seeded from `rng`; None, PyTorch's own, without one."""
    if rng is None:
        return None
    generator = torch.Generator()
    generator.manual_seed(rng.getrandbits(63))
    return generator
