"""Taking the constant sound of a vocoder out of its audio (Prenger et al., 2019, their published inference)."""

from __future__ import annotations

import torch
from torch import Tensor


def magnitudes_and_phases(audio: Tensor, n_fft: int, hop_length: int, window: Tensor) -> tuple[Tensor, Tensor]:
    """[B, T] -> magnitudes and angles, both [B, n_fft // 2 + 1, F]."""
    spectrum = torch.stft(audio, n_fft, hop_length, len(window), window, return_complex=True)
    return spectrum.abs(), spectrum.angle()


def subtract_magnitudes(
    audio: Tensor, bias: Tensor, strength: float, n_fft: int, hop_length: int, window: Tensor
) -> Tensor:
    """Audio [B, T] with `strength` times the magnitudes `bias` [1, n_fft // 2 + 1, 1] less, none of them below 0."""
    magnitudes, phases = magnitudes_and_phases(audio, n_fft, hop_length, window)
    left = (magnitudes - strength * bias).clamp(min=0.0)
    return torch.istft(torch.polar(left, phases), n_fft, hop_length, len(window), window)
