"""Audio moved in time."""

from __future__ import annotations

import numpy as np

from nemo.collections.common.audio.perturb.base import Perturbation
from nemo.collections.common.audio.segment import AudioSegment


class ShiftPerturbation(Perturbation):
    """Moves audio by a random time; zeros fill the gap. Audio shorter than the shift stays as it is.

    Args:
        min_shift_ms: furthest to the right, in milliseconds (negative).
        max_shift_ms: furthest to the left.
        rng: seed.
    """

    def __init__(self, min_shift_ms: float = -5.0, max_shift_ms: float = 5.0, rng: int | None = None) -> None:
        super().__init__(rng)
        self._min_shift_ms, self._max_shift_ms = min_shift_ms, max_shift_ms

    def perturb(self, data: AudioSegment) -> None:
        """Moves the samples."""
        shift = int(self._rng.uniform(self._min_shift_ms, self._max_shift_ms) * data.sample_rate / 1000)
        if shift == 0 or abs(shift) >= data.num_samples:
            return
        moved = np.zeros_like(data._samples)
        if shift > 0:
            moved[:-shift] = data._samples[shift:]
        else:
            moved[-shift:] = data._samples[:shift]
        data._samples = moved
