"""Masked convolution against a convolution of each utterance alone."""

import pytest
import torch
import torch.nn.functional as F

from nemo.collections.asr.modules.masked_conv import (
    MaskedConv1d,
    asymmetric_padding,
    odd_kernel_size,
    same_padding,
)
from nemo.utils.exceptions import ConfigError


@pytest.mark.parametrize(
    "kwargs",
    [
        {"kernel_size": 5, "padding": 2},
        {"kernel_size": 5, "padding": 2, "stride": 2},
        {"kernel_size": 3, "padding": 2, "dilation": 2},
        {"kernel_size": 4, "padding": 1, "bias": True},
        {"kernel_size": 1},
        {"kernel_size": 1, "stride": 2},
        {"kernel_size": 5, "padding": 2, "groups": 4},
        {"kernel_size": 5, "padding": (3, 1), "groups": 4},
        {"kernel_size": 1, "groups": 2},
    ],
)
def test_batch_equals_one_by_one(kwargs):
    module = MaskedConv1d(4, 4, **kwargs)
    x, lengths = torch.randn(3, 4, 20), torch.tensor([20, 13, 6])
    batch, new_lengths = module(x, lengths)
    for row, length in enumerate(lengths.tolist()):
        alone, alone_length = module(x[row : row + 1, :, :length], lengths[row : row + 1])
        assert alone_length.item() == new_lengths[row] == alone.shape[2]
        torch.testing.assert_close(batch[row, :, : alone.shape[2]], alone[0], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kwargs", [{"kernel_size": 1}, {"kernel_size": 7, "padding": 3, "groups": 6}])
def test_fast_ways_equal_pytorchs(kwargs):
    module = MaskedConv1d(6, 6, **kwargs)
    x = torch.randn(2, 6, 30)
    torch.testing.assert_close(module(x, None)[0], module.conv(x), atol=1e-5, rtol=1e-5)


def test_heads_share_their_filters():
    module = MaskedConv1d(6, 6, kernel_size=3, padding=1, groups=6, heads=2)
    x = torch.randn(2, 6, 10)
    weight = module.conv.weight.repeat(3, 1, 1)  # channel c uses filter c mod 2
    torch.testing.assert_close(module(x, None)[0], F.conv1d(x, weight, padding=1, groups=6), atol=1e-6, rtol=1e-5)


def test_without_mask_padding_stays_and_lengths_follow_the_stride():
    module = MaskedConv1d(2, 2, kernel_size=3, padding=1, stride=2, use_mask=False)
    x, lengths = torch.randn(1, 2, 10), torch.tensor([4])
    y, new_lengths = module(x, lengths)
    torch.testing.assert_close(y, module.conv(x))
    assert new_lengths.tolist() == [2]


def test_future_context_is_all_that_is_seen_ahead():
    module = MaskedConv1d(1, 1, kernel_size=7, padding=asymmetric_padding(7, 1, 1, 1))
    x = torch.zeros(1, 1, 20)
    x[0, 0, 10] = 1
    seen = module(x, None)[0][0, 0].abs() > 0
    assert seen.nonzero().flatten().tolist() == list(range(9, 16))


def test_paddings_keep_the_length():
    assert same_padding(5, 1, 2) == 4
    assert asymmetric_padding(5, 1, 1, 9) == (2, 2)
    assert [odd_kernel_size(11, 0.5), odd_kernel_size(13, 0.75), odd_kernel_size(12, 1.0), odd_kernel_size(3, 0.1)] == [
        5, 9, 13, 1,
    ]  # fmt: skip


def test_stride_with_dilation_is_refused():
    with pytest.raises(ConfigError, match="stride 2 and dilation 3"):
        same_padding(5, 2, 3)


def test_heads_without_depthwise_convolution_are_refused():
    with pytest.raises(ConfigError, match="heads need a depthwise convolution"):
        MaskedConv1d(4, 8, kernel_size=3, heads=2)
