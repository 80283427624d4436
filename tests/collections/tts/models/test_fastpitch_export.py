"""FastPitch in onnxruntime: the names of the original, any batch and length, frames by the predicted durations."""

import onnxruntime
import pytest
import torch

from nemo.utils.exceptions import ExportError
from tests.collections.tts.models.test_fastpitch import CONFIG
from tests.collections.tts.models.test_fastpitch_voices import HEARING, speaking

INPUTS = ["text", "pitch", "pace"]
OUTPUTS = ["spect", "num_frames", "durs_predicted", "log_durs_predicted", "pitch_predicted"]


def exported(model, folder):
    model.export(str(folder / "fastpitch.onnx"))
    return onnxruntime.InferenceSession(folder / "fastpitch.onnx", providers=["CPUExecutionProvider"])


def compare(model, session, texts, tokens):
    """The file and the model on random inputs; the last text is padded."""
    (inputs,) = model.input_example(texts, tokens)
    inputs["text"][-1, tokens - 2 :] = model.vocab.pad
    inputs["pitch"] = torch.randn(texts, tokens)
    inputs["pace"] = 0.5 + torch.rand(texts, tokens)
    if "volume" in inputs:
        inputs["volume"] = torch.rand(texts, tokens)
    if "speaker" in inputs:
        inputs["speaker"] = torch.arange(texts) % 2
    found = session.run(None, {name: value.numpy() for name, value in inputs.items()})
    with torch.no_grad():
        expected = [each for each in model.fastpitch.infer(**inputs) if each is not None]
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(torch.from_numpy(ours), theirs, rtol=1e-4, atol=1e-5)
    return expected[1]


def test_one_voice(tmp_path):
    model = speaking(CONFIG)
    session = exported(model, tmp_path)
    assert [port.name for port in session.get_inputs()] == INPUTS
    assert [port.name for port in session.get_outputs()] == OUTPUTS
    frames = compare(model, session, texts=1, tokens=7), compare(model, session, texts=3, tokens=60)
    assert frames[0].max() < frames[1].max()


def test_voices_by_id_and_recording_with_volume(tmp_path):
    model = speaking(HEARING)
    model.export_config["enable_volume"] = True
    session = exported(model, tmp_path)
    names = [*INPUTS, "volume", "speaker", "reference_spec", "reference_spec_lens"]
    assert [port.name for port in session.get_inputs()] == names
    assert [port.name for port in session.get_outputs()] == [*OUTPUTS, "volume_aligned"]
    for texts, tokens in ((1, 5), (4, 31)):
        compare(model, session, texts, tokens)


def test_ragged_batches_are_refused(tmp_path):
    model = speaking(CONFIG)
    model.set_export_config({"enable_ragged_batches": True})
    with pytest.raises(ExportError, match="padded batches only"):
        model.export(str(tmp_path / "fastpitch.onnx"))
