"""The fast depthwise convolution and its gradients against PyTorch's own."""

import pytest
import torch
import torch.nn.functional as F

from nemo.collections.asr.modules.depthwise_conv import channels_last, depthwise_conv1d, is_fast_here


@pytest.mark.parametrize(
    ("time", "taps", "stride", "padding", "dilation"),
    [
        (50, 11, 1, 5, 1),
        (51, 11, 2, 5, 1),
        (50, 7, 1, 6, 2),
        (37, 5, 1, 6, 3),
        (50, 4, 1, 0, 1),
        (50, 4, 2, 1, 1),
        (9, 15, 1, 7, 1),
        (33, 5, 3, 2, 1),
        (20, 3, 1, 5, 1),
    ],
)
def test_results_and_gradients_equal_pytorchs(time, taps, stride, padding, dilation):
    x = torch.randn(3, 8, time, requires_grad=True)
    weight = torch.randn(8, 1, taps, requires_grad=True)
    theirs = F.conv1d(x, weight, None, stride, padding, dilation, groups=8)
    ours = depthwise_conv1d(x, weight, stride, padding, dilation)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    grad = torch.randn_like(theirs)
    for our_grad, their_grad in zip(
        torch.autograd.grad(ours, (x, weight), grad), torch.autograd.grad(theirs, (x, weight), grad), strict=True
    ):
        # the weight's is a sum of batch * time products through a Fourier transform: float32 rounding of such sums
        torch.testing.assert_close(our_grad, their_grad, atol=5e-5, rtol=1e-4)


def test_gradients_that_nobody_needs_are_not_computed():
    x, weight = torch.randn(2, 4, 20), torch.randn(4, 1, 3, requires_grad=True)
    depthwise_conv1d(x, weight, padding=1).sum().backward()
    assert weight.grad is not None
    assert not depthwise_conv1d(x, weight.detach(), padding=1).requires_grad


def test_the_result_is_laid_out_with_channels_last():
    y = depthwise_conv1d(torch.randn(2, 4, 20), torch.randn(4, 1, 3), padding=1)
    assert y.transpose(1, 2).is_contiguous()
    assert channels_last(y).data_ptr() == y.data_ptr()


def test_other_data_types_and_autocast_take_pytorchs_way():
    x, weight = torch.randn(2, 4, 20), torch.randn(4, 1, 3)
    assert is_fast_here(x, weight)
    assert not is_fast_here(x.double(), weight.double())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert not is_fast_here(x, weight)
