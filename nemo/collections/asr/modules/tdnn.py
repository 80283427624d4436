"""Time-delay layers of speaker networks (ECAPA-TDNN: Desplanques et al., 2020, https://arxiv.org/abs/2005.07143).

B batch, C channels, S frames. Names of attributes are fixed by archives.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nemo.collections.asr.modules.jasper import init_weights
from nemo.collections.asr.modules.valid_frames import ValidFrames


class TDNNModule(nn.Module):
    """A convolution over time that keeps the number of frames, then ReLU and batch norm.

    Args:
        inp_filters: channels of the input.
        out_filters: channels of the output.
        kernel_size: taps, an odd number.
        dilation: distance between taps, in frames.
        stride: step in time.
        init_mode: see :func:`~nemo.collections.asr.modules.jasper.init_weights`.
    """

    def __init__(
        self,
        inp_filters: int,
        out_filters: int,
        kernel_size: int = 1,
        dilation: int = 1,
        stride: int = 1,
        init_mode: str | None = "xavier_uniform",
    ) -> None:
        super().__init__()
        padding = _centred_padding(kernel_size, dilation)
        self.conv_layer = nn.Conv1d(
            inp_filters, out_filters, kernel_size, stride=stride, padding=padding, dilation=dilation
        )
        self.activation = nn.ReLU()
        self.bn = nn.BatchNorm1d(out_filters)
        self.apply(lambda module: init_weights(module, init_mode))

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, S] -> [B, C', S]."""
        normed: Tensor = self.bn(self.activation(self.conv_layer(x)))
        return normed


class MaskedSEModule(nn.Module):
    """Squeeze-and-excitation: multiplies each channel by a gate computed from its mean over the valid frames.

    Args:
        inp_filters: channels of the input.
        se_filters: units of the gate's hidden layer.
        out_filters: channels of the output; as many as of the input.
    """

    def __init__(self, inp_filters: int, se_filters: int, out_filters: int) -> None:
        super().__init__()
        self.se_layer = nn.Sequential(
            nn.Conv1d(inp_filters, se_filters, kernel_size=1),
            nn.ReLU(),
            nn.BatchNorm1d(se_filters),
            nn.Conv1d(se_filters, out_filters, kernel_size=1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor, frames: ValidFrames) -> Tensor:
        """[B, C, S] -> [B, C, S]."""
        gates: Tensor = self.se_layer(frame_means(x, frames))
        return gates * x


class TDNNSEModule(nn.Module):
    """A residual block of ECAPA-TDNN: 1x1, grouped dilated and 1x1 convolutions, then squeeze-and-excitation.

    The grouped convolution stands where the paper has Res2Net's chain of small ones, as in the original.

    Args:
        inp_filters: channels of the input; as many as of the output.
        out_filters: channels of the output.
        group_scale: groups of the middle convolution.
        se_channels: units of the gate's hidden layer.
        kernel_size: taps of the middle convolution, an odd number.
        dilation: distance between them, in frames.
        init_mode: see :func:`~nemo.collections.asr.modules.jasper.init_weights`.
    """

    def __init__(
        self,
        inp_filters: int,
        out_filters: int,
        group_scale: int = 8,
        se_channels: int = 128,
        kernel_size: int = 1,
        dilation: int = 1,
        init_mode: str | None = "xavier_uniform",
    ) -> None:
        super().__init__()
        self.group_tdnn_block = nn.Sequential(
            TDNNModule(inp_filters, out_filters, kernel_size=1, init_mode=init_mode),
            nn.Conv1d(
                out_filters,
                out_filters,
                kernel_size,
                padding=_centred_padding(kernel_size, dilation),
                dilation=dilation,
                groups=group_scale,
            ),
            nn.ReLU(),
            nn.BatchNorm1d(out_filters),
            TDNNModule(out_filters, out_filters, kernel_size=1, init_mode=init_mode),
        )
        self.se_layer = MaskedSEModule(out_filters, se_channels, out_filters)
        self.apply(lambda module: init_weights(module, init_mode))

    def forward(self, x: Tensor, frames: ValidFrames) -> Tensor:
        """[B, C, S] -> [B, C, S]."""
        gated: Tensor = self.se_layer(self.group_tdnn_block(x), frames)
        return gated + x


def frame_means(x: Tensor, frames: ValidFrames) -> Tensor:
    """Mean [B, C, 1] of x [B, C, S] over the valid frames."""
    if frames.lengths is None or frames.is_padding is None:
        return x.mean(dim=2, keepdim=True)
    return frames.masked(x).sum(dim=2, keepdim=True) / valid_counts(x, frames)


def valid_counts(x: Tensor, frames: ValidFrames) -> Tensor:
    """Numbers of valid frames [B, 1, 1] (or [1, 1, 1]: all) of x [B, C, S], as numbers of its kind, at least 1."""
    if frames.lengths is None:
        return torch.full((1, 1, 1), x.shape[2], dtype=x.dtype, device=x.device)
    return frames.lengths.clamp(min=1)[:, None, None].to(x)


def _centred_padding(kernel_size: int, dilation: int) -> int:
    return dilation * (kernel_size - 1) // 2
