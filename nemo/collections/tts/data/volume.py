"""How loud a recording is."""

from __future__ import annotations

import numpy as np
from torch import Tensor


def normalize_volume(audio: np.ndarray, volume_level: float = 0.95) -> np.ndarray:
    """The audio with its highest peak at `volume_level`, between 0 and 1; silence stays.

    Raises:
        ValueError: the level is not between 0 and 1.
    """
    if not 0.0 <= volume_level <= 1.0:
        raise ValueError(f"volume_level is {volume_level}. Expected a number between 0 and 1.")
    if audio.size == 0:
        return audio
    peak = np.max(np.abs(audio))
    return audio if peak == 0 else volume_level * (audio / peak)


def louder(spectrogram: Tensor, volumes: Tensor, mag_power: float) -> Tensor:
    """Log-mel spectrograms of the same audio with its amplitude multiplied; true up to what guards the logarithm.

    Args:
        spectrogram: [B, D, F], natural logarithms, not normalised.
        volumes: [B, F] factors; 0, that of padding, changes nothing.
        mag_power: exponent of the magnitudes.
    """
    return spectrogram + mag_power * volumes.masked_fill(volumes == 0, 1.0).log()[:, None]
