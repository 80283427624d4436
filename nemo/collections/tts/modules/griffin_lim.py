"""Audio from magnitudes alone: phases found by turns of synthesis and analysis (Griffin and Lim, 1984).

With a momentum it is the fast algorithm of Perraudin, Balazs and Søndergaard (2013).
"""

from __future__ import annotations

import torch
from torch import Tensor

SMALLEST = 1e-16
"""Keeps the phase of a zero from dividing by zero."""


def griffin_lim(
    magnitudes: Tensor, window: Tensor, n_fft: int, hop_length: int, iterations: int, momentum: float = 0.0
) -> Tensor:
    """Audio whose spectrogram is near the one given.

    Args:
        magnitudes: [B, n_fft // 2 + 1, F].
        window: [n_fft] or shorter.
        n_fft: length of the Fourier transform, in samples.
        hop_length: samples between frames.
        iterations: turns; without momentum none takes the spectrogram farther away.
        momentum: 0 to below 1; how far each turn goes on in the direction of the last.

    Returns:
        [B, T], T is `hop_length` times F - 1. The phases begin at random, from PyTorch's default generator.
    """
    if magnitudes.shape[2] < 2:  # istft knows no audio without samples
        return magnitudes.new_zeros(magnitudes.shape[0], 0)

    def synthesis(spectrum: Tensor) -> Tensor:
        return torch.istft(spectrum, n_fft, hop_length, len(window), window)

    phases = torch.rand_like(magnitudes) * (2 * torch.pi)
    directions = torch.polar(torch.ones_like(magnitudes), phases)
    last: Tensor | None = None
    for _ in range(iterations):
        audio = synthesis(magnitudes * directions)
        found = torch.stft(audio, n_fft, hop_length, len(window), window, return_complex=True)
        ahead = found if last is None else found - momentum / (1 + momentum) * last
        directions = ahead / ahead.abs().clamp(min=SMALLEST)
        last = found
    return synthesis(magnitudes * directions)
