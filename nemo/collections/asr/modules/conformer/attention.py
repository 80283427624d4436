"""Self-attention of Conformer layers over PyTorch's `scaled_dot_product_attention`.

x [B, S, H] -> [B, S, H]; K keys = frames of a cache + S; N heads of width W = H / N.
The names of the projections are fixed by archives.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.asr.modules.conformer.attention_context import AttentionMask
from nemo.collections.asr.modules.conformer.blocked_attention import FEWEST_QUERIES, attend_in_blocks
from nemo.collections.common.modules.linear import Linear
from nemo.utils.exceptions import ConfigError

BLOCK_QUERIES = 64
"""Queries whose position scores are computed together."""


class MultiHeadAttention(nn.Module):
    """Attention without positions (Vaswani et al., 2017).

    Args:
        n_head: N.
        n_feat: H.
        dropout_rate: on the attention weights.
        use_bias: the projections have a bias.
    """

    def __init__(self, n_head: int, n_feat: int, dropout_rate: float, use_bias: bool = True) -> None:
        super().__init__()
        if n_feat % n_head:
            raise ConfigError(
                f"encoder.d_model is {n_feat} and encoder.n_heads {n_head}; the width must be a multiple of the heads."
            )
        self.h, self.d_k = n_head, n_feat // n_head
        self.dropout_rate = dropout_rate
        self.linear_q = Linear(n_feat, n_feat, bias=use_bias)
        self.linear_k = Linear(n_feat, n_feat, bias=use_bias)
        self.linear_v = Linear(n_feat, n_feat, bias=use_bias)
        self.linear_out = Linear(n_feat, n_feat, bias=use_bias)

    def forward(self, x: Tensor, mask: AttentionMask, positions: Tensor, cache: Tensor | None = None) -> Tensor:
        """Attends.

        Args:
            x: [B, S, H] queries.
            mask: what each may look at.
            positions: encodings; not used here.
            cache: [B, K - S, H] earlier inputs; None: none.

        Returns:
            [B, S, H], zero before the last projection for queries that are padding.
        """
        query, key, value = self._heads(x, cache)
        allowed = None if mask.blocked is None else ~mask.blocked
        return self._output(self._attend(query, key, value, allowed), mask)

    def _heads(self, x: Tensor, cache: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Query [B, N, S, W], key and value [B, N, K, W]."""
        seen = x if cache is None else torch.cat([cache, x], dim=1)
        return self._split(self.linear_q(x)), self._split(self.linear_k(seen)), self._split(self.linear_v(seen))

    def _split(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], x.shape[1], self.h, self.d_k).transpose(1, 2)

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, mask_or_bias: Tensor | None) -> Tensor:
        dropout = self.dropout_rate if self.training else 0.0
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask_or_bias, dropout_p=dropout)

    def _output(self, heads: Tensor, mask: AttentionMask) -> Tensor:
        joined = heads.transpose(1, 2).reshape(heads.shape[0], heads.shape[2], self.h * self.d_k)
        if mask.is_padding is not None:
            joined = joined.masked_fill(mask.is_padding, 0.0)
        return self.linear_out(joined)


class RelPositionMultiHeadAttention(MultiHeadAttention):
    """Attention with relative positions (Transformer-XL, Dai et al., 2019, https://arxiv.org/abs/1901.02860, eq. 3.3).

    Args:
        n_head: N.
        n_feat: H.
        dropout_rate: on the attention weights.
        pos_bias_u: [N, W] shared with other layers; None: own ones.
        pos_bias_v: the same.
        use_bias: the projections have a bias.
    """

    def __init__(
        self,
        n_head: int,
        n_feat: int,
        dropout_rate: float,
        pos_bias_u: nn.Parameter | None = None,
        pos_bias_v: nn.Parameter | None = None,
        use_bias: bool = True,
    ) -> None:
        super().__init__(n_head, n_feat, dropout_rate, use_bias)
        self.linear_pos = Linear(n_feat, n_feat, bias=False)
        self.pos_bias_u = pos_bias_u if pos_bias_u is not None else nn.Parameter(torch.zeros(self.h, self.d_k))
        self.pos_bias_v = pos_bias_v if pos_bias_v is not None else nn.Parameter(torch.zeros(self.h, self.d_k))
        self._kept: tuple[tuple[int, ...], Tensor] | None = None

    def forward(self, x: Tensor, mask: AttentionMask, positions: Tensor, cache: Tensor | None = None) -> Tensor:
        """Attends; `positions` [1, 2 K - 1, H] are encodings of falling distances. See the base class."""
        query, key, value = self._heads(x, cache)
        keys = key.shape[2]
        scaled = (query + self.pos_bias_v[:, None]) * (1.0 / math.sqrt(self.d_k))
        projected = self.projected_positions(positions)
        if self._goes_in_blocks(query):
            content = (query + self.pos_bias_u[:, None]) * (1.0 / math.sqrt(self.d_k))
            return self._output(attend_in_blocks(content, scaled, key, value, projected, mask.blocked), mask)
        bias = position_scores(scaled, projected, keys)  # [B, N, S, K]
        if mask.blocked is not None:
            bias = bias.masked_fill(mask.blocked, -torch.inf)
        return self._output(self._attend(query + self.pos_bias_u[:, None], key, value, bias), mask)

    def _goes_in_blocks(self, query: Tensor) -> bool:
        """Whether the blocks of a CPU pay: many queries, no gradients, no dropout of weights."""
        return (
            query.device.type == "cpu"
            and _runs_as_it_stands()
            and query.shape[2] >= FEWEST_QUERIES
            and not (self.training and self.dropout_rate > 0)
        )

    def projected_positions(self, positions: Tensor) -> Tensor:
        """[N, P, W] of encodings [1, P, H]; kept while the weights do not train and the length stays."""
        if torch.is_grad_enabled() or torch.jit.is_tracing() or torch.compiler.is_compiling():
            self._kept = None
            return self._project(positions)
        # the place in memory and the version change whenever the encodings or the weights do
        weight = self.linear_pos.weight
        key = (positions.data_ptr(), positions.shape[1], weight.data_ptr(), weight._version)
        if self._kept is None or self._kept[0] != key or self._kept[1].dtype != positions.dtype:
            self._kept = (key, self._project(positions))
        return self._kept[1]

    def _project(self, positions: Tensor) -> Tensor:
        projected = self.linear_pos(positions)  # [1, P, H]
        return projected.view(-1, self.h, self.d_k).transpose(0, 1).contiguous()


def position_scores(query: Tensor, positions: Tensor, keys: Tensor | int) -> Tensor:
    """Scores by key [B, N, S, K] of queries [B, N, S, W] with the distances' encodings [N, 2 K - 1, W].

    Each query needs K of the 2 K - 1 products. Where the code runs as it stands, blocks of queries leave out most of
    the others, and the result of twice the size is never there.
    """
    queries = query.shape[2]
    if not _runs_as_it_stands() or queries <= BLOCK_QUERIES:
        return shifted_to_keys(query @ positions.transpose(1, 2), keys)
    count = int(keys)
    scores = query.new_empty(*query.shape[:3], count)
    for first in range(0, queries, BLOCK_QUERIES):
        part = query[:, :, first : first + BLOCK_QUERIES]
        rows = part.shape[2]
        begin = queries - first - rows
        seen = positions[:, begin : begin + count + rows - 1]
        scores[:, :, first : first + rows] = shifted_to_keys(part @ seen.transpose(1, 2), count)
    return scores


def _runs_as_it_stands() -> bool:
    return not (torch.is_grad_enabled() or torch.jit.is_tracing() or torch.compiler.is_compiling())


def shifted_to_keys(by_distance: Tensor, keys: Tensor | int) -> Tensor:
    """Scores by distance [B, N, S, S + K - 1 or more] -> scores by key [B, N, S, K].

    Row i of S looks at key j over the distance K - S + i - j, which stands in column j + S - 1 - i (Dai et al., 2019,
    appendix B).
    """
    batch, heads, queries, distances = by_distance.shape
    if _runs_as_it_stands():
        by_distance = by_distance.contiguous()  # then the shifted scores are there already, at other strides
        strides = (heads * queries * distances, queries * distances, distances - 1, 1)
        return by_distance.as_strided((batch, heads, queries, int(keys)), strides, queries - 1)
    padded = F.pad(by_distance, (1, 0)).view(batch, heads, -1, queries)  # [B, N, 2 K, S]
    return padded[:, :, 1:].view(batch, heads, queries, distances)[..., :keys]
