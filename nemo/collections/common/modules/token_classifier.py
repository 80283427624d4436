"""Classifies every token, or every frame, by itself."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nemo.collections.common.modules.multi_layer_perceptron import MultiLayerPerceptron
from nemo.collections.common.modules.transformer_init import transformer_weights_init
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import ChannelType, LogitsType, LogprobsType, NeuralType


class TokenClassifier(NeuralModule, Exportable):
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
        super().__init__()
        self.hidden_size = hidden_size
        self.log_softmax = log_softmax
        self.mlp = MultiLayerPerceptron(hidden_size, num_classes, num_layers, activation, log_softmax)
        self.dropout = nn.Dropout(dropout)
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

    def input_example(self, max_batch: int | None = 2, max_dim: int | None = 16) -> tuple[Tensor]:
        """Random states, for tracing."""
        return (torch.randn(max_batch or 2, max_dim or 16, self.hidden_size),)

    @typecheck()
    def forward(self, hidden_states: Tensor) -> Tensor:
        """[B, T, H] -> [B, T, C]."""
        scores: Tensor = self.mlp(self.dropout(hidden_states))
        return scores
