"""Says which token stands at each place: the head that BERT is pre-trained with."""

from __future__ import annotations

from torch import Tensor, nn

from nemo.collections.common.modules.activations import make_activation
from nemo.collections.common.modules.classifier import Classifier
from nemo.collections.common.modules.multi_layer_perceptron import MultiLayerPerceptron
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import NeuralType


class BertPretrainingTokenClassifier(Classifier):
    """A linear layer, activation and normalisation, then a few linear layers (Devlin et al., 2019, arXiv:1810.04805).

    Args:
        hidden_size: H.
        num_classes: V.
        num_layers: linear layers after the normalisation.
        activation: between the layers.
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
        # names fixed by archives
        self.dense = nn.Linear(hidden_size, hidden_size)
        self.act = make_activation(activation)
        self.norm = nn.LayerNorm(hidden_size, eps=1e-12)
        self.mlp = MultiLayerPerceptron(hidden_size, num_classes, num_layers, activation, log_softmax)
        self.post_init(use_transformer_init)

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Log-probabilities, or logits."""
        return self.score_types("B", "T", "D")

    @typecheck()
    def forward(self, hidden_states: Tensor) -> Tensor:
        """[B, T, H] -> [B, T, V]."""
        scores: Tensor = self.mlp(self.norm(self.act(self.dense(self.dropout(hidden_states)))))
        return scores
