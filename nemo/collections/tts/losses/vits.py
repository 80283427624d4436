"""The divergence that VITS's prior and posterior have (Kim, Kong and Son, 2021, equation 4)."""

from __future__ import annotations

from torch import Tensor

from nemo.core.classes.loss import Loss


class KlLoss(Loss):
    """Kullback-Leibler divergence of the posterior from the prior, by one sample of it, for each frame."""

    def forward(self, z_p: Tensor, logs_q: Tensor, m_p: Tensor, logs_p: Tensor, z_mask: Tensor) -> Tensor:
        """The mean over frames.

        Args:
            z_p: [B, C, F] a sample of the posterior, after the flow.
            logs_q: [B, C, F] log-deviations of the posterior.
            m_p: [B, C, F] means of the prior.
            logs_p: [B, C, F] its log-deviations.
            z_mask: [B, 1, F], 1 where there is no padding.
        """
        z_p, logs_q, m_p, logs_p = z_p.float(), logs_q.float(), m_p.float(), logs_p.float()
        divergence = logs_p - logs_q - 0.5 + 0.5 * (z_p - m_p).square() * (-2 * logs_p).exp()
        return (divergence * z_mask).sum() / z_mask.sum()
