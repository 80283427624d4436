"""Transducers read streams, and their files are searched by other programs, with the results of whole recordings."""

import json

import numpy as np
import onnxruntime
import pytest
import torch

from nemo.collections.asr.inference.buffered import BufferedStream
from nemo.collections.asr.inference.cache_aware import CacheAwareStream, feed_together, finish_together
from nemo.collections.asr.inference.onnx_folder import export_onnx_folder
from nemo.collections.asr.models import EncDecRNNTModel
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.inference import streaming_models
from tests.collections.asr.inference.streaming_models import cuts, speech
from tests.collections.asr.models import tiny


def transducer(tdt=False, **encoder):
    """A transducer with the encoder of :func:`streaming_models.conformer`."""
    torch.manual_seed(0)
    sections = {
        name: streaming_models.conformer(**encoder).cfg[name] for name in ("preprocessor", "encoder", "sample_rate")
    }
    sizes = {"encoder_hidden": 16, "pred_hidden": 8, "joint_hidden": 8, "activation": "relu"}
    config = {
        **sections,
        "labels": tiny.LABELS,
        "model_defaults": {"enc_hidden": 16, "pred_hidden": 8, "joint_hidden": 8},
        "decoder": {"_target_": f"{tiny.MODULES}.RNNTDecoder", "prednet": {"pred_hidden": 8, "pred_rnn_layers": 1}},
        "joint": {"_target_": f"{tiny.MODULES}.RNNTJoint", "jointnet": sizes},
        "decoding": {"strategy": "greedy_batch", "greedy": {"max_symbols": 3}},
    }
    if tdt:
        config["decoding"] |= {"model_type": "tdt", "durations": [0, 1, 2]}
        config["joint"]["num_extra_outputs"] = 3
        config["loss"] = {"loss_name": "tdt", "tdt_kwargs": {"durations": [0, 1, 2]}}
    model = EncDecRNNTModel(config).eval()
    with torch.no_grad():
        model.joint.joint_net[-1].weight.mul_(8)  # many tokens
    return model


@pytest.mark.parametrize("tdt", [False, True])
def test_a_stream_gives_the_text_of_the_whole_recording(tdt):
    model = transducer(tdt)
    for seconds in (0.004, 0.3, 1.37, 3.0):
        audio, stream = speech(seconds, seed=3), CacheAwareStream(model)
        texts = [stream.feed(piece) for piece in cuts(audio, seed=1)]
        result, whole = stream.finish(), model.transcribe(audio, verbose=False)[0]
        assert str(result) == str(whole)
        assert [int(token) for token in result.y_sequence] == [int(token) for token in whole.y_sequence]
        assert result.score == pytest.approx(float(whole.score), abs=1e-3)
        assert all(str(whole).startswith(text) for text in texts)


def test_several_streams_and_windows():
    model = transducer()
    recordings = [speech(seconds, seed) for seed, seconds in enumerate((1.0, 0.004, 0.5, 1.7))]
    whole = [str(text) for text in model.transcribe(recordings, batch_size=1, verbose=False)]
    streams = [CacheAwareStream(model) for _ in recordings]
    for pieces in zip(*(np.array_split(samples, 5) for samples in recordings), strict=True):
        feed_together(streams, pieces)
    assert [str(result) for result in finish_together(streams)] == whole
    window = BufferedStream(model, chunk_seconds=3.0, left_seconds=0, right_seconds=0)
    window.feed(recordings[0])
    assert str(window.finish()) == whole[0]


def test_a_search_that_changes_its_mind_is_told():
    model = transducer()
    model.change_decoding_strategy({"strategy": "beam"})
    with pytest.raises(ConfigError, match="'beam'.*greedy"):
        CacheAwareStream(model)


def run(session, *inputs):
    return session.run(None, dict(zip([port.name for port in session.get_inputs()], inputs, strict=True)))


@pytest.mark.parametrize("tdt", [False, True])
def test_a_reader_of_the_files_alone_finds_the_tokens(tdt, tmp_path):
    """Searches as onnx-asr does, a frame and a token at a time."""
    model, audio = transducer(tdt), speech(1.5, seed=4)
    files = export_onnx_folder(model, tmp_path)
    names = ["encoder-model.onnx", "decoder_joint-model.onnx", "decoder-model.onnx", "joiner-model.onnx"]
    assert [file.name for file in files] == names
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["model_type"] == ("nemo-conformer-tdt" if tdt else "nemo-conformer-rnnt")
    encoder, step, decoder, joiner = (onnxruntime.InferenceSession(str(file)) for file in files)
    features, lengths = model.preprocessor(input_signal=torch.tensor(audio)[None], length=torch.tensor([len(audio)]))
    encoded, counts = encoder.run(
        ["outputs", "encoded_lengths"], {"audio_signal": features.numpy(), "length": lengths.numpy()}
    )
    blank = len(tiny.LABELS)
    sizes = {port.name: port.shape for port in step.get_inputs()}
    state = [np.zeros((sizes[f"input_states_{number}"][0], 1, 8), np.float32) for number in (1, 2)]
    tokens, frame, here = [], 0, 0
    while frame < counts[0]:
        last = np.array([[tokens[-1] if tokens else blank]], np.int32)
        one, frames = np.array([1], np.int32), encoded[:, :, frame : frame + 1]
        scores, _, *after = step.run(
            ["outputs", "prednet_lengths", "output_states_1", "output_states_2"],
            dict(zip(sizes, (frames, last, one, *state), strict=True)),
        )
        places = run(decoder, last, one, *state)[0]
        apart = run(joiner, frames, places)[0]
        assert np.abs((apart - apart.max()) - (scores - scores.max())).max() < 1e-5  # the networks of sherpa-onnx
        scores = scores.squeeze()
        token, jump = int(scores[: blank + 1].argmax()), int(scores[blank + 1 :].argmax()) if tdt else 0
        if token != blank:
            tokens, state, here = [*tokens, token], after, here + 1
        if jump:
            frame, here = frame + jump, 0
        elif token == blank or here == config["max_tokens_per_step"]:
            frame, here = frame + 1, 0
    whole = model.transcribe(audio, verbose=False)[0]
    assert tokens == [int(token) for token in whole.y_sequence]
