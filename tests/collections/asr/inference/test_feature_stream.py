"""Features of a stream are those of the whole recording."""

import numpy as np
import pytest
import torch

from nemo.collections.asr.inference.feature_stream import FeatureStream
from nemo.collections.asr.modules import AudioToMelSpectrogramPreprocessor, AudioToMFCCPreprocessor
from nemo.collections.common.exceptions import AudioFileError
from nemo.utils.exceptions import ConfigError, ShapeError
from tests.collections.asr.inference.streaming_models import cuts, speech

FIXED = {"fixed_mean": [-4.0] * 16, "fixed_std": [2.0] * 16}


def preprocessor(release="1.23.0", **more):
    options = {"window_size": 0.025, "features": 16, "n_fft": 512, "pad_to": 0, "dither": 0.0, "normalize": "NA"}
    made = AudioToMelSpectrogramPreprocessor(**{**options, **more}).eval()
    made.follow_release(release)
    return made


def whole(model, samples):
    features, lengths = model(input_signal=torch.tensor(samples)[None], length=torch.tensor([len(samples)]))
    return features[0, :, : int(lengths[0])]


def streamed(model, pieces):
    stream = FeatureStream(model)
    return torch.cat([*(stream.feed(piece) for piece in pieces), stream.finish()], dim=1)


@pytest.mark.parametrize("release", ["1.23.0", "2.6.0"])
@pytest.mark.parametrize("more", [{}, {"exact_pad": True}, {"preemph": None, "log": False}, {"normalize": FIXED}])
@pytest.mark.parametrize("samples", [100, 257, 1600, 15999, 16000])
def test_equal_to_the_whole_for_random_cuts(release, more, samples):
    model, audio = preprocessor(release, **more), speech(samples / 16000, seed=samples)
    if more.get("exact_pad") and samples < 200:
        return  # too short to mirror, also as a whole
    expected = whole(model, audio)
    for seed in range(3):
        found = streamed(model, cuts(audio, seed, largest=700))
        assert found.shape == expected.shape
        assert torch.allclose(found, expected, atol=1e-5)


def test_equal_to_the_whole_sample_by_sample():
    model, audio = preprocessor(), speech(0.1)
    assert torch.allclose(streamed(model, audio[:, None]), whole(model, audio), atol=1e-5)


def test_integers_are_samples_between_minus_one_and_one():
    model, audio = preprocessor(), (speech(0.1) * 32768).astype(np.int16)
    assert torch.allclose(streamed(model, [audio]), whole(model, audio.astype(np.float32) / 32768), atol=1e-5)


def test_a_stream_without_audio_has_no_features():
    assert streamed(preprocessor(), []).shape == (16, 0)


@pytest.mark.parametrize("kind", ["per_feature", "all_features"])
def test_normalisation_over_the_recording_is_over_what_has_come(kind, caplog):
    model, audio = preprocessor(normalize=kind), speech(0.5)
    stream = FeatureStream(model)
    assert "over whole recordings" in caplog.text
    for piece in np.array_split(audio, 7):
        stream.feed(piece)
    last = stream.finish()  # by now all is known
    assert last.shape[1] > 0
    assert torch.allclose(last, whole(model, audio)[:, -last.shape[1] :], atol=1e-4)


def test_what_cannot_be_streamed_is_told():
    with pytest.raises(ConfigError, match="log-mel features"):
        FeatureStream(AudioToMFCCPreprocessor(n_mels=16, n_mfcc=8))
    stream = FeatureStream(preprocessor())
    with pytest.raises(ShapeError, match=r"\[100, 2\]; a stream takes one channel"):
        stream.feed(np.zeros((100, 2), np.float32))
    with pytest.raises(AudioFileError, match="NaN"):
        stream.feed(np.array([0.0, np.nan], np.float32))
    stream.finish()
    with pytest.raises(ConfigError, match="is finished"):
        stream.feed(np.zeros(10, np.float32))
