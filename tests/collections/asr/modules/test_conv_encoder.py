"""The convolutional encoder: its config, its properties, its gradients, its export."""

import copy
import logging

import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from nemo.collections.asr.modules import ConvASREncoder
from nemo.collections.asr.modules.conv_encoder import JasperEncoderConfig
from nemo.collections.asr.modules.depthwise_conv import is_fast_here
from nemo.utils.exceptions import ConfigError, ShapeError


def block(filters, kernel, **kwargs):
    defaults = {"repeat": 1, "stride": [1], "dilation": [1], "dropout": 0.0, "residual": False, "separable": True}
    return {"filters": filters, "kernel": [kernel]} | defaults | kwargs


BLOCKS = [
    block(8, 5, stride=[2]),
    block(8, 5, repeat=2, residual=True, se=True),
    block(12, 3, dilation=[2]),
    block(16, 1, separable=False),
]


def encoder(blocks=BLOCKS, **kwargs):
    return ConvASREncoder(blocks, activation="relu", feat_in=6, **kwargs)


def test_padding_does_not_change_results():
    module = encoder().eval()
    x, lengths = torch.randn(3, 6, 57), torch.tensor([57, 40, 23])
    batch, encoded_lengths = module(audio_signal=x, length=lengths)
    assert encoded_lengths.tolist() == [29, 20, 12]
    for row, length in enumerate(lengths.tolist()):
        alone, _ = module(audio_signal=x[row : row + 1, :, :length], length=lengths[row : row + 1])
        torch.testing.assert_close(batch[row, :, : alone.shape[2]], alone[0], atol=1e-5, rtol=1e-4)


def test_fast_layers_train_as_plain_ones(monkeypatch):
    fast = encoder(init_mode="kaiming_normal")
    plain = copy.deepcopy(fast)
    x, lengths = torch.randn(3, 6, 57), torch.tensor([57, 40, 23])
    fast(audio_signal=x, length=lengths)[0].square().mean().backward()
    monkeypatch.setattr("nemo.collections.asr.modules.masked_conv.is_fast_here", lambda x, weight: False)
    plain(audio_signal=x, length=lengths)[0].square().mean().backward()
    for (name, ours), theirs in zip(fast.named_parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(
            ours.grad, theirs.grad, atol=1e-5, rtol=1e-3, msg=lambda text, n=name: f"{n}: {text}"
        )
    for ours, theirs in zip(fast.buffers(), plain.buffers(), strict=True):
        torch.testing.assert_close(ours, theirs)
    assert is_fast_here(x, x)


def test_block_configs_of_every_kind_build_the_same():
    given = [BLOCKS, OmegaConf.create(BLOCKS), [JasperEncoderConfig(**entry) for entry in BLOCKS]]
    shapes = [{name: value.shape for name, value in encoder(blocks).state_dict().items()} for blocks in given]
    assert shapes[0] == shapes[1] == shapes[2]


def test_dense_residual_panes_accumulate_over_blocks():
    blocks = [block(8, 3), *(block(n, 3, residual=True, residual_dense=True) for n in (10, 12))]
    module = encoder(blocks)
    assert [branch[0].conv.in_channels for branch in module.encoder[2].res] == [8, 10]
    assert module(audio_signal=torch.randn(1, 6, 9), length=torch.tensor([9]))[0].shape == (1, 12, 9)


def test_frame_splicing_multiplies_the_input_features():
    assert encoder(frame_splicing=2).encoder[0].mconv[0].conv.in_channels == 12


def test_without_mask_lengths_still_follow_the_stride():
    strided = {
        "filters": 8,
        "repeat": 1,
        "kernel": [5],
        "stride": [2],
        "dilation": [1],
        "dropout": 0.0,
        "residual": False,
    }
    module = ConvASREncoder([{**strided, "se": True}], "relu", feat_in=6, conv_mask=False).eval()
    outputs, lengths = module(audio_signal=torch.randn(2, 6, 20), length=torch.tensor([20, 13]))
    assert outputs.shape == (2, 8, 10)
    assert lengths.tolist() == [10, 7]


def test_context_of_all_gates_is_changed_at_once():
    module = encoder()
    module.change_se_context_window(32)
    assert module.encoder[1].mconv[-1].context_window == 32


def test_number_of_output_channels_is_known():
    assert encoder().d_model == 16


def test_onnx_file_gives_the_same_for_padded_batches(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="the extra `export` is not installed")
    module = encoder().eval()
    module.export(str(tmp_path / "encoder.onnx"))
    session = onnxruntime.InferenceSession(str(tmp_path / "encoder.onnx"), providers=["CPUExecutionProvider"])
    assert [value.name for value in session.get_inputs()] == ["audio_signal", "length"]
    assert [value.name for value in session.get_outputs()] == ["outputs", "encoded_lengths"]
    x, lengths = torch.randn(3, 6, 57), torch.tensor([57, 40, 23])
    outputs, encoded_lengths = session.run(None, {"audio_signal": x.numpy(), "length": lengths.numpy()})
    expected, expected_lengths = module(audio_signal=x, length=lengths)
    torch.testing.assert_close(torch.from_numpy(outputs), expected.detach(), atol=1e-5, rtol=1e-4)
    assert encoded_lengths.tolist() == expected_lengths.tolist()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"filters": None}, r"encoder\.jasper\[0\] lacks filters"),
        ({"stride": [2], "dilation": [2]}, "stride 2 and dilation 2"),
    ],
)
def test_impossible_blocks_are_refused(change, words):
    with pytest.raises(ConfigError, match=words):
        encoder([BLOCKS[0] | change])


def test_no_blocks_at_all_are_refused():
    with pytest.raises(ConfigError, match=r"encoder\.jasper is empty"):
        encoder([])


def test_unknown_keys_of_a_block_are_reported(caplog):
    with caplog.at_level(logging.WARNING, logger="nemo"):
        logging.getLogger("nemo").propagate, before = True, logging.getLogger("nemo").propagate
        encoder([BLOCKS[0] | {"kernle": 3}])
        logging.getLogger("nemo").propagate = before
    assert "encoder.jasper[0] has unknown keys that have no effect: kernle" in caplog.text


def test_features_without_batch_are_refused():
    module = encoder()
    with pytest.raises((ShapeError, TypeError)):
        module(audio_signal=torch.randn(6, 20), length=torch.tensor([20]))


def test_batch_norms_start_at_identity():
    norms = [module for module in encoder().modules() if isinstance(module, nn.BatchNorm1d)]
    assert norms
    assert all(module.eps == 1e-3 and module.momentum == 0.1 and module.weight.eq(1).all() for module in norms)
