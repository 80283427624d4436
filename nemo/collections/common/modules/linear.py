"""A linear layer that is fast on CPUs of every maker.

PyTorch computes float32 matrix products on x86 CPUs with MKL, which on AMD's has less than half the speed of oneDNN,
PyTorch's other library. This takes oneDNN's product, forward and backward, where it is the same computation: float32 on
an x86 CPU, at least eight rows. Elsewhere it is PyTorch's. Results agree to float32 rounding. Names and parameters are
those of `torch.nn.Linear`.
"""

from __future__ import annotations

import math
import platform
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FEWEST_ROWS = 8
"""Rows of a product for which calling oneDNN pays."""

FEWEST_PRODUCTS = 2**19
"""Multiply-adds of a product for which calling oneDNN pays."""


class Linear(nn.Linear):
    """`torch.nn.Linear` with :func:`linear`."""

    def forward(self, input: Tensor) -> Tensor:  # named as in torch.nn.Linear
        """[..., in_features] -> [..., out_features]."""
        return linear(input, self.weight, self.bias)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Computes ``F.linear(x, weight, bias)``.

    Args:
        x: [..., K].
        weight: [N, K].
        bias: [N]; None: zeros.

    Returns:
        [..., N].
    """
    if not _is_fast_here(x, weight):
        return F.linear(x, weight, bias)
    trains = x.requires_grad or weight.requires_grad or (bias is not None and bias.requires_grad)
    rows = x.reshape(-1, x.shape[-1])  # results of more dimensions would be views, which may not change in place
    result: Tensor = (_Linear.apply if trains and torch.is_grad_enabled() else _product)(rows, weight, bias)
    return result.view(*x.shape[:-1], weight.shape[0])


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _product(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # of such parts that it has gradients itself
        x, weight = ctx.saved_tensors
        needs_x, needs_weight, needs_bias = ctx.needs_input_grad
        grad_x = linear(grad, weight.t()) if needs_x else None
        grad_weight = linear(grad.t(), x.t()) if needs_weight else None
        return grad_x, grad_weight, grad.sum(0) if needs_bias else None


def _product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    if torch.compiler.is_compiling():
        result: Tensor = torch.ops.nemo.linear(x, weight, bias)
        return result
    return _onednn(x, weight, bias)


def _onednn(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    if not (weight.is_contiguous() or weight.t().is_contiguous()):
        weight = weight.contiguous()  # oneDNN is a thousand times slower with rows of another distance
    result: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return result


def _result_without_values(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return x.new_empty(*x.shape[:-1], weight.shape[0])


# PyTorch's compiler takes oneDNN's operator only for weights that never change, but any operator of a library's own
_OPERATORS = torch.library.Library("nemo", "FRAGMENT")
_OPERATORS.define("linear(Tensor x, Tensor weight, Tensor? bias) -> Tensor")
_OPERATORS.impl("linear", _onednn, "CPU")
torch.library.register_fake("nemo::linear", _result_without_values, lib=_OPERATORS)

# the operator is not part of PyTorch's stable interface: another release may lack it
_HAS_ONEDNN = (
    platform.machine().lower() in ("x86_64", "amd64")
    and torch.backends.mkldnn.is_available()
    and hasattr(torch.ops.mkldnn, "_linear_pointwise")
)


def _is_fast_here(x: Tensor, weight: Tensor) -> bool:
    """True where oneDNN computes the same, and faster; exported programs keep the plain operator."""
    return bool(
        _HAS_ONEDNN
        and not torch.jit.is_tracing()
        and not torch.compiler.is_exporting()
        and x.dtype == torch.float32 == weight.dtype
        and x.device.type == "cpu" == weight.device.type
        and _is_large(x, weight)
        and type(x) is Tensor
        and type(weight) in (Tensor, nn.Parameter)
        and torch.backends.mkldnn.enabled
        and not torch.is_autocast_enabled("cpu")
    )


def _is_large(x: Tensor, weight: Tensor) -> bool:
    rows = math.prod(x.shape[:-1])
    return rows >= FEWEST_ROWS and rows * weight.numel() >= FEWEST_PRODUCTS
