"""Louder and softer audio."""

from __future__ import annotations

from nemo.collections.common.audio.perturb.base import Perturbation
from nemo.collections.common.audio.segment import AudioSegment


class GainPerturbation(Perturbation):
    """Amplifies by a random number of dB.

    Args:
        min_gain_dbfs: smallest gain.
        max_gain_dbfs: largest gain.
        rng: seed.
    """

    def __init__(self, min_gain_dbfs: float = -10, max_gain_dbfs: float = 10, rng: int | None = None) -> None:
        super().__init__(rng)
        self._min_gain_dbfs, self._max_gain_dbfs = min_gain_dbfs, max_gain_dbfs

    def perturb(self, data: AudioSegment) -> None:
        """Amplifies."""
        data.gain_db(self._rng.uniform(self._min_gain_dbfs, self._max_gain_dbfs))
