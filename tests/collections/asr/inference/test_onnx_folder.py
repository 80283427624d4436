"""Folders for other programs: their files give what the model gives."""

import json

import numpy as np
import onnxruntime
import pytest
import torch

from nemo.cli.main import main
from nemo.collections.asr.inference.onnx_folder import export_onnx_folder
from nemo.collections.asr.models import ASRModel, EncDecCTCModel
from nemo.utils.exceptions import ExportError
from tests.arrays import arrays_of
from tests.collections.asr.inference.streaming_models import conformer, speech, talkative
from tests.collections.asr.models import tiny
from tests.collections.asr.models.archives import COMPAT

KINDS = ["n300_ctc_bpe_fastconformer_0", "n123_ctc_bpe_citrinet_0", "n123_ctc_quartznet_0"]


def session(path):
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("name", KINDS)
def test_a_reader_of_the_files_alone_finds_the_text(name, tmp_path):
    """Reads them as onnx-asr does: log-probabilities, best classes, folded, joined, the mark as a space."""
    model = ASRModel.restore_from(str(COMPAT / f"{name}.nemo"), map_location="cpu").eval()
    files = export_onnx_folder(model, tmp_path / "folder")
    assert [file.name for file in files] == ["model.onnx"]
    lines = (tmp_path / "folder" / "vocab.txt").read_text(encoding="utf-8").splitlines()
    tokens = {int(number): token for token, number in (line.split(" ") for line in lines)}
    blank = next(number for number, token in tokens.items() if token == "<blk>")
    assert blank == len(tokens) - 1
    config = json.loads((tmp_path / "folder" / "config.json").read_text())
    assert config["features_size"] == 80 or name.endswith("quartznet_0")
    runtime = session(files[0])
    assert runtime.get_modelmeta().custom_metadata_map["vocab_size"] == str(blank)

    audio = arrays_of(COMPAT / "inputs_pub_16000.npz")
    lengths = torch.tensor(audio["audio_len"][:2].astype("int64"))
    signal = torch.tensor(audio["audio"][:2, : int(lengths.max())].astype("float32") / 32768)
    with torch.no_grad():
        features, frames = model.preprocessor(input_signal=signal, length=lengths)
        expected, counts, _ = model.forward(input_signal=signal, input_signal_length=lengths)
    (found,) = runtime.run(["logprobs"], {"audio_signal": features.numpy(), "length": frames.numpy()})
    counts_of_readers = (frames - 1) // config["subsampling_factor"] + 1
    texts, _ = model.decoding.ctc_decoder_predictions_tensor(expected, counts_of_readers)
    for row, count in enumerate(counts_of_readers.tolist()):
        assert np.abs(found[row, :count] - expected[row, :count].numpy()).max() < 1e-4
        best = found[row, :count].argmax(-1)
        kept = [best[place] for place in range(count) if place == 0 or best[place] != best[place - 1]]
        text = "".join(tokens[number] for number in kept if number != blank).replace("\u2581", " ")
        assert text.replace("<unk>", " \u2047 ").split() == texts[row].split()


def test_int8_labels_agree_with_float(tmp_path):
    model = conformer(d_model=64, n_heads=4)
    exact, small = export_onnx_folder(model, tmp_path, int8=True)
    assert small.name == "model.int8.onnx"
    features, lengths = model.preprocessor(
        input_signal=torch.tensor(speech(4.0))[None], length=torch.tensor([4 * tiny.SAMPLE_RATE])
    )
    inputs = {"audio_signal": features.numpy(), "length": lengths.numpy()}
    labels = [session(file).run(None, inputs)[0].argmax(-1) for file in (exact, small)]
    assert (labels[0] == labels[1]).mean() > 0.9


def test_a_stream_has_the_sizes_of_its_caches_as_properties(tmp_path):
    model = conformer()
    (file,) = export_onnx_folder(model, tmp_path, streaming=True)
    runtime = session(file)
    properties = runtime.get_modelmeta().custom_metadata_map
    channel = [int(properties[f"cache_last_channel_dim{number}"]) for number in (1, 2, 3)]
    time = [int(properties[f"cache_last_time_dim{number}"]) for number in (1, 2, 3)]
    window = int(properties["window_size"])
    assert (window, int(properties["chunk_shift"])) == (25, 16)
    outputs = runtime.run(
        None,
        {
            "audio_signal": np.zeros((1, 16, window), np.float32),
            "length": np.array([window]),
            "cache_last_channel": np.zeros((1, *channel), np.float32),
            "cache_last_time": np.zeros((1, *time), np.float32),
            "cache_last_channel_len": np.zeros(1, np.int64),
        },
    )
    assert outputs[0].shape == (1, 2, 5) and list(outputs[2].shape) == [1, *channel]
    assert not model.encoder.export_cache_support  # as before


def test_a_model_without_caches_is_told(tmp_path):
    model = talkative(EncDecCTCModel(tiny.config()))
    with pytest.raises(ExportError, match="ConvASREncoder keeps no caches"):
        export_onnx_folder(model, tmp_path, streaming=True)


def test_the_command_exports(tmp_path, capsys):
    conformer().save_to(str(tmp_path / "model.nemo"))
    arguments = ["export", str(tmp_path / "model.nemo")]
    assert main([*arguments, str(tmp_path / "a.onnx"), "--runtime-check", "--cache_support", "--max-dim=64"]) == 0
    assert main([*arguments, str(tmp_path / "a.ts"), "--runtime-check"]) == 0
    assert main([*arguments, str(tmp_path / "folder"), "--int8"]) == 0
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert names >= {"a.onnx", "a.ts", "model.onnx", "model.int8.onnx", "vocab.txt", "config.json"}
    assert str(tmp_path / "a.onnx") in capsys.readouterr().out
