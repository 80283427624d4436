"""Least-squares adversarial losses and feature matching of HiFi-GAN (Kong et al., 2020, section 2.4)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nemo.core.classes.loss import Loss


class GeneratorLoss(Loss):
    """How far generated audio is from being taken for real: the sum over discriminators of ``mean((1 - score)^2)``."""

    def forward(self, disc_outputs: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """The loss, and the part of each discriminator; `disc_outputs` are scores of generated audio, [B, N] each."""
        losses = [torch.mean((1 - score) ** 2) for score in disc_outputs]
        return torch.stack(losses).sum(), losses


class DiscriminatorLoss(Loss):
    """How badly real and generated audio are told apart: ``mean((1 - real)^2) + mean(generated^2)``, summed."""

    def forward(
        self, disc_real_outputs: Sequence[Tensor], disc_generated_outputs: Sequence[Tensor]
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """The loss, and its two parts for each discriminator; scores are [B, N] each."""
        real = [torch.mean((1 - score) ** 2) for score in disc_real_outputs]
        generated = [torch.mean(score**2) for score in disc_generated_outputs]
        return torch.stack(real).sum() + torch.stack(generated).sum(), real, generated


class FeatureMatchingLoss(Loss):
    """Twice the mean distance of the discriminators' layers on real and on generated audio, summed over all layers."""

    def forward(self, fmap_r: Sequence[Sequence[Tensor]], fmap_g: Sequence[Sequence[Tensor]]) -> Tensor:
        """The loss; outputs of the layers of each discriminator on real (`fmap_r`) and generated audio."""
        distances = [
            torch.mean(torch.abs(real.detach() - generated))
            for layers_real, layers_generated in zip(fmap_r, fmap_g, strict=True)
            for real, generated in zip(layers_real, layers_generated, strict=True)
        ]
        return 2 * torch.stack(distances).sum()
