"""Multi-similarity loss (Wang et al., 2019, arXiv:1904.06627) for embeddings of the same or of different things."""

from __future__ import annotations

import torch
from torch import Tensor

from nemo.core.classes.loss import Loss
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import LabelsType, LogitsType, LossType, NeuralType


class MultiSimilarityLoss(Loss):
    """Draws embeddings of one label together and those of different labels apart, where that is still needed.

    Args:
        scale_pos: alpha, sharpness for pairs of one label.
        scale_neg: beta, sharpness for pairs of different labels.
        offset: lambda, similarity that both are compared with.
        margin: epsilon: pairs of one label count if they are less similar than the most similar other pair plus it;
            other pairs if they are more similar than the least similar pair of one label minus it.
    """

    def __init__(
        self, scale_pos: float = 2.0, scale_neg: float = 40.0, offset: float = 0.5, margin: float = 0.1
    ) -> None:
        super().__init__()
        self._scale_pos = scale_pos
        self._scale_neg = scale_neg
        self._offset = offset
        self._margin = margin

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Embeddings and their labels."""
        return {"logits": NeuralType(("B", "D"), LogitsType()), "labels": NeuralType(tuple("B"), LabelsType())}

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """The loss."""
        return {"loss": NeuralType(elements_type=LossType())}

    @typecheck()
    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Embeddings [B, D] of unit length and labels [B] -> a scalar, 0 where no pair needs to change."""
        similarity = logits @ logits.T  # [B, B]
        is_same = labels.unsqueeze(0) == labels.unsqueeze(1)
        positive = is_same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        negative = ~is_same
        most_similar_other = similarity.masked_fill(~negative, -torch.inf).amax(dim=1, keepdim=True)
        least_similar_own = similarity.masked_fill(~positive, torch.inf).amin(dim=1, keepdim=True)
        positive = positive & (similarity - self._margin < most_similar_other)
        negative = negative & (similarity + self._margin > least_similar_own)
        together = _log_one_plus_sum(-self._scale_pos * (similarity - self._offset), positive) / self._scale_pos
        apart = _log_one_plus_sum(self._scale_neg * (similarity - self._offset), negative) / self._scale_neg
        has_both = positive.any(dim=1) & negative.any(dim=1)
        return torch.where(has_both, together + apart, 0.0).mean()


def _log_one_plus_sum(exponents: Tensor, mask: Tensor) -> Tensor:
    """log(1 + sum of exp) over the masked entries of each row: [B, B] -> [B]."""
    ones = exponents.new_zeros(len(exponents), 1)
    return torch.logsumexp(torch.cat((ones, exponents.masked_fill(~mask, -torch.inf)), dim=1), dim=1)
