"""The decoder of many recordings at once against the blocks of the recommendation, written for one band at a time."""

import numpy as np
import pytest

from examples.demo.g722 import (
    COARSE_LEVELS,
    HIGH_LEVELS,
    HIGH_STEP_CHANGES,
    LOW_LEVELS,
    LOW_STEP_CHANGES,
    MIRROR_FILTER,
    decode_g722,
)


def saturated(value):
    return max(-32768, min(32767, value))


class Band:
    def __init__(self, step, highest, shift):
        self.step, self.highest, self.shift = step, highest, shift
        self.log = self.prediction = self.from_zeros = 0
        self.a, self.b = [0, 0], [0] * 6
        self.p, self.r, self.d = [0, 0], [0, 0], [0] * 6

    def __call__(self, exact, coarse, change):
        sample = max(-16384, min(16383, self.prediction + (self.step * exact >> 15)))
        d = self.step * coarse >> 15
        self.log = max(0, min(self.highest, (self.log * 127 >> 7) + change))
        power = int(2048 * 2 ** ((self.log >> 6 & 31) / 32) + 0.5)
        shift = self.shift - (self.log >> 11)
        self.step = (power << -shift if shift < 0 else power >> shift) << 2
        self.adapt(d)
        return sample

    def adapt(self, d):
        p = saturated(self.from_zeros + d)
        same = [(p < 0) == (before < 0) for before in self.p]
        turn = saturated(4 * self.a[0])
        turn = min(-turn if same[0] else turn, 32767)
        a2 = max(-12288, min(12288, (128 if same[1] else -128) + (turn >> 7) + (self.a[1] * 32512 >> 15)))
        a1 = saturated((192 if same[0] else -192) + (self.a[0] * 32640 >> 15))
        limit = saturated(15360 - a2)
        self.a = [max(-limit, min(limit, a1)), a2]
        for i in range(6):
            pull = 0 if d == 0 else 128 if (self.d[i] < 0) == (d < 0) else -128
            self.b[i] = saturated(pull + (self.b[i] * 32640 >> 15))
        self.d, self.p = [d, *self.d[:5]], [p, self.p[0]]
        self.r = [saturated(self.prediction + d), self.r[0]]
        poles = saturated(sum(a * saturated(2 * r) >> 15 for a, r in zip(self.a, self.r, strict=True)))
        self.from_zeros = saturated(sum(b * saturated(2 * x) >> 15 for b, x in zip(self.b, self.d, strict=True)))
        self.prediction = saturated(poles + self.from_zeros)


def decoded(stream):
    low, high = Band(32, 18432, 8), Band(8, 22528, 10)
    line, samples = [0] * 24, []
    for code in stream:
        i, j = code & 63, code >> 6
        below = low(LOW_LEVELS[i], COARSE_LEVELS[i >> 2], LOW_STEP_CHANGES[i >> 2])
        above = high(HIGH_LEVELS[j], HIGH_LEVELS[j], HIGH_STEP_CHANGES[j])
        line = [*line[2:], below + above, below - above]
        odd = sum(line[2 * i + 1] * MIRROR_FILTER[11 - i] for i in range(12))
        even = sum(line[2 * i] * MIRROR_FILTER[i] for i in range(12))
        samples += [saturated(odd >> 11), saturated(even >> 11)]
    return samples


@pytest.mark.parametrize("lengths", [(300, 40, 170, 300), (1,), ()])
def test_recordings_of_any_lengths_are_decoded_together_as_each_alone(lengths):
    draw = np.random.default_rng(0)
    streams = [bytes(draw.integers(0, 256, length, dtype=np.uint8)) for length in lengths]
    found = decode_g722(streams)
    assert [each.tolist() for each in found] == [decoded(stream) for stream in streams]
    assert all(each.dtype == np.int16 for each in found)


def test_an_empty_recording_has_no_samples():
    first, empty = decode_g722([b"\x9a\x03", b""])
    assert len(first) == 4
    assert len(empty) == 0
