"""How long a recording may be that goes through an encoder at once.

An encoder needs, for F feature frames that become S frames of its own,

    bytes = 4 · max(3 · F · W, 2 · N · S²)    (N heads of full attention; 0 where attention is local)

W, numbers that the widest layer holds of one feature frame, is found by sending a second of silence through. 3 and 2
are the tensors of that size that are alive at the same time (position scores, and their copy with a mask). The 4
is 2 where the encoder computes with two bytes a number. The default limit is the F for which this is the budget: an
eighth of the memory of the device, but at most 1 GiB on a CPU, which other programs share.
"""

from __future__ import annotations

import contextlib
import math
import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nemo.collections.asr.modules.conformer.attention import MultiHeadAttention
from nemo.collections.asr.modules.conformer.local_attention import RelPositionMultiHeadAttentionLongformer

WIDEST_ALIVE = 3
SCORES_ALIVE = 2
SHARE_OF_MEMORY = 8
CPU_BUDGET = 2**30
UNKNOWN_MEMORY = 8 * 2**30
"""Bytes, where the system does not say what it has."""


@dataclass(frozen=True)
class EncoderMemory:
    """Bytes that an encoder needs for F feature frames: the larger of ``per_frame F`` and ``per_frame_squared F²``."""

    per_frame: float
    per_frame_squared: float

    def needed(self, frames: int) -> float:
        """Bytes for `frames` feature frames."""
        return max(self.per_frame * frames, self.per_frame_squared * frames**2)

    def frames_within(self, budget: float) -> int:
        """The most feature frames that need no more than `budget` bytes; at least 1."""
        frames = budget / self.per_frame
        if self.per_frame_squared > 0:
            frames = min(frames, math.sqrt(budget / self.per_frame_squared))
        return max(1, int(frames))


def encoder_memory(encoder: Any, features: Tensor) -> EncoderMemory:
    """Measures an encoder in evaluation mode.

    Args:
        encoder: takes `audio_signal` and `length`, and has a `subsampling_factor`.
        features: [1, D, F], a second of silence or more.
    """
    largest = 0

    def note_size(module: nn.Module, inputs: Any, output: Any) -> None:
        nonlocal largest
        largest = max(largest, _elements(output))

    with contextlib.ExitStack() as hooks, torch.no_grad():
        for module in encoder.modules():
            hooks.callback(module.register_forward_hook(note_size).remove)
        encoder(audio_signal=features, length=torch.tensor([features.shape[2]], device=features.device))
    size = next(encoder.parameters()).element_size()
    heads = max((module.h for module in encoder.modules() if _attends_to_all(module)), default=0)
    scores = heads * SCORES_ALIVE / encoder.subsampling_factor**2
    return EncoderMemory(size * WIDEST_ALIVE * largest / features.shape[2], size * scores)


def memory_budget(device: torch.device) -> float:
    """Bytes that one pass of the encoder may take on `device`; the same at every call on one machine."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory / SHARE_OF_MEMORY
    return min(CPU_BUDGET, _memory_of_machine() / SHARE_OF_MEMORY)


def _elements(output: Any) -> int:
    """Of the largest tensor in what a module gave."""
    if isinstance(output, tuple | list):
        return max(map(_elements, output), default=0)
    return output.numel() if isinstance(output, Tensor) else 0


def _attends_to_all(module: nn.Module) -> bool:
    return isinstance(module, MultiHeadAttention) and not isinstance(module, RelPositionMultiHeadAttentionLongformer)


def _memory_of_machine() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf; others lack the name
        return UNKNOWN_MEMORY
