"""VITS's predictors of durations: a flow that draws them, and a plain one (Kim, Kong and Son, 2021, section 2.2.2).

vectors of tokens [B, H, U] -> log-durations [B, 1, U]
B batch, H hidden, U tokens, G width of a speaker's vector. Masks [B, 1, U] are 1 where there is no padding.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.tts.modules.vits_layers import ChannelNorm, SeparableConvolutions
from nemo.collections.tts.modules.vits_splines import spline

BINS = 10
BOUND = 5.0
LAYERS = 3
"""Of separable convolutions."""
FLOWS = 4
SMALLEST = 1e-5


class Affine(nn.Module):
    """Scales and shifts each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.m, self.logs = (nn.Parameter(torch.zeros(channels, 1)) for _ in range(2))

    def forward(self, x: Tensor, mask: Tensor, g: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """[B, 2, U] mapped, and the logarithm of the determinant [B]."""
        return (self.m + self.logs.exp() * x) * mask, (self.logs * mask).sum(dim=(1, 2))

    def inverse(self, x: Tensor, mask: Tensor, g: Tensor | None = None) -> Tensor:
        """[B, 2, U] as it was before."""
        return (x - self.m) * torch.exp(-self.logs) * mask


class Flip(nn.Module):
    """Exchanges the channels."""

    def forward(self, x: Tensor, mask: Tensor, g: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """[B, C, U] mapped, and the logarithm of the determinant [B], 0."""
        return x.flip(1), x.new_zeros(len(x))

    def inverse(self, x: Tensor, mask: Tensor, g: Tensor | None = None) -> Tensor:
        """[B, C, U] as it was before."""
        return x.flip(1)


class SplineFlow(nn.Module):
    """One channel's spline is chosen by the other."""

    def __init__(self, hidden: int, kernel_size: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.pre = nn.Conv1d(1, hidden, 1)
        self.convs = SeparableConvolutions(hidden, kernel_size, LAYERS)
        self.proj = nn.Conv1d(hidden, 3 * BINS - 1, 1)
        nn.init.zeros_(self.proj.weight)
        nn.init.zeros_(self.proj.bias)  # type: ignore[arg-type]  # it has one

    def forward(self, x: Tensor, mask: Tensor, g: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """[B, 2, U] mapped, and the logarithm of the determinant [B]."""
        mapped, log_slopes = self._map(x, mask, g, inverse=False)
        return mapped, (log_slopes * mask).sum(dim=(1, 2))

    def inverse(self, x: Tensor, mask: Tensor, g: Tensor | None = None) -> Tensor:
        """[B, 2, U] as it was before."""
        return self._map(x, mask, g, inverse=True)[0]

    def _map(self, x: Tensor, mask: Tensor, g: Tensor | None, *, inverse: bool) -> tuple[Tensor, Tensor]:
        kept, changed = x.chunk(2, dim=1)
        shapes = (self.proj(self.convs(self.pre(kept), mask, g)) * mask).transpose(1, 2)[:, None]  # [B, 1, U, 3K - 1]
        widths, heights, slopes = shapes.split([BINS, BINS, BINS - 1], dim=-1)
        scale = math.sqrt(self.hidden)
        changed, log_slopes = spline(changed, widths / scale, heights / scale, slopes, BOUND, inverse=inverse)
        return torch.cat([kept, changed], dim=1) * mask, log_slopes


def _flows(hidden: int, kernel_size: int) -> nn.ModuleList:
    pairs = [layer for _ in range(FLOWS) for layer in (SplineFlow(hidden, kernel_size), Flip())]
    return nn.ModuleList([Affine(2), *pairs])


class StochasticDurationPredictor(nn.Module):
    """Draws durations from noise by a flow; its loss bounds their likelihood.

    Args:
        in_channels: H.
        kernel_size: of the separable convolutions.
        p_dropout: probability.
        gin_channels: G; 0: no speaker.
    """

    def __init__(self, in_channels: int, kernel_size: int, p_dropout: float, gin_channels: int = 0) -> None:
        super().__init__()
        self.flows = _flows(in_channels, kernel_size)
        self.post_pre = nn.Conv1d(1, in_channels, 1)
        self.post_proj = nn.Conv1d(in_channels, in_channels, 1)
        self.post_convs = SeparableConvolutions(in_channels, kernel_size, LAYERS, p_dropout)
        self.post_flows = _flows(in_channels, kernel_size)
        self.pre = nn.Conv1d(in_channels, in_channels, 1)
        self.proj = nn.Conv1d(in_channels, in_channels, 1)
        self.convs = SeparableConvolutions(in_channels, kernel_size, LAYERS, p_dropout)
        if gin_channels:
            self.cond = nn.Conv1d(gin_channels, in_channels, 1)

    def _condition(self, x: Tensor, mask: Tensor, g: Tensor | None) -> Tensor:
        x = self.pre(x.detach())
        x = x if g is None else x + self.cond(g.detach())
        return self.proj(self.convs(x, mask)) * mask

    def loss(self, x: Tensor, mask: Tensor, durations: Tensor, g: Tensor | None = None) -> Tensor:
        """A bound [B] of minus the log-likelihood of durations [B, 1, U], in frames, given tokens [B, H, U]."""
        condition = self._condition(x, mask, g)
        posterior = condition + self.post_proj(self.post_convs(self.post_pre(durations), mask)) * mask
        noise = torch.randn(len(x), 2, x.shape[2], device=x.device, dtype=x.dtype) * mask
        z, log_q = noise, -_log_normal(noise, mask)
        for flow in self.post_flows:
            z, log_determinant = flow(z, mask, posterior)
            log_q = log_q - log_determinant
        u, other = z.chunk(2, dim=1)
        dequantized = (durations - torch.sigmoid(u)) * mask
        log_q = log_q - ((F.logsigmoid(u) + F.logsigmoid(-u)) * mask).sum(dim=(1, 2))
        logarithms = dequantized.clamp(min=SMALLEST).log() * mask
        log_determinants = -logarithms.sum(dim=(1, 2))
        z = torch.cat([logarithms, other], dim=1)
        for flow in self.flows:
            z, log_determinant = flow(z, mask, condition)
            log_determinants = log_determinants + log_determinant
        return _log_normal(z, mask) - log_determinants + log_q

    def forward(self, x: Tensor, mask: Tensor, g: Tensor | None = None, noise_scale: float | Tensor = 1.0) -> Tensor:
        """Log-durations [B, 1, U] drawn for tokens [B, H, U] and a speaker [B, G, 1]."""
        condition = self._condition(x, mask, g)
        z = torch.randn(x.shape[0], 2, x.shape[2], device=x.device, dtype=x.dtype) * noise_scale
        flows = list(reversed(self.flows))
        for flow in [*flows[:-2], flows[-1]]:  # the first spline changes only the channel that is thrown away
            z = flow.inverse(z, mask, condition)  # type: ignore[operator]  # all of them have it
        return z[:, :1]


def _log_normal(z: Tensor, mask: Tensor) -> Tensor:
    """Minus the log-density [B] of [B, 2, U] under the normal distribution."""
    return (0.5 * (math.log(2 * math.pi) + z * z) * mask).sum(dim=(1, 2))


class DurationPredictor(nn.Module):
    """Predicts log-durations by two convolutions; its loss is their squared error.

    Args:
        in_channels: H.
        filter_channels: inside.
        kernel_size: odd.
        p_dropout: probability.
        gin_channels: G; 0: no speaker.
    """

    def __init__(
        self, in_channels: int, filter_channels: int, kernel_size: int, p_dropout: float, gin_channels: int = 0
    ) -> None:
        super().__init__()
        self.drop = nn.Dropout(p_dropout)
        self.conv_1 = nn.Conv1d(in_channels, filter_channels, kernel_size, padding=kernel_size // 2)
        self.norm_1 = ChannelNorm(filter_channels)
        self.conv_2 = nn.Conv1d(filter_channels, filter_channels, kernel_size, padding=kernel_size // 2)
        self.norm_2 = ChannelNorm(filter_channels)
        self.proj = nn.Conv1d(filter_channels, 1, 1)
        if gin_channels:
            self.cond = nn.Conv1d(gin_channels, in_channels, 1)

    def loss(self, x: Tensor, mask: Tensor, durations: Tensor, g: Tensor | None = None) -> Tensor:
        """Squared errors [B] of log-durations, durations [B, 1, U] in frames."""
        wanted = torch.log(durations + 1e-6) * mask
        return (self(x, mask, g) - wanted).square().sum(dim=(1, 2))

    def forward(self, x: Tensor, mask: Tensor, g: Tensor | None = None, noise_scale: float | Tensor = 1.0) -> Tensor:
        """Log-durations [B, 1, U] of tokens [B, H, U]; nothing is drawn."""
        x = x.detach()
        x = x if g is None else x + self.cond(g.detach())
        x = self.drop(self.norm_1(torch.relu(self.conv_1(x * mask))))
        x = self.drop(self.norm_2(torch.relu(self.conv_2(x * mask))))
        return self.proj(x * mask) * mask
