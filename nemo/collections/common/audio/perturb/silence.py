"""Silence added at both ends."""

from __future__ import annotations

import numpy as np

from nemo.collections.common.audio.perturb.base import Perturbation
from nemo.collections.common.audio.segment import AudioSegment


class SilencePerturbation(Perturbation):
    """Puts a random length of a constant before and after audio.

    Args:
        min_start_silence_secs: least before, in seconds.
        max_start_silence_secs: most before.
        min_end_silence_secs: least after.
        max_end_silence_secs: most after.
        rng: seed.
        value: the constant.
    """

    def __init__(
        self,
        min_start_silence_secs: float = 0,
        max_start_silence_secs: float = 0,
        min_end_silence_secs: float = 0,
        max_end_silence_secs: float = 0,
        rng: int | None = None,
        value: float = 0,
    ) -> None:
        super().__init__(rng)
        self._start = (min_start_silence_secs, max_start_silence_secs)
        self._end = (min_end_silence_secs, max_end_silence_secs)
        self._value = value

    def perturb(self, data: AudioSegment) -> None:
        """Adds the silence."""
        sizes = [round(self._rng.uniform(*limits) * data.sample_rate) for limits in (self._start, self._end)]
        width = [(sizes[0], sizes[1])] + [(0, 0)] * (data._samples.ndim - 1)
        data._samples = np.pad(data._samples, width, constant_values=self._value)
