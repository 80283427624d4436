"""Loss of models that mark a span of a text, such as the answer to a question (Devlin et al., 2019)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from nemo.core.classes.loss import Loss
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import ChannelType, LogitsType, LossType, NeuralType


class SpanningLoss(Loss):
    """Mean of the cross entropies of the first and the last position of the span."""

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Logits of both positions, and where they are."""
        return {
            "logits": NeuralType(("B", "T", "D"), LogitsType()),
            "start_positions": NeuralType(tuple("B"), ChannelType()),
            "end_positions": NeuralType(tuple("B"), ChannelType()),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """The loss, and the logits of each position."""
        return {
            "loss": NeuralType(elements_type=LossType()),
            "start_logits": NeuralType(("B", "T"), LogitsType()),
            "end_logits": NeuralType(("B", "T"), LogitsType()),
        }

    @typecheck()
    def forward(self, logits: Tensor, start_positions: Tensor, end_positions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Computes the loss.

        Args:
            logits: [B, T, 2], of the first and the last position.
            start_positions: [B]; those of T and beyond, cut off with the text, do not count.
            end_positions: [B], likewise.

        Returns:
            loss (scalar), start_logits [B, T], end_logits [B, T].
        """
        start_logits, end_logits = logits.unbind(dim=-1)
        beyond = logits.shape[1]
        total = logits.new_zeros(())
        for each, positions in ((start_logits, start_positions), (end_logits, end_positions)):
            summed = F.cross_entropy(each, positions.clamp(0, beyond), ignore_index=beyond, reduction="sum")
            total = total + summed / (positions < beyond).sum().clamp(min=1)  # PyTorch's mean of nothing is NaN
        return total / 2, start_logits, end_logits
