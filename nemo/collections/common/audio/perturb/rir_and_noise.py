"""A room, short noises in front and noise behind, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nemo.collections.common.audio.perturb.base import Perturbation
from nemo.collections.common.audio.perturb.impulse import ImpulsePerturbation
from nemo.collections.common.audio.perturb.noise import NoisePerturbation, mean_level
from nemo.collections.common.audio.segment import AudioSegment
from nemo.collections.common.data.manifest import ManifestPaths
from nemo.utils.exceptions import ConfigError


class RirAndNoisePerturbation(Perturbation):
    """Convolves with a room's impulse response, then adds foreground and background noise.

    What has no manifest is left out. The ratios refer to the level of the audio before anything is added.

    Args:
        rir_manifest_path: manifest of impulse responses.
        rir_prob: probability of a room.
        noise_manifest_paths: manifests of foreground noise.
        noise_prob: probability of foreground noise.
        min_snr_db: smallest ratio of audio to foreground noise, in dB.
        max_snr_db: largest ratio.
        rir_tar_filepaths: responses in tar files; not in this release.
        rir_shuffle_n: not used.
        noise_tar_filepaths: noise in tar files; not in this release.
        apply_noise_rir: put foreground noises into a room too.
        orig_sample_rate: the rate that the noise of each manifest had before it was stored, in Hz: audio that was
            recorded at one of them gets noise of that manifest, other audio that of the first.
        max_additions: most foreground noises in one piece of audio.
        max_duration: longest foreground noise, in seconds.
        bg_noise_manifest_paths: manifests of background noise, which has the length of the audio.
        bg_noise_prob: probability of background noise.
        bg_min_snr_db: smallest ratio of audio to background noise, in dB.
        bg_max_snr_db: largest ratio.
        bg_noise_tar_filepaths: noise in tar files; not in this release.
        bg_orig_sample_rate: as `orig_sample_rate`, of the background.
        rng: seed.
    """

    def __init__(
        self,
        rir_manifest_path: ManifestPaths | None = None,
        rir_prob: float = 0.5,
        noise_manifest_paths: Sequence[str] | str | None = None,
        noise_prob: float = 1.0,
        min_snr_db: float = 0,
        max_snr_db: float = 50,
        rir_tar_filepaths: Any | None = None,
        rir_shuffle_n: int = 100,
        noise_tar_filepaths: Any | None = None,
        apply_noise_rir: bool = False,
        orig_sample_rate: Sequence[int] | None = None,
        max_additions: int = 5,
        max_duration: float = 2.0,
        bg_noise_manifest_paths: Sequence[str] | str | None = None,
        bg_noise_prob: float = 1.0,
        bg_min_snr_db: float = 10,
        bg_max_snr_db: float = 50,
        bg_noise_tar_filepaths: Any | None = None,
        bg_orig_sample_rate: Sequence[int] | None = None,
        rng: int | None = None,
    ) -> None:
        super().__init__(rng)
        has_rir = rir_manifest_path is not None or rir_tar_filepaths is not None
        self._rir = (
            ImpulsePerturbation(rir_manifest_path, rir_tar_filepaths, shift_impulse=True, rng=rng) if has_rir else None
        )
        self._foreground = _noises(
            noise_manifest_paths, noise_tar_filepaths, orig_sample_rate, (min_snr_db, max_snr_db), rng
        )
        self._background = _noises(
            bg_noise_manifest_paths, bg_noise_tar_filepaths, bg_orig_sample_rate, (bg_min_snr_db, bg_max_snr_db), rng
        )
        self._rir_prob, self._noise_prob, self._bg_noise_prob = rir_prob, noise_prob, bg_noise_prob
        self._apply_noise_rir = apply_noise_rir
        self._max_additions, self._max_duration = max_additions, max_duration

    def reseed(self, seed: int) -> None:
        """Makes the next random numbers of all parts a function of `seed`."""
        super().reseed(seed)
        for part in (self._rir, *self._foreground, *self._background):
            if part is not None:
                part.reseed(self._rng.getrandbits(62))

    def perturb(self, data: AudioSegment) -> None:
        """Adds the room and the noises."""
        if data.is_empty():
            return
        level = mean_level(data)
        if self._rir is not None and self._rng.random() < self._rir_prob:
            self._rir.perturb(data)
        if self._foreground and self._rng.random() < self._noise_prob:
            noises = self._of_rate(self._foreground, data)
            noise = noises.get_one_noise_sample(data.sample_rate)
            if self._apply_noise_rir and self._rir is not None:
                self._rir.perturb(noise)
            noises.perturb_with_foreground_noise(data, noise, level, self._max_duration, self._max_additions)
        if self._background and self._rng.random() < self._bg_noise_prob:
            noises = self._of_rate(self._background, data)
            noise = noises.get_one_noise_sample(data.sample_rate, data.duration)
            noises.perturb_with_input_noise(data, noise, level)

    @staticmethod
    def _of_rate(noises: list[NoisePerturbation], data: AudioSegment) -> NoisePerturbation:
        return next((noise for noise in noises if noise.orig_sr == data.orig_sr), noises[0])


def _noises(
    manifests: Sequence[str] | str | None,
    tar_files: Any | None,
    rates: Sequence[int] | None,
    ratios: tuple[float, float],
    rng: int | None,
) -> list[NoisePerturbation]:
    if manifests is None and tar_files is None:
        return []
    paths: list[Any] = [manifests] if isinstance(manifests, str) or manifests is None else list(manifests)
    rates = list(rates or [16000] * len(paths))
    if len(rates) != len(paths):
        raise ConfigError(
            f"Noise has {len(paths)} manifests and {len(rates)} original sample rates ({rates}). Expected one rate for "
            "each manifest; mend orig_sample_rate."
        )
    return [
        NoisePerturbation(path, *ratios, rng=rng, audio_tar_filepaths=tar_files, orig_sr=rate)
        for path, rate in zip(paths, rates, strict=True)
    ]
