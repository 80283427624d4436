"""Silence at both ends, against a frame-by-frame computation."""

import numpy as np
import pytest

from nemo.collections.common.audio.trim import trim_silence


def by_frames(samples, top_db, ref, frame_length, hop_length):
    """The same with a loop over padded frames."""
    padded = np.pad(samples.astype(np.float64), frame_length // 2)
    starts = range(0, len(padded) - frame_length + 1, hop_length)
    rms = np.array([np.sqrt(np.mean(padded[start : start + frame_length] ** 2)) for start in starts])
    level = 20 * np.log10(np.maximum(rms, 1e-5)) - 20 * np.log10(max(ref(rms), 1e-5))
    audible = [index for index, decibels in enumerate(level) if decibels > -top_db]
    if not audible:
        return samples[:0]
    return samples[audible[0] * hop_length : min(len(samples), (audible[-1] + 1) * hop_length)]


@pytest.mark.parametrize("top_db", [20, 40, 60])
@pytest.mark.parametrize(("frame_length", "hop_length"), [(2048, 512), (256, 64), (100, 37), (64, 64)])
@pytest.mark.parametrize("ref", [np.max, np.mean])
def test_equal_to_a_loop_over_frames(top_db, frame_length, hop_length, ref):
    generator = np.random.default_rng(top_db + frame_length)
    samples = generator.normal(size=8000).astype(np.float32) * 0.3
    samples[:2500] *= 1e-4
    samples[6100:] *= 3e-3
    ours = trim_silence(samples, top_db, ref, frame_length, hop_length)
    np.testing.assert_array_equal(ours, by_frames(samples, top_db, ref, frame_length, hop_length))


def test_the_loudest_channel_decides():
    samples = np.zeros((4000, 2), np.float32)
    samples[1000:1200, 0] = 0.5
    samples[2000:2200, 1] = 0.5
    trimmed = trim_silence(samples, 40, np.max, 128, 32)
    assert 1200 <= len(trimmed) <= 1400
    assert np.abs(trimmed).sum() == np.abs(samples).sum()


def test_a_number_as_reference_makes_quiet_audio_empty():
    quiet = np.full(4000, 1e-3, np.float32)
    assert len(trim_silence(quiet, 20, 1.0)) == 0
    assert len(trim_silence(quiet, 20)) == 4000
    assert len(trim_silence(quiet[:5], 20)) == 5
