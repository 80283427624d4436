"""Attention masks, as numbers that are added to the scores: 0 where attention may look, -10000 where it may not."""

from __future__ import annotations

import torch
from torch import Tensor

HIDDEN = -10000.0
"""Finite, so that a row in which everything is hidden gives numbers and no NaN."""


def lengths_to_mask(lengths: Tensor, size: int) -> Tensor:
    """[B] -> [B, size], True where there is something, False in the padding."""
    return torch.arange(size, device=lengths.device)[None, :] < lengths[:, None]


def attention_mask(is_valid: Tensor | None, dtype: torch.dtype, causal_queries: int | None = None) -> Tensor | None:
    """The mask that is added to attention scores.

    Args:
        is_valid: [B, K], true or 1 at the keys that are no padding; None: all.
        dtype: of the result.
        causal_queries: the last so many keys are also the queries, and none of them looks ahead; None: all look
            everywhere.

    Returns:
        [B, 1, 1, K], or [B, 1, Q, K] with `causal_queries`.
    """
    if is_valid is None:
        return None
    may_look = is_valid.bool()[:, None, None, :]
    # an exported graph is for any number of queries, so it has the mask even where one query needs none
    if causal_queries is not None and (torch.jit.is_tracing() or causal_queries > 1):
        keys = is_valid.shape[1]
        ones = torch.ones(causal_queries, keys, dtype=torch.bool, device=is_valid.device)
        may_look = may_look & ones.tril(keys - causal_queries)
    return (~may_look).to(dtype) * HIDDEN
