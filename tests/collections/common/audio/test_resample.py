"""Resampling."""

import numpy as np
import pytest

from nemo.collections.common.audio.resample import resample


@pytest.mark.parametrize(("source", "target"), [(8000, 16000), (44100, 16000), (16000, 16000), (22050, 8000)])
@pytest.mark.parametrize("length", [1, 1001, 8000])
@pytest.mark.parametrize("channels", [None, 2])
def test_length_is_rounded_up(source, target, length, channels):
    samples = np.random.default_rng(0).normal(size=(length,) if channels is None else (length, channels))
    out = resample(samples.astype(np.float32), source, target)
    assert out.shape == (int(np.ceil(length * target / source)), *samples.shape[1:])
    assert out.dtype == np.float32


def test_a_tone_keeps_its_pitch_and_level():
    tone = np.sin(np.arange(8000) * 2 * np.pi * 440 / 8000).astype(np.float32)
    expected = np.sin(np.arange(16000) * 2 * np.pi * 440 / 16000)
    np.testing.assert_allclose(resample(tone, 8000, 16000)[500:-500], expected[500:-500], atol=1e-3)


def test_wrong_rates_and_names_are_refused():
    for source, target in ((0, 16000), (16000, -1)):
        with pytest.raises(ValueError, match="above 0"):
            resample(np.zeros(5, np.float32), source, target)
    with pytest.raises(ValueError, match="no resampler 'sinc'"):
        resample(np.zeros(5, np.float32), 8000, 16000, "sinc")
    assert resample(np.zeros(0, np.float32), 8000, 16000).shape == (0,)
