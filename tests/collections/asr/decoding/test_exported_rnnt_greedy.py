import pytest
import torch
from omegaconf import OmegaConf

from nemo.collections.asr.decoding.exported_rnnt_greedy import (
    ONNXGreedyBatchedRNNTInfer,
    TorchscriptGreedyBatchedRNNTInfer,
)
from nemo.collections.asr.models.rnnt import EncDecRNNTModel
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny, tiny_rnnt


def model_and_batch(**more):
    torch.manual_seed(3)
    model = EncDecRNNTModel(OmegaConf.create(tiny_rnnt.config(**more))).eval()
    torch.nn.init.normal_(model.joint.joint_net[-1].bias, std=0.1)
    signals = torch.stack([torch.from_numpy(tiny.signal(0.6, 200.0)), torch.from_numpy(tiny.signal(0.6, 700.0))])
    features, lengths = model.preprocessor(input_signal=signals, length=torch.tensor([9600, 6400]))
    frames, frame_lengths = model.encoder(audio_signal=features, length=lengths)
    found = model.decoding.rnnt_decoder_predictions_tensor(frames, frame_lengths, return_hypotheses=True)[0]
    expected = [torch.as_tensor(hypothesis.y_sequence).tolist() for hypothesis in found]
    return model, features, lengths, expected


@pytest.mark.parametrize("stateless", [False, True])
def test_onnx_files_give_the_tokens_of_the_model(tmp_path, stateless):
    model, features, lengths, expected = model_and_batch(stateless=stateless)
    assert min(map(len, expected)) > 0
    assert sum(map(len, expected)) > 5
    model.export(str(tmp_path / "t.onnx"))
    search = ONNXGreedyBatchedRNNTInfer(tmp_path / "encoder-t.onnx", tmp_path / "decoder_joint-t.onnx", 5)
    assert search(audio_signal=features, length=lengths) == expected
    assert search(audio_signal=features[1:], length=lengths[1:]) == expected[1:]


def test_torchscript_files_give_the_tokens_of_the_model(tmp_path):
    model, features, lengths, expected = model_and_batch()
    model.export(str(tmp_path / "t.ts"))
    search = TorchscriptGreedyBatchedRNNTInfer(
        tmp_path / "encoder-t.ts", tmp_path / "decoder_joint-t.ts", "cpu", max_symbols_per_step=5
    )
    assert search(audio_signal=features, length=lengths) == expected


def test_no_tokens_at_all_are_refused():
    with pytest.raises(ConfigError, match="max_symbols_per_step is 0"):
        ONNXGreedyBatchedRNNTInfer("a", "b", 0)
