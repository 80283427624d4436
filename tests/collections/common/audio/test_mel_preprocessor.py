"""The preprocessor's settings; its numbers are tested in common/audio/test_mel.py and against recorded features."""

import pytest
import torch

from nemo.collections.asr.modules import AudioToMelSpectrogramPreprocessor
from nemo.utils.exceptions import ConfigError


def test_sizes_are_taken_in_seconds_or_samples():
    seconds = AudioToMelSpectrogramPreprocessor(window_size=0.025, window_stride=0.01)
    samples = AudioToMelSpectrogramPreprocessor(
        window_size=None, window_stride=None, n_window_size=400, n_window_stride=160
    )
    for module in (seconds, samples):
        assert (module.win_length, module.hop_length, module.featurizer.n_fft) == (400, 160, 512)


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [({"n_window_size": 400}, "both window_size"), ({"window_stride": None}, "neither window_stride")],
)
def test_sizes_given_twice_or_never_are_refused(kwargs, words):
    with pytest.raises(ConfigError, match=words):
        AudioToMelSpectrogramPreprocessor(**kwargs)


def test_example_inputs_fit():
    module = AudioToMelSpectrogramPreprocessor(features=8)
    signal, lengths = module.input_example(max_batch=2, max_dim=1000)
    features, frames = module(input_signal=signal, length=lengths)
    assert features.shape[:2] == (signal.shape[0], 8)
    assert features.shape[2] >= frames.max()


def test_release_decides_how_frames_are_counted():
    module = AudioToMelSpectrogramPreprocessor()
    audio, samples = torch.randn(1, 1600), torch.tensor([1600])
    assert module(input_signal=audio, length=samples)[1].tolist() == [11]
    module.follow_release("3.0.0")
    assert module(input_signal=audio, length=samples)[1].tolist() == [10]
