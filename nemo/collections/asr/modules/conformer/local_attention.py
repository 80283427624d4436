"""Self-attention with relative positions in which a frame sees only its neighbours, for long recordings.

The memory grows with the length, not its square (Longformer, Beltagy et al., 2020, https://arxiv.org/abs/2004.05150).
Queries come in blocks; each block sees one window of keys, its own frames with `left` before and `right` after them.
Optional global frames see all frames and are seen by all.

B batch, S frames, N heads of width W, M blocks of Q queries, R = Q + left + right keys of a window, G global frames.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.asr.modules.conformer.attention import RelPositionMultiHeadAttention
from nemo.collections.asr.modules.conformer.attention_context import AttentionMask
from nemo.collections.common.modules.linear import Linear
from nemo.utils.exceptions import ConfigError


class RelPositionMultiHeadAttentionLongformer(RelPositionMultiHeadAttention):
    """See the head of this file.

    Args:
        n_head: N.
        n_feat: N * W.
        dropout_rate: on the attention weights.
        pos_bias_u: [N, W] shared with other layers; None: own ones.
        pos_bias_v: the same.
        att_context_size: [left, right].
        use_bias: the projections have a bias.
        global_tokens: G.
        global_tokens_spacing: every so many-th frame from the beginning is one of them.
        global_attn_separate: they have projections of their own.
    """

    def __init__(
        self,
        n_head: int,
        n_feat: int,
        dropout_rate: float,
        pos_bias_u: nn.Parameter | None = None,
        pos_bias_v: nn.Parameter | None = None,
        att_context_size: Sequence[int] = (128, 128),
        use_bias: bool = True,
        global_tokens: int = 0,
        global_tokens_spacing: int = 1,
        global_attn_separate: bool = False,
    ) -> None:
        super().__init__(n_head, n_feat, dropout_rate, pos_bias_u, pos_bias_v, use_bias)
        self.left, self.right = (int(size) for size in att_context_size)
        self.global_tokens, self.global_tokens_spacing = global_tokens, global_tokens_spacing
        self.global_attn_separate = global_attn_separate
        if global_attn_separate:
            self.global_q = Linear(n_feat, n_feat, bias=use_bias)
            self.global_k = Linear(n_feat, n_feat, bias=use_bias)
            self.global_v = Linear(n_feat, n_feat, bias=use_bias)

    def forward(self, x: Tensor, mask: AttentionMask, positions: Tensor, cache: Tensor | None = None) -> Tensor:
        """Attends; `positions` [1, left + right + 1, N * W] are encodings of falling distances. See the base class."""
        if cache is not None:
            raise ConfigError("rel_pos_local_attn has no caches for streams; change the attention model to rel_pos.")
        frames = x.shape[1]
        query, key, value = self._heads(x, None)
        block = max(self.left, self.right, 1)
        bias = self._bias_by_distance(query, positions, block)  # [B, N, M, Q, R]
        bias = self._without_padding(bias, mask, frames, block)
        queries = _blocks(query + self.pos_bias_u[:, None], block)
        keys = _windows(key, block, self.left, self.right)
        values = _windows(value, block, self.left, self.right)
        places = self._global_places(frames, x.device)
        if self.global_tokens:
            queries, keys, values, bias = self._seeing_global(x, queries, keys, values, bias, mask, places, block)
        heads = self._attend_in_blocks(queries, keys, values, bias)[:, :, :frames]
        if self.global_tokens:
            heads = heads.index_copy(2, places, self._global_heads(x, places, mask).to(heads.dtype))
        return self._output(heads, mask)

    def _bias_by_distance(self, query: Tensor, positions: Tensor, block: int) -> Tensor:
        """Scores of positions for each key of a window; -inf where a key is too far away."""
        by_distance = (query + self.pos_bias_v[:, None]) @ self.projected_positions(positions).transpose(1, 2)
        by_distance = _blocks(by_distance * (1.0 / math.sqrt(self.d_k)), block)  # [B, N, M, Q, left + right + 1]
        # row i of a block begins at key i of the window: each row is shifted by its number
        width = block + self.left + self.right
        padded = F.pad(by_distance, (0, block), value=-torch.inf)
        batch, heads, count = padded.shape[:3]
        return padded.reshape(batch, heads, count, -1)[..., : block * width].reshape(batch, heads, count, block, width)

    def _without_padding(self, bias: Tensor, mask: AttentionMask, frames: int, block: int) -> Tensor:
        """Blocks keys that are padding or outside of the utterance; queries without any key see whatever there is."""
        valid = torch.ones(1, frames, dtype=torch.bool, device=bias.device)
        if mask.is_padding is not None:
            valid = ~mask.is_padding[..., 0]
        seen = (
            _windows(valid[:, None, :, None].to(bias.dtype), block, self.left, self.right)[..., 0] > 0
        )  # [B, 1, M, R]
        bias = bias.masked_fill(~seen[:, :, :, None], -torch.inf)
        asks = _blocks(valid[:, None, :, None].to(bias.dtype), block) > 0  # [B, 1, M, Q, 1]
        return bias.masked_fill(~asks, 0.0)  # their results are thrown away

    def _attend_in_blocks(self, queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor) -> Tensor:
        """[B, N, M, Q, W] -> [B, N, M * Q, W]."""
        batch, heads, count, block, width = queries.shape
        flat = [_joined(part.transpose(1, 2)) for part in (queries, keys, values, bias)]  # [B * M, N, ...]
        out = self._attend(*flat)
        return out.view(batch, count, heads, block, width).transpose(1, 2).reshape(batch, heads, count * block, width)

    # --------------------------------------------------------------------------------------------------- global frames

    def _global_places(self, frames: int, device: torch.device) -> Tensor:
        """[G] places of the global frames; fewer in short utterances, except in an exported encoder."""
        end = self.global_tokens * self.global_tokens_spacing
        end = end if torch.jit.is_tracing() else min(frames, end)
        return torch.arange(0, end, self.global_tokens_spacing, device=device)

    def _global_projections(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        if not self.global_attn_separate:
            return self._heads(x, None)
        return self._split(self.global_q(x)), self._split(self.global_k(x)), self._split(self.global_v(x))

    def _seeing_global(
        self,
        x: Tensor,
        queries: Tensor,
        keys: Tensor,
        values: Tensor,
        bias: Tensor,
        mask: AttentionMask,
        places: Tensor,
        block: int,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Puts the global frames into each window; one that is in it anyway counts twice, as archives expect."""
        asks, _, _ = self._global_projections(x)
        _, told_keys, told_values = self._global_projections(x[:, places])
        scores = _blocks(asks @ told_keys.transpose(2, 3) * (1.0 / math.sqrt(self.d_k)), block)  # [B, N, M, Q, G]
        if mask.is_padding is not None:
            scores = scores.masked_fill(mask.is_padding[:, places, 0][:, None, None, None], -torch.inf)
        bias = torch.cat([bias, scores], dim=-1)
        count = queries.shape[2]
        more = told_values[:, :, None].expand(-1, -1, count, -1, -1)
        # the whole score of a global frame is in the bias, so its key is zero
        return queries, torch.cat([keys, torch.zeros_like(more)], 3), torch.cat([values, more], 3), bias

    def _global_heads(self, x: Tensor, places: Tensor, mask: AttentionMask) -> Tensor:
        """[B, N, G, W]: what the global frames see, which is everything."""
        query, key, value = self._global_projections(x)
        allowed = None
        if mask.is_padding is not None:
            valid = ~mask.is_padding[..., 0]
            allowed = (valid[:, None, :] | ~valid[:, places, None])[:, None]
        return self._attend(query[:, :, places], key, value, allowed)


def _blocks(x: Tensor, block: int) -> Tensor:
    """[B, N, S, W] -> [B, N, M, Q, W], the last block filled up with zeros."""
    x = F.pad(x, (0, 0, 0, -x.shape[2] % block))
    return x.reshape(x.shape[0], x.shape[1], -1, block, x.shape[3])


def _joined(x: Tensor) -> Tensor:
    """[B, M, ...] -> [B * M, ...]."""
    return x.reshape(-1, *x.shape[2:])


def _windows(x: Tensor, block: int, left: int, right: int) -> Tensor:
    """[B, N, S, W] -> [B, N, M, R, W], zeros beyond the ends; neither `left` nor `right` is above `block`."""
    blocks = F.pad(_blocks(x, block), (0, 0, 0, 0, 1, 1))  # one of zeros before the first and one after the last
    beside = torch.cat([blocks[:, :, :-2], blocks[:, :, 1:-1], blocks[:, :, 2:]], dim=3)
    return beside[:, :, :, block - left : 2 * block + right]
