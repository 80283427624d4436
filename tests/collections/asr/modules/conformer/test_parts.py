"""Subsampling, convolution, positions, stochastic depth."""

import pytest
import torch

from nemo.collections.asr.modules.conformer.convolution import ConformerConvolution
from nemo.collections.asr.modules.conformer.positions import sinusoids
from nemo.collections.asr.modules.conformer.stochastic_depth import drop_probabilities, with_or_without
from nemo.collections.asr.modules.conformer.subsampling import StackingSubsampling, make_subsampling
from nemo.utils.exceptions import ConfigError


@pytest.mark.parametrize("kind", ["striding", "dw_striding", "vggnet", "stacking"])
@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize("factor", [2, 8])
def test_lengths_are_those_of_the_frames_that_come_out(kind, is_causal, factor):
    module = make_subsampling(kind, factor, 16, 6, 4, is_causal).eval()
    for frames in (1, 7, 8, 9, 40, 41):
        out, lengths = module(torch.randn(1, frames, 16), torch.tensor([frames]))
        assert out.shape == (1, int(lengths), 6)


def test_a_causal_stage_does_not_look_ahead():
    module = make_subsampling("dw_striding", 8, 16, 6, 4, is_causal=True)
    x = torch.randn(1, 33, 16, requires_grad=True)
    out, _ = module(x, torch.tensor([33]))
    for frame in range(out.shape[1]):
        (gradient,) = torch.autograd.grad(out[0, frame].sum(), x, retain_graph=True)
        assert int(gradient[0].abs().sum(1).nonzero().max()) <= 8 * frame


def test_a_split_batch_gives_the_same():
    module = make_subsampling("striding", 4, 16, 6, 4, is_causal=False).eval()
    x, lengths = torch.randn(5, 20, 16), torch.tensor([20, 20, 9, 8, 1])
    whole, _ = module(x, lengths)
    module.change_subsampling_conv_chunking_factor(4)
    assert torch.allclose(module(x, lengths)[0], whole, atol=1e-6)
    with pytest.raises(ConfigError, match="chunking factor is 3"):
        module.change_subsampling_conv_chunking_factor(3)


def test_masked_stages_make_padding_invisible():
    module = make_subsampling("dw_striding", 8, 16, 6, 4, is_causal=False).eval()
    module.masks_padding = True
    x = torch.randn(1, 30, 16)
    short, _ = module(x, torch.tensor([30]))
    padded, lengths = module(torch.cat([x, torch.randn(1, 17, 16)], 1), torch.tensor([30]))
    assert torch.allclose(padded[:, : int(lengths)], short, atol=1e-6)


def test_stacking_puts_neighbours_side_by_side():
    module = StackingSubsampling(4, 2, 8)
    with torch.no_grad():
        module.proj_out.weight.copy_(torch.eye(8))
        module.proj_out.bias.zero_()
    x = torch.arange(12.0).view(1, 6, 2)
    out, lengths = module(x, torch.tensor([5]))
    assert out[0, 0].tolist() == x[0, :4].flatten().tolist() and out[0, 1, :4].tolist() == x[0, 4:].flatten().tolist()
    assert lengths.tolist() == [2]


@pytest.mark.parametrize(("kind", "factor", "message"), [("striding", 3, "power of"), ("other", 4, "stacking_norm")])
def test_impossible_subsampling_is_told(kind, factor, message):
    with pytest.raises(ConfigError, match=message):
        make_subsampling(kind, factor, 16, 6, 4, False)


@pytest.mark.parametrize("norm", ["batch_norm", "layer_norm", "instance_norm", "group_norm2", "fused_batch_norm"])
@pytest.mark.parametrize("context", [None, "causal", [5, 3]])
def test_convolution_is_pytorchs_layer_by_layer(norm, context):
    module = ConformerConvolution(8, 9, norm, context).eval()
    if norm == "batch_norm":
        module.batch_norm.running_mean.normal_()
        module.batch_norm.running_var.uniform_(0.5, 2)
    x = torch.randn(2, 14, 8)
    is_padding = (torch.arange(14) >= torch.tensor([[14], [6]]))[..., None]
    left, right = {None: (4, 4), "causal": (8, 0)}.get(context if not isinstance(context, list) else "", (5, 3))
    y = torch.nn.functional.glu(module.pointwise_conv1(x.transpose(1, 2)), dim=1)
    y = y.masked_fill(is_padding.transpose(1, 2), 0.0)
    y = module.depthwise_conv(torch.nn.functional.pad(y, (left, right)))
    y = module.batch_norm(y.transpose(1, 2)).transpose(1, 2) if norm == "layer_norm" else module.batch_norm(y)
    expected = module.pointwise_conv2(torch.nn.functional.silu(y)).transpose(1, 2)
    assert torch.allclose(module(x, is_padding)[0], expected, atol=1e-5)
    with torch.no_grad():  # batch norm is folded into the weights here
        assert torch.allclose(module(x, is_padding)[0], expected, atol=1e-5)


def test_impossible_convolutions_are_told():
    for options, message in (
        ({"kernel_size": 8}, "odd"),
        ({"kernel_size": 9, "norm_type": "group_norm3"}, "divides 8"),
        ({"kernel_size": 9, "norm_type": "none"}, "batch_norm, layer_norm"),
        ({"kernel_size": 9, "conv_context_size": [3, 3]}, "left . 1 . right"),
        ({"kernel_size": 9, "conv_context_size": "full"}, "causal"),
    ):
        with pytest.raises(ConfigError, match=message):
            ConformerConvolution(8, **options)


def test_sinusoids_are_the_papers():
    found = sinusoids(torch.tensor([0.0, 3.0, -2.0]), 6)
    for row, position in enumerate([0.0, 3.0, -2.0]):
        for place in range(3):
            angle = torch.tensor(position / 10000 ** (2 * place / 6))
            assert found[row, 2 * place] == pytest.approx(float(torch.sin(angle)), abs=1e-6)
            assert found[row, 2 * place + 1] == pytest.approx(float(torch.cos(angle)), abs=1e-6)


def test_stochastic_depth_keeps_the_mean():
    assert drop_probabilities(4, 0.3, "linear", 1) == pytest.approx([0, 0.1, 0.2, 0.3])
    assert drop_probabilities(4, 0.3, "uniform", 2) == pytest.approx([0, 0, 0.3, 0.3])
    before, after = torch.zeros(1), torch.ones(1)
    results = torch.stack([with_or_without(before, after, 0.25) for _ in range(4000)])
    assert sorted(results.unique().tolist()) == pytest.approx([0.0, 4 / 3])
    assert float(results.mean()) == pytest.approx(1, abs=0.05)
    for arguments in ((4, 1.0, "linear", 1), (4, 0.1, "square", 1), (4, 0.1, "linear", 5)):
        with pytest.raises(ConfigError):
            drop_probabilities(*arguments)
