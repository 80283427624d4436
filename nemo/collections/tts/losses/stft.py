"""Distances of spectrograms at several resolutions (Yamamoto, Song and Kim, 2020, Parallel WaveGAN, section 2.2)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nemo.core.classes.loss import Loss

SMALLEST_POWER = 1e-7
"""Below it a power counts as it; logarithms and square roots keep a gradient."""


class STFTLoss(Loss):
    """Spectral convergence and the distance of log-magnitudes at one resolution.

    Args:
        fft_size: length of the Fourier transform, in samples.
        hop_size: samples between frames.
        win_length: samples of the Hann window.
    """

    window: Tensor

    def __init__(self, fft_size: int, hop_size: int, win_length: int) -> None:
        super().__init__()
        self.fft_size, self.hop_size, self.win_length = fft_size, hop_size, win_length
        self.register_buffer("window", torch.hann_window(win_length), persistent=False)

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Both distances of generated audio `x` from real `y`, [B, T] each."""
        found, wanted = self._magnitudes(x), self._magnitudes(y)
        convergence = torch.linalg.norm(wanted - found) / torch.linalg.norm(wanted)
        return convergence, (wanted.log() - found.log()).abs().mean()

    def _magnitudes(self, audio: Tensor) -> Tensor:
        spectrum = torch.stft(audio, self.fft_size, self.hop_size, self.win_length, self.window, return_complex=True)
        power = torch.view_as_real(spectrum).square().sum(dim=-1)
        return power.clamp(min=SMALLEST_POWER).sqrt()


class MultiResolutionSTFTLoss(Loss):
    """The mean of :class:`STFTLoss` over resolutions.

    Args:
        fft_sizes: of each resolution, in samples.
        hop_sizes: of each.
        win_lengths: of each.
    """

    def __init__(self, fft_sizes: Sequence[int], hop_sizes: Sequence[int], win_lengths: Sequence[int]) -> None:
        super().__init__()
        sizes = zip(fft_sizes, hop_sizes, win_lengths, strict=True)
        self.losses = nn.ModuleList(STFTLoss(*each) for each in sizes)

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Spectral convergence, and the distance of log-magnitudes, of generated `x` from real `y`, [B, T] each."""
        convergences, distances = zip(*(loss(x, y) for loss in self.losses), strict=True)
        return torch.stack(convergences).mean(), torch.stack(distances).mean()
