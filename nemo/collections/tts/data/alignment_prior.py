"""Which token a frame is likely to have before anything is heard: near the diagonal (Shih et al., 2021, section 3.2).

The token of each frame has a beta-binomial distribution; frame f of F has the parameters f and F + 1 - f.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
import torch.nn.functional as F

from nemo.utils.exceptions import ConfigError


def beta_binomial_prior_distribution(phoneme_count: int, mel_count: int, scaling_factor: float = 1.0) -> np.ndarray:
    """The probabilities of tokens for each frame, [mel_count, phoneme_count]; each row adds up to 1.

    Args:
        phoneme_count: U, tokens.
        mel_count: F, frames.
        scaling_factor: larger values keep nearer to the diagonal.

    Raises:
        ConfigError: there are no tokens or no frames, or the factor is not above 0.
    """
    if phoneme_count < 1 or mel_count < 1 or not scaling_factor > 0:
        raise ConfigError(
            f"An alignment prior of {phoneme_count} tokens and {mel_count} frames with scaling_factor {scaling_factor} "
            "cannot be. Expected at least one of each and a factor above 0."
        )
    token = torch.arange(phoneme_count, dtype=torch.float64)
    frame = torch.arange(1, mel_count + 1, dtype=torch.float64)[:, None]
    last = torch.tensor(phoneme_count - 1, dtype=torch.float64)
    alpha, beta = scaling_factor * frame, scaling_factor * (mel_count + 1 - frame)
    ways = torch.lgamma(last + 1) - torch.lgamma(token + 1) - torch.lgamma(last - token + 1)
    log_probs = ways + _log_beta(token + alpha, last - token + beta) - _log_beta(alpha, beta)
    return log_probs.exp().float().numpy()


class BetaBinomialInterpolator:
    """Priors of all sizes from few: those of rounded sizes are computed once and stretched.

    Args:
        round_mel_len_to: frames are rounded to multiples of this.
        round_text_len_to: tokens are.
        cache_size: priors that are kept.
        scaling_factor: see :func:`beta_binomial_prior_distribution`.
    """

    def __init__(
        self,
        round_mel_len_to: int = 50,
        round_text_len_to: int = 10,
        cache_size: int = 500,
        scaling_factor: float = 1.0,
    ) -> None:
        self.round_mel_len_to = round_mel_len_to
        self.round_text_len_to = round_text_len_to
        self.bank = functools.lru_cache(maxsize=cache_size)(
            functools.partial(beta_binomial_prior_distribution, scaling_factor=scaling_factor)
        )

    @staticmethod
    def round(val: int, to: int) -> int:
        """The nearest multiple of `to`, at least `to`."""
        return max(1, int(np.round((val + 1) / to))) * to

    def __call__(self, w: int, h: int) -> np.ndarray:
        """The prior [w, h] of w frames and h tokens."""
        frames, tokens = self.round(w, self.round_mel_len_to), self.round(h, self.round_text_len_to)
        known = torch.from_numpy(self.bank(tokens, frames))
        stretched = F.interpolate(known[None, None], size=(w, h), mode="bilinear", align_corners=True)
        return stretched[0, 0].numpy()


def _log_beta(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    return torch.lgamma(first) + torch.lgamma(second) - torch.lgamma(first + second)
