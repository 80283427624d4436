"""Transformer decoder (Vaswani et al., 2017, https://arxiv.org/abs/1706.03762): attends to its past and to an encoder.

B batch, L tokens, S encoder states, H hidden. Without a cache all tokens are computed at once; with a
:class:`~nemo.collections.common.transformer.cache.DecoderCache` only those that came since the last call, and the rows
may be several hypotheses of each utterance, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn

from nemo.collections.common.transformer.attention import MultiHeadAttention
from nemo.collections.common.transformer.cache import GROWTH, DecoderCache
from nemo.collections.common.transformer.feed_forward import PositionWiseFF
from nemo.collections.common.transformer.masks import attention_mask


class TransformerDecoderBlock(nn.Module):
    """Self-attention, attention to the encoder, and feed-forward part.

    Args:
        hidden_size: H.
        inner_size: of the feed-forward part.
        num_attention_heads: heads.
        attn_score_dropout: of the attention weights.
        attn_layer_dropout: of the attentions' results.
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
        attention = (hidden_size, num_attention_heads, attn_score_dropout, attn_layer_dropout)
        # names fixed by archives
        self.layer_norm_1 = nn.LayerNorm(hidden_size, eps=1e-5)
        self.first_sub_layer = MultiHeadAttention(*attention)
        self.layer_norm_2 = nn.LayerNorm(hidden_size, eps=1e-5)
        self.second_sub_layer = MultiHeadAttention(*attention)
        self.layer_norm_3 = nn.LayerNorm(hidden_size, eps=1e-5)
        self.third_sub_layer = PositionWiseFF(hidden_size, inner_size, ffn_dropout, hidden_act)

    def forward(
        self, states: Tensor, mask: Tensor | None, encoder_states: Tensor, encoder_mask: Tensor | None
    ) -> Tensor:
        """Computes all tokens: states [B, L, H], encoder states [B, S, H], masks that are added to scores."""
        normed = self.layer_norm_1(states) if self.pre_ln else states
        states = self._first(states, normed, *self.first_sub_layer.keys_and_values(normed), mask)
        return self._second_and_third(states, *self.second_sub_layer.keys_and_values(encoder_states), encoder_mask)

    def step(self, states: Tensor, mask: Tensor | None, cache: DecoderCache, layer: int) -> Tensor:
        """Computes the newest tokens, states [rows, L, H]; `cache` has the others."""
        normed = self.layer_norm_1(states) if self.pre_ln else states
        keys, values = cache.append(layer, *self.first_sub_layer.keys_and_values(normed))
        states = self._first(states, normed, keys, values, mask)
        rows, length, width = states.shape
        # the hypotheses of an utterance as queries of one attention: they share its keys
        states = states.reshape(cache.utterances, -1, width)
        encoder_keys, encoder_values = cache.encoder_keys_and_values[layer]
        states = self._second_and_third(states, encoder_keys, encoder_values, cache.encoder_mask)
        return states.reshape(rows, length, width)

    def _first(self, states: Tensor, normed: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
        states = states + self.first_sub_layer.attend(normed, keys, values, mask)
        return states if self.pre_ln else self.layer_norm_1(states)

    def _second_and_third(self, states: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
        if self.pre_ln:
            states = states + self.second_sub_layer.attend(self.layer_norm_2(states), keys, values, mask)
            after: Tensor = states + self.third_sub_layer(self.layer_norm_3(states))
            return after
        states = self.layer_norm_2(states + self.second_sub_layer.attend(states, keys, values, mask))
        normed: Tensor = self.layer_norm_3(states + self.third_sub_layer(states))
        return normed


class TransformerDecoder(nn.Module):
    """A stack of blocks.

    Args:
        num_layers: blocks.
        hidden_size: H.
        inner_size: of the feed-forward parts.
        num_attention_heads: heads.
        attn_score_dropout: of the attention weights.
        attn_layer_dropout: of the attentions' results.
        ffn_dropout: of the feed-forward parts' results.
        hidden_act: activation of the feed-forward parts.
        pre_ln: normalise inputs of the parts and not outputs.
        pre_ln_final_layer_norm: with `pre_ln`, normalise the result.
    """

    def __init__(
        self,
        num_layers: int,
        hidden_size: int,
        inner_size: int,
        num_attention_heads: int = 1,
        attn_score_dropout: float = 0.0,
        attn_layer_dropout: float = 0.0,
        ffn_dropout: float = 0.0,
        hidden_act: str = "relu",
        pre_ln: bool = False,
        pre_ln_final_layer_norm: bool = True,
    ) -> None:
        super().__init__()
        has_final = pre_ln and pre_ln_final_layer_norm
        self.final_layer_norm = nn.LayerNorm(hidden_size, eps=1e-5) if has_final else None
        self.layers = nn.ModuleList(
            TransformerDecoderBlock(
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

    def forward(
        self,
        decoder_states: Tensor,
        decoder_mask: Tensor | None,
        encoder_states: Tensor,
        encoder_mask: Tensor | None,
    ) -> Tensor:
        """Computes all tokens at once.

        Args:
            decoder_states: [B, L, H].
            decoder_mask: [B, L], true or 1 where there is no padding; None: everywhere.
            encoder_states: [B, S, H].
            encoder_mask: [B, S], as above.

        Returns:
            [B, L, H].
        """
        if decoder_mask is None:
            decoder_mask = torch.ones(decoder_states.shape[:2], dtype=torch.bool, device=decoder_states.device)
        own_mask = attention_mask(decoder_mask, decoder_states.dtype, decoder_states.shape[1])
        cross_mask = attention_mask(encoder_mask, decoder_states.dtype)
        for layer in self.layers:
            decoder_states = layer(decoder_states, own_mask, encoder_states, cross_mask)
        return self._finished(decoder_states)

    def start(self, encoder_states: Tensor, encoder_mask: Tensor | None, capacity: int = GROWTH) -> DecoderCache:
        """The cache of a generation: the encoder's keys and values of every layer, and no token yet.

        Args:
            encoder_states: [B, S, H].
            encoder_mask: [B, S], true or 1 where there is no padding; None: everywhere.
            capacity: tokens that are expected.
        """
        pairs = [layer.second_sub_layer.keys_and_values(encoder_states) for layer in self._blocks]
        # contiguous once, because every step reads them
        pairs = [(keys.contiguous(), values.contiguous()) for keys, values in pairs]
        return DecoderCache(pairs, attention_mask(encoder_mask, encoder_states.dtype), capacity)

    def step(self, decoder_states: Tensor, cache: DecoderCache) -> Tensor:
        """Computes the newest tokens, and adds them to `cache`.

        Args:
            decoder_states: [rows, L, H]; none of them is padding.
            cache: of :meth:`start`.

        Returns:
            [rows, L, H].
        """
        rows, length, _ = decoder_states.shape
        mask = None
        if length > 1:
            is_valid = torch.ones(1, cache.length + length, dtype=torch.bool, device=decoder_states.device)
            mask = attention_mask(is_valid, decoder_states.dtype, length)
        for number, layer in enumerate(self._blocks):
            decoder_states = layer.step(decoder_states, mask, cache, number)
        cache.advance(length)
        return self._finished(decoder_states)

    @property
    def _blocks(self) -> Iterable[TransformerDecoderBlock]:
        return cast("Iterable[TransformerDecoderBlock]", self.layers)

    def _finished(self, states: Tensor) -> Tensor:
        return states if self.final_layer_norm is None else self.final_layer_norm(states)
