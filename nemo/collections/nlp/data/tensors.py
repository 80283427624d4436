"""Numbers out of tensors."""

from __future__ import annotations

from typing import Any

from torch import Tensor


def tensor2list(tensor: Tensor) -> list[Any]:
    """The numbers of a tensor on any device, as nested lists."""
    numbers: list[Any] = tensor.detach().cpu().tolist()
    return numbers
