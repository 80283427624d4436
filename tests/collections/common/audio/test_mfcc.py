"""MFCCs against sums of cosines."""

import math

import pytest
import torch

from nemo.collections.common.audio.mel_filterbank import mel_filterbank
from nemo.collections.common.audio.mfcc import MFCCFeatures, cosine_transform
from nemo.utils.exceptions import ConfigError, ShapeError

SIZES = {"n_fft": 256, "win_length": 160, "hop_length": 80, "n_mels": 20}


def module(**kwargs):
    return MFCCFeatures(8000, 10, **(SIZES | {"window": torch.hann_window(160)} | kwargs))


def test_cosine_transform_is_orthonormal():
    transform = cosine_transform(20, 20)
    torch.testing.assert_close(transform.t() @ transform, torch.eye(20), atol=1e-6, rtol=0)


def test_cosine_transform_without_norm_is_twice_the_cosines():
    assert cosine_transform(5, 20, None)[3, 2].item() == pytest.approx(2 * math.cos(math.pi / 20 * 3.5 * 2))


@pytest.mark.parametrize("log_mels", [True, False])
def test_coefficients_equal_the_definition(log_mels):
    audio = torch.randn(2, 1000) * 0.1
    audio[0] *= 1e-3
    power = torch.stft(audio, 256, 80, 160, torch.hann_window(160), return_complex=True).abs().square()
    mel = mel_filterbank(8000, 256, 20, norm=None, scale="htk") @ power
    if log_mels:
        energies = torch.log(mel + 1e-6)
    else:
        energies = 10 * torch.log10(mel.clamp(min=1e-10))
        energies = torch.stack([row.clamp(min=row.max() - 80) for row in energies])
    expected = torch.zeros(2, 10, 13)
    for order in range(10):
        scale = math.sqrt((1 if order == 0 else 2) / 20)
        for band in range(20):
            expected[:, order] += scale * math.cos(math.pi / 20 * (band + 0.5) * order) * energies[:, band]
    torch.testing.assert_close(module(log_mels=log_mels)(audio), expected, atol=1e-3, rtol=1e-3)


def test_buffers_have_the_names_of_archives():
    assert {name: list(buffer.shape) for name, buffer in module().state_dict().items()} == {
        "dct_mat": [20, 10],
        "MelSpectrogram.spectrogram.window": [160],
        "MelSpectrogram.mel_scale.fb": [129, 20],
    }


@pytest.mark.parametrize("kwargs", [{"dct_type": 3}, {"n_mels": 5}, {"norm": "slaney"}])
def test_impossible_settings_are_refused(kwargs):
    with pytest.raises(ConfigError, match=r"preprocessor\.(dct_type|n_mfcc|norm)"):
        module(**kwargs)


def test_audio_too_short_to_mirror_is_refused():
    with pytest.raises(ShapeError, match="more than 128 samples"):
        module()(torch.randn(1, 100))
