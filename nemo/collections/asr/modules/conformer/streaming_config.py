"""How an encoder that keeps caches is fed chunk by chunk; the encoder fills it in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class CacheAwareStreamingConfig:
    """Sizes in frames: of features for chunks and shifts, of the encoder for caches."""

    chunk_size: int | list[int] = 0
    """Frames of each chunk; a list has the first chunk's and the others'."""
    shift_size: int | list[int] = 0
    """Frames between the beginnings of two chunks; a list as above."""
    cache_drop_size: int = 0
    """Frames that leave the caches after each step."""
    last_channel_cache_size: int = 0
    """Frames of the past that attention sees."""
    valid_out_len: int = 0
    """Encoder frames of each step that stay as they are."""
    pre_encode_cache_size: int | list[int] = 0
    """Feature frames put before each chunk for the subsampling convolutions; a list as above."""
    drop_extra_pre_encoded: int = 0
    """Encoder frames that those give and that are dropped."""
    last_channel_num: int = 0
    """Layers with an attention cache."""
    last_time_num: int = 0
    """Layers with a convolution cache."""
