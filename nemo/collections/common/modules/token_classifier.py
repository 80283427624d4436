"""Classifies every token, or every frame, by itself."""

from __future__ import annotations

from torch import Tensor

from nemo.collections.common.modules.classifier import Classifier
from nemo.collections.common.modules.multi_layer_perceptron import MultiLayerPerceptron
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import NeuralType


class TokenClassifier(Classifier):
    """Dropout and a few linear layers on states.

    Args:
        hidden_size: H.
        num_classes: C.
        num_layers: linear layers.
        activation: between them.
        log_softmax: gives log-probabilities instead of logits.
        dropout: before the layers.
        use_transformer_init: first weights from a normal distribution of deviation 0.02.
    """

    def __init__(
        self,
        hidden_size: int,
        num_classes: int,
        num_layers: int = 1,
        activation: str = "relu",
        log_softmax: bool = True,
        dropout: float = 0.0,
        use_transformer_init: bool = True,
    ) -> None:
        super().__init__(hidden_size, dropout, log_softmax)
        self.mlp = MultiLayerPerceptron(hidden_size, num_classes, num_layers, activation, log_softmax)
        self.post_init(use_transformer_init)

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Log-probabilities, or logits."""
        return self.score_types("B", "T", "D")

    @typecheck()
    def forward(self, hidden_states: Tensor) -> Tensor:
        """[B, T, H] -> [B, T, C]."""
        scores: Tensor = self.mlp(self.dropout(hidden_states))
        return scores
