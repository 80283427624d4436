"""A random part of the audio."""

from __future__ import annotations

from nemo.collections.common.audio.perturb.base import Perturbation
from nemo.collections.common.audio.segment import AudioSegment


class RandomSegmentPerturbation(Perturbation):
    """Keeps a random part of a fixed length.

    Args:
        duration_sec: length of the part, in seconds.
        pad_to_duration: put zeros after shorter audio; False refuses it.
        rng: seed.
    """

    def __init__(self, duration_sec: float = 32.0, pad_to_duration: bool = False, rng: int | None = None) -> None:
        super().__init__(rng)
        self._duration_sec, self._pad_to_duration = duration_sec, pad_to_duration

    def max_augmentation_length(self, length: float) -> float:
        """The part's length."""
        return self._duration_sec

    def perturb(self, data: AudioSegment) -> None:
        """Cuts the part out.

        Raises:
            ValueError: the audio is shorter, and is not to be padded.
        """
        wanted = round(self._duration_sec * data.sample_rate)
        if data.num_samples < wanted:
            if not self._pad_to_duration:
                raise ValueError(
                    f"The audio has {data.duration:.2f} s, and random_segment wants {self._duration_sec} s of it. "
                    "Leave shorter recordings out with min_duration, or set pad_to_duration: true."
                )
            data.pad(wanted - data.num_samples)
            return
        start = self._rng.randint(0, data.num_samples - wanted)
        data._samples = data._samples[start : start + wanted]
