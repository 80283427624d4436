"""Attention with relative positions, head by head over blocks of queries, for CPUs and without gradients.

The scores of a block of one head stay in a CPU's cache, the products are those of `linear`, and no more than one block
of scores is ever in memory. The results are those of all queries at once.
B batch, N heads of width W, S queries, K keys, P = 2 K - 1 distances.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nemo.collections.common.modules.linear import linear

BLOCK_QUERIES = 256

FEWEST_QUERIES = 32
"""With fewer, as in chunks of a stream, the calls cost more than they save."""


def attend_in_blocks(
    by_content: Tensor, by_place: Tensor, key: Tensor, value: Tensor, positions: Tensor, blocked: Tensor | None
) -> Tensor:
    """Softmax of content's and places' scores over the keys, applied to the values.

    Args:
        by_content: [B, N, S, W] queries for the keys, scaled.
        by_place: [B, N, S, W] queries for the distances, scaled.
        key: [B, N, K, W].
        value: [B, N, K, W].
        positions: [N, P, W] projected encodings, distances falling from the farthest before a frame.
        blocked: [B or 1, 1, S, K], True where a query may not look; None: nowhere.

    Returns:
        [B, N, S, W], laid out as [B, S, N, W].
    """
    batch, heads, queries, width = by_content.shape
    keys = key.shape[2]
    key, value = key.contiguous(), value.transpose(2, 3).contiguous()
    attended = by_content.new_empty(batch, queries, heads, width)
    for row in range(batch):
        hidden = None if blocked is None else blocked[row if blocked.shape[0] > 1 else 0, 0]
        for head in range(heads):
            for first in range(0, queries, BLOCK_QUERIES):
                block = slice(first, min(first + BLOCK_QUERIES, queries))
                rows = block.stop - first
                nearest = queries - block.stop  # the first distance that the block's last query needs
                seen = positions[head, nearest : nearest + keys + rows - 1]
                scores = _by_key(linear(by_place[row, head, block], seen), keys)
                scores = linear(by_content[row, head, block], key[row, head]).add_(scores)
                if hidden is not None:
                    scores.masked_fill_(hidden[block], -torch.inf)
                attended[row, block, head] = linear(torch.softmax(scores, dim=-1), value[row, head])
    return attended.transpose(1, 2)


def _by_key(by_distance: Tensor, keys: int) -> Tensor:
    """[R, K + R - 1] scores by distance -> [R, K] by key, the same numbers at other strides."""
    rows, distances = by_distance.shape
    return by_distance.as_strided((rows, keys), (distances - 1, 1), rows - 1)
