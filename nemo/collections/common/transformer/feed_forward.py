"""The part of a transformer block that looks at one position alone."""

from __future__ import annotations

from torch import Tensor, nn

from nemo.collections.common.modules.activations import make_activation
from nemo.collections.common.modules.linear import Linear


class PositionWiseFF(nn.Module):
    """Two linear layers with an activation between them.

    Args:
        hidden_size: H.
        inner_size: between the layers.
        ffn_dropout: of the result.
        hidden_act: a key of :data:`~nemo.collections.common.modules.activations.ACTIVATIONS`.
    """

    def __init__(self, hidden_size: int, inner_size: int, ffn_dropout: float = 0.0, hidden_act: str = "relu") -> None:
        super().__init__()
        # names fixed by archives
        self.dense_in = Linear(hidden_size, inner_size)
        self.dense_out = Linear(inner_size, hidden_size)
        self.layer_dropout = nn.Dropout(ffn_dropout)
        self.act_fn = make_activation(hidden_act, "hidden_act")

    def forward(self, hidden_states: Tensor) -> Tensor:
        """[..., H] -> [..., H]."""
        output: Tensor = self.layer_dropout(self.dense_out(self.act_fn(self.dense_in(hidden_states))))
        return output
