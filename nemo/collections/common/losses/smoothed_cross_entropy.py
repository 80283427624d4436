"""Cross entropy with smoothed labels (Szegedy et al., 2016), for language models and translation."""

from __future__ import annotations

from torch import Tensor

from nemo.core.classes.loss import Loss
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import LabelsType, LogprobsType, LossType, MaskType, NeuralType
from nemo.utils.exceptions import ConfigError


class SmoothedCrossEntropyLoss(Loss):
    """The label gets the probability 1 - e, and the other V - 1 tokens share e.

    Args:
        pad_id: token that does not count, where no mask is given.
        label_smoothing: e.
        predict_last_k: only the last k positions count; 0: all.
        eps: added to the number of tokens, so that no token gives 0.
        per_token_reduction: average over tokens; False: the loss of each, [B, T].
    """

    def __init__(
        self,
        pad_id: int | None = None,
        label_smoothing: float = 0.0,
        predict_last_k: int = 0,
        eps: float = 1e-6,
        per_token_reduction: bool = True,
    ) -> None:
        super().__init__()
        self._pad_id = pad_id
        self._label_smoothing = label_smoothing
        self._predict_last_k = predict_last_k
        self._eps = eps
        self._per_token_reduction = per_token_reduction

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Log-probabilities, labels and what counts."""
        return {
            "log_probs": NeuralType(("B", "T", "D"), LogprobsType()),
            "labels": NeuralType(("B", "T"), LabelsType()),
            "output_mask": NeuralType(("B", "T"), MaskType(), optional=True),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """The loss."""
        return {"loss": NeuralType(elements_type=LossType())}

    @typecheck()
    def forward(self, log_probs: Tensor, labels: Tensor, output_mask: Tensor | None = None) -> Tensor:
        """Computes the loss.

        Args:
            log_probs: [B, T, V].
            labels: [B, T] tokens.
            output_mask: [B, T], 1 where a token counts; None: where it is not `pad_id`.

        Returns:
            A scalar; [B, T], or [B, k], without reduction, 0 where a token does not count.

        Raises:
            ConfigError: neither a mask nor a `pad_id`.
        """
        if output_mask is None:
            if self._pad_id is None:
                raise ConfigError(
                    "SmoothedCrossEntropyLoss does not know what counts: it has no pad_id and got no output_mask."
                )
            output_mask = labels != self._pad_id
        counts = output_mask.to(log_probs.dtype)
        vocabulary = log_probs.shape[-1]
        # the mean over all V tokens includes the label, so that its share is larger than that of the others
        smoothing = self._label_smoothing * vocabulary / (vocabulary - 1)
        of_labels = log_probs.gather(2, labels.unsqueeze(2)).squeeze(2)
        losses = -(1.0 - smoothing) * of_labels - smoothing * log_probs.mean(dim=-1)
        losses, counts = losses[:, -self._predict_last_k :], counts[:, -self._predict_last_k :]
        if not self._per_token_reduction:
            return losses * counts
        return (losses * counts).sum() / (counts.sum() + self._eps)
