"""Layers of StyleGAN 2 (Karras et al., 2020, arXiv:1912.04958) for spectrograms of different lengths.

B batch, C channels, D rows (bands), F frames, L latent dimension.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.tts.modules.transformer import lengths_to_mask

SLOPE = 0.2
"""Of leaky rectifiers."""
MAPPING_RATE = 0.1
"""The style network learns slower than the rest (Karras et al., 2019, appendix C)."""
DEMODULATION_GUARD = 1e-8


def mask_frames(x: Tensor, lengths: Tensor) -> Tensor:
    """[B, ..., F] with zeros from `lengths` [B] on."""
    inside = lengths_to_mask(lengths, x.shape[-1])[..., 0]
    return x * inside.view(len(x), *[1] * (x.ndim - 2), -1).to(x.dtype)


def halved(lengths: Tensor, times: int = 1) -> Tensor:
    """Frames [B] after so many halvings, rounded up."""
    return -(-lengths // 2**times)


class EqualLinear(nn.Module):
    """A linear layer whose weights are scaled as they are used, so that it learns at another rate.

    Args:
        in_dim: features in.
        out_dim: features out.
        lr_mul: factor of weight and bias.
        bias: add one.
    """

    def __init__(self, in_dim: int, out_dim: int, lr_mul: float = 1.0, bias: bool = True) -> None:
        super().__init__()
        self.lr_mul = lr_mul
        self.weight = nn.Parameter(torch.randn(out_dim, in_dim))
        self.bias = nn.Parameter(torch.zeros(out_dim)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """[B, in] -> [B, out]."""
        return F.linear(x, self.weight * self.lr_mul, None if self.bias is None else self.bias * self.lr_mul)


class StyleMapping(nn.Module):
    """Turns noise into styles: it is given unit length, then goes through linear layers.

    Args:
        latent_dim: L.
        style_depth: layers.
        lr_mul: see :class:`EqualLinear`.
    """

    def __init__(self, latent_dim: int, style_depth: int, lr_mul: float = MAPPING_RATE) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(style_depth):
            layers += [EqualLinear(latent_dim, latent_dim, lr_mul), nn.LeakyReLU(SLOPE)]
        self.net = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        """[B, L] -> [B, L]."""
        styles: Tensor = self.net(F.normalize(z, dim=1))
        return styles


class Conv2DMod(nn.Module):
    """A convolution whose weights a style scales for each item (Karras et al., 2020, section 2.2). It keeps the size.

    Args:
        in_chan: C.
        out_chan: C'.
        kernel: its size, odd.
        demod: give the weights of each output channel unit length after that.
    """

    def __init__(self, in_chan: int, out_chan: int, kernel: int, demod: bool = True) -> None:
        super().__init__()
        self.demod, self.padding = demod, kernel // 2
        self.weight = nn.Parameter(torch.empty(out_chan, in_chan, kernel, kernel))
        nn.init.kaiming_normal_(self.weight, nonlinearity="leaky_relu")

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """[B, C, D, F] with styles [B, C], of which 0 leaves a channel as it is -> [B, C', D, F]."""
        scales = style + 1
        x = F.conv2d(x * scales[:, :, None, None], self.weight, padding=self.padding)
        if not self.demod:
            return x
        # the length of weight * scale, without a copy of the weights for each item
        squares = scales.square() @ self.weight.square().sum(dim=(2, 3)).T
        return x * torch.rsqrt(squares + DEMODULATION_GUARD)[:, :, None, None]


class Blur(nn.Module):
    """A binomial filter of three taps over bands and frames; edges are reflected."""

    taps: Tensor

    def __init__(self) -> None:
        super().__init__()
        row = torch.tensor([0.25, 0.5, 0.25])
        self.register_buffer("taps", row[:, None] * row, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, D, F] -> [B, C, D, F], both at least 2."""
        channels = x.shape[1]
        kernel = self.taps.to(x.dtype).expand(channels, 1, 3, 3)
        return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernel, groups=channels)


def doubling() -> nn.Upsample:
    """Twice as many bands and frames."""
    return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
