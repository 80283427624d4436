"""Linear layers with activations between them: the classifier on top of many encoders."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from nemo.collections.common.modules.activations import make_activation
from nemo.collections.common.modules.linear import Linear
from nemo.utils.exceptions import ConfigError


class MultiLayerPerceptron(nn.Module):
    """Maps H features to C classes; the linear layers are `layer0`, `layer2`, ..., names fixed by archives.

    Args:
        hidden_size: H, of the input and of all layers but the last.
        num_classes: C.
        num_layers: linear layers.
        activation: between them, a key of :data:`~nemo.collections.common.modules.activations.ACTIVATIONS`.
        log_softmax: gives log-probabilities instead of logits.

    Raises:
        ConfigError: no layer, or an unknown activation.
    """

    def __init__(
        self,
        hidden_size: int,
        num_classes: int,
        num_layers: int = 2,
        activation: str = "relu",
        log_softmax: bool = True,
    ) -> None:
        super().__init__()
        if num_layers < 1:
            raise ConfigError(f"num_layers is {num_layers}; expected 1 or more.")
        self.layers = 2 * num_layers - 1
        for index in range(num_layers - 1):
            self.add_module(f"layer{2 * index}", Linear(hidden_size, hidden_size))
            self.add_module(f"layer{2 * index + 1}", make_activation(activation))
        self.add_module(f"layer{self.layers - 1}", Linear(hidden_size, num_classes))
        self.log_softmax = log_softmax

    @property
    def last_linear_layer(self) -> nn.Linear:
        """The layer that gives the classes; embeddings may share its weight."""
        return cast(nn.Linear, self.get_submodule(f"layer{self.layers - 1}"))

    def forward(self, hidden_states: Tensor) -> Tensor:
        """[..., H] -> logits or log-probabilities [..., C]."""
        for index in range(self.layers):
            hidden_states = self.get_submodule(f"layer{index}")(hidden_states)
        return hidden_states.log_softmax(dim=-1) if self.log_softmax else hidden_states
