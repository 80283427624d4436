"""Losses of the spectrogram enhancer and of its discriminator, whose scores are lower for what is recorded."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nemo.collections.tts.modules.style_layers import mask_frames
from nemo.core.classes.loss import Loss

POOLED_BANDS = 4
"""Bands that the consistency loss takes together."""


class GradientPenaltyLoss(Loss):
    """R1: the squared length of the discriminator's gradient at recorded spectrograms (Mescheder et al., 2018).

    Args:
        weight: factor.
    """

    def __init__(self, weight: float = 10.0) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, images: Tensor, logits: Tensor) -> Tensor:
        """Of `images` [B, ...] that need gradients and the scores [B] that were computed of them."""
        (gradients,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
        return self.weight * gradients.flatten(1).square().sum(dim=1).mean()


class GeneratorLoss(Loss):
    """The mean score of what was generated."""

    def forward(self, fake_logits: Tensor) -> Tensor:
        """Of scores [B]."""
        return fake_logits.mean()


class HingeLoss(Loss):
    """How far scores are from -1, for what is recorded, and from 1; nothing beyond (Lim and Ye, 2017)."""

    def forward(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Of scores [B] each."""
        return (F.relu(1 + real_logits) + F.relu(1 - fake_logits)).mean()


class ConsistencyLoss(Loss):
    """The mean absolute difference of two spectrograms of a quarter of the bands: details may change, the rest not.

    Args:
        weight: factor.
    """

    def __init__(self, weight: float = 10.0) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, condition: Tensor, output: Tensor, lengths: Tensor) -> Tensor:
        """Of [B, 1, D, F] each, with lengths [B]: of the frames of each item, then of the batch."""
        size = (condition.shape[2] // POOLED_BANDS, condition.shape[3])
        coarse = [F.interpolate(each, size=size, mode="bilinear", antialias=True) for each in (condition, output)]
        distance = mask_frames((coarse[0] - coarse[1]).abs(), lengths)
        return self.weight * (distance.sum(dim=-1) / lengths[:, None, None]).mean()
