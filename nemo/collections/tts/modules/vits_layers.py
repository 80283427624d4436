"""Layers that the parts of VITS share (Kim, Kong and Son, 2021). Names are those of published checkpoints.

B batch, C channels, T time, G width of a speaker's vector. Masks [B, 1, T] are 1 where there is no padding.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.tts.modules.weight_norm import weight_norm


class ChannelNorm(nn.Module):
    """Layer norm over channels.

    Args:
        channels: C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T] -> [B, C, T]."""
        return F.layer_norm(x.transpose(1, 2), self.gamma.shape, self.gamma, self.beta, 1e-5).transpose(1, 2)


class GatedConvolutions(nn.Module):
    """WaveNet's gated convolutions with skip connections.

    Args:
        channels: C.
        kernel_size: odd.
        layers: how many.
        gin_channels: G; 0: no speaker.
    """

    def __init__(self, channels: int, kernel_size: int, layers: int, gin_channels: int = 0) -> None:
        super().__init__()
        self.channels, self.layers = channels, layers
        if gin_channels:
            self.cond_layer = weight_norm(nn.Conv1d(gin_channels, 2 * channels * layers, 1))
        self.in_layers = nn.ModuleList(
            weight_norm(nn.Conv1d(channels, 2 * channels, kernel_size, padding=kernel_size // 2)) for _ in range(layers)
        )
        self.res_skip_layers = nn.ModuleList(
            weight_norm(nn.Conv1d(channels, channels if layer == layers - 1 else 2 * channels, 1))
            for layer in range(layers)
        )

    def forward(self, x: Tensor, mask: Tensor, g: Tensor | None = None) -> Tensor:
        """[B, C, T] with a speaker [B, G, 1] -> [B, C, T]."""
        conditions = (0.0,) * self.layers if g is None else self.cond_layer(g).chunk(self.layers, dim=1)
        skipped = torch.zeros_like(x)
        for gated, mixing, condition in zip(self.in_layers, self.res_skip_layers, conditions, strict=True):
            tanh, sigmoid = (gated(x) + condition).chunk(2, dim=1)
            mixed = mixing(torch.tanh(tanh) * torch.sigmoid(sigmoid))
            if mixing.out_channels > self.channels:  # type: ignore[operator]  # a Conv1d's number
                residual, mixed = mixed.chunk(2, dim=1)
                x = (x + residual) * mask
            skipped = skipped + mixed
        return skipped * mask


class SeparableConvolutions(nn.Module):
    """Dilated depthwise convolutions and pointwise ones, with residual connections.

    Args:
        channels: C.
        kernel_size: odd; the dilation of each layer is the kernel times that of the one before.
        layers: how many.
        dropout: probability.
    """

    def __init__(self, channels: int, kernel_size: int, layers: int, dropout: float = 0.0) -> None:
        super().__init__()
        dilations = [kernel_size**layer for layer in range(layers)]
        self.drop = nn.Dropout(dropout)
        self.convs_sep = nn.ModuleList(
            nn.Conv1d(
                channels,
                channels,
                kernel_size,
                groups=channels,
                dilation=dilation,
                padding=(kernel_size - 1) * dilation // 2,
            )
            for dilation in dilations
        )
        self.convs_1x1 = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in dilations)
        self.norms_1 = nn.ModuleList(ChannelNorm(channels) for _ in dilations)
        self.norms_2 = nn.ModuleList(ChannelNorm(channels) for _ in dilations)

    def forward(self, x: Tensor, mask: Tensor, g: Tensor | None = None) -> Tensor:
        """[B, C, T] with a condition [B, C, T] that is added -> [B, C, T]."""
        x = x if g is None else x + g
        layers = zip(self.convs_sep, self.norms_1, self.convs_1x1, self.norms_2, strict=True)
        for depthwise, norm_1, pointwise, norm_2 in layers:
            inner = F.gelu(norm_1(depthwise(x * mask)))
            x = x + self.drop(F.gelu(norm_2(pointwise(inner))))
        return x * mask
