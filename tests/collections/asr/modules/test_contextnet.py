"""ContextNet (Han et al., 2020, https://arxiv.org/abs/2005.03191) is a convolutional encoder of a certain config."""

import torch
import torch.nn.functional as F

from nemo.collections.asr.modules import ConvASREncoder

STRIDED = (3, 7, 14)
"""Blocks of stride two, of 23 (table 1 of the paper)."""


def contextnet(width=8):
    """The paper's blocks: 5 convolutions each but the first and the last, kernels of 5, the last block wider."""
    blocks = []
    for number in range(23):
        ends = number in (0, 22)
        blocks.append({
            "filters": width * 5 // 2 if number == 22 else width, "repeat": 1 if ends else 5, "kernel": [5],
            "stride": [2 if number in STRIDED else 1], "dilation": [1], "dropout": 0.1, "residual": not ends,
            "separable": True, "se": True, "se_context_size": -1, "stride_last": True, "residual_mode": "stride_add",
        })  # fmt: skip
    return ConvASREncoder(blocks, activation="swish", feat_in=10, init_mode="tds_uniform")


def normalised(x, norm):
    return F.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=1e-3)


def block_by_the_paper(x, block, stride):
    """f(x) = act(SE(conv(... conv(x))) + P(x)); each conv is separable, normed and activated; only the last strides."""
    convolutions = [layer.conv for layer in block.mconv if hasattr(layer, "conv")]
    norms = [layer for layer in block.mconv if hasattr(layer, "running_mean")]
    y = x
    for number, norm in enumerate(norms):
        depthwise, pointwise = convolutions[2 * number : 2 * number + 2]
        last = number == len(norms) - 1
        y = F.conv1d(y, depthwise.weight, stride=stride if last else 1, padding=2, groups=y.shape[1])
        y = normalised(F.conv1d(y, pointwise.weight), norm)
        y = y if last else F.silu(y)
    first, _, second = block.mconv[-1].fc
    y = y * torch.sigmoid(second(F.silu(first(y.mean(dim=2)))))[:, :, None]
    if block.res is not None:
        convolution, norm = block.res[0]
        y = y + normalised(F.conv1d(x, convolution.conv.weight, stride=stride), norm)
    return F.silu(y)


def test_every_block_is_that_of_the_paper():
    module = contextnet().eval()
    x = torch.randn(2, 10, 75)
    with torch.no_grad():
        for norm in module.modules():
            if isinstance(norm, torch.nn.BatchNorm1d):
                norm.running_mean.normal_(0, 0.1)
                norm.running_var.uniform_(0.5, 2)
        found, lengths = module(audio_signal=x, length=torch.tensor([75, 75]))
        for number, block in enumerate(module.encoder):
            x = block_by_the_paper(x, block, 2 if number in STRIDED else 1)
    assert lengths.tolist() == [10, 10] and found.shape == (2, 20, 10)
    torch.testing.assert_close(found, x, atol=1e-4, rtol=1e-3)


def test_eight_feature_frames_become_one():
    module = contextnet()
    assert module.subsampling_factor == 8
    for frames in (1, 8, 9, 16, 17, 64):
        out, lengths = module.eval()(audio_signal=torch.randn(1, 10, frames), length=torch.tensor([frames]))
        assert lengths.tolist() == [-(-frames // 8)] == [out.shape[2]]


def test_padding_does_not_change_results():
    module = contextnet().eval()
    x, lengths = torch.randn(2, 10, 90), torch.tensor([90, 41])
    together, _ = module(audio_signal=x, length=lengths)
    alone, _ = module(audio_signal=x[1:, :, :41], length=lengths[1:])
    torch.testing.assert_close(together[1, :, :6], alone[0], atol=1e-5, rtol=1e-4)


def test_context_of_squeeze_and_excitation_can_be_limited():
    module = contextnet()
    module.change_se_context_window(16)
    windows = {layer.context_window for block in module.encoder for layer in block.mconv if hasattr(layer, "fc")}
    assert windows == {16}
