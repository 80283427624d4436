"""Streams into cache-aware models give what the whole recording gives."""

from pathlib import Path

import numpy as np
import pytest
import torch

from nemo.collections.asr.inference.cache_aware import CacheAwareStream, feed_together, finish_together
from nemo.collections.asr.models import ASRModel
from nemo.utils.exceptions import ConfigError
from tests.arrays import arrays_of
from tests.collections.asr.inference.streaming_models import conformer, cuts, speech

COMPAT = Path(__file__).parents[3] / "data" / "compat"
CONTEXTS = [
    {"att_context_size": [4, 1]},
    {"att_context_size": [4, 0]},
    {"att_context_size": [6, 2], "subsampling": "striding", "subsampling_factor": 4},
    {"att_context_size": [6, 0], "att_context_style": "regular"},
    {"att_context_size": [4, 1], "att_context_style": "regular", "conv_context_size": [3, 1]},
    {"att_context_size": [4, 1], "subsampling": "stacking", "subsampling_factor": 4},
    {"att_context_size": [[4, 3], [4, 1]]},
]


def frames_of(stream, pieces):
    """Encoded frames [H, S] of a stream, and its result."""
    encoder, frames = stream._model.encoder, []
    step = encoder.cache_aware_stream_step

    def recorded(*arguments, **named):
        results = step(*arguments, **named)
        frames.append(results[0][0, :, : int(results[1][0])])
        return results

    encoder.cache_aware_stream_step = recorded
    for piece in pieces:
        stream.feed(piece)
    result = stream.finish()
    del encoder.cache_aware_stream_step
    return torch.cat(frames, dim=1), result


def offline(model, samples):
    with torch.no_grad():
        features, lengths = model.preprocessor(
            input_signal=torch.tensor(samples)[None], length=torch.tensor([len(samples)])
        )
        encoded, lengths = model.encoder(audio_signal=features, length=lengths)
    return encoded[0, :, : int(lengths[0])]


@pytest.mark.parametrize("encoder", CONTEXTS)
@pytest.mark.parametrize("seconds", [0.004, 0.3, 1.37, 2.003])
def test_frames_and_text_are_those_of_the_whole_recording(encoder, seconds):
    model, audio = conformer(**encoder), speech(seconds, seed=3)
    frames, result = frames_of(CacheAwareStream(model), cuts(audio, seed=1))
    expected = offline(model, audio)
    assert frames.shape == expected.shape
    assert torch.allclose(frames, expected, atol=1e-5)
    whole = model.transcribe(audio, verbose=False)[0]
    assert result == whole
    assert result.y_sequence.tolist() == whole.y_sequence.tolist()
    assert result.score == pytest.approx(float(whole.score), abs=1e-3)


def test_sample_by_sample():
    model, audio = conformer(), speech(0.25)
    stream = CacheAwareStream(model)
    texts = [stream.feed(sample) for sample in audio[:, None]]
    assert all(later.startswith(earlier) for earlier, later in zip(texts, texts[1:], strict=False))
    assert stream.finish() == model.transcribe(audio, verbose=False)[0]


@pytest.mark.parametrize("release", ["1.23.0", "2.6.0"])
def test_of_each_release(release):
    model, audio = conformer(), speech(1.0)
    model.preprocessor.follow_release(release)
    model.encoder.follow_release(release)
    frames, _ = frames_of(CacheAwareStream(model), cuts(audio, seed=2))
    assert torch.allclose(frames, offline(model, audio), atol=1e-5)


def test_several_streams_at_different_places_are_as_each_alone():
    model = conformer()
    recordings = [speech(seconds, seed) for seed, seconds in enumerate((1.0, 0.5, 0.004, 1.7))]
    streams = [CacheAwareStream(model) for _ in recordings]
    streams[0].feed(recordings[0][:5000])
    pieces = [list(np.array_split(samples, 7)) for samples in (recordings[0][5000:], *recordings[1:])]
    calls = []
    step = model.encoder.cache_aware_stream_step
    model.encoder.cache_aware_stream_step = lambda *a, **b: (calls.append(len(a[0])), step(*a, **b))[1]
    for together in zip(*pieces, strict=True):
        texts = feed_together(streams, together)
    assert max(calls) > 1  # they were computed together
    del model.encoder.cache_aware_stream_step
    assert texts == [stream.text for stream in streams]
    results = finish_together(streams)
    assert [str(result) for result in results] == [
        str(model.transcribe(samples, verbose=False)[0]) for samples in recordings
    ]
    with pytest.raises(ConfigError, match="several models"):
        feed_together([CacheAwareStream(model), CacheAwareStream(conformer())], recordings[:2])


def test_silence_and_nothing_at_all():
    model = conformer()
    assert CacheAwareStream(model).finish().length == 0
    stream = CacheAwareStream(model)
    stream.feed(np.zeros(16000, np.float32))
    assert stream.finish() == model.transcribe(np.zeros(16000, np.float32), verbose=False)[0]
    assert stream.finish() is stream.finish()


def test_times_are_those_of_the_whole_recording():
    model, audio = conformer(), speech(1.0)
    model.change_decoding_strategy({"compute_timestamps": True})
    stream = CacheAwareStream(model)
    stream.feed(audio)
    assert stream.finish().timestep == model.transcribe(audio, verbose=False, timestamps=True)[0].timestep


def test_a_recorded_model_streams_as_it_transcribes():
    model = ASRModel.restore_from(str(COMPAT / "n123_streaming_conformer_0.nemo"), map_location="cpu").eval()
    audio = arrays_of(COMPAT / "inputs_pub_16000.npz")["audio"][0].astype(np.int16)
    frames, _ = frames_of(CacheAwareStream(model), cuts(audio, seed=0))
    if model.cfg.preprocessor.normalize == "NA":
        assert torch.allclose(frames, offline(model, audio.astype(np.float32) / 32768), atol=1e-4)


@pytest.mark.parametrize(
    ("encoder", "reason"),
    [
        ({"att_context_size": [-1, -1], "att_context_style": "regular"}, "without a limit on the right"),
        ({"causal_downsampling": False}, "causal_downsampling is false"),
        ({"conv_context_size": None}, "conv_context_size is not causal"),
        ({"subsampling": "vggnet"}, "vggnet"),
        (
            {"att_context_style": "regular", "self_attention_model": "rel_pos_local_attn", "att_context_size": [4, 4]},
            "rel_pos_local_attn",
        ),
    ],
)
def test_a_model_that_needs_the_whole_recording_is_told_to_use_windows(encoder, reason):
    with pytest.raises(ConfigError, match=f"{reason}.*BufferedStream"):
        CacheAwareStream(conformer(**encoder))
