"""Noise at an exact ratio, in audio of an exact level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nemo.collections.common.audio.perturb.base import Perturbation
from nemo.collections.common.audio.perturb.noise import check_channels, mean_level
from nemo.collections.common.audio.perturb.recordings import Recordings
from nemo.collections.common.audio.segment import AudioSegment
from nemo.collections.common.data.manifest import ManifestPaths


class NoiseNormPerturbation(Perturbation):
    """Brings audio to a level and adds noise over all of its length, at a random signal-to-noise ratio.

    Noise that is shorter than the audio is repeated. A sum that would clip is made softer as a whole, which keeps the
    ratio (as in Reddy et al., 2019, A scalable noisy speech dataset, https://arxiv.org/abs/1909.08050).

    Args:
        manifest_path: manifest of noise recordings, several with commas between, or a list.
        min_snr_db: smallest ratio of audio to noise, in dB.
        max_snr_db: largest ratio.
        snr_samples: ratios to draw from, instead of anything between the two.
        norm_to_db: root mean square level of the audio before noise is added, in dB; None keeps what it has.
        rng: seed.
        audio_tar_filepaths: noise packed in tar files; not in this release.
        shuffle_n: of packed noise; not used.
        orig_sr: rate the noise had before it was stored, in Hz; not used here.
        global_rank: not used; every rank draws its own.
        world_size: not used.
        shard_strategy: of packed noise; not used.
        epsilon: distance that is kept from full scale.
    """

    def __init__(
        self,
        manifest_path: ManifestPaths | None = None,
        min_snr_db: float = 10,
        max_snr_db: float = 50,
        snr_samples: Sequence[float] | None = None,
        norm_to_db: float | None = None,
        rng: int | None = None,
        audio_tar_filepaths: Any | None = None,
        shuffle_n: int = 128,
        orig_sr: int = 16000,
        global_rank: int = 0,
        world_size: int = 1,
        shard_strategy: str = "replicate",
        epsilon: float = 0.01,
    ) -> None:
        super().__init__(rng)
        self._recordings = Recordings(manifest_path, "noise", audio_tar_filepaths)
        self._min_snr_db, self._max_snr_db = min_snr_db, max_snr_db
        self._snr_samples = list(snr_samples or [])
        self._norm_to_db = norm_to_db
        self._epsilon = epsilon

    def perturb(self, data: AudioSegment) -> None:
        """Adds random noise."""
        self.perturb_with_input_noise(data, self._recordings.draw(self._rng, data.sample_rate, data.duration))

    def perturb_with_input_noise(self, data: AudioSegment, noise: AudioSegment) -> None:
        """Adds `noise`, which has the same sample rate and one channel or as many as `data`."""
        if data.is_empty() or noise.is_empty():
            return
        check_channels(data, noise)
        if self._norm_to_db is not None:
            data.gain_db(self._norm_to_db - mean_level(data))
        ratio = (
            self._rng.choice(self._snr_samples)
            if self._snr_samples
            else self._rng.uniform(self._min_snr_db, self._max_snr_db)
        )
        added = noise._samples[np.arange(data.num_samples) % noise.num_samples]
        filled = AudioSegment(added, data.sample_rate)
        filled.gain_db(mean_level(data) - mean_level(filled) - ratio)
        added = filled._samples
        mixed = data._samples + (added[:, None] if data._samples.ndim == 2 and added.ndim == 1 else added)
        peak, highest = float(np.abs(mixed).max()), 1.0 - self._epsilon
        data._samples = (mixed * (highest / peak) if peak > highest else mixed).astype(np.float32)
