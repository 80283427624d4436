"""The weighted sum of several losses."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nemo.core.classes.loss import Loss
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import LossType, NeuralType
from nemo.utils.exceptions import ConfigError


class AggregatorLoss(Loss):
    """Sums losses that are given as `loss_1`, `loss_2`, ....

    Args:
        num_inputs: how many.
        weights: factor of each; None: 1.

    Raises:
        ConfigError: another number of weights.
    """

    def __init__(self, num_inputs: int = 2, weights: Sequence[float] | None = None) -> None:
        super().__init__()
        if weights is not None and len(weights) != num_inputs:
            raise ConfigError(f"weights has {len(weights)} numbers; expected one for each of the {num_inputs} losses.")
        self._names = [f"loss_{index + 1}" for index in range(num_inputs)]
        self._weights = [1.0] * num_inputs if weights is None else [float(weight) for weight in weights]

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """The losses."""
        return {name: NeuralType(elements_type=LossType()) for name in self._names}

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Their sum."""
        return {"loss": NeuralType(elements_type=LossType())}

    @typecheck()
    def forward(self, **losses: Tensor) -> Tensor:
        """Scalars `loss_1`, ... -> their weighted sum."""
        weighted = [weight * losses[name] for name, weight in zip(self._names, self._weights, strict=True)]
        return torch.stack(weighted).sum()
