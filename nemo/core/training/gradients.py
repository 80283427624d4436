"""Norms of gradients, whatever kind of tensor they are."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import Parameter

FEW = 2**15
"""Numbers that are copied together faster than a CPU takes their norms one by one."""


def gradient_norm(parameters: Iterable[Parameter]) -> Tensor | None:
    """The norm of all gradients, on the device; NaN or infinite if any of them is. None without gradients."""
    gradients = [local_gradient(parameter.grad) for parameter in parameters if parameter.grad is not None]
    if not gradients:
        return None
    if gradients[0].device.type == "cpu" and sum(map(torch.numel, gradients)) < FEW:
        return torch.linalg.vector_norm(torch.cat([gradient.reshape(-1) for gradient in gradients]))
    return torch.nn.utils.get_total_norm(gradients)


def not_finite_gradients(named_parameters: Iterable[tuple[str, Parameter]]) -> list[str]:
    """Names of parameters whose gradients are not finite; waits for the device at each."""
    return [
        name
        for name, parameter in named_parameters
        if parameter.grad is not None and not bool(torch.isfinite(local_gradient(parameter.grad)).all())
    ]


def local_gradient(gradient: Tensor) -> Tensor:
    """This process's part of a gradient that is sharded; the values of a sparse one."""
    if gradient.is_sparse:
        return gradient.coalesce().values()
    return gradient.to_local() if hasattr(gradient, "to_local") else gradient
