"""Weights in the order in which oneDNN multiplies by them, while many texts are generated on a CPU.

Each token of a text multiplies a few rows by all weights, and takes about half the time when these lie as the processor
reads them. To bring them into that order costs about ten tokens, so it pays for lists of texts. PyTorch's own inference
does the same when it freezes a model (`torch.compile` with `freezing`).
"""

from __future__ import annotations

import contextlib
import functools
import platform
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

FEWEST_ROWS = 8
"""Rows of a product for which it pays."""

# the operators are not part of PyTorch's stable interface: another release may lack them
_HAS_OPERATORS = (
    platform.machine().lower() in ("x86_64", "amd64")
    and torch.backends.mkldnn.is_available()
    and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
    and hasattr(torch.ops.mkldnn, "_linear_pointwise")
)


@contextlib.contextmanager
def packed_weights(modules: Iterable[Any], rows: int) -> Iterator[None]:
    """Linear layers of modules compute from reordered copies of their weights inside the block.

    Results agree to float32 rounding. Elsewhere than on an x86 CPU, with few rows, or with weights in other precisions,
    nothing changes. Weights must not be changed inside the block; memory holds them twice.

    Args:
        modules: what computes.
        rows: of the products: texts that are generated together.
    """
    layers = [layer for module in modules for layer in _linear_layers(module)] if rows >= FEWEST_ROWS else []
    try:
        for layer in layers:
            weight = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach(), rows)
            layer.forward = functools.partial(_product, layer, weight)  # type: ignore[method-assign]
        yield
    finally:
        for layer in layers:
            vars(layer).pop("forward", None)


def _linear_layers(module: Any) -> list[nn.Linear]:
    """The layers whose weights can be reordered, and are not yet."""
    if not _HAS_OPERATORS or not isinstance(module, nn.Module):
        return []
    return [
        layer
        for layer in module.modules()
        if isinstance(layer, nn.Linear)
        and "forward" not in vars(layer)
        and layer.weight.dtype == torch.float32
        and layer.weight.device.type == "cpu"
        and type(layer.weight) is nn.Parameter
    ]


def _product(layer: nn.Linear, packed: Tensor, x: Tensor) -> Tensor:
    if x.dtype != torch.float32 or torch.is_grad_enabled() or torch.is_autocast_enabled("cpu"):
        return type(layer).forward(layer, x)
    result: Tensor = torch.ops.mkldnn._linear_pointwise(x, packed, layer.bias, "none", [], "")
    return result
