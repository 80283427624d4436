"""Connectionist temporal classification (Graves et al., 2006).

B batch, S frames, V tokens, U target length; blank is class V, the last.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nemo.core.classes.loss import Loss
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import LabelsType, LengthsType, LogprobsType, LossType, NeuralType
from nemo.utils.exceptions import ConfigError

REDUCTIONS = (None, "none", "mean", "sum", "mean_batch", "mean_volume")


class CTCLoss(Loss):
    """Negative log-likelihood of the targets, summed over all alignments.

    Args:
        num_classes: V, tokens without the blank; the blank's index.
        zero_infinity: counts an utterance whose target cannot be fitted into its frames as 0 rather than infinite.
        reduction: ``mean_batch``: mean over utterances; ``mean``: mean over utterances of the loss per token;
            ``mean_volume``: sum over utterances by all their tokens; ``sum``; ``none``: [B].
    """

    def __init__(self, num_classes: int, zero_infinity: bool = False, reduction: str | None = "mean_batch") -> None:
        if reduction not in REDUCTIONS:
            raise ConfigError(f"ctc_reduction is {reduction!r}; expected one of {', '.join(map(str, REDUCTIONS))}.")
        super().__init__(reduction=reduction or "none")
        self._blank = num_classes
        self.blank = num_classes
        self.zero_infinity = zero_infinity

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Log-probabilities, targets and the lengths of both."""
        return {
            "log_probs": NeuralType(("B", "T", "D"), LogprobsType()),
            "targets": NeuralType(("B", "T"), LabelsType()),
            "input_lengths": NeuralType(tuple("B"), LengthsType()),
            "target_lengths": NeuralType(tuple("B"), LengthsType()),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """The loss."""
        return {"loss": NeuralType(elements_type=LossType())}

    @typecheck()
    def forward(self, log_probs: Tensor, targets: Tensor, input_lengths: Tensor, target_lengths: Tensor) -> Tensor:
        """Computes the loss.

        Args:
            log_probs: [B, S, V + 1].
            targets: [B, U].
            input_lengths: [B] valid frames.
            target_lengths: [B] tokens.

        Returns:
            A scalar, or [B] where nothing is reduced.
        """
        if log_probs.dtype in (torch.float16, torch.bfloat16):  # sums over alignments need single precision
            log_probs = log_probs.float()
        losses = F.ctc_loss(
            log_probs.transpose(0, 1),  # [S, B, V + 1]
            targets.long(),
            input_lengths.long(),
            target_lengths.long(),
            blank=self.blank,
            reduction="none",
            zero_infinity=self.zero_infinity,
        )
        return self.reduce(losses, target_lengths)

    def reduce(self, losses: Tensor, target_lengths: Tensor) -> Tensor:
        """Combines the losses [B] of utterances of `target_lengths` [B] tokens."""
        if self.reduction == "mean_batch":
            return losses.mean()
        if self.reduction == "mean":
            return (losses / target_lengths.clamp(min=1)).mean()
        if self.reduction == "mean_volume":
            return losses.sum() / target_lengths.sum().clamp(min=1)
        return losses.sum() if self.reduction == "sum" else losses
