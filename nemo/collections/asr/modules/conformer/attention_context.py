"""Which frames each frame may look at, and how that is told to attention.

A context is [left, right] in encoder frames; -1 is without limit. In the style `regular` each frame sees so many
before and after it; in `chunked_limited` frames come in chunks of right + 1, see their whole chunk, and before it as
many whole chunks as left holds (Noroozi et al., 2023, https://arxiv.org/abs/2312.17279).
B batch, S frames of the queries, K frames of the keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nemo.utils.exceptions import ConfigError

STYLES = ("regular", "chunked_limited")


@dataclass
class AttentionMask:
    """What attention needs to know of padding and context.

    Attributes:
        blocked: [B or 1, 1, S, K], True where a frame may not look; None when every frame sees all.
        is_padding: [B, S, 1], True for queries that are padding, for which attention gives zeros; None: there are none.
    """

    blocked: Tensor | None = None
    is_padding: Tensor | None = None


def attention_mask(
    frames: int, cached: int, lengths: Tensor | None, offset: Tensor | None, context: Sequence[int], style: str
) -> AttentionMask:
    """The mask of a padded batch.

    Args:
        frames: S.
        cached: frames before them that come from a cache; K = cached + S.
        lengths: [B] valid frames of S; None: all.
        offset: [B] frames of the cache that are empty, at its beginning; None: the cache is full.
        context: [left, right].
        style: see the head of this file.
    """
    device = lengths.device if lengths is not None else offset.device if offset is not None else None
    keys = torch.arange(cached + frames, device=device)
    queries = keys[cached:]
    allowed = _visible(queries, keys, context, style)
    is_padding = None
    if lengths is not None:
        is_padding = (torch.arange(frames, device=device) >= lengths[:, None])[..., None]
        valid = keys < (lengths + cached)[:, None]
        allowed = _both(allowed, valid[:, None])
    if offset is not None:
        allowed = _both(allowed, (keys >= offset[:, None])[:, None])
    if allowed is None:
        return AttentionMask()
    if is_padding is not None:
        allowed = allowed | is_padding  # a row of which nothing may be seen has no softmax; it is set to zero later
    return AttentionMask(~allowed[:, None], is_padding)


def _visible(queries: Tensor, keys: Tensor, context: Sequence[int], style: str) -> Tensor | None:
    """[1, S, K], True where the context reaches; None when it reaches everywhere."""
    left, right = context
    if left < 0 and right < 0:
        return None
    if style == "chunked_limited" and right >= 0:
        chunk = right + 1
        # chunks are counted from the first query, so that those of a cache end where the queries begin
        distance = (queries[:, None] - queries[0]).div(chunk, rounding_mode="floor") - (keys - queries[0]).div(
            chunk, rounding_mode="floor"
        )
        visible = distance >= 0
        if left >= 0:
            visible = visible & (distance <= left // chunk)
        return visible[None]
    distance = queries[:, None] - keys
    visible = torch.ones_like(distance, dtype=torch.bool)
    if left >= 0:
        visible = visible & (distance <= left)  # not in place: exporters know no such operator
    if right >= 0:
        visible = visible & (distance >= -right)
    return visible[None]


def _both(a: Tensor | None, b: Tensor) -> Tensor:
    return b if a is None else a & b


def context_sizes(
    att_context_size: Sequence[int] | Sequence[Sequence[int]] | None, style: str, attention: str
) -> list[list[int]]:
    """The contexts of a config as a list of [left, right], the default first.

    Raises:
        ConfigError: a context is not possible in the style, or the style is not known.
    """
    if style not in STYLES:
        raise ConfigError(f"encoder.att_context_style is {style!r}; expected {' or '.join(STYLES)}. Choose one.")
    given: list[Any] = [-1, -1] if att_context_size is None else list(att_context_size)
    is_nested = not isinstance(given[0], int)
    contexts = [[int(size) for size in each] for each in (given if is_nested else [given])]
    for left, right in contexts:
        place = f"encoder.att_context_size has [{left}, {right}]"
        if style == "chunked_limited":
            if left > 0 and left % (right + 1):
                raise ConfigError(
                    f"{place}; with chunked_limited left is whole chunks of {right + 1} frames (right + 1). "
                    f"Take {left // (right + 1) * (right + 1)} or another multiple."
                )
            if right < 0 and len(contexts) > 1:
                raise ConfigError(f"{place}; several contexts need a limit on the right. Give right >= 0.")
        if attention == "rel_pos_local_attn" and (left <= 0 or right < 0):
            raise ConfigError(f"{place}; rel_pos_local_attn needs limits on both sides, for example [128, 128].")
    return contexts


def context_probabilities(given: Sequence[float] | None, contexts: int) -> list[float]:
    """How likely each of several contexts is; None: all alike.

    Raises:
        ConfigError: not one number for each, or their sum is not 1.
    """
    if given is None:
        return [1.0 / contexts] * contexts
    if len(given) != contexts or abs(sum(given) - 1.0) > 1e-6:
        raise ConfigError(
            f"encoder.att_context_probs is {list(given)}; expected {contexts} numbers, one for each att_context_size, "
            "that sum to 1."
        )
    return [float(each) for each in given]


def where_padded(lengths: Tensor, frames: int) -> Tensor | None:
    """`lengths`, or None when they are at hand and nothing is padded."""
    if lengths.device.type != "cpu" or torch.jit.is_tracing() or torch.compiler.is_compiling():
        return lengths
    return lengths if bool((lengths < frames).any()) else None
