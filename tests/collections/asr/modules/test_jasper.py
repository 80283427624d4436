"""Jasper blocks against the same block written with PyTorch's functions."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nemo.collections.asr.modules.jasper import (
    GroupShuffle,
    JasperBlock,
    TimeBatchNorm,
    init_weights,
    make_activation,
    make_norm,
)
from nemo.utils.exceptions import ConfigError


def norm(module, x):
    return F.batch_norm(x, module.running_mean, module.running_var, module.weight, module.bias, False, 0, 1e-3)


@pytest.mark.parametrize("mode", ["add", "max"])
def test_separable_block_equals_plain_functions(mode):
    block = JasperBlock(4, 6, repeat=2, kernel_size=5, dropout=0.0, separable=True, residual_mode=mode).eval()
    for module in block.modules():
        if isinstance(module, TimeBatchNorm):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.normal_(module.bias)
    x = torch.randn(2, 4, 12)
    m = block.mconv
    y = F.conv1d(F.conv1d(x, m[0].conv.weight, padding=2, groups=4), m[1].conv.weight)
    y = torch.relu(norm(m[2], y))
    y = norm(m[7], F.conv1d(F.conv1d(y, m[5].conv.weight, padding=2, groups=6), m[6].conv.weight))
    residual = norm(block.res[0][1], F.conv1d(x, block.res[0][0].conv.weight))
    expected = torch.relu(y + residual if mode == "add" else torch.maximum(y, residual))
    (ours,), _ = block(([x], None))
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    "kwargs",
    [
        {"separable": True, "se": True, "se_reduction_ratio": 2},
        {"separable": False},
        {"separable": True, "stride": 2, "stride_last": True, "residual_mode": "stride_add"},
        {"separable": False, "stride": 2, "residual_mode": "stride_add", "repeat": 2},
        {"separable": True, "dilation": 2, "normalization": "batch"},
        {"separable": True, "groups": 2},
        {"separable": True, "heads": 2},
        {"separable": True, "future_context": 1},
        {"separable": True, "residual": False, "kernel_size_factor": 0.5},
    ],
)
def test_padding_does_not_change_results(kwargs):
    block = JasperBlock(4, 4, dropout=0.0, kernel_size=5, conv_mask=True, **({"repeat": 3} | kwargs)).eval()
    x, lengths = torch.randn(3, 4, 24), torch.tensor([24, 17, 9])
    (batch,), new_lengths = block(([x], lengths))
    for row, length in enumerate(lengths.tolist()):
        (alone,), alone_length = block(([x[row : row + 1, :, :length]], lengths[row : row + 1]))
        assert alone.shape[2] == alone_length.item() == new_lengths[row]
        torch.testing.assert_close(batch[row, :, : alone.shape[2]], alone[0], atol=1e-5, rtol=1e-4)


def test_dense_residual_adds_every_earlier_output():
    block = JasperBlock(6, 6, repeat=1, kernel_size=3, dropout=0.0, residual_panes=[4, 6]).eval()
    first, second = torch.randn(1, 4, 8), torch.randn(1, 6, 8)
    outputs, _ = block(([first, second], None))
    expected = norm(block.mconv[1], F.conv1d(second, block.mconv[0].conv.weight, padding=1))
    for branch, x in zip(block.res, (first, second), strict=True):
        expected = expected + norm(branch[1], F.conv1d(x, branch[0].conv.weight))
    assert len(outputs) == 3
    torch.testing.assert_close(outputs[-1], torch.relu(expected), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("layout", ["channels first", "channels last"])
def test_batch_norm_is_pytorchs_in_either_layout(layout):
    ours, theirs = TimeBatchNorm(4), nn.BatchNorm1d(4)
    x = torch.randn(3, 5, 4).transpose(1, 2) if layout == "channels last" else torch.randn(3, 4, 5)
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours.running_var, theirs.running_var)


def test_group_norms_are_layer_and_instance_norms():
    x = torch.randn(2, 4, 9)
    torch.testing.assert_close(make_norm("instance", 4)(x), F.instance_norm(x), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(make_norm("layer", 4)(x), F.layer_norm(x, (4, 9)), atol=1e-5, rtol=1e-4)
    assert make_norm("group", 4, 2).num_groups == 2
    assert make_norm("group", 4).num_groups == 4


def test_group_shuffle_interleaves_groups():
    assert GroupShuffle(2, 6)(torch.arange(6.0)[None, :, None]).flatten().tolist() == [0, 3, 1, 4, 2, 5]


@pytest.mark.parametrize(
    ("mode", "bound"),
    [("xavier_uniform", math.sqrt(6 / (5 * (40 + 40)))), ("tds_uniform", 2 / math.sqrt(5 * 40))],
)
def test_weights_are_drawn_within_their_bound(mode, bound):
    convolution = nn.Conv1d(40, 40, 5)
    init_weights(convolution, mode)
    assert 0.98 * bound < convolution.weight.abs().max() <= bound


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: make_activation("rulu"), "activation is 'rulu'"),
        (lambda: make_norm("bath", 4), "normalization_mode is 'bath'"),
        (lambda: init_weights(nn.Conv1d(1, 1, 1), "xavier"), "init_mode is 'xavier'"),
        (lambda: JasperBlock(4, 4, residual_mode="concat"), "residual_mode is 'concat'"),
        (lambda: JasperBlock(4, 4, padding="valid"), "padding is 'valid'"),
        (lambda: GroupShuffle(3, 4), "3 groups do not divide 4"),
    ],
)
def test_unknown_kinds_are_refused(build, words):
    with pytest.raises(ConfigError, match=words):
        build()
