"""The linear layer that is fast on CPUs against PyTorch's, with gradients of the first and second order."""

import copy

import pytest
import torch
import torch.nn.functional as F

from nemo.collections.common.modules import linear as module
from nemo.collections.common.modules.linear import Linear, linear


@pytest.fixture(autouse=True)
def small_products_are_fast_too(monkeypatch):
    monkeypatch.setattr(module, "FEWEST_PRODUCTS", 1)


@pytest.mark.parametrize("shape", [(8, 24), (3, 5, 24), (1, 4, 7, 24), (2, 24), (0, 24), (24,)])
@pytest.mark.parametrize("has_bias", [True, False])
def test_results_and_gradients_are_pytorchs(shape, has_bias):
    x, weight = torch.randn(shape, requires_grad=True), torch.randn(16, 24, requires_grad=True)
    bias = torch.randn(16, requires_grad=True) if has_bias else None
    inputs = [x, weight] + ([bias] if has_bias else [])
    found, expected = linear(x, weight, bias), F.linear(x, weight, bias)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    grad = torch.randn_like(expected)
    for ours, theirs in zip(
        torch.autograd.grad(found, inputs, grad), torch.autograd.grad(expected, inputs, grad), strict=True
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_gradients_have_gradients():
    x, weight = torch.randn(9, 24, requires_grad=True), torch.randn(16, 24, requires_grad=True)
    second = []
    for function in (linear, F.linear):
        (first,) = torch.autograd.grad(function(x, weight).square().sum(), x, create_graph=True)
        second.append(torch.autograd.grad(first.square().sum(), weight)[0])
    torch.testing.assert_close(second[0], second[1], rtol=1e-4, atol=1e-2)  # sums of squares of thousands


def test_views_of_any_layout_are_taken():
    wide = torch.randn(20, 40)
    weight = torch.randn(16, 40)[:, :24]
    for x in (wide[:, :24], wide.t()[:24].t(), torch.randn(24, 20).t(), torch.randn(24).expand(10, 24)):
        torch.testing.assert_close(linear(x, weight), F.linear(x, weight), atol=1e-5, rtol=1e-5)


def test_results_may_be_changed_in_place():
    x, weight = torch.randn(2, 9, 24), torch.randn(16, 24, requires_grad=True)
    (ours,) = torch.autograd.grad(linear(x, weight).relu_().square().sum(), weight)
    (theirs,) = torch.autograd.grad(F.linear(x, weight).relu().square().sum(), weight)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-5)


def test_frozen_parameters_get_no_gradient():
    layer, x = Linear(24, 16), torch.randn(9, 24, requires_grad=True)
    layer.weight.requires_grad_(False)
    layer(x).sum().backward()
    assert layer.weight.grad is None
    assert x.grad is not None
    torch.testing.assert_close(layer.bias.grad, torch.full((16,), 9.0))


def test_other_numbers_are_pytorchs_exactly():
    for dtype in (torch.float64, torch.bfloat16):
        x, layer = torch.randn(9, 24, dtype=dtype), Linear(24, 16, dtype=dtype)
        assert torch.equal(layer(x), F.linear(x, layer.weight, layer.bias))
    x, layer = torch.randn(9, 24), Linear(24, 16)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(x).dtype == torch.bfloat16


def test_copies_and_state_are_those_of_a_linear_layer():
    layer = Linear(24, 16)
    plain = torch.nn.Linear(24, 16)
    plain.load_state_dict(copy.deepcopy(layer).state_dict())
    x = torch.randn(9, 24)
    torch.testing.assert_close(layer(x), plain(x), atol=1e-5, rtol=1e-5)


def test_exported_programs_have_the_plain_operator():
    layer, x = Linear(24, 16), torch.randn(9, 24)
    traced = torch.jit.trace(layer, x)
    assert "aten::linear" in str(traced.inlined_graph)
    program = torch.export.export(layer, (x,))
    assert torch.ops.aten.linear.default in [node.target for node in program.graph.nodes]


def test_the_compilers_operator_is_the_same_product():
    x, weight, bias = torch.randn(9, 24), torch.randn(16, 24), torch.randn(16)
    if module._HAS_ONEDNN:
        torch.library.opcheck(torch.ops.nemo.linear.default, (x, weight, bias))
        torch.testing.assert_close(torch.ops.nemo.linear(x, weight, bias), F.linear(x, weight, bias))
