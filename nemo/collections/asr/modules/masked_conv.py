"""Convolution over time that does not see padding.

B batch, C channels, T time.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.asr.modules.depthwise_conv import channels_last, depthwise_conv1d, is_fast_here
from nemo.collections.asr.modules.valid_frames import ValidFrames
from nemo.utils.exceptions import ConfigError


def same_padding(kernel_size: int, stride: int, dilation: int) -> int:
    """Zeros on either side that keep the length of a convolution with an odd kernel."""
    if stride > 1 and dilation > 1:
        raise ConfigError(f"a convolution has stride {stride} and dilation {dilation}; only one may be greater than 1.")
    return (dilation * (kernel_size - 1)) // 2


def asymmetric_padding(kernel_size: int, stride: int, dilation: int, future_context: int) -> tuple[int, int]:
    """Zeros left and right of a convolution that sees at most `future_context` frames ahead, and keeps the length."""
    both = same_padding(kernel_size, stride, dilation)
    right = min(future_context * dilation, both)
    return dilation * (kernel_size - 1) - right, right


def odd_kernel_size(kernel_size: int, factor: float) -> int:
    """`kernel_size` times `factor`, rounded down and made odd by adding one where needed; at least 1."""
    scaled = max(int(kernel_size * factor), 1)
    return scaled if scaled % 2 else scaled + 1


class MaskedConv1d(nn.Module):
    """Sets padding to zero, convolves, and gives the new lengths. The weights are in `conv`, a plain `nn.Conv1d`.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: taps.
        stride: step in time.
        padding: zeros on either side, or a pair for left and right.
        dilation: distance between taps.
        groups: independent groups of channels.
        heads: for a depthwise convolution, how many filters the channels share in turn; -1: each has its own.
        bias: adds a bias.
        use_mask: False leaves padding as it is.
        quantize: accepted for old configs, without effect.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int = 1,
        groups: int = 1,
        heads: int = -1,
        bias: bool = False,
        use_mask: bool = True,
        quantize: bool = False,
    ) -> None:
        super().__init__()
        if heads != -1:
            if groups != in_channels or out_channels != in_channels or in_channels % heads:
                raise ConfigError(
                    f"heads is {heads} in a convolution of {in_channels} to {out_channels} channels in {groups} "
                    "groups; heads need a depthwise convolution (separable: true) whose channels they divide."
                )
            in_channels = out_channels = groups = heads
        self.heads, self.use_mask = heads, use_mask
        left, right = padding if isinstance(padding, tuple) else (padding, padding)
        self.padding = left + right
        self._edges = (left, right) if left != right else None
        inner = 0 if self._edges else left
        self.conv = nn.Conv1d(in_channels, out_channels, kernel_size, stride, inner, dilation, groups, bias)
        # plain numbers: nn.Conv1d keeps tuples, and this is asked for at every call
        self._numbers = kernel_size, stride, dilation
        self._is_pointwise = kernel_size == 1 and stride == 1 and groups == 1 and self.padding == 0
        self._is_depthwise = groups == in_channels == out_channels and kernel_size > 1 and not bias

    @property
    def edges(self) -> tuple[int, int]:
        """Zeros left and right."""
        both = int(self.conv.padding[0])
        return self._edges or (both, both)

    def forward(self, x: Tensor, lens: Tensor | ValidFrames | None) -> tuple[Tensor, Tensor | ValidFrames | None]:
        """Convolves.

        Args:
            x: [B, C, T].
            lens: [B] valid frames; None when all are; or a :class:`ValidFrames`, and then one comes back.

        Returns:
            [B, C', T'] and the new lengths.
        """
        frames = ValidFrames.of(lens, x.shape[2])
        y, frames = self.convolve(x, frames)
        return y, frames if isinstance(lens, ValidFrames) else frames.lengths

    def convolve(self, x: Tensor, frames: ValidFrames) -> tuple[Tensor, ValidFrames]:
        """:meth:`forward` within a network that shares masks."""
        if self.use_mask:
            x = frames.masked(x)
        if self._edges:
            x = F.pad(x, self._edges)
        batch, _, time = x.shape
        if self.heads != -1:
            x = x.reshape(-1, self.heads, time)
        y = self._convolution(x)
        if self.heads != -1:
            y = y.reshape(batch, -1, y.shape[2])
        kernel, stride, dilation = self._numbers
        return y, frames.after_convolution(y.shape[2], kernel, stride, self.padding, dilation)

    def _convolution(self, x: Tensor) -> Tensor:
        conv = self.conv
        if (self._is_pointwise or self._is_depthwise) and is_fast_here(x, conv.weight):
            if self._is_pointwise:  # a matrix product in the layout that depthwise convolutions like
                return F.linear(channels_last(x).transpose(1, 2), conv.weight[:, :, 0], conv.bias).transpose(1, 2)
            _, stride, dilation = self._numbers
            return depthwise_conv1d(x, conv.weight, stride, conv.padding[0], dilation)  # type: ignore[arg-type]
        result: Tensor = conv(x)
        return result
