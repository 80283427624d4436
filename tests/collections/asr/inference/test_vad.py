from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from nemo.collections.asr.inference.vad import (
    VADConfig,
    detect_speech,
    frame_seconds,
    smoothed,
    speech_probabilities,
    windows,
)
from nemo.collections.asr.inference.vad_segments import SpeechThresholds
from nemo.collections.asr.models import EncDecClassificationModel, EncDecFrameClassificationModel
from nemo.collections.asr.models.vad import init_frame_vad_model, init_vad_model
from nemo.utils.exceptions import ConfigError
from tests.arrays import arrays_of
from tests.collections.asr.models import tiny, tiny_classifier

COMPAT = Path(__file__).parents[3] / "data" / "compat"


class Loudness(torch.nn.Module):
    """An encoder whose one channel says where energy is, for models that then are right by construction."""

    subsampling_factor = 1
    _feat_out = 2

    def forward(self, audio_signal, length):
        loud = (audio_signal.amax(dim=1) + 8.0).sign() * 4
        return torch.stack([-loud, loud], dim=1), length


class MeanOfFrames(torch.nn.Module):
    """The decoder of such a model."""

    def forward(self, encoder_output):
        return encoder_output.mean(dim=2)


@pytest.fixture
def frames():
    """A frame classifier that hears tones."""
    decoder = tiny_classifier.FRAME_DECODER
    model = EncDecFrameClassificationModel(cfg=tiny_classifier.config(decoder, labels=["0", "1"]))
    model.encoder = Loudness()
    model.decoder = torch.nn.Identity()
    return model


@pytest.fixture
def recordings_classifier():
    """A classifier of recordings that hears tones."""
    model = EncDecClassificationModel(cfg=tiny_classifier.config(labels=["background", "speech"]))
    model.encoder = Loudness()
    model.decoder = MeanOfFrames()
    return model


def half_a_second_of_tone():
    """Silence but from 0.5 to 1 s of 1.6 s."""
    samples = np.zeros(25600, np.float32)
    samples[8000:16000] = tiny.signal(0.5, 900.0)
    return samples


def test_frames_of_a_tone_become_one_segment(frames):
    ((segment,),) = detect_speech(frames, half_a_second_of_tone())
    assert segment.start == pytest.approx(0.5, abs=0.03) and segment.end == pytest.approx(1.0, abs=0.03)
    assert segment.speaker == "speech" and segment.confidence > 0.9
    assert len(speech_probabilities(frames, half_a_second_of_tone())[0]) == 160


def test_windows_over_a_tone_become_one_segment(recordings_classifier):
    config = VADConfig(window_length_in_sec=0.15, postprocessing=SpeechThresholds(min_duration_on=0.1))
    ((segment,),) = detect_speech(recordings_classifier, half_a_second_of_tone(), config)
    assert segment.start == pytest.approx(0.5, abs=0.03) and segment.end == pytest.approx(1.0, abs=0.03)
    config.smoothing, config.batch_size = "median", 7
    ((again,),) = detect_speech(recordings_classifier, half_a_second_of_tone(), config)
    assert again.start == pytest.approx(0.5, abs=0.05) and again.end == pytest.approx(1.0, abs=0.05)


def test_probabilities_of_windows_are_those_of_each_alone():
    model = init_vad_model(str(COMPAT / "n123_vad_marblenet_1.nemo"))
    audio = arrays_of(COMPAT / "inputs_pub_16000.npz")["audio"][0, :8000].astype(np.float32) / 32768
    config = VADConfig(window_length_in_sec=0.2, shift_length_in_sec=0.05, batch_size=3)
    (probabilities,) = speech_probabilities(model, audio, config)
    assert len(probabilities) == 10 and frame_seconds(model, config) == 0.05
    padded = np.pad(audio, 1200)  # half of the difference of window and shift
    for index in range(10):
        window = padded[index * 800 : index * 800 + 3200]
        assert probabilities[index].item() == pytest.approx(
            model.classify(window, verbose=False)[0].probabilities["speech"], abs=1e-5
        )


def test_archive_of_a_frame_classifier_reads_files(tmp_path):
    model = init_frame_vad_model(str(COMPAT / "n300_vad_frame_0.nemo"))
    audio = arrays_of(COMPAT / "inputs_pub_16000.npz")["audio"][0]
    soundfile.write(tmp_path / "a.wav", audio, 16000)
    (probabilities,) = speech_probabilities(model, [str(tmp_path / "a.wav")])
    recorded = torch.from_numpy(arrays_of(COMPAT / "n300_vad_frame_0.out.npz")["logits"][0]).softmax(-1)[:, 1]
    count = min(len(probabilities), len(recorded)) - 20  # a convolution at the end sees the padding
    torch.testing.assert_close(probabilities[:count], recorded[:count], atol=1e-3, rtol=1e-3)


def test_a_window_stands_around_each_frame():
    found = windows(torch.arange(1.0, 8.0), 4, 2)
    assert found.tolist() == [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7], [6, 7, 0, 0]]


@pytest.mark.parametrize("method", ["mean", "median"])
@pytest.mark.parametrize(
    ("window", "overlap", "jump"), [(8, 0.875, 1), (8, 0.5, 4), (5, 0.0, 3), (1, 0.5, 1), (9, 0.7, 3)]
)
def test_smoothing_by_brute_force(method, window, overlap, jump):
    values = np.random.default_rng(0).random(37)
    expected = [
        getattr(np, method)([values[k] for k in range(0, 37, jump) if abs(k - frame) <= window // 2])
        for frame in range(37)
    ]
    np.testing.assert_allclose(smoothed(torch.from_numpy(values), window, overlap, method), expected, atol=1e-6)


def test_faults_are_named(recordings_classifier):
    with pytest.raises(ConfigError, match="mean or median"):
        smoothed(torch.rand(3), 2, 0.5, "max")
    with pytest.raises(ConfigError, match="shift_length_in_sec is 2.0"):
        detect_speech(recordings_classifier, half_a_second_of_tone(), VADConfig(shift_length_in_sec=2.0))
    other = EncDecClassificationModel(cfg=tiny_classifier.config())
    with pytest.raises(ConfigError, match="low, middle, high"):
        detect_speech(other, half_a_second_of_tone())
