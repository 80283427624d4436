"""Mel-frequency cepstral coefficients (Davis and Mermelstein, 1980).

audio [B, T] -> power spectrogram -> HTK mel filters -> log or decibels -> cosine transform -> [B, C, F]
B batch, T samples, M mel bands, C coefficients, F frames.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from nemo.collections.common.audio.mel_filterbank import mel_filterbank
from nemo.utils.exceptions import ConfigError, ShapeError

LOG_OFFSET = 1e-6
DECIBEL_FLOOR = 1e-10
DECIBEL_RANGE = 80.0
"""Decibels below an utterance's loudest point that are kept, where decibels are asked for."""


def cosine_transform(n_mfcc: int, n_mels: int, norm: str | None = "ortho") -> Tensor:
    """The DCT-II as a matrix [n_mels, n_mfcc]; orthonormal with ``ortho``, twice the cosines with None."""
    bands = torch.arange(n_mels, dtype=torch.float64)[:, None]
    orders = torch.arange(n_mfcc, dtype=torch.float64)
    transform = torch.cos(math.pi / n_mels * (bands + 0.5) * orders)
    if norm is None:
        return (2.0 * transform).float()
    if norm != "ortho":
        raise ConfigError(f"preprocessor.norm is {norm!r}; expected 'ortho' or null.")
    transform[:, 0] *= 1.0 / math.sqrt(2.0)
    return (transform * math.sqrt(2.0 / n_mels)).float()


class MFCCFeatures(nn.Module):
    """Computes MFCCs without padding or normalisation; the names of the saved buffers are fixed by archives.

    Args:
        sample_rate: in Hz.
        n_mfcc: number of coefficients, at most `n_mels`.
        dct_type: 2, the only one there is.
        norm: ``ortho`` or None, of the cosine transform.
        log_mels: natural logarithm of the mel energies, else decibels.
        n_fft: length of the Fourier transform.
        win_length: window length in samples.
        hop_length: in samples.
        window: a periodic window of `win_length` samples.
        n_mels: number of mel filters.
        low_hz: lower edge.
        high_hz: upper edge; half the sample rate when None.
    """

    dct_mat: Tensor

    def __init__(
        self,
        sample_rate: int,
        n_mfcc: int,
        *,
        n_fft: int,
        win_length: int,
        hop_length: int,
        window: Tensor,
        n_mels: int,
        dct_type: int = 2,
        norm: str | None = "ortho",
        log_mels: bool = True,
        low_hz: float = 0.0,
        high_hz: float | None = None,
    ) -> None:
        super().__init__()
        if dct_type != 2:
            raise ConfigError(f"preprocessor.dct_type is {dct_type}; only 2 exists.")
        if n_mfcc > n_mels:
            raise ConfigError(f"preprocessor.n_mfcc is {n_mfcc}, more than n_mels = {n_mels}.")
        self.sample_rate, self.n_fft, self.win_length, self.hop_length = sample_rate, n_fft, win_length, hop_length
        self.log_mels = log_mels
        self.register_buffer("dct_mat", cosine_transform(n_mfcc, n_mels, norm))
        filters = mel_filterbank(sample_rate, n_fft, n_mels, low_hz, high_hz, norm=None, scale="htk")
        spectrogram, mel_scale = nn.Module(), nn.Module()
        spectrogram.register_buffer("window", window)
        mel_scale.register_buffer("fb", filters.t().contiguous())
        self.MelSpectrogram = nn.ModuleDict({"spectrogram": spectrogram, "mel_scale": mel_scale})

    def forward(self, audio: Tensor) -> Tensor:
        """Audio [B, T] -> coefficients [B, C, T // hop + 1]; edges are mirrored."""
        if audio.ndim != 2 or audio.shape[1] <= self.n_fft // 2:
            raise ShapeError(
                f"MFCCFeatures got audio {list(audio.shape)}; it expects [B, T] with more than "
                f"{self.n_fft // 2} samples."
            )
        window: Tensor = self.get_buffer("MelSpectrogram.spectrogram.window")
        spectrum = torch.stft(
            audio.to(window.dtype), self.n_fft, self.hop_length, self.win_length, window, return_complex=True
        )
        parts = torch.view_as_real(spectrum.transpose(1, 2))  # [B, F, bins, 2]
        power = parts[..., 0].square().addcmul_(parts[..., 1], parts[..., 1])
        mel = power @ self.get_buffer("MelSpectrogram.mel_scale.fb")  # [B, F, M]
        mel = (mel + LOG_OFFSET).log_() if self.log_mels else _decibels(mel)
        return (mel @ self.dct_mat).transpose(1, 2)


def _decibels(power: Tensor) -> Tensor:
    """Decibels of [B, F, M], no more than `DECIBEL_RANGE` below each utterance's maximum."""
    decibels = 10.0 * torch.log10(power.clamp(min=DECIBEL_FLOOR))
    return torch.maximum(decibels, decibels.amax(dim=(1, 2), keepdim=True) - DECIBEL_RANGE)
