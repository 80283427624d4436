"""Rooms: audio convolved with recorded impulse responses."""

from __future__ import annotations

from typing import Any

import numpy as np

from nemo.collections.common.audio.perturb.base import Perturbation
from nemo.collections.common.audio.perturb.noise import check_channels
from nemo.collections.common.audio.perturb.recordings import Recordings
from nemo.collections.common.audio.segment import AudioSegment
from nemo.collections.common.data.manifest import ManifestPaths


class ImpulsePerturbation(Perturbation):
    """Convolves audio with a random room impulse response.

    Args:
        manifest_path: manifest of impulse responses, several with commas between, or a list.
        audio_tar_filepaths: responses packed in tar files; not in this release.
        shuffle_n: of packed responses; not used.
        normalize_impulse: scale a response so that its highest peak is 1.
        shift_impulse: drop what a response has before its highest peak, and what rings after the audio: words stay
            where they were and the length does not change. False keeps all of the convolution.
        rng: seed.
    """

    def __init__(
        self,
        manifest_path: ManifestPaths | None = None,
        audio_tar_filepaths: Any | None = None,
        shuffle_n: int = 128,
        normalize_impulse: bool = False,
        shift_impulse: bool = False,
        rng: int | None = None,
    ) -> None:
        super().__init__(rng)
        self._recordings = Recordings(manifest_path, "impulse responses", audio_tar_filepaths)
        self._normalize_impulse, self._shift_impulse = normalize_impulse, shift_impulse

    def perturb(self, data: AudioSegment) -> None:
        """Puts the audio into a random room."""
        response = self._recordings.draw(self._rng, data.sample_rate)
        if data.num_samples == 0 or response.is_empty():
            return
        check_channels(data, response, "The impulse response")
        impulse = response._samples
        peaks = np.abs(impulse)
        if self._normalize_impulse:
            impulse = impulse / peaks.max()
        length = None
        if self._shift_impulse:
            loudest = peaks if peaks.ndim == 1 else peaks.max(axis=1)
            impulse = impulse[int(loudest.argmax()) :]
            length = data.num_samples
        if data._samples.ndim == 2 and impulse.ndim == 1:
            impulse = impulse[:, None]
        data._samples = convolve(data._samples, impulse)[:length]


def convolve(samples: np.ndarray, impulse: np.ndarray) -> np.ndarray:
    """All of the convolution over the first dim, by FFT.

    Args:
        samples: [T] or [T, C].
        impulse: [L], or [L, C] or [L, 1] where `samples` has channels.

    Returns:
        [T + L - 1] or [T + L - 1, C], float32.
    """
    length = samples.shape[0] + impulse.shape[0] - 1
    size = 1 << (length - 1).bit_length()
    spectrum = np.fft.rfft(samples, size, axis=0) * np.fft.rfft(impulse, size, axis=0)
    result: np.ndarray = np.fft.irfft(spectrum, size, axis=0)[:length].astype(np.float32)
    return result
