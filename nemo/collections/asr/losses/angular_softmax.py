"""Additive angular margin softmax (ArcFace: Deng et al., 2019, https://arxiv.org/abs/1801.07698)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from nemo.core.classes.loss import Loss
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import LabelsType, LogitsType, LossType, NeuralType

EPSILON = 1e-7
"""Cosines stay this far from -1 and 1, where the arc cosine has no derivative."""


class AngularSoftmaxLoss(Loss):
    """Cross-entropy of scaled cosines after the right class's angle is made larger by a margin.

    -log(e^(s cos(a_y + m)) / (e^(s cos(a_y + m)) + sum over j != y of e^(s cos a_j))), mean of the batch.

    Args:
        scale: s.
        margin: m, in radians.
    """

    def __init__(self, scale: float = 20.0, margin: float = 1.35) -> None:
        super().__init__()
        self.scale = scale
        self.margin = margin
        self.eps = EPSILON

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Cosines and classes."""
        return {"logits": NeuralType(("B", "D"), LogitsType()), "labels": NeuralType(("B",), LabelsType())}

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """The loss."""
        return {"loss": NeuralType(elements_type=LossType())}

    @typecheck()
    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cosines [B, V] between embeddings and classes, and right classes [B] -> loss []."""
        right = labels.long()[:, None]
        angles = torch.acos(logits.gather(1, right).clamp(-1.0 + self.eps, 1.0 - self.eps))
        with_margin = logits.scatter(1, right, torch.cos(angles + self.margin))
        return functional.cross_entropy(self.scale * with_margin, right[:, 0])
