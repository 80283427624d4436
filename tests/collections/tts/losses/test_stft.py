"""The distance of spectrograms against its formula in NumPy."""

import numpy as np
import torch

from nemo.collections.tts.losses.stft import MultiResolutionSTFTLoss, STFTLoss


def numpy_magnitudes(audio, n_fft, hop, window_size):
    window = np.zeros(n_fft)
    start = (n_fft - window_size) // 2
    window[start : start + window_size] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window_size) / window_size)
    padded = np.pad(audio, n_fft // 2, mode="reflect")
    frames = [padded[i : i + n_fft] * window for i in range(0, len(padded) - n_fft + 1, hop)]
    return np.sqrt(np.maximum(np.abs(np.fft.rfft(frames)) ** 2, 1e-7))


def test_both_distances_are_those_of_the_paper():
    random = np.random.default_rng(0)
    x, y = random.normal(size=400), random.normal(size=400)
    found, wanted = (numpy_magnitudes(each, 64, 16, 48) for each in (x, y))
    convergence, distance = STFTLoss(64, 16, 48).double()(torch.tensor(x)[None], torch.tensor(y)[None])
    np.testing.assert_allclose(float(convergence), np.linalg.norm(wanted - found) / np.linalg.norm(wanted))
    np.testing.assert_allclose(float(distance), np.abs(np.log(wanted) - np.log(found)).mean())


def test_resolutions_are_averaged_and_equal_audio_has_no_distance():
    x, y = torch.randn(2, 400), torch.randn(2, 400)
    sizes = [(64, 32), (16, 8), (48, 32)]
    whole = MultiResolutionSTFTLoss(*sizes)(x, y)
    parts = [STFTLoss(*each)(x, y) for each in zip(*sizes, strict=True)]
    for index in range(2):
        torch.testing.assert_close(whole[index], (parts[0][index] + parts[1][index]) / 2)
    assert [float(each) for each in MultiResolutionSTFTLoss(*sizes)(x, x)] == [0.0, 0.0]
