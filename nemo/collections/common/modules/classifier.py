"""What heads on an encoder's states share: the dropout before their layers, their first weights, their types."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nemo.collections.common.modules.transformer_init import transformer_weights_init
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.neural_types import ChannelType, LogitsType, LogprobsType, NeuralType


class Classifier(NeuralModule, Exportable):
    """Base of heads; a head adds its layers, and calls :meth:`post_init` when it has them.

    Args:
        hidden_size: H.
        dropout: before the layers.
        log_softmax: the head gives log-probabilities instead of logits.
    """

    def __init__(self, hidden_size: int, dropout: float = 0.0, log_softmax: bool = False) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.log_softmax = log_softmax
        self.dropout = nn.Dropout(dropout)

    def post_init(self, use_transformer_init: bool) -> None:
        """Draws the first weights from a normal distribution of deviation 0.02, or leaves those of PyTorch."""
        if use_transformer_init:
            self.apply(lambda module: transformer_weights_init(module, xavier=False))

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """States."""
        return {"hidden_states": NeuralType(("B", "T", "D"), ChannelType())}

    def score_type(self, *axes: str) -> NeuralType:
        """The type of log-probabilities, or of logits."""
        return NeuralType(axes, LogprobsType() if self.log_softmax else LogitsType())

    def score_types(self, *axes: str) -> dict[str, NeuralType]:
        """`output_types` of a head that gives one tensor: `log_probs` or `logits`."""
        return {"log_probs" if self.log_softmax else "logits": self.score_type(*axes)}

    def input_example(self, max_batch: int | None = 2, max_dim: int | None = 16) -> tuple[Tensor]:
        """Random states, for tracing."""
        return (torch.randn(max_batch or 2, max_dim or 16, self.hidden_size),)
