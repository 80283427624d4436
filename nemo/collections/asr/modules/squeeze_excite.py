"""Squeeze-and-excitation (Hu et al., 2018) over time: channels are weighted by what the whole utterance holds.

B batch, C channels, T time.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nemo.collections.asr.modules.valid_frames import ValidFrames


class SqueezeExcite(nn.Module):
    """Multiplies each channel by a gate computed from its mean over the valid frames.

    Args:
        channels: C.
        reduction_ratio: the gate's hidden layer has `channels // reduction_ratio` units.
        context_window: in training, the mean is taken over this many frames at a random place; -1: over all. Inference
            always takes all.
        interpolation_mode: accepted for old configs, without effect.
        activation: of the hidden layer; ReLU when None.
        quantize: accepted for old configs, without effect.
    """

    def __init__(
        self,
        channels: int,
        reduction_ratio: int,
        context_window: int = -1,
        interpolation_mode: str = "nearest",
        activation: nn.Module | None = None,
        quantize: bool = False,
    ) -> None:
        super().__init__()
        self.channels = channels
        self.change_context_window(context_window)
        hidden = channels // reduction_ratio
        self.fc = nn.Sequential(
            nn.Linear(channels, hidden, bias=False),
            activation if activation is not None else nn.ReLU(inplace=True),
            nn.Linear(hidden, channels, bias=False),
        )

    def forward(self, x: Tensor, lengths: Tensor | ValidFrames | None) -> tuple[Tensor, Tensor | ValidFrames | None]:
        """Weights the channels of `x` [B, C, T]; the lengths come back as they are."""
        return self.excite(x, ValidFrames.of(lengths, x.shape[2])), lengths

    def change_context_window(self, context_window: int) -> None:
        """Sets the frames of the context; not above 0: all."""
        self.context_window = int(context_window) if context_window > 0 else -1

    def excite(self, x: Tensor, frames: ValidFrames) -> Tensor:
        """:meth:`forward` within a network that shares masks."""
        x = frames.masked(x)
        means = self._means(x, frames)  # [B, C]
        return x * torch.sigmoid(self.fc(means))[:, :, None]

    def _means(self, x: Tensor, frames: ValidFrames) -> Tensor:
        """Means over the valid frames [B, C]; in training with a limited context, over a random part of them."""
        start, stop = 0, x.shape[2]
        # recorded outputs of the original: inference uses the whole utterance, whatever the context
        if self.training and 0 < self.context_window < stop:
            start = int(torch.randint(0, stop - self.context_window + 1, (1,)))
            stop = start + self.context_window
        total = x[:, :, start:stop].sum(dim=2)
        if frames.lengths is None or frames.is_padding is None:
            return total / (stop - start)
        return total / (frames.lengths.clamp(max=stop) - start).clamp(min=1)[:, None].to(x)
