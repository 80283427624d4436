"""From frames to one vector for a recording: statistics, plain or weighted by attention.

B batch, C channels, S frames; frames beyond the lengths do not count.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nemo.collections.asr.modules.jasper import init_weights
from nemo.collections.asr.modules.tdnn import TDNNModule, frame_means, valid_counts
from nemo.collections.asr.modules.valid_frames import ValidFrames
from nemo.utils.exceptions import ConfigError

EPSILON = 1e-10
"""Smallest variance."""


class StatsPoolLayer(nn.Module):
    """Means over time, and standard deviations (x-vectors: Snyder et al., 2018).

    Args:
        feat_in: C.
        pool_mode: xvector: means and unbiased deviations; tap: means alone.

    Raises:
        ConfigError: another `pool_mode`.
    """

    def __init__(self, feat_in: int, pool_mode: str = "xvector") -> None:
        super().__init__()
        if pool_mode not in ("xvector", "tap"):
            raise ConfigError(f"pool_mode is {pool_mode!r}. Expected xvector or tap; set one of them.")
        self.pool_mode = pool_mode
        self.feat_in = 2 * feat_in if pool_mode == "xvector" else feat_in

    def forward(self, encoder_output: Tensor, length: Tensor | None = None) -> Tensor:
        """[B, C, S] and lengths [B] (None: all frames count) -> [B, 2 C], of tap [B, C]."""
        frames = ValidFrames(length, encoder_output.shape[2])
        means = frame_means(encoder_output, frames)
        if self.pool_mode == "tap":
            return means.squeeze(2)
        squares = frames.masked((encoder_output - means).square()).sum(dim=2, keepdim=True)
        deviations = _root(squares / (valid_counts(encoder_output, frames) - 1).clamp(min=1))
        return torch.cat([means, deviations], dim=1).squeeze(2)


class AttentivePoolLayer(nn.Module):
    """Means and standard deviations weighted by an attention of each channel that sees the whole recording.

    ECAPA-TDNN (Desplanques et al., 2020, https://arxiv.org/abs/2005.07143), section 3.1. Attributes' names are fixed by
    archives.

    Args:
        inp_filters: C.
        attention_channels: hidden channels of the attention.
        kernel_size: taps of its convolutions.
        dilation: distance between them, in frames.
        init_mode: see :func:`~nemo.collections.asr.modules.jasper.init_weights`.
    """

    def __init__(
        self,
        inp_filters: int,
        attention_channels: int = 128,
        kernel_size: int = 1,
        dilation: int = 1,
        init_mode: str | None = "xavier_uniform",
    ) -> None:
        super().__init__()
        self.feat_in = 2 * inp_filters
        self.attention_layer = nn.Sequential(
            TDNNModule(inp_filters * 3, attention_channels, kernel_size, dilation, init_mode=init_mode),
            nn.Tanh(),
            nn.Conv1d(attention_channels, inp_filters, kernel_size, dilation=dilation),
        )
        self.apply(lambda module: init_weights(module, init_mode))

    def forward(self, x: Tensor, length: Tensor | None = None) -> Tensor:
        """[B, C, S] and lengths [B] (None: all frames count) -> [B, 2 C, 1]."""
        frames = ValidFrames(length, x.shape[2])
        even = torch.ones_like(x[:, :1]) / valid_counts(x, frames)
        context = torch.cat([x, *(part.expand_as(x) for part in _weighted(x, frames.masked(even)))], dim=1)
        scores: Tensor = self.attention_layer(context)
        if frames.is_padding is not None:
            scores = scores.masked_fill(frames.is_padding.to(x.device), -torch.inf)
        return torch.cat(_weighted(x, scores.softmax(dim=2)), dim=1)


def _weighted(x: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Means and deviations [B, C, 1] of x [B, C, S] with weights [B, C or 1, S] whose sum over time is 1."""
    means = (weights * x).sum(dim=2, keepdim=True)
    return means, _root((weights * (x - means).square()).sum(dim=2, keepdim=True))


def _root(variances: Tensor) -> Tensor:
    return variances.clamp(min=EPSILON).sqrt()
