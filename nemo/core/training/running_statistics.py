"""The running statistics of norms, which a forward pass changes before anybody can see what came of it."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase


def norms_with_statistics(module: nn.Module) -> Iterator[_NormBase]:
    """Batch norms, and instance norms where they track statistics."""
    return (each for each in module.modules() if isinstance(each, _NormBase) and each.track_running_stats)


class RunningStatistics:
    """Means, variances and counts as they were when :meth:`keep` was called.

    Args:
        module: whose norms.
    """

    def __init__(self, module: nn.Module) -> None:
        self._buffers: list[Tensor] = [
            buffer for norm in norms_with_statistics(module) for buffer in norm.buffers(recurse=False)
        ]
        self._kept = [buffer.clone() for buffer in self._buffers]

    def keep(self) -> None:
        """Remembers what they are now."""
        if self._buffers:
            torch._foreach_copy_(self._kept, self._buffers)

    def put_back(self) -> None:
        """Makes them what they were."""
        if self._buffers:
            torch._foreach_copy_(self._buffers, self._kept)
