"""Windows over a stream, for models that were made for whole recordings."""

import numpy as np
import pytest
import torch

from nemo.collections.asr.inference.buffered import BufferedStream
from nemo.collections.asr.models import EncDecCTCModel
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.inference.streaming_models import conformer, cuts, speech, talkative
from tests.collections.asr.models import tiny


def convolutional():
    torch.manual_seed(1)
    config = tiny.config()
    config["preprocessor"]["normalize"] = "NA"
    return talkative(EncDecCTCModel(config))


@pytest.mark.parametrize("seconds", [0.01, 0.4, 0.41, 1.5, 2.222])
def test_equal_to_the_whole_where_the_windows_reach_as_far_as_the_model(seconds):
    model, audio = convolutional(), speech(seconds, seed=5)
    stream = BufferedStream(model, chunk_seconds=0.2, left_seconds=0.2, right_seconds=0.2)
    texts = [stream.feed(piece) for piece in cuts(audio, seed=3)]
    assert all(later.startswith(earlier) for earlier, later in zip(texts, texts[1:], strict=False))
    result, whole = stream.finish(), model.transcribe(audio, verbose=False)[0]
    assert result == whole
    assert result.length == whole.length
    assert result.score == pytest.approx(float(whole.score), abs=1e-3)


def test_one_window_over_all_is_the_whole_recording():
    model, audio = conformer("per_feature", att_context_size=[-1, -1], att_context_style="regular"), speech(1.0)
    stream = BufferedStream(model, chunk_seconds=1.0, left_seconds=0, right_seconds=0)
    stream.feed(audio)
    assert stream.finish() == model.transcribe(audio, verbose=False)[0]


def test_the_model_is_afterwards_as_it_was():
    model = convolutional().train()
    stream = BufferedStream(model, 0.2, 0.2, 0.2)
    stream.feed(speech(1.0))
    stream.finish()
    assert model.training and model.preprocessor.featurizer.pad_to == 16


def test_little_is_kept_of_a_long_stream():
    stream = BufferedStream(convolutional(), 0.2, 0.2, 0.2)
    for _ in range(20):
        stream.feed(np.zeros(8000, np.float32))
    assert len(stream._kept) < 0.7 * 16000 and stream._samples == 160000


def test_nothing_at_all_is_an_empty_text():
    stream = BufferedStream(convolutional())
    assert stream.finish() == ""
    with pytest.raises(ConfigError, match="is finished"):
        stream.feed(np.zeros(10, np.float32))


def test_impossible_windows_are_told():
    with pytest.raises(ConfigError, match="chunk_seconds is 0"):
        BufferedStream(convolutional(), chunk_seconds=0)
