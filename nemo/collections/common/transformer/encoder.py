"""Transformer encoder (Vaswani et al., 2017, https://arxiv.org/abs/1706.03762): states in, states out.

B batch, L length, H hidden. With `pre_ln` each part normalises its input (Xiong et al., 2020,
https://arxiv.org/abs/2002.04745), else its output together with the residual, as in the paper.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn

from nemo.collections.common.transformer.attention import MultiHeadAttention
from nemo.collections.common.transformer.cache import GROWTH, KeyValueCache
from nemo.collections.common.transformer.feed_forward import PositionWiseFF
from nemo.collections.common.transformer.masks import attention_mask
from nemo.utils.exceptions import ConfigError


class TransformerEncoderBlock(nn.Module):
    """Self-attention and feed-forward part.

    Args:
        hidden_size: H.
        inner_size: of the feed-forward part.
        num_attention_heads: heads.
        attn_score_dropout: of the attention weights.
        attn_layer_dropout: of the attention's result.
        ffn_dropout: of the feed-forward part's result.
        hidden_act: activation of the feed-forward part.
        pre_ln: normalise inputs and not outputs.
    """

    def __init__(
        self,
        hidden_size: int,
        inner_size: int,
        num_attention_heads: int = 1,
        attn_score_dropout: float = 0.0,
        attn_layer_dropout: float = 0.0,
        ffn_dropout: float = 0.0,
        hidden_act: str = "relu",
        pre_ln: bool = False,
    ) -> None:
        super().__init__()
        self.pre_ln = pre_ln
        # names fixed by archives
        self.layer_norm_1 = nn.LayerNorm(hidden_size, eps=1e-5)
        self.first_sub_layer = MultiHeadAttention(
            hidden_size, num_attention_heads, attn_score_dropout, attn_layer_dropout
        )
        self.layer_norm_2 = nn.LayerNorm(hidden_size, eps=1e-5)
        self.second_sub_layer = PositionWiseFF(hidden_size, inner_size, ffn_dropout, hidden_act)

    def forward(self, states: Tensor, mask: Tensor | None) -> Tensor:
        """States [B, L, H] and a mask that is added to scores -> [B, L, H]."""
        if self.pre_ln:
            normed = self.layer_norm_1(states)
            states = states + self.first_sub_layer(normed, normed, normed, mask)
            after: Tensor = states + self.second_sub_layer(self.layer_norm_2(states))
            return after
        states = self.layer_norm_1(states + self.first_sub_layer(states, states, states, mask))
        normed_after: Tensor = self.layer_norm_2(states + self.second_sub_layer(states))
        return normed_after

    def step(self, states: Tensor, mask: Tensor | None, cache: KeyValueCache, layer: int) -> Tensor:
        """Computes the newest tokens, states [rows, L, H]; `cache` has the others."""
        normed = self.layer_norm_1(states) if self.pre_ln else states
        keys, values = cache.append(layer, *self.first_sub_layer.keys_and_values(normed))
        states = states + self.first_sub_layer.attend(normed, keys, values, mask)
        if self.pre_ln:
            after: Tensor = states + self.second_sub_layer(self.layer_norm_2(states))
            return after
        states = self.layer_norm_1(states)
        normed_after: Tensor = self.layer_norm_2(states + self.second_sub_layer(states))
        return normed_after


class TransformerEncoder(nn.Module):
    """A stack of blocks.

    Args:
        num_layers: blocks.
        hidden_size: H.
        inner_size: of the feed-forward parts.
        mask_future: no position looks ahead.
        num_attention_heads: heads.
        attn_score_dropout: of the attention weights.
        attn_layer_dropout: of the attention's result.
        ffn_dropout: of the feed-forward part's result.
        hidden_act: activation of the feed-forward parts.
        pre_ln: normalise inputs of the parts and not outputs.
        pre_ln_final_layer_norm: with `pre_ln`, normalise the result.
    """

    def __init__(
        self,
        num_layers: int,
        hidden_size: int,
        inner_size: int,
        mask_future: bool = False,
        num_attention_heads: int = 1,
        attn_score_dropout: float = 0.0,
        attn_layer_dropout: float = 0.0,
        ffn_dropout: float = 0.0,
        hidden_act: str = "relu",
        pre_ln: bool = False,
        pre_ln_final_layer_norm: bool = True,
    ) -> None:
        super().__init__()
        self.mask_future = mask_future
        has_final = pre_ln and pre_ln_final_layer_norm
        self.final_layer_norm = nn.LayerNorm(hidden_size, eps=1e-5) if has_final else None
        self.layers = nn.ModuleList(
            TransformerEncoderBlock(
                hidden_size,
                inner_size,
                num_attention_heads,
                attn_score_dropout,
                attn_layer_dropout,
                ffn_dropout,
                hidden_act,
                pre_ln,
            )
            for _ in range(num_layers)
        )

    def forward(self, encoder_states: Tensor, encoder_mask: Tensor | None = None) -> Tensor:
        """Encodes states.

        Args:
            encoder_states: [B, L, H].
            encoder_mask: [B, L], true or 1 where there is no padding; None: everywhere.

        Returns:
            [B, L, H].
        """
        length = encoder_states.shape[1]
        if encoder_mask is None and self.mask_future:
            encoder_mask = torch.ones(1, length, dtype=torch.bool, device=encoder_states.device)
        mask = attention_mask(encoder_mask, encoder_states.dtype, length if self.mask_future else None)
        for layer in self.layers:
            encoder_states = layer(encoder_states, mask)
        return encoder_states if self.final_layer_norm is None else self.final_layer_norm(encoder_states)

    def start(self, capacity: int = GROWTH) -> KeyValueCache:
        """The cache of a text that is computed token by token, with none yet.

        Args:
            capacity: tokens that are expected.

        Raises:
            ConfigError: `mask_future` is not set: states of earlier tokens would change with each further one.
        """
        if not self.mask_future:
            raise ConfigError(
                "The encoder looks ahead (mask_future is false), so it cannot compute a text token by token. Build and "
                "train it with mask_future: true."
            )
        return KeyValueCache(len(self.layers), capacity)

    def step(self, states: Tensor, cache: KeyValueCache) -> Tensor:
        """Computes the newest tokens, and adds them to `cache`.

        Args:
            states: [rows, L, H]; none of them is padding.
            cache: of :meth:`start`.

        Returns:
            [rows, L, H].
        """
        length = states.shape[1]
        mask = None
        if length > 1:
            is_valid = torch.ones(1, cache.length + length, dtype=torch.bool, device=states.device)
            mask = attention_mask(is_valid, states.dtype, length)
        for number, layer in enumerate(cast("Iterable[TransformerEncoderBlock]", self.layers)):
            states = layer.step(states, mask, cache, number)
        cache.advance(length)
        return states if self.final_layer_norm is None else self.final_layer_norm(states)
