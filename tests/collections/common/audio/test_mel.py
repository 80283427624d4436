"""Log-mel features against a discrete Fourier transform written as a sum, and their properties."""

import math
import random

import pytest
import torch

from nemo.collections.common.audio.mel import FilterbankFeatures
from nemo.utils.exceptions import ConfigError, ShapeError


def featurizer(**kwargs):
    defaults = {
        "sample_rate": 8000,
        "n_window_size": 160,
        "n_window_stride": 80,
        "n_fft": 256,
        "nfilt": 12,
        "pad_to": 0,
    }
    return FilterbankFeatures(**(defaults | kwargs)).eval()


def slow_power(audio, n_fft, hop, window, edge, mode):
    """Power spectrogram [bins, F] of one utterance by the definition of the Fourier transform, in double precision."""
    padded = torch.nn.functional.pad(audio.double()[None], (edge, edge), mode=mode)[0]
    time = torch.arange(n_fft, dtype=torch.float64)
    angles = 2 * math.pi / n_fft * torch.arange(n_fft // 2 + 1, dtype=torch.float64)[:, None] * time
    left = (n_fft - len(window)) // 2
    full = torch.zeros(n_fft, dtype=torch.float64)
    full[left : left + len(window)] = window.double()
    columns = []
    for start in range(0, len(padded) - n_fft + 1, hop):
        frame = padded[start : start + n_fft] * full
        columns.append((torch.cos(angles) @ frame) ** 2 + (torch.sin(angles) @ frame) ** 2)
    return torch.stack(columns, dim=1)


def test_features_equal_the_definition():
    audio = torch.randn(1, 1000) * 0.1
    module = featurizer(normalize=None)
    emphasized = audio[0].clone()
    emphasized[1:] -= 0.97 * audio[0, :-1]
    power = slow_power(emphasized, 256, 80, torch.hann_window(160, periodic=False), 128, "reflect")
    expected = torch.log(module.fb[0].double() @ power + 2**-24).float()
    features, lengths = module(audio, torch.tensor([1000]))
    assert lengths.tolist() == [13]
    torch.testing.assert_close(features[0], expected, atol=1e-4, rtol=1e-4)


def test_newer_releases_pad_with_zeros_and_drop_the_last_frame():
    audio = torch.randn(1, 1000) * 0.1
    module = featurizer(normalize=None, preemph=None)
    module.follow_release("3.0.0")
    power = slow_power(audio[0], 256, 80, module.window, 128, "constant")
    features, lengths = module(audio, torch.tensor([1000]))
    assert lengths.tolist() == [12]
    expected = torch.log(module.fb[0].double() @ power + 2**-24).float()
    torch.testing.assert_close(features[0, :, :12], expected[:, :12], atol=1e-4, rtol=1e-4)
    assert features[0, :, 12:].abs().max() == 0


@pytest.mark.parametrize(
    ("release", "frames"),
    [("1.0.0b1", 11), ("1.23.0", 11), ("2.4.1", 11), ("2.5.0", 10), ("3.0.0rc0", 10), ("", 11), (None, 11)],
)
def test_frames_are_counted_as_the_release_did(release, frames):
    module = featurizer()
    module.follow_release(release)
    assert module.get_seq_len(torch.tensor([800, 879])).tolist() == [frames, frames]


@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"normalize": "all_features", "log_zero_guard_type": "clamp", "log_zero_guard_value": "tiny"},
        {"normalize": None, "mag_power": 1.0, "log": False, "pad_value": -3.0},
        {"frame_splicing": 3, "pad_to": 8},
        {"window": "hamming", "exact_pad": True, "preemph": None},
        {"window": None, "log_zero_guard_value": "eps"},
    ],
)
def test_rows_one_by_one_equal_the_whole_batch_at_once(kwargs):
    audio, samples = torch.randn(3, 2500), torch.tensor([2500, 1700, 640])
    for row, length in enumerate(samples):
        audio[row, length:] = 0
    module = featurizer(**kwargs)
    by_row, lengths = module(audio, samples)
    with torch.no_grad():
        at_once = module._at_once(module._prepare(audio, samples), module.get_seq_len(samples), module.normalize)
    torch.testing.assert_close(by_row, module._padded(at_once), atol=2e-4, rtol=1e-4)
    for row, length in enumerate(lengths):
        assert (by_row[row, :, length:] == kwargs.get("pad_value", 0)).all()


def test_long_utterances_are_worked_through_in_blocks(monkeypatch):
    audio, samples = torch.randn(2, 4000), torch.tensor([4000, 3000])
    whole, _ = featurizer()(audio, samples)
    monkeypatch.setattr("nemo.collections.common.audio.mel.BLOCK_FRAMES", 7)
    torch.testing.assert_close(featurizer()(audio, samples)[0], whole, atol=1e-5, rtol=1e-5)


def test_batch_equals_one_by_one_in_newer_releases():
    audio, samples = torch.randn(3, 2400), torch.tensor([2400, 1600, 800])
    module = featurizer()
    module.follow_release("2.5.0")
    batch, lengths = module(audio, samples)
    for row, (count, length) in enumerate(zip(samples.tolist(), lengths.tolist(), strict=True)):
        alone, _ = module(audio[row : row + 1, :count], samples[row : row + 1])
        torch.testing.assert_close(batch[row, :, :length], alone[0, :, :length], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("pad_to", "frames"), [(0, 26), (16, 32), (5, 30), ("max", 112)])
def test_frames_are_padded_to_a_multiple(pad_to, frames):
    features, lengths = featurizer(pad_to=pad_to, max_duration=1.05)(torch.randn(1, 2000), torch.tensor([2000]))
    assert features.shape[2] == frames
    assert lengths.tolist() == [26]


def test_spliced_frames_stand_side_by_side():
    audio, samples = torch.randn(1, 2000), torch.tensor([2000])
    plain, _ = featurizer(normalize=None)(audio, samples)
    spliced, lengths = featurizer(normalize=None, frame_splicing=2)(audio, samples)
    assert lengths.tolist() == [13]
    torch.testing.assert_close(spliced[0, :, 3], torch.cat([plain[0, :, 6], plain[0, :, 7]]))


def test_dither_is_added_in_training_only():
    audio, samples = torch.randn(1, 2000), torch.tensor([2000])
    module = featurizer(dither=0.1)
    assert torch.equal(module(audio, samples)[0], module(audio, samples)[0])
    module.train()
    assert not torch.equal(module(audio, samples)[0], module(audio, samples)[0])


def test_narrow_band_augmentation_empties_high_bands_in_training():
    module = featurizer(
        normalize=None, nb_augmentation_prob=1.0, nb_max_freq=2000, dither=0, rng=random.Random(0), log=False
    )
    audio, samples = torch.randn(2, 2000), torch.tensor([2000, 2000])
    assert module(audio, samples)[0][:, -2:].min() > 0
    features = module.train()(audio, samples)[0]
    assert features[:, -2:].abs().max() == 0
    assert features[:, 0].min() > 0


def test_gradients_reach_the_audio_when_asked_for():
    audio = torch.randn(1, 2000, requires_grad=True)
    features, _ = featurizer(use_grads=True, mag_power=1.0)(audio, torch.tensor([2000]))
    features.square().sum().backward()
    assert torch.isfinite(audio.grad).all()
    assert audio.grad.abs().max() > 0
    assert not featurizer()(audio, torch.tensor([2000]))[0].requires_grad


def test_linear_spectrogram_is_the_power_itself():
    module = featurizer(preemph=None)
    audio = torch.randn(1, 1000)
    spectrogram, _ = module(audio, torch.tensor([1000]), linear_spec=True)
    expected = slow_power(audio[0], 256, 80, module.window, 128, "reflect").float()
    torch.testing.assert_close(spectrogram[0], expected, atol=1e-3, rtol=1e-3)


def test_audio_shorter_than_half_a_window_has_features():
    features, lengths = featurizer()(torch.randn(1, 30), torch.tensor([30]))
    assert lengths.tolist() == [1]
    assert torch.isfinite(features).all()


def test_half_precision_gives_half_precision_computed_in_single():
    module = featurizer()
    audio, samples = torch.randn(1, 2000), torch.tensor([2000])
    single = module(audio, samples)[0]
    half = module.half()(audio.half(), samples)[0]
    assert half.dtype == torch.float16
    torch.testing.assert_close(half.float(), single, atol=0.05, rtol=0.05)


def test_buffers_named_by_torchaudio_are_read():
    module = featurizer()
    state = {
        "_mel_spec_extractor.mel_scale.fb": torch.rand(129, 12),
        "_mel_spec_extractor.spectrogram.window": torch.rand(160),
    }
    filters = state["_mel_spec_extractor.mel_scale.fb"].t()[None].clone()
    module.load_state_dict(state)
    assert torch.equal(module.fb, filters)


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"normalize": "per_frame"}, "normalize is 'per_frame'"),
        ({"n_fft": 128}, "shorter than the window of 160"),
        ({"n_window_stride": 0}, "n_window_stride is 0"),
        ({"log_zero_guard_type": "max"}, "expected 'add' or 'clamp'"),
    ],
)
def test_impossible_settings_are_refused(kwargs, words):
    with pytest.raises(ConfigError, match=words):
        featurizer(**kwargs)


def test_audio_of_several_channels_is_refused():
    with pytest.raises(ShapeError, match=r"\[2, 2, 800\].*\[B, T\]"):
        featurizer()(torch.randn(2, 2, 800), torch.tensor([800, 800]))
