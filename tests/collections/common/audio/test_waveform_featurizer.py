"""File -> tensor."""

import numpy as np
import soundfile
import torch

from nemo.collections.common.audio.perturb.augmentor import AudioAugmentor
from nemo.collections.common.audio.perturb.gain import GainPerturbation
from nemo.collections.common.audio.waveform_featurizer import WaveformFeaturizer


def test_samples_come_at_the_rate_asked_for(tmp_path):
    tone = (0.1 * np.sin(np.arange(8000) / 5)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", tone, 8000, subtype="FLOAT")
    plain = WaveformFeaturizer(8000).process(tmp_path / "a.wav", offset=0.5)
    assert torch.equal(plain, torch.from_numpy(tone[4000:]))
    assert WaveformFeaturizer(16000).process(tmp_path / "a.wav").shape == (16000,)
    integers = WaveformFeaturizer(8000, int_values=True).process(tmp_path / "a.wav")
    torch.testing.assert_close(integers, torch.from_numpy(tone))
    assert WaveformFeaturizer(8000).process([str(tmp_path / "a.wav")]).shape == (8000,)
    louder = WaveformFeaturizer(8000, augmentor=AudioAugmentor([(1.0, GainPerturbation(6, 6))]))
    torch.testing.assert_close(louder.process(tmp_path / "a.wav"), torch.from_numpy(tone) * 10 ** (6 / 20))
    assert louder.max_augmentation_length(2.0) == 2.0


def test_a_config_builds_one():
    config = [{"aug_type": "speed", "prob": 1.0, "cfg": {"sr": 8000, "max_speed_rate": 1.2}}]
    featurizer = WaveformFeaturizer.from_config({"sample_rate": 8000}, config)
    assert featurizer.sample_rate == 8000
    assert featurizer.max_augmentation_length(1.0) == 1.2
