"""Added recordings of noise."""

from __future__ import annotations

from typing import Any

from nemo.collections.common.audio.io import audio_duration
from nemo.collections.common.audio.perturb.base import Perturbation
from nemo.collections.common.audio.segment import AudioSegment
from nemo.collections.common.data.manifest import ManifestPaths, read_manifest
from nemo.utils.exceptions import ConfigError, NotYetSupportedError


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
        if audio_tar_filepaths is not None:
            raise NotYetSupportedError(
                f"Noise in tar files ({audio_tar_filepaths}) is not in this release. Unpack it and give "
                "manifest_path alone."
            )
        if manifest_path is None:
            raise ConfigError(
                "Noise perturbation has no manifest_path. Expected a manifest of noise recordings; set it."
            )
        self._entries = read_manifest(manifest_path, require_duration=False)
        self._min_snr_db, self._max_snr_db, self._max_gain_db = min_snr_db, max_snr_db, max_gain_db

    def get_one_noise_sample(self, sample_rate: int, longest: float | None = None) -> AudioSegment:
        """A random recording, or a random part of it that is `longest` seconds long, at `sample_rate`."""
        entry = self._rng.choice(self._entries)
        file = entry.audio_file
        if isinstance(file, list):
            raise ConfigError(
                f"{entry.place}: noise of several files is not read. Expected one audio_filepath; name one."
            )
        available = entry.duration or audio_duration(file) - entry.offset
        start = entry.offset
        if longest is not None and available > longest:
            start += self._rng.uniform(0.0, available - longest)
            available = longest
        return AudioSegment.from_file(file, target_sr=sample_rate, offset=start, duration=available)

    def perturb(self, data: AudioSegment) -> None:
        """Adds random noise."""
        self.perturb_with_input_noise(data, self.get_one_noise_sample(data.sample_rate, data.duration))

    def perturb_with_input_noise(self, data: AudioSegment, noise: AudioSegment) -> None:
        """Adds `noise`, which has the same sample rate and one channel or as many as `data`."""
        if data.is_empty() or noise.is_empty():
            return
        if noise.num_channels not in (1, data.num_channels):
            raise ConfigError(
                f"Noise has {noise.num_channels} channels and the audio {data.num_channels}. Expected one, or as many; "
                "mix the noise down."
            )
        ratio = self._rng.uniform(self._min_snr_db, self._max_snr_db)
        level, noise_level = _mean(data.rms_db), _mean(noise.rms_db)
        noise.gain_db(min(level - noise_level - ratio, self._max_gain_db))
        added = noise._samples[: data.num_samples]
        if data._samples.ndim == 2 and added.ndim == 1:
            added = added[:, None]
        start = self._rng.randint(0, data.num_samples - added.shape[0])
        data._samples = data._samples.copy()
        data._samples[start : start + added.shape[0]] += added


def _mean(level: Any) -> float:
    return float(level.mean()) if hasattr(level, "mean") else level
