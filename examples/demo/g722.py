"""G.722 speech, 64 kbit/s, decoded to 16 kHz samples (ITU-T Recommendation G.722, 09/2012, section 4).

byte -> 6 bits of the lower band, 2 of the higher -> adaptive differences of both at 8 kHz -> quadrature mirror filter

The predictor of each band depends on every sample before, so time is a loop. Many recordings go through it together,
and both bands of each: all names below are arrays [2, N], lower band first, of N recordings. Comments name the blocks
of the recommendation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SAMPLE_RATE = 16000
LOW_LEVELS = [
    *(-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576),
    *(-7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040),
    *(-728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456),
    *(4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136),
]
"""What the 6 bits mean, in steps of the quantiser."""
COARSE_LEVELS = [0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0]
"""What the upper 4 of them mean; the predictor learns from these."""
HIGH_LEVELS = [-7408, -1616, 7408, 1616]
LOW_STEP_CHANGES = [0, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60]
"""By the upper 4 bits; added to the logarithm of the step."""
HIGH_STEP_CHANGES = [798, -214, 798, -214]
ROOTS = np.floor(2048 * 2 ** (np.arange(32) / 32) + 0.5).astype(np.int64)
"""Thirty-second parts of an octave."""
MIRROR_FILTER = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11]
HIGHEST_LOG_STEP = np.array([[18432], [22528]])
STEP_SHIFT = np.array([[8], [10]])


def decode_g722(streams: Sequence[bytes]) -> list[np.ndarray]:
    """Samples [T] int16 of each stream; T is twice its bytes."""
    order = sorted(range(len(streams)), key=lambda number: -len(streams[number]))
    lengths = np.array([len(streams[number]) for number in order])
    longest = int(lengths[0]) if len(lengths) else 0
    bands = np.zeros((longest, 2, len(order)), dtype=np.int64)
    codes = np.zeros((longest, len(order)), dtype=np.uint8)
    for row, number in enumerate(order):
        codes[: lengths[row], row] = np.frombuffer(streams[number], dtype=np.uint8)
    decoder = _Bands(len(order))
    running = len(order)
    for time in range(longest):
        while lengths[running - 1] <= time:  # the shortest ones are last
            running -= 1
        if running < decoder.count:
            decoder.keep(running)
        bands[time, :, :running] = decoder.step(codes[time, :running])
    found: list[np.ndarray] = [np.zeros(0, dtype=np.int16)] * len(streams)
    for row, number in enumerate(order):
        found[number] = _joined(bands[: lengths[row], :, row])
    return found


class _Bands:
    """The state of both bands of some recordings."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.step_size = np.repeat([[32], [8]], count, axis=1)
        self.log_step = np.zeros((2, count), dtype=np.int64)
        self.predicted = np.zeros((2, count), dtype=np.int64)
        self.of_zeros = np.zeros((2, count), dtype=np.int64)
        """The part of the prediction that comes from the last differences."""
        self.rebuilt = np.zeros((2, 2, count), dtype=np.int64)
        self.signs = np.zeros((2, 2, count), dtype=bool)
        """Whether the last two sums of difference and `of_zeros` were negative."""
        self.poles = np.zeros((2, 2, count), dtype=np.int64)
        self.differences = np.zeros((6, 2, count), dtype=np.int64)
        self.zeros = np.zeros((6, 2, count), dtype=np.int64)

    def keep(self, count: int) -> None:
        """Forgets all recordings but the first ones."""
        self.count = count
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray):
                setattr(self, name, value[..., :count].copy())

    def step(self, codes: np.ndarray) -> np.ndarray:
        """One sample of each band, [2, N], of a byte of each recording."""
        low, high = codes & 63, codes >> 6
        exact, coarse, change = (
            np.stack([_LOW[kind][low], _HIGH[kind][high]]) for kind in ("exact", "coarse", "change")
        )
        sample = np.clip(self.predicted + (self.step_size * exact >> 15), -16384, 16383)
        difference = self.step_size * coarse >> 15
        self.log_step = np.clip((self.log_step * 127 >> 7) + change, 0, HIGHEST_LOG_STEP)  # LOGSCL, LOGSCH
        shift = STEP_SHIFT - (self.log_step >> 11)
        root = ROOTS[self.log_step >> 6 & 31]
        self.step_size = np.where(shift < 0, root << np.maximum(-shift, 0), root >> np.maximum(shift, 0)) << 2
        self._adapt(difference)
        return sample

    def _adapt(self, difference: np.ndarray) -> None:
        negative = _saturated(self.of_zeros + difference) < 0  # PARREC
        same_as_last, same_as_before = negative == self.signs[0], negative == self.signs[1]
        first, second = self.poles
        turn = _saturated(first << 2)
        turn = np.minimum(np.where(same_as_last, -turn, turn), 32767)
        second = np.where(same_as_before, 128, -128) + (turn >> 7) + (second * 32512 >> 15)  # UPPOL2
        second = np.clip(second, -12288, 12288)
        limit = _saturated(15360 - second)
        first = np.clip(_saturated(np.where(same_as_last, 192, -192) + (first * 32640 >> 15)), -limit, limit)  # UPPOL1
        pull = np.where(difference == 0, 0, 128)
        pulls = np.where((self.differences < 0) == (difference < 0), pull, -pull)
        self.zeros = _saturated(pulls + (self.zeros * 32640 >> 15))  # UPZERO
        self.differences = np.concatenate([difference[None], self.differences[:-1]])
        self.rebuilt = np.stack([_saturated(self.predicted + difference), self.rebuilt[0]])
        self.signs = np.stack([negative, self.signs[0]])
        self.poles = np.stack([first, second])
        of_poles = _saturated((self.poles * _saturated(2 * self.rebuilt) >> 15).sum(axis=0))  # FILTEP
        self.of_zeros = _saturated((self.zeros * _saturated(2 * self.differences) >> 15).sum(axis=0))  # FILTEZ
        self.predicted = _saturated(of_poles + self.of_zeros)


def _saturated(values: np.ndarray) -> np.ndarray:
    return np.clip(values, -32768, 32767)


def _joined(bands: np.ndarray) -> np.ndarray:
    """Both bands [T, 2] in one signal [2 T]: the receiving quadrature mirror filter."""
    if not len(bands):
        return np.zeros(0, dtype=np.int16)
    low, high = bands[:, 0], bands[:, 1]
    even, odd = (np.concatenate([np.zeros(11, dtype=np.int64), each]) for each in (low + high, low - high))
    filters = np.array(MIRROR_FILTER)
    found = np.empty(2 * len(low), dtype=np.int64)
    found[0::2] = np.convolve(odd, filters, mode="valid")
    found[1::2] = np.convolve(even, filters[::-1], mode="valid")
    return _saturated(found >> 11).astype(np.int16)


_LOW = {
    "exact": np.array(LOW_LEVELS),
    "coarse": np.repeat(COARSE_LEVELS, 4),
    "change": np.repeat(LOW_STEP_CHANGES, 4),
}
_HIGH = {"exact": np.array(HIGH_LEVELS), "coarse": np.array(HIGH_LEVELS), "change": np.array(HIGH_STEP_CHANGES)}
