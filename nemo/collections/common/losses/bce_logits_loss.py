"""Binary cross entropy of logits with several labels at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nemo.collections.common.losses.chosen_positions import chosen_positions
from nemo.core.classes.serialization import Serialization
from nemo.core.classes.type_checking import Typing, typecheck
from nemo.core.neural_types import LabelsType, LogitsType, LossType, MaskType, NeuralType


class BCEWithLogitsLoss(nn.BCEWithLogitsLoss, Typing, Serialization):
    """PyTorch's binary cross entropy for logits of any dims; where no position counts, the loss is 0.

    Args:
        logits_ndim: dims of the logits [B, ..., C].
        weight: [C] factor of each class.
        reduction: mean, sum or none.
        pos_weight: [C] factor of the positive labels of each class.
    """

    def __init__(
        self,
        logits_ndim: int = 2,
        weight: Sequence[float] | Tensor | None = None,
        reduction: str = "mean",
        pos_weight: Sequence[float] | Tensor | None = None,
    ) -> None:
        super().__init__(
            weight=None if weight is None else torch.as_tensor(weight),
            reduction=reduction,
            pos_weight=None if pos_weight is None else torch.as_tensor(pos_weight),
        )
        self._logits_ndim = logits_ndim

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Logits, labels and what counts."""
        positions = ["B"] + ["ANY"] * (self._logits_ndim - 2)
        return {
            "logits": NeuralType([*positions, "ANY"], LogitsType()),
            "labels": NeuralType([*positions, "ANY"], LabelsType()),
            "loss_mask": NeuralType(positions, MaskType(), optional=True),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """The loss."""
        return {"loss": NeuralType(elements_type=LossType())}

    @typecheck()
    def forward(self, logits: Tensor, labels: Tensor, loss_mask: Tensor | None = None) -> Tensor:
        """Computes the loss.

        Args:
            logits: [B, ..., C].
            labels: [B, ..., C], 1 where the class is there.
            loss_mask: [B, ...], above 0.5 where a position counts; None: everywhere.

        Returns:
            A scalar; [N, C] with reduction none.
        """
        chosen, targets = chosen_positions(logits, labels, loss_mask)
        if not len(targets) and self.reduction == "mean":
            return logits.sum() * 0.0  # PyTorch's mean of nothing is NaN
        return super().forward(chosen, targets.to(chosen.dtype))
