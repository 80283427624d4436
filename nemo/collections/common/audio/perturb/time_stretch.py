"""Faster and slower speech that keeps its pitch: a phase vocoder.

Flanagan & Golden, 1966, Phase vocoder; bins around a peak keep their phases to it as in Laroche & Dolson, 1999,
Improved phase vocoder time-scale modification of audio.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from nemo.collections.common.audio.perturb.base import Perturbation
from nemo.collections.common.audio.segment import AudioSegment
from nemo.utils.exceptions import ConfigError


class TimeStretchPerturbation(Perturbation):
    """Plays audio at `rate` times its speed; a rate above 1 is shorter.

    Args:
        min_speed_rate: smallest rate.
        max_speed_rate: largest rate.
        num_rates: number of equally spaced rates to draw from; negative draws any rate between the two.
        n_fft: samples in a frame; frames overlap by three quarters.
        rng: seed.
    """

    def __init__(
        self,
        min_speed_rate: float = 0.9,
        max_speed_rate: float = 1.1,
        num_rates: int = 5,
        n_fft: int = 512,
        rng: int | None = None,
    ) -> None:
        super().__init__(rng)
        if not 0 < min_speed_rate <= max_speed_rate or num_rates == 0:
            raise ConfigError(
                f"Time stretching has min_speed_rate {min_speed_rate}, max_speed_rate {max_speed_rate} and num_rates "
                f"{num_rates}. Expected 0 < min <= max and some rates, or -1 for any between; mend them."
            )
        self._min_rate, self._max_rate, self._n_fft = min_speed_rate, max_speed_rate, n_fft
        self._rates = np.linspace(min_speed_rate, max_speed_rate, num_rates).tolist() if num_rates > 0 else []

    def max_augmentation_length(self, length: float) -> float:
        """Length at the smallest rate."""
        return length / self._min_rate

    def perturb(self, data: AudioSegment) -> None:
        """Changes the speed. Audio shorter than half a frame stays as it is."""
        rate = self._rng.choice(self._rates) if self._rates else self._rng.uniform(self._min_rate, self._max_rate)
        if rate == 1.0 or data.num_samples <= self._n_fft // 2:
            return
        stretched = stretch(torch.from_numpy(data._samples.T.copy()), rate, self._n_fft)
        data._samples = np.ascontiguousarray(stretched.numpy().T)


def stretch(samples: Tensor, rate: float, n_fft: int) -> Tensor:
    """Audio at `rate` times its speed, of the same pitch.

    Frames between the original's are interpolated: their magnitudes lie between those of both neighbours, their phases
    go on by what the phase gains from one neighbour to the other.

    Args:
        samples: [T] or [C, T], longer than half of `n_fft`.
        rate: above 1 for shorter audio.
        n_fft: samples in a frame.

    Returns:
        [round(T / rate)] or [C, round(T / rate)].
    """
    hop = n_fft // 4
    window = torch.hann_window(n_fft, dtype=samples.dtype)
    frames = torch.stft(samples, n_fft, hop, window=window, return_complex=True)  # [..., bins, F]
    places = torch.arange(0, frames.shape[-1], rate, dtype=torch.float64)
    frames = torch.nn.functional.pad(frames, (0, 2))
    left = places.floor().long()
    before, after = frames[..., left], frames[..., left + 1]
    share = (places - left).to(samples.dtype)
    magnitude = (1 - share) * before.abs() + share * after.abs()
    # a bin's own frequency gains this phase from frame to frame; what differs from it is known up to whole turns
    expected = torch.linspace(0, math.pi * hop, n_fft // 2 + 1, dtype=samples.dtype)[:, None]
    gained = after.angle() - before.angle() - expected
    gained = gained - 2 * math.pi * torch.round(gained / (2 * math.pi)) + expected
    phase = torch.cumsum(torch.cat((frames[..., :1].angle(), gained[..., :-1]), dim=-1), dim=-1)
    peak = _nearest_peaks(magnitude)
    phase = phase.gather(-2, peak) + before.angle() - before.angle().gather(-2, peak)
    length = round(samples.shape[-1] / rate)
    return torch.istft(torch.polar(magnitude, phase), n_fft, hop, window=window, length=length)


def _nearest_peaks(magnitude: Tensor) -> Tensor:
    """For each bin the nearest one that is louder than two neighbours on either side: [..., bins, F] in and out."""
    bins = magnitude.shape[-2]
    columns = magnitude.transpose(-1, -2).reshape(-1, bins)
    is_peak = columns == torch.nn.functional.max_pool1d(columns[:, None], 5, stride=1, padding=2)[:, 0]
    index = torch.arange(bins)
    below = torch.where(is_peak, index, -2 * bins).cummax(dim=1).values
    above = torch.where(is_peak, index, 3 * bins).flip(1).cummin(dim=1).values.flip(1)
    nearest = torch.where(index - below <= above - index, below, above)
    return nearest.reshape(*magnitude.shape[:-2], -1, bins).transpose(-1, -2)
