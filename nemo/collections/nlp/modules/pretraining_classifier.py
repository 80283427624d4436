"""Says which token stands at each place: the head that BERT is pre-trained with."""

from __future__ import annotations

from torch import Tensor, nn

from nemo.collections.common.modules.activations import make_activation
from nemo.collections.common.modules.multi_layer_perceptron import MultiLayerPerceptron
from nemo.collections.common.modules.transformer_init import transformer_weights_init
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import ChannelType, LogitsType, LogprobsType, NeuralType


class BertPretrainingTokenClassifier(NeuralModule, Exportable):
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
        super().__init__()
        self.log_softmax = log_softmax
        # names fixed by archives
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(hidden_size, hidden_size)
        self.act = make_activation(activation)
        self.norm = nn.LayerNorm(hidden_size, eps=1e-12)
        self.mlp = MultiLayerPerceptron(hidden_size, num_classes, num_layers, activation, log_softmax)
        if use_transformer_init:
            self.apply(lambda module: transformer_weights_init(module, xavier=False))

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """States."""
        return {"hidden_states": NeuralType(("B", "T", "D"), ChannelType())}

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Log-probabilities, or logits."""
        kind = LogprobsType() if self.log_softmax else LogitsType()
        return {"log_probs" if self.log_softmax else "logits": NeuralType(("B", "T", "D"), kind)}

    @typecheck()
    def forward(self, hidden_states: Tensor) -> Tensor:
        """[B, T, H] -> [B, T, V]."""
        scores: Tensor = self.mlp(self.norm(self.act(self.dense(self.dropout(hidden_states)))))
        return scores
