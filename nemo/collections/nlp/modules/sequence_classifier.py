"""Gives a text one of several classes, from the state of one of its tokens."""

from __future__ import annotations

from torch import Tensor

from nemo.collections.common.modules.classifier import Classifier
from nemo.collections.common.modules.multi_layer_perceptron import MultiLayerPerceptron
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import NeuralType


class SequenceClassifier(Classifier):
    """Dropout and a few linear layers on the state of one token, the first of a BERT encoder.

    Args:
        hidden_size: H.
        num_classes: C.
        num_layers: linear layers.
        activation: between them.
        log_softmax: gives log-probabilities instead of logits.
        dropout: before the layers.
        use_transformer_init: first weights from a normal distribution of deviation 0.02.
        idx_conditioned_on: the token whose state is used.
    """

    def __init__(
        self,
        hidden_size: int,
        num_classes: int,
        num_layers: int = 2,
        activation: str = "relu",
        log_softmax: bool = True,
        dropout: float = 0.0,
        use_transformer_init: bool = True,
        idx_conditioned_on: int = 0,
    ) -> None:
        super().__init__(hidden_size, dropout, log_softmax)
        self._idx_conditioned_on = idx_conditioned_on
        self.mlp = MultiLayerPerceptron(hidden_size, num_classes, num_layers, activation, log_softmax)
        self.post_init(use_transformer_init)

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Log-probabilities, or logits."""
        return self.score_types("B", "D")

    @typecheck()
    def forward(self, hidden_states: Tensor) -> Tensor:
        """[B, T, H] -> [B, C]."""
        scores: Tensor = self.mlp(self.dropout(hidden_states)[:, self._idx_conditioned_on])
        return scores
