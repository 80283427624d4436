"""The original's way to step a model by hand."""

import numpy as np
import pytest
import torch

from nemo.collections.asr.inference.stream_chunks import CacheAwareStreamingAudioBuffer
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.inference.streaming_models import conformer, speech


def read(model, buffer, **more):
    caches = dict(
        zip(
            ("cache_last_channel", "cache_last_time", "cache_last_channel_len"),
            model.encoder.get_initial_cache_state(len(buffer)),
            strict=True,
        )
    )
    hypotheses = predictions = None
    for step, (chunk, lengths) in enumerate(buffer):
        predictions, texts, *after, hypotheses = model.conformer_stream_step(
            processed_signal=chunk,
            processed_signal_length=lengths,
            **caches,
            keep_all_outputs=buffer.is_buffer_empty(),
            previous_hypotheses=hypotheses,
            previous_pred_out=predictions,
            drop_extra_pre_encoded=0 if step == 0 and not buffer.pad_and_drop_preencoded else None,
            return_transcription=True,
        )
        caches = dict(zip(caches, after, strict=True))
    return texts


@pytest.mark.parametrize("pads", [False, True])
def test_a_loop_as_in_the_originals_scripts(pads):
    model = conformer(att_context_size=[4, 1], subsampling="striding", subsampling_factor=4)
    recordings = [speech(1.0, 1), speech(1.0, 2)]
    buffer = CacheAwareStreamingAudioBuffer(model, pad_and_drop_preencoded=pads)
    for number, samples in enumerate(recordings):
        assert buffer.append_audio(samples)[2] == number
    expected = [str(text) for text in model.transcribe(recordings, verbose=False)]
    texts = read(model, buffer)
    if pads:  # zeros before the recording are seen by the first frames
        assert [text[-5:] for text in texts] == [text[-5:] for text in expected]
    else:
        assert texts == expected
    buffer.reset_buffer_pointer()
    assert read(model, buffer) == texts
    buffer.reset_buffer()
    assert buffer.is_buffer_empty() and len(buffer) == 0


def test_log_probabilities_of_a_step():
    model = conformer()
    features = torch.randn(1, 16, 9)
    *_, log_probs, lengths = model.conformer_stream_step(
        features, None, *model.encoder.get_initial_cache_state(1), return_log_probs=True, drop_extra_pre_encoded=0
    )
    assert log_probs.shape == (1, 2, 5) and lengths.tolist() == [2]


def test_what_is_not_offered_is_told():
    with pytest.raises(ConfigError, match="online_normalization"):
        CacheAwareStreamingAudioBuffer(conformer(), online_normalization=True)
    with pytest.raises(ConfigError, match="stream_id is 0"):
        CacheAwareStreamingAudioBuffer(conformer()).append_audio(np.zeros(100, np.float32), stream_id=0)
