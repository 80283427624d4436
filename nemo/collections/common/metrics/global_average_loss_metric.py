"""A loss averaged over batches of different size."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric


class GlobalAverageLossMetric(Metric):
    """Sum of losses by the number of what was measured (tokens, examples), over all batches and processes.

    Args:
        dist_sync_on_step: as in torchmetrics.
        process_group: as in torchmetrics.
        take_avg_loss: the loss of a batch is an average; False: a sum.
        **kwargs: other arguments of a torchmetrics ``Metric``.
    """

    full_state_update = True
    loss_sum: Tensor
    num_measurements: Tensor

    def __init__(
        self,
        dist_sync_on_step: bool = False,
        process_group: Any = None,
        take_avg_loss: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(dist_sync_on_step=dist_sync_on_step, process_group=process_group, **kwargs)
        self.take_avg_loss = take_avg_loss
        # in single precision a million batches would round off what is added
        self.add_state("loss_sum", torch.tensor(0.0, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("num_measurements", torch.tensor(0, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, loss: Tensor, num_measurements: Tensor | int) -> None:
        """Adds a batch.

        Args:
            loss: scalar.
            num_measurements: what it was averaged or summed over.
        """
        loss = loss.detach().double()
        self.loss_sum = self.loss_sum + (loss * num_measurements if self.take_avg_loss else loss)
        self.num_measurements = self.num_measurements + num_measurements

    def compute(self) -> Tensor:
        """The average; NaN before the first batch."""
        return (self.loss_sum / self.num_measurements).float()
