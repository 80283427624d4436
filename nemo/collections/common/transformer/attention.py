"""Scaled dot-product attention with several heads (Vaswani et al., 2017, https://arxiv.org/abs/1706.03762)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.common.modules.linear import Linear
from nemo.utils.exceptions import ConfigError


class MultiHeadAttention(nn.Module):
    """Attention of queries to keys and values.

    The parts of a forward pass are methods of their own, because decoding keeps :meth:`keys_and_values`.

    Args:
        hidden_size: H.
        num_attention_heads: heads; H is a multiple of it.
        attn_score_dropout: of the attention weights.
        attn_layer_dropout: of the result.

    Raises:
        ConfigError: H is not a multiple of the number of heads.
    """

    def __init__(
        self,
        hidden_size: int,
        num_attention_heads: int,
        attn_score_dropout: float = 0.0,
        attn_layer_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if num_attention_heads < 1 or hidden_size % num_attention_heads:
            raise ConfigError(
                f"hidden_size is {hidden_size} and num_attention_heads {num_attention_heads}. Expected a size that is "
                "a multiple of the number of heads; change one of them."
            )
        self.num_attention_heads = num_attention_heads
        # names fixed by archives
        self.query_net = Linear(hidden_size, hidden_size)
        self.key_net = Linear(hidden_size, hidden_size)
        self.value_net = Linear(hidden_size, hidden_size)
        self.out_projection = Linear(hidden_size, hidden_size)
        self.attn_score_dropout = attn_score_dropout
        self.layer_dropout = nn.Dropout(attn_layer_dropout)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Attends.

        Args:
            queries: [B, Q, H].
            keys: [B, K, H].
            values: [B, K, H].
            attention_mask: added to the scores, [B, 1, 1, K] or [B, 1, Q, K].

        Returns:
            [B, Q, H].
        """
        key_heads, value_heads = self._heads(self.key_net(keys)), self._heads(self.value_net(values))
        return self.attend(queries, key_heads, value_heads, attention_mask)

    def keys_and_values(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """States [B, K, H] -> keys and values of the heads, each [B, N, K, H / N]."""
        return self._heads(self.key_net(states)), self._heads(self.value_net(states))

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """As :meth:`forward`, with keys and values that are projected already."""
        context = F.scaled_dot_product_attention(
            self._heads(self.query_net(queries)),
            keys,
            values,
            attn_mask=attention_mask,
            dropout_p=self.attn_score_dropout if self.training else 0.0,
        )
        context = context.transpose(1, 2).reshape(queries.shape)  # [B, N, Q, H / N] -> [B, Q, H]
        attended: Tensor = self.layer_dropout(self.out_projection(context))
        return attended

    def _heads(self, states: Tensor) -> Tensor:
        """[B, L, H] -> [B, N, L, H / N]."""
        return states.unflatten(-1, (self.num_attention_heads, -1)).transpose(1, 2)
