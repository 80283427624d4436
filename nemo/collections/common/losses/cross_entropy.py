"""Cross entropy of logits or log-probabilities with labels, over the positions that count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nemo.collections.common.losses.chosen_positions import chosen_positions
from nemo.core.classes.serialization import Serialization
from nemo.core.classes.type_checking import Typing, typecheck
from nemo.core.neural_types import LabelsType, LogitsType, LogprobsType, LossType, MaskType, NeuralType


class CrossEntropyLoss(nn.CrossEntropyLoss, Typing, Serialization):
    """PyTorch's cross entropy for logits of any dims; where no position counts, the loss is 0.

    Args:
        logits_ndim: dims of the logits [B, ..., C].
        weight: [C] factor of each class; a buffer, so archives have it.
        reduction: mean, sum or none.
        ignore_index: label that does not count.
    """

    def __init__(
        self,
        logits_ndim: int = 2,
        weight: Sequence[float] | Tensor | None = None,
        reduction: str = "mean",
        ignore_index: int = -100,
    ) -> None:
        super().__init__(weight=_as_tensor(weight), reduction=reduction, ignore_index=ignore_index)
        self._logits_ndim = logits_ndim

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Logits, labels and what counts."""
        return _input_types("logits", LogitsType(), self._logits_ndim)

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """The loss."""
        return {"loss": NeuralType(elements_type=LossType())}

    @typecheck()
    def forward(self, logits: Tensor, labels: Tensor, loss_mask: Tensor | None = None) -> Tensor:
        """Computes the loss.

        Args:
            logits: [B, ..., C].
            labels: [B, ...] classes.
            loss_mask: [B, ...], above 0.5 where a position counts; None: everywhere.

        Returns:
            A scalar; one number for each position that counts with reduction none.
        """
        chosen, targets = chosen_positions(logits, labels, loss_mask)
        if not len(targets) and self.reduction == "mean":
            return logits.sum() * 0.0  # PyTorch's mean of nothing is NaN
        return super().forward(chosen, targets)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *arguments: Any, **named: Any) -> None:
        """Takes the factors of a model that was trained with some; keeps its own where the file has none."""
        key = f"{prefix}weight"
        if key in state_dict and self.weight is None:
            self.weight = torch.zeros_like(state_dict[key])
        elif key not in state_dict and self.weight is not None:
            state_dict[key] = self.weight
        super()._load_from_state_dict(state_dict, prefix, *arguments, **named)


class NLLLoss(nn.NLLLoss, Typing, Serialization):
    """PyTorch's negative log-likelihood for log-probabilities of any dims; where no position counts, the loss is 0.

    Args:
        log_probs_ndim: dims of the log-probabilities [B, ..., C].
        weight: [C] factor of each class; a buffer, so archives have it.
        reduction: mean, sum or none.
        ignore_index: label that does not count.
    """

    def __init__(
        self,
        log_probs_ndim: int = 2,
        weight: Sequence[float] | Tensor | None = None,
        reduction: str = "mean",
        ignore_index: int = -100,
    ) -> None:
        super().__init__(weight=_as_tensor(weight), reduction=reduction, ignore_index=ignore_index)
        self._log_probs_ndim = log_probs_ndim

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Log-probabilities, labels and what counts."""
        return _input_types("log_probs", LogprobsType(), self._log_probs_ndim)

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """The loss."""
        return {"loss": NeuralType(elements_type=LossType())}

    @typecheck()
    def forward(self, log_probs: Tensor, labels: Tensor, loss_mask: Tensor | None = None) -> Tensor:
        """Computes the loss.

        Args:
            log_probs: [B, ..., C].
            labels: [B, ...] classes.
            loss_mask: [B, ...], above 0.5 where a position counts; None: everywhere.

        Returns:
            A scalar; one number for each position that counts with reduction none.
        """
        chosen, targets = chosen_positions(log_probs, labels, loss_mask)
        if not len(targets) and self.reduction == "mean":
            return log_probs.sum() * 0.0
        return super().forward(chosen, targets)


def _as_tensor(weight: Sequence[float] | Tensor | None) -> Tensor | None:
    return weight if weight is None or isinstance(weight, Tensor) else torch.tensor(list(weight), dtype=torch.float32)


def _input_types(name: str, elements: Any, ndim: int) -> dict[str, NeuralType]:
    positions = ["B"] + ["ANY"] * (ndim - 2)
    return {
        name: NeuralType([*positions, "ANY"], elements),
        "labels": NeuralType(positions, LabelsType()),
        "loss_mask": NeuralType(positions, MaskType(), optional=True),
    }
