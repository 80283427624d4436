"""How often the right class is among the k likeliest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from nemo.utils.exceptions import ConfigError


class TopKClassificationAccuracy(Metric):
    """Share of examples whose label is among the k classes with the highest logits, for each k of a list.

    Args:
        top_k: the k; None: [1].
        dist_sync_on_step: as in torchmetrics.
        **kwargs: other arguments of a torchmetrics ``Metric``.

    Raises:
        ConfigError: a k below 1.
    """

    full_state_update = True
    correct_counts_k: Tensor
    """[K] examples that were right, so far."""
    total_counts_k: Tensor
    """[K] examples."""

    def __init__(self, top_k: Sequence[int] | None = None, dist_sync_on_step: bool = False, **kwargs: Any) -> None:
        super().__init__(dist_sync_on_step=dist_sync_on_step, **kwargs)
        self.top_k = [1] if top_k is None else list(top_k)
        for name in ("correct_counts_k", "total_counts_k"):
            zeros = torch.zeros(len(self.top_k), dtype=torch.int64)
            self.add_state(name, zeros, dist_reduce_fx="sum", persistent=False)

    @property
    def top_k(self) -> list[int]:
        """The k; set before the first batch."""
        return self._top_k

    @top_k.setter
    def top_k(self, value: Sequence[int]) -> None:
        if not value or min(value) < 1:
            raise ConfigError(f"top_k is {list(value)}; expected one or more numbers above 0.")
        self._top_k = list(value)

    def top_k_predicted_labels(self, logits: Tensor) -> Tensor:
        """[..., C] -> the classes with the highest logits, likeliest first: [..., largest k]."""
        return logits.topk(min(max(self.top_k), logits.shape[-1]), dim=-1).indices

    def update(self, logits: Tensor, labels: Tensor) -> None:
        """Adds a batch.

        Args:
            logits: [B, C], or more dims before C.
            labels: [B], or those dims.
        """
        hits = self.top_k_predicted_labels(logits) == labels.unsqueeze(-1)
        correct = torch.stack([hits[..., :k].any(dim=-1).sum() for k in self.top_k])
        self.correct_counts_k = self.correct_counts_k + correct
        self.total_counts_k = self.total_counts_k + labels.numel()

    def compute(self) -> list[Tensor]:
        """The accuracy for each k, between 0 and 1; NaN before the first batch."""
        return list(self.correct_counts_k / self.total_counts_k)


def compute_topk_accuracy(correct_counts_k: Tensor, total_counts_k: Tensor) -> list[Tensor]:
    """The accuracy for each k from the counts of several batches, each [batches, K] or [K]."""
    correct, total = torch.as_tensor(correct_counts_k), torch.as_tensor(total_counts_k)
    if correct.ndim > 1:
        correct, total = correct.sum(dim=0), total.sum(dim=0)
    return list(correct / total)
