"""How far the outputs of convolutions see, computed from the layers; needed to compute audio in pieces.

Go from the output to the input. Where outputs 0 to n - 1 together with `before` earlier and `after` later ones need

    convolution (kernel k, dilation d, padding p, stride 1)     inputs -before - p to n - 1 + after + (k - 1) d - p
    transposed convolution (k, d, p, stride s), n = m s         input i gives outputs i s - p + j d, 0 <= j < k, thus
                                                                 inputs ceil((-before + p - (k - 1) d) / s)
                                                                 to floor((m s - 1 + after + p) / s)

counted at the layer's own rates; residual connections see what is between.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reach:
    """How many more values are needed than those of the same time."""

    before: int = 0
    after: int = 0

    def through_convolution(self, layer: Any) -> Reach:
        """Of the input of an `nn.Conv1d` of stride 1 whose output is needed so far."""
        assert tuple(layer.stride) == (1,)
        (kernel,), (dilation,), (padding,) = layer.kernel_size, layer.dilation, layer.padding
        return Reach(self.before + padding, self.after + (kernel - 1) * dilation - padding)

    def through_convolutions(self, layers: Iterable[Any]) -> Reach:
        """Of the input of the first of several that run one after the other."""
        reach = self
        for layer in reversed(list(layers)):
            reach = reach.through_convolution(layer)
        return reach

    def through_transposed(self, layer: Any) -> Reach:
        """Of the input of an `nn.ConvTranspose1d`, in its own, slower rate."""
        (kernel,), (dilation,), (padding,), (stride,) = (
            layer.kernel_size,
            layer.dilation,
            layer.padding,
            layer.stride,
        )
        before = (self.before - padding + (kernel - 1) * dilation) // stride
        return Reach(max(before, 0), max((stride - 1 + self.after + padding) // stride, 0))

    def in_frames(self, hop_length: int) -> Reach:
        """In frames of so many samples, where each sample sees its own frame."""
        return Reach(-(-self.before // hop_length), -(-self.after // hop_length))


def widest(reaches: Iterable[Reach]) -> Reach:
    """What all of several paths need together."""
    every = list(reaches)
    return Reach(max(each.before for each in every), max(each.after for each in every))
