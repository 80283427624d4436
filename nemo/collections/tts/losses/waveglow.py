"""The likelihood of audio under WaveGlow (Prenger, Valle and Catanzaro, 2019, equation 8)."""

from __future__ import annotations

from torch import Tensor

from nemo.core.classes.loss import Loss


class WaveGlowLoss(Loss):
    """Minus the log-likelihood for each sample, without its constant."""

    def forward(self, z: Tensor, log_scales: Tensor, log_determinants: Tensor, sigma: float) -> Tensor:
        """Of noise [B, G, T / G], sums of logarithms over the batch, and the noise's deviation."""
        total = z.square().sum() / (2 * sigma * sigma) - log_scales - log_determinants
        return total / z.numel()
