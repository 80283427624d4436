"""Two heads on one encoder: a class for the text (its intent) and one for each token (its slot)."""

from __future__ import annotations

from torch import Tensor

from nemo.collections.common.modules.classifier import Classifier
from nemo.collections.common.modules.multi_layer_perceptron import MultiLayerPerceptron
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import NeuralType


class SequenceTokenClassifier(Classifier):
    """Classifies a text by the state of its first token, and each token by its own.

    Args:
        hidden_size: H.
        num_intents: I, classes of texts.
        num_slots: S, classes of tokens.
        num_layers: linear layers of each head.
        activation: between them.
        log_softmax: gives log-probabilities instead of logits.
        dropout: before the layers.
        use_transformer_init: first weights from a normal distribution of deviation 0.02.
    """

    def __init__(
        self,
        hidden_size: int,
        num_intents: int,
        num_slots: int,
        num_layers: int = 2,
        activation: str = "relu",
        log_softmax: bool = False,
        dropout: float = 0.0,
        use_transformer_init: bool = True,
    ) -> None:
        super().__init__(hidden_size, dropout, log_softmax)
        self.intent_mlp = MultiLayerPerceptron(hidden_size, num_intents, num_layers, activation, log_softmax)
        self.slot_mlp = MultiLayerPerceptron(hidden_size, num_slots, num_layers, activation, log_softmax)
        self.post_init(use_transformer_init)

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Scores of intents and of slots."""
        return {"intent_logits": self.score_type("B", "D"), "slot_logits": self.score_type("B", "T", "D")}

    @typecheck()
    def forward(self, hidden_states: Tensor) -> tuple[Tensor, Tensor]:
        """[B, T, H] -> [B, I] and [B, T, S]."""
        hidden_states = self.dropout(hidden_states)
        return self.intent_mlp(hidden_states[:, 0]), self.slot_mlp(hidden_states)
