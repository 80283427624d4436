"""Subsampling convolutions over blocks of frames that stay in a CPU's cache.

Over a whole recording the first convolution's result has 256 numbers for each number of the input; writing it to memory
and reading it again takes five times as long as computing it. A block of results needs a few frames around the block of
inputs, which are computed twice. The results are those of the whole recording.
B batch, C channels, F frames, D features, S frames of the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.common.modules.linear import linear

BLOCK_NUMBERS = 2**20
"""Numbers of the first convolution's result in a block: 4 MB."""

ACTIVATIONS = (nn.ReLU, nn.SiLU, nn.GELU)


@dataclass
class Stage:
    """A convolution of stride 2 over time and frequency, and the layers after it that see single frames.

    Attributes:
        strided: the convolution.
        front: frames of padding before the first.
        behind: frames of padding after the last.
        others: convolutions of one tap and activations.
    """

    strided: nn.Conv2d
    front: int
    behind: int
    others: list[nn.Module]

    def frames_after(self, frames: int) -> int:
        """Frames of the result."""
        return (frames + self.front + self.behind - self.strided.kernel_size[0]) // 2 + 1

    def needed(self, first: int, last: int) -> tuple[int, int]:
        """The frames, of padding too, that the results from `first` up to `last` see."""
        return 2 * first - self.front, 2 * (last - 1) - self.front + self.strided.kernel_size[0]

    def forward(self, x: Tensor, lengths: Tensor | None, position: int, first: int, last: int) -> Tensor:
        """Results `first` up to `last` from [1, C, F, D], whose first frame has the number `position`.

        Args:
            x: frames within the recording.
            lengths: [1] frames that are no padding; None: nothing is padded.
            position: see above.
            first: see above.
            last: see above.
        """
        begin, end = self.needed(first, last)
        x = _masked(x, lengths, position)
        missing = (position - begin, end - position - x.shape[2])
        if any(missing):
            x = F.pad(x, (0, 0, *missing))
        bands = self.frames_after(x.shape[3])  # frequency is padded as time is, only never in part
        padding = (0, max(self.front, self.behind))
        x = F.conv2d(_channels_last(x), self.strided.weight, self.strided.bias, 2, padding, 1, self.strided.groups)
        x = x[..., :bands]  # of more padding behind than there is
        for layer in self.others:
            x = _single_frames(layer, x)
        return x


def stages_of(layers: Sequence[nn.Module]) -> list[Stage] | None:
    """The stages that make up the layers of a subsampling; None for layers of another kind."""
    stages: list[Stage] = []
    for layer in layers:
        is_convolution = isinstance(layer, nn.Conv2d)
        if isinstance(layer, nn.Conv2d) and layer.stride == (2, 2):
            front, behind = getattr(layer, "time_padding", (layer.padding[0], layer.padding[0]))
            stages.append(Stage(layer, int(front), int(behind), []))
        elif stages and (layer.kernel_size == (1, 1) if is_convolution else isinstance(layer, ACTIVATIONS)):
            stages[-1].others.append(layer)
        else:
            return None
    return stages or None


def convolve_in_blocks(stages: Sequence[Stage], x: Tensor, lengths: Tensor | None) -> Tensor:
    """[B, 1, F, D] -> [B, C, S, D'] without gradients.

    Args:
        stages: of :func:`stages_of`.
        x: the features.
        lengths: [B] valid frames, beyond which there are zeros before each convolution; None: no such zeros.
    """
    counts = [x.shape[2]]
    for stage in stages:
        counts.append(stage.frames_after(counts[-1]))
    width = stages[0].strided.out_channels * (x.shape[3] // 2 + 1) * 2 ** (len(stages) - 1)
    block = max(BLOCK_NUMBERS // width, 1)
    rows = []
    for row in range(x.shape[0]):
        length = None if lengths is None else lengths[row : row + 1]
        parts = [
            _block(stages, counts, x[row : row + 1], length, first, min(first + block, counts[-1]))
            for first in range(0, counts[-1], block)
        ]
        rows.append(torch.cat(parts, dim=2))
    return torch.cat(rows)


def _block(
    stages: Sequence[Stage], counts: Sequence[int], x: Tensor, lengths: Tensor | None, first: int, last: int
) -> Tensor:
    """Frames `first` up to `last` of the result, of one utterance."""
    spans = [(first, last)]  # of the last stage's result, then of what it reads, and so on
    for stage, count in zip(reversed(stages), reversed(counts[:-1]), strict=True):
        begin, end = stage.needed(*spans[-1])
        spans.append((max(begin, 0), min(end, count)))
    spans.reverse()
    x = x[:, :, slice(*spans[0])]
    for stage, (position, _), span in zip(stages, spans, spans[1:], strict=False):
        x = stage.forward(x, lengths, position, *span)
        lengths = None if lengths is None else _after(stage, lengths)
    return _masked(x, lengths, first)


def _after(stage: Stage, lengths: Tensor) -> Tensor:
    return (lengths + stage.front + stage.behind - stage.strided.kernel_size[0]).div(2, rounding_mode="floor") + 1


def _masked(x: Tensor, lengths: Tensor | None, position: int) -> Tensor:
    """`x` with zeros from frame `lengths - position` on."""
    if lengths is None:
        return x
    valid = int(lengths[0]) - position
    if valid < x.shape[2]:
        x = x.clone()
        x[:, :, max(valid, 0) :] = 0.0
    return x


def _channels_last(x: Tensor) -> Tensor:
    """[B, C, F, D] laid out as [B, F, D, C], so that convolutions take their fast way also for one channel."""
    if x.shape[1] > 1:
        return x.contiguous(memory_format=torch.channels_last)
    x = x.contiguous()
    return x.as_strided(x.shape, (x.shape[2] * x.shape[3], 1, x.shape[3], 1))


def fast_layer(layer: nn.Module, x: Tensor) -> Tensor:
    """A layer of the subsampling with its gradients, in the layout in which CPUs compute both fast.

    Args:
        layer: a convolution, an activation or a pooling.
        x: [B, C, F, D], changed in place by an activation.
    """
    if isinstance(layer, nn.ReLU) or (isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1)):
        return _single_frames(layer, x)
    result: Tensor = layer(_channels_last(x)) if isinstance(layer, nn.Conv2d) else layer(x)
    return result


def _single_frames(layer: nn.Module, x: Tensor) -> Tensor:
    if isinstance(layer, nn.ReLU):
        return x.relu_()
    if isinstance(layer, nn.Conv2d):  # of one tap: a matrix product over channels
        return linear(x.permute(0, 2, 3, 1), layer.weight[:, :, 0, 0], layer.bias).permute(0, 3, 1, 2)
    result: Tensor = layer(x)
    return result
