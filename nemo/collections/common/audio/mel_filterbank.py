"""Mel filterbanks: which FFT bins each mel band gathers.

Two scales are in use. Slaney's (Auditory Toolbox, 1998) is linear below 1 kHz and logarithmic above; HTK's is
2595 log10(1 + f / 700) throughout. A filter is a triangle over three neighbouring points of an even grid on that scale.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nemo.utils.exceptions import ConfigError

LINEAR_HZ_PER_MEL = 200.0 / 3
LOG_START_HZ = 1000.0
LOG_START_MEL = LOG_START_HZ / LINEAR_HZ_PER_MEL
LOG_STEP = math.log(6.4) / 27


def slaney_hz_to_mel(hertz: Tensor) -> Tensor:
    """Slaney's scale: 3 mel for 200 Hz below 1 kHz, 27 mel for each factor of 6.4 above."""
    logarithmic = LOG_START_MEL + torch.log(hertz.clamp(min=LOG_START_HZ) / LOG_START_HZ) / LOG_STEP
    return torch.where(hertz < LOG_START_HZ, hertz / LINEAR_HZ_PER_MEL, logarithmic)


def slaney_mel_to_hz(mel: Tensor) -> Tensor:
    """Inverse of :func:`slaney_hz_to_mel`."""
    exponential = LOG_START_HZ * torch.exp(LOG_STEP * (mel - LOG_START_MEL))
    return torch.where(mel < LOG_START_MEL, mel * LINEAR_HZ_PER_MEL, exponential)


def htk_hz_to_mel(hertz: Tensor) -> Tensor:
    """HTK's scale, 2595 log10(1 + f / 700)."""
    return 2595.0 * torch.log10(1.0 + hertz / 700.0)


def htk_mel_to_hz(mel: Tensor) -> Tensor:
    """Inverse of :func:`htk_hz_to_mel`."""
    return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)


SCALES = {"slaney": (slaney_hz_to_mel, slaney_mel_to_hz), "htk": (htk_hz_to_mel, htk_mel_to_hz)}


def mel_filterbank(
    sample_rate: int,
    n_fft: int,
    n_mels: int,
    low_hz: float = 0.0,
    high_hz: float | None = None,
    norm: str | float | None = "slaney",
    scale: str = "slaney",
) -> Tensor:
    """Triangular filters, computed in double precision.

    Args:
        sample_rate: in Hz.
        n_fft: length of the Fourier transform.
        n_mels: number of filters.
        low_hz: lower edge of the first filter.
        high_hz: upper edge of the last; half the sample rate when None.
        norm: ``slaney`` gives every filter the area of one Hz-wide band, a number p the p-norm 1, None a peak of 1.
        scale: ``slaney`` or ``htk``.

    Returns:
        float32 [n_mels, n_fft // 2 + 1].

    Raises:
        ConfigError: `norm` or `scale` is unknown, or the band is empty.
    """
    high_hz = sample_rate / 2 if high_hz is None else high_hz
    if not 0 <= low_hz < high_hz:
        raise ConfigError(f"lowfreq is {low_hz} Hz and highfreq {high_hz} Hz; expected 0 <= lowfreq < highfreq.")
    if scale not in SCALES:
        raise ConfigError(f"mel scale is {scale!r}; expected one of {sorted(SCALES)}.")
    to_mel, to_hz = SCALES[scale]
    low, high = to_mel(torch.tensor([low_hz, high_hz], dtype=torch.float64)).tolist()
    corners = to_hz(torch.linspace(low, high, n_mels + 2, dtype=torch.float64))
    bins = torch.linspace(0, sample_rate / 2, n_fft // 2 + 1, dtype=torch.float64)
    rising = (bins - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    falling = (corners[2:, None] - bins) / (corners[2:] - corners[1:-1])[:, None]
    filters = torch.minimum(rising, falling).clamp(min=0)
    if norm == "slaney":
        filters *= (2.0 / (corners[2:] - corners[:-2]))[:, None]
    elif isinstance(norm, (int, float)):
        filters = torch.nn.functional.normalize(filters, p=float(norm), dim=1)
    elif norm is not None:
        raise ConfigError(f"mel_norm is {norm!r}; expected 'slaney', a number or null.")
    return filters.float()
