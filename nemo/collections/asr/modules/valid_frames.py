"""Which frames of a padded batch are valid, shared by all layers that ask.

B batch, T frames.
"""

from __future__ import annotations

import torch
from torch import Tensor


class ValidFrames:
    """Lengths of a padded batch, with the mask they imply; built once, and again only where lengths change.

    Args:
        lengths: [B] valid frames, or None when all are.
        total: T, frames of the padded batch.
    """

    def __init__(self, lengths: Tensor | None, total: int) -> None:
        self.lengths = lengths
        self.total = total
        self._is_padding: Tensor | None = None
        self._after: dict[tuple[int, int, int], ValidFrames] = {}
        self._nothing_padded = lengths is None or _all_full(lengths, total)

    @classmethod
    def of(cls, lengths: Tensor | ValidFrames | None, total: int) -> ValidFrames:
        """Wraps `lengths`; an object of this class stays what it is."""
        return lengths if isinstance(lengths, ValidFrames) else cls(lengths, total)

    @property
    def is_padding(self) -> Tensor | None:
        """[B, 1, T], True beyond the lengths; None when nothing is known to be padded."""
        if self._nothing_padded or self.lengths is None:
            return None
        if self._is_padding is None:
            frames = torch.arange(self.total, device=self.lengths.device)
            self._is_padding = (frames >= self.lengths[:, None])[:, None]
        return self._is_padding

    def masked(self, x: Tensor) -> Tensor:
        """`x` [B, C, T] with zeros in its padding; `x` itself when nothing is padded."""
        is_padding = self.is_padding
        if is_padding is None:
            return x
        if is_padding.device != x.device:  # lengths may stay on the CPU, where asking them costs nothing
            is_padding = self._is_padding = is_padding.to(x.device)
        return x.masked_fill(is_padding, 0.0)

    def after_convolution(self, total: int, kernel: int, stride: int, padding: int, dilation: int) -> ValidFrames:
        """The frames left by a convolution.

        Args:
            total: frames of its result.
            kernel: taps.
            stride: step in time.
            padding: zeros on both sides together.
            dilation: distance between taps.
        """
        shrinkage = dilation * (kernel - 1) - padding
        if stride == 1 and shrinkage == 0:
            return self
        key = (total, stride, shrinkage)
        if key not in self._after:
            lengths = self.lengths
            if lengths is not None:
                lengths = torch.div(lengths - shrinkage - 1, stride, rounding_mode="floor") + 1
            self._after[key] = ValidFrames(lengths, total)
        return self._after[key]


def _all_full(lengths: Tensor, total: int) -> bool:
    """True if no utterance is known to be shorter than the batch; asks only where the answer is at hand."""
    if lengths.device.type != "cpu" or torch.jit.is_tracing() or torch.compiler.is_compiling():
        return False
    return bool((lengths >= total).all())
