"""Added white noise."""

from __future__ import annotations

import numpy as np

from nemo.collections.common.audio.perturb.base import Perturbation
from nemo.collections.common.audio.segment import AudioSegment


class WhiteNoisePerturbation(Perturbation):
    """Adds Gaussian noise of a random level.

    Args:
        min_level: softest level in dB relative to full scale.
        max_level: loudest level, included.
        rng: seed.
    """

    def __init__(self, min_level: int = -90, max_level: int = -46, rng: int | None = None) -> None:
        super().__init__(rng)
        self.min_level, self.max_level = int(min_level), int(max_level)

    def perturb(self, data: AudioSegment) -> None:
        """Adds the noise."""
        level = self._rng.randint(self.min_level, self.max_level)
        noise = np.random.default_rng(self._rng.getrandbits(64)).standard_normal(data._samples.shape, dtype=np.float32)
        data._samples = data._samples + noise * np.float32(10.0 ** (level / 20.0))
