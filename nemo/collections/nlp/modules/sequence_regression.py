"""Gives a text, or a pair of texts, a number, from the state of one of its tokens."""

from __future__ import annotations

from torch import Tensor

from nemo.collections.common.modules.classifier import Classifier
from nemo.collections.common.modules.multi_layer_perceptron import MultiLayerPerceptron
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import NeuralType, RegressionValuesType


class SequenceRegression(Classifier):
    """Dropout and a few linear layers on the state of one token, the first of a BERT encoder.

    Args:
        hidden_size: H.
        num_layers: linear layers.
        activation: between them.
        dropout: before the layers.
        use_transformer_init: first weights from a normal distribution of deviation 0.02.
        idx_conditioned_on: the token whose state is used.
    """

    def __init__(
        self,
        hidden_size: int,
        num_layers: int = 2,
        activation: str = "relu",
        dropout: float = 0.0,
        use_transformer_init: bool = True,
        idx_conditioned_on: int = 0,
    ) -> None:
        super().__init__(hidden_size, dropout)
        self._idx_conditioned_on = idx_conditioned_on
        self.mlp = MultiLayerPerceptron(hidden_size, 1, num_layers, activation, log_softmax=False)
        self.post_init(use_transformer_init)

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """One number for each text."""
        return {"preds": NeuralType(tuple("B"), RegressionValuesType())}

    @typecheck()
    def forward(self, hidden_states: Tensor) -> Tensor:
        """[B, T, H] -> [B]."""
        values: Tensor = self.mlp(self.dropout(hidden_states)[:, self._idx_conditioned_on])
        return values.squeeze(-1)
