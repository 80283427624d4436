"""How a Conformer encoder is fed chunk by chunk: sizes of chunks and caches for a context of attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from nemo.collections.asr.modules.conformer.layer import LayerCache
from nemo.collections.asr.modules.conformer.streaming_config import CacheAwareStreamingConfig
from nemo.core.neural_types import ChannelType, NeuralType
from nemo.utils.exceptions import ConfigError


def streaming_sizes(
    pre_encode: Any,
    subsampling_factor: int,
    layers: int,
    context: Sequence[int],
    style: str,
    right_of_convolution: int,
    chunk_size: int | None = None,
    shift_size: int | None = None,
    left_chunks: int | None = None,
    max_context: int = 10000,
) -> CacheAwareStreamingConfig:
    """The sizes for an encoder; all of them in frames.

    Args:
        pre_encode: the subsampling.
        subsampling_factor: feature frames of an encoder frame.
        layers: of the encoder.
        context: [left, right] of attention.
        style: of the context.
        right_of_convolution: frames after a frame that each convolution sees.
        chunk_size: encoder frames of a chunk; None: what the context needs.
        shift_size: encoder frames from one chunk to the next; given with `chunk_size`.
        left_chunks: chunks of the past that attention sees; None: what the context says.
        max_context: frames of the past when the context has no limit.
    """
    left, right = context
    frames = pre_encode.sampling_frames
    if chunk_size is not None:
        if chunk_size < 1 or shift_size is None or not 1 <= shift_size <= chunk_size:
            raise ConfigError(
                f"chunk_size is {chunk_size}, shift_size {shift_size}. Give both, with 1 <= shift_size <= chunk_size."
            )
        ahead, dropped = chunk_size - 1, chunk_size - shift_size
    elif style == "chunked_limited":
        ahead, dropped = right, 0
    else:
        ahead = dropped = (right + right_of_convolution) * layers
    past = left if left >= 0 else max_context
    past = past if chunk_size is None or left_chunks is None else left_chunks * chunk_size
    sizes = CacheAwareStreamingConfig(
        cache_drop_size=dropped,
        last_channel_cache_size=past,
        pre_encode_cache_size=pre_encode.streaming_cache_size,
        last_channel_num=layers,
        last_time_num=layers,
    )
    new = ahead - dropped
    if isinstance(frames, list):
        shift = [first + subsampling_factor * new for first in frames]
        sizes.chunk_size = [first + subsampling_factor * ahead for first in frames]
        sizes.shift_size = shift
        sizes.valid_out_len = (shift[1] - frames[1]) // subsampling_factor + 1
    else:
        sizes.chunk_size, sizes.shift_size = frames * (1 + ahead), frames * (1 + new)
        sizes.valid_out_len = frames * (1 + new) // subsampling_factor
    before = pre_encode.streaming_cache_size
    before = before[1] if isinstance(before, list) else before
    sizes.drop_extra_pre_encoded = 1 + (before - 1) // subsampling_factor if before else 0
    return sizes


def exported_step(encoder: Any, features: Tensor, lengths: Tensor, *caches: Tensor) -> tuple[Tensor, ...]:
    """One chunk of a stream as an exported encoder computes it: the caches have the batch first, [B, L, ...]."""
    encoded, encoded_lengths, channel, time, filled = encoder.cache_aware_stream_step(
        features, lengths, caches[0].transpose(0, 1), caches[1].transpose(0, 1), caches[2], keep_all_outputs=False
    )
    return encoded, encoded_lengths, channel.transpose(0, 1), time.transpose(0, 1), filled


def batch_first(types: Mapping[str, NeuralType]) -> dict[str, NeuralType]:
    """The types of an encoder's inputs or outputs as its exported file has them."""
    axes = {"cache_last_channel": ("B", "D", "T", "D"), "cache_last_time": ("B", "D", "D", "T")}
    return {
        name: NeuralType(axes[name.removesuffix("_next")], ChannelType())
        if name.removesuffix("_next") in axes
        else kind
        for name, kind in types.items()
    }


class StreamState:
    """The caches of all layers while one chunk is encoded.

    Args:
        channel: [L, B, C, H].
        time: [L, B, H, T].
        filled: [B] frames of `channel` that hold something, at its end.
    """

    def __init__(self, channel: Tensor, time: Tensor | None, filled: Tensor | None) -> None:
        if time is None or filled is None:
            raise ConfigError(
                "a stream needs cache_last_channel, cache_last_time and cache_last_channel_len together. Take them "
                "from get_initial_cache_state() or from the step before."
            )
        self.channel, self.time, self.filled = channel, time, filled
        self._drop = 0
        self._next_filled = filled
        self._next: list[LayerCache] = []

    def begin(self, drop: int, kept: int, size: int) -> None:
        """Says how many frames of this chunk are not kept, how many are, and how many a cache holds."""
        self._drop = drop
        self._next_filled = (self.filled + kept).clamp(max=size)

    def of_layer(self, number: int) -> LayerCache:
        """The cache of a layer."""
        return LayerCache(self.channel[number], self.time[number], self._drop)

    def add(self, cache: LayerCache | None) -> None:
        """Takes the new cache of the next layer."""
        assert cache is not None
        self._next.append(cache)

    def next_caches(self) -> tuple[Tensor, Tensor, Tensor]:
        """The caches for the next chunk, in the shapes of the arguments."""
        channel = torch.stack([cache.channel for cache in self._next])
        time = torch.stack([cache.time for cache in self._next])
        return channel, time, self._next_filled
