"""Convolutions over time with channels last in memory, in tiles of time that stay in the cache: faster on CPUs.

[B, C, T] is [B, C, 1, T] here, an image of height 1, whose numbers lie in memory as [B, T, C].
B batch, C channels, T time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.tts.modules.receptive_field import Reach

TILE_SIZE = 2**19
"""Numbers of a tile: 2 MB. Smaller ones compute more twice, larger ones wait for memory."""

LEAST_SHARE = 4
"""How many times longer a tile is at least than what it sees beside it, which is computed twice."""


def is_fast_here(x: Tensor) -> bool:
    """True for float32 on CPUs without gradients; exported programs keep the plain operators."""
    return bool(
        x.device.type == "cpu"
        and x.dtype == torch.float32
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
        and not torch.jit.is_tracing()
        and not torch.compiler.is_compiling()
        and torch.backends.mkldnn.is_available()
        and torch.backends.mkldnn.enabled
    )


def as_image(x: Tensor) -> Tensor:
    """[B, C, T] -> [B, C, 1, T], channels last in memory."""
    return x.unsqueeze(2).contiguous(memory_format=torch.channels_last)


def convolve(layer: Any, x: Tensor) -> Tensor:
    """Applies an `nn.Conv1d` of stride 1 or an `nn.ConvTranspose1d`, to [B, C, T] as it is, or to [B, C, 1, T]."""
    result: Tensor
    if x.dim() == 3:
        result = layer(x)
    elif isinstance(layer, nn.ConvTranspose1d):
        result = F.conv_transpose2d(x, layer.weight.unsqueeze(2), layer.bias, (1, *layer.stride), (0, *layer.padding))
    else:
        result = F.conv2d(x, layer.weight.unsqueeze(2), layer.bias, (1, 1), (0, *layer.padding), (1, *layer.dilation))
    return result


def in_tiles(function: Callable[[Tensor], Tensor], x: Tensor, reach: Reach) -> Tensor:
    """``function(x)``, computed for a few rows at a time, and for long rows a stretch of time after the other.

    Args:
        function: convolutions, padded so that they keep length and channels.
        x: [B, C, 1, T].
        reach: how far they see.
    """
    batch, channels, _, time = x.shape
    longest = max(TILE_SIZE // channels, LEAST_SHARE * (reach.before + reach.after))
    rows = max(longest // time, 1)
    length = math.ceil(time / max(round(time / longest), 1))  # tiles of about the same length
    if rows >= batch and length == time:
        return function(x)
    result = torch.empty_like(x)
    for row in range(0, batch, rows):
        for start in range(0, time, length):
            first = max(start - reach.before, 0)
            tile = function(x[row : row + rows, ..., first : start + length + reach.after])
            result[row : row + rows, ..., start : start + length] = tile[..., start - first : start - first + length]
    return result
