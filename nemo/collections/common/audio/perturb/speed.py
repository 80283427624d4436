"""Faster and slower speech, with its pitch (Ko et al., 2015, Audio augmentation for speech recognition)."""

from __future__ import annotations

from nemo.collections.common.audio.perturb.base import Perturbation
from nemo.collections.common.audio.resample import resample
from nemo.collections.common.audio.segment import AudioSegment
from nemo.utils.exceptions import ConfigError


class SpeedPerturbation(Perturbation):
    """Resamples audio to `rate` times its sample rate and keeps calling it by the old one.

    A rate above 1 therefore gives longer, slower audio, as in the original.

    Args:
        sr: sample rate of the audio in Hz.
        resample_type: quality of the resampler, see :func:`nemo.collections.common.audio.resample.resample`.
        min_speed_rate: smallest rate.
        max_speed_rate: largest rate.
        num_rates: number of equally spaced rates to draw from; negative draws any rate between the two.
        rng: seed.
    """

    def __init__(
        self,
        sr: int,
        resample_type: str = "soxr_hq",
        min_speed_rate: float = 0.9,
        max_speed_rate: float = 1.1,
        num_rates: int = 5,
        rng: int | None = None,
    ) -> None:
        super().__init__(rng)
        if not 0 < min_speed_rate <= max_speed_rate:
            raise ConfigError(
                f"Speed perturbation has min_speed_rate {min_speed_rate} and max_speed_rate {max_speed_rate}. Expected "
                "0 < min <= max; mend them."
            )
        if num_rates == 0:
            raise ConfigError(
                "Speed perturbation has num_rates 0. Expected a number of rates, or -1 for any rate; set it."
            )
        self._sr = sr
        self._resample_type = resample_type
        self._min_rate, self._max_rate = min_speed_rate, max_speed_rate
        step = (max_speed_rate - min_speed_rate) / (num_rates - 1) if num_rates > 1 else 0.0
        self._rates = [min_speed_rate + step * index for index in range(num_rates)]

    def max_augmentation_length(self, length: float) -> float:
        """Length at the largest rate."""
        return length * self._max_rate

    def perturb(self, data: AudioSegment) -> None:
        """Changes the speed."""
        rate = self._rng.choice(self._rates) if self._rates else self._rng.uniform(self._min_rate, self._max_rate)
        new_rate = int(self._sr * rate)
        if new_rate != self._sr:
            data._samples = resample(data._samples, self._sr, new_rate, self._resample_type)
