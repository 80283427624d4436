"""How loud a recording is."""

from __future__ import annotations

import numpy as np


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
