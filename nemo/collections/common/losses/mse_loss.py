"""Mean squared error of regression."""

from __future__ import annotations

from torch import Tensor, nn

from nemo.core.classes.serialization import Serialization
from nemo.core.classes.type_checking import Typing, typecheck
from nemo.core.neural_types import LabelsType, LossType, NeuralType, RegressionValuesType


class MSELoss(nn.MSELoss, Typing, Serialization):
    """PyTorch's mean squared error.

    Args:
        reduction: mean, sum or none.
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Predicted and right values."""
        return {
            "preds": NeuralType(tuple("B"), RegressionValuesType()),
            "labels": NeuralType(tuple("B"), LabelsType()),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """The loss."""
        return {"loss": NeuralType(elements_type=LossType())}

    @typecheck()
    def forward(self, preds: Tensor, labels: Tensor) -> Tensor:
        """[B] and [B] -> a scalar; [B] with reduction none."""
        return super().forward(preds, labels)
