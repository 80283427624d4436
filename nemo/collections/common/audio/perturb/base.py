"""What every perturbation offers."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod

from nemo.collections.common.audio.segment import AudioSegment


class Perturbation(ABC):
    """Changes a piece of audio in place, at random.

    Args:
        rng: seed of this perturbation's random numbers; None takes one from Python's generator.
    """

    def __init__(self, rng: int | None = None) -> None:
        self._seed = rng
        self._rng = random.Random(random.getrandbits(62) if rng is None else rng)

    @abstractmethod
    def perturb(self, data: AudioSegment) -> None:
        """Changes `data` in place."""

    def reseed(self, seed: int) -> None:
        """Makes the next random numbers a function of `seed` (and of the perturbation's own)."""
        self._rng.seed(hash((seed, self._seed or 0)))

    def max_augmentation_length(self, length: float) -> float:
        """The longest that audio of this length can become."""
        return length
