"""Added recordings of noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from nemo.collections.common.audio.perturb.base import Perturbation
from nemo.collections.common.audio.perturb.recordings import Recordings
from nemo.collections.common.audio.segment import AudioSegment
from nemo.collections.common.data.manifest import ManifestPaths
from nemo.utils.exceptions import ConfigError


class NoisePerturbation(Perturbation):
    """Adds a recording of noise at a random signal-to-noise ratio.

    Noise longer than the audio gives a random part of itself; shorter noise is added at a random place.

    Args:
        manifest_path: manifest of noise recordings, several with commas between, or a list.
        min_snr_db: smallest ratio of audio to noise, in dB.
        max_snr_db: largest ratio.
        max_gain_db: most that noise is amplified, in dB.
        rng: seed.
        audio_tar_filepaths: noise packed in tar files; not in this release.
        shuffle_n: of packed noise; not used.
        orig_sr: rate the noise had before it was stored, in Hz; not used here.
    """

    def __init__(
        self,
        manifest_path: ManifestPaths | None = None,
        min_snr_db: float = 10,
        max_snr_db: float = 50,
        max_gain_db: float = 300.0,
        rng: int | None = None,
        audio_tar_filepaths: Any | None = None,
        shuffle_n: int = 100,
        orig_sr: int = 16000,
    ) -> None:
        super().__init__(rng)
        self._recordings = Recordings(manifest_path, "noise", audio_tar_filepaths)
        self._min_snr_db, self._max_snr_db, self._max_gain_db = min_snr_db, max_snr_db, max_gain_db
        self.orig_sr = orig_sr

    def get_one_noise_sample(self, sample_rate: int, longest: float | None = None) -> AudioSegment:
        """A random recording, or a random part of it that is `longest` seconds long, at `sample_rate`."""
        return self._recordings.draw(self._rng, sample_rate, longest)

    def perturb(self, data: AudioSegment) -> None:
        """Adds random noise."""
        self.perturb_with_input_noise(data, self.get_one_noise_sample(data.sample_rate, data.duration))

    def perturb_with_input_noise(self, data: AudioSegment, noise: AudioSegment, data_rms: float | None = None) -> None:
        """Adds `noise`, which has the same sample rate and one channel or as many as `data`.

        Args:
            data: changed in place.
            noise: is amplified in place.
            data_rms: level that the ratio refers to, in dB; None takes that of `data`.
        """
        if data.is_empty() or noise.is_empty():
            return
        check_channels(data, noise)
        ratio = self._rng.uniform(self._min_snr_db, self._max_snr_db)
        level = mean_level(data) if data_rms is None else data_rms
        noise.gain_db(min(level - mean_level(noise) - ratio, self._max_gain_db))
        added = noise._samples[: data.num_samples]
        if data._samples.ndim == 2 and added.ndim == 1:
            added = added[:, None]
        start = self._rng.randint(0, data.num_samples - added.shape[0])
        data._samples = data._samples.copy()
        data._samples[start : start + added.shape[0]] += added

    def perturb_with_foreground_noise(
        self,
        data: AudioSegment,
        noise: AudioSegment | None = None,
        data_rms: float | None = None,
        max_noise_dur: float = 2.0,
        max_additions: int = 1,
    ) -> None:
        """Adds up to `max_additions` short noises, each at a place and ratio of its own.

        Args:
            data: changed in place.
            noise: parts of it are added; None draws a recording each time.
            data_rms: level that the ratios refer to, in dB; None takes that of `data` as it comes.
            max_noise_dur: longest noise, in seconds.
            max_additions: most noises; at least one is added.
        """
        if data.is_empty():
            return
        level = mean_level(data) if data_rms is None else data_rms
        for _ in range(self._rng.randint(1, max(max_additions, 1))):
            longest = min(self._rng.uniform(0.0, max_noise_dur), data.duration)
            if noise is None:
                part = self.get_one_noise_sample(data.sample_rate, max(longest, 1.0 / data.sample_rate))
            else:
                samples = min(max(round(longest * data.sample_rate), 1), noise.num_samples)
                start = self._rng.randint(0, noise.num_samples - samples)
                part = AudioSegment(noise._samples[start : start + samples], noise.sample_rate)
            self.perturb_with_input_noise(data, part, level)


def mean_level(segment: AudioSegment) -> float:
    """Root mean square level in dB, mean over the channels."""
    return float(np.mean(segment.rms_db))


def check_channels(data: AudioSegment, other: AudioSegment, what: str = "Noise") -> None:
    """Raises a ConfigError unless `other` has one channel, or as many as `data`."""
    if other.num_channels not in (1, data.num_channels):
        raise ConfigError(
            f"{what} has {other.num_channels} channels and the audio {data.num_channels}. Expected one, or as many; "
            "mix it down."
        )
