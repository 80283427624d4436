"""Mel filters against the scale's definition, evaluated point by point in plain Python."""

import math

import pytest
import torch

from nemo.collections.common.audio.mel_filterbank import (
    mel_filterbank,
    slaney_hz_to_mel,
    slaney_mel_to_hz,
)
from nemo.utils.exceptions import ConfigError


def slaney_mel(hertz):
    return hertz * 3 / 200 if hertz < 1000 else 15 + 27 * math.log(hertz / 1000) / math.log(6.4)


def slaney_hertz(mel):
    return mel * 200 / 3 if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27)


def htk_mel(hertz):
    return 2595 * math.log10(1 + hertz / 700)


def htk_hertz(mel):
    return 700 * (10 ** (mel / 2595) - 1)


def triangles(sample_rate, n_fft, n_mels, low, high, to_mel, to_hertz, area_one):
    step = (to_mel(high) - to_mel(low)) / (n_mels + 1)
    corners = [to_hertz(to_mel(low) + step * i) for i in range(n_mels + 2)]
    rows = []
    for left, peak, right in zip(corners, corners[1:], corners[2:], strict=False):
        height = 2 / (right - left) if area_one else 1.0
        row = []
        for index in range(n_fft // 2 + 1):
            hertz = index * sample_rate / n_fft
            row.append(height * max(0.0, min((hertz - left) / (peak - left), (right - hertz) / (right - peak))))
        rows.append(row)
    return torch.tensor(rows)


@pytest.mark.parametrize(("n_mels", "low", "high"), [(80, 0, 8000), (40, 60, 7600)])
def test_slaney_filters_equal_the_definition(n_mels, low, high):
    ours = mel_filterbank(16000, 512, n_mels, low, high)
    torch.testing.assert_close(
        ours, triangles(16000, 512, n_mels, low, high, slaney_mel, slaney_hertz, True), atol=1e-7, rtol=1e-5
    )


def test_htk_filters_equal_the_definition():
    ours = mel_filterbank(16000, 512, 64, 0, None, norm=None, scale="htk")
    torch.testing.assert_close(
        ours, triangles(16000, 512, 64, 0, 8000, htk_mel, htk_hertz, False), atol=1e-6, rtol=1e-5
    )


def test_a_number_as_norm_makes_that_norm_one():
    norms = torch.linalg.vector_norm(mel_filterbank(16000, 512, 20, norm=2.0), ord=2, dim=1)
    torch.testing.assert_close(norms, torch.ones(20))


def test_slaney_scale_is_inverted():
    hertz = torch.tensor([0.0, 500.0, 1000.0, 4000.0, 8000.0], dtype=torch.float64)
    torch.testing.assert_close(slaney_mel_to_hz(slaney_hz_to_mel(hertz)), hertz)


@pytest.mark.parametrize(
    ("kwargs", "word"), [({"low_hz": 9000}, "highfreq"), ({"norm": "area"}, "mel_norm"), ({"scale": "bark"}, "scale")]
)
def test_impossible_filters_are_refused(kwargs, word):
    with pytest.raises(ConfigError, match=word):
        mel_filterbank(16000, 512, 20, **kwargs)
