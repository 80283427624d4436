"""The MFCC preprocessor's settings; numbers are tested in common/audio/test_mfcc.py and against recorded features."""

import pytest
import torch

from nemo.collections.asr.modules import AudioToMFCCPreprocessor
from nemo.utils.exceptions import ConfigError


def test_lengths_are_rounded_up():
    module = AudioToMFCCPreprocessor(n_mfcc=13)
    features, frames = module(input_signal=torch.randn(2, 1601), length=torch.tensor([1601, 800]))
    assert features.shape == (2, 13, 11)
    assert frames.tolist() == [11, 5]


def test_example_inputs_fit():
    module = AudioToMFCCPreprocessor()
    signal, lengths = module.input_example(max_batch=2, max_dim=1000)
    assert module(input_signal=signal, length=lengths)[0].shape[1] == 64


def test_unknown_windows_are_refused():
    with pytest.raises(ConfigError, match="window is 'kaiser'"):
        AudioToMFCCPreprocessor(window="kaiser")
